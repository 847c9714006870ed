"""The speaker network gives what its authors' definition gives for each window; a clip is their mean."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from twofold.bundle.graph_files import load_graph, save_graph
from twofold.core.optional import available
from twofold.core.table import Table
from twofold.features.extractor import make_extractor
from twofold.nn.speaker import read_speaker_weights, write_speaker_network
from twofold.steps.base import Graph, Node
from twofold.steps.clips import clip_cell, decode
from twofold.steps.speaker import BANDS, FRAMES, LEVEL, NUMBERS, RATE, SpeakerNetwork, window_mels


class Definition(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(BANDS, 256, 3, batch_first=True)
        self.linear = torch.nn.Linear(256, NUMBERS)

    def forward(self, mels):
        _, (hidden, _) = self.lstm(mels)
        raw = torch.relu(self.linear(hidden[-1]))
        return raw / torch.norm(raw, dim=1, keepdim=True)


def table(*clips):
    column = np.empty(len(clips), dtype=object)
    column[:] = [None if clip is None else clip_cell((clip, RATE)) for clip in clips]
    return Table({"clip": column}, len(column), {})


def noises(*seconds):
    generator = np.random.default_rng(0)
    return [generator.normal(0, 0.1, int(one * RATE)).astype(np.float32) for one in seconds]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Definition().eval()


@pytest.fixture(scope="module")
def step(network):
    weights = {name: values.numpy() for name, values in network.state_dict().items()}
    return SpeakerNetwork("clip", write_speaker_network(weights, FRAMES, BANDS))


def test_a_clip_is_the_mean_of_what_the_network_gives_for_its_windows(network, step):
    cells = table(*noises(0.5, 1.6, 4.0))
    (clips,) = decode(cells, "clip", RATE)
    windows, ends = window_mels(clips)
    assert np.diff(ends).tolist() == [1, 1, 4]
    with torch.no_grad():
        found = network(torch.tensor(windows.copy())).numpy()
    wanted = np.stack([found[start:stop].mean(axis=0) for start, stop in pairwise(ends)])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(step.extract(cells), wanted, atol=2e-5)


def test_a_quiet_clip_counts_like_a_loud_one_and_silence_is_finite(step):
    (noise,) = noises(1.0)
    quiet, quieter, silent = noise * 0.01, noise * 0.001, noise * 0
    found = step.extract(table(quiet, quieter, silent))
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)
    assert np.isfinite(found).all()
    (clips,) = decode(table(quiet), "clip", RATE)
    loud = table(quiet * LEVEL / np.sqrt(np.mean(clips.samples.astype(np.float64) ** 2)))
    np.testing.assert_allclose(found[0], step.extract(loud)[0], atol=1e-4)


def test_missing_clips_are_missing_and_each_answers_alone_as_among_others(step):
    cells = table(*noises(0.3, 2.5), None, *noises(0.05))
    found = step.extract(cells)
    assert np.isnan(found[2]).all()
    assert np.isfinite(found[[0, 1, 3]]).all()
    np.testing.assert_allclose(step.extract(table(*noises(0.3, 2.5)[1:])), found[[1]], atol=1e-5)


def test_it_is_saved_as_data(step, tmp_path):
    save_graph(Graph((Node(step, ("table",), "x"),)), tmp_path)
    again = load_graph(tmp_path).nodes[0].step
    cells = table(*noises(0.4))
    np.testing.assert_array_equal(again.extract(cells), step.extract(cells))


@pytest.mark.skipif(not available("resemblyzer"), reason="needs: pip install --no-deps Resemblyzer==0.1.4")
def test_the_pretrained_network_is_read_without_running_its_code(network):
    from twofold.core.weights import load_weights

    weights = read_speaker_weights(load_weights("speaker"))
    network = Definition().eval()
    network.load_state_dict({name: torch.tensor(weights[name]) for name in network.state_dict()})
    step = make_extractor("speaker").make("clip", table(), 0)
    (clips,) = decode(table(*noises(1.6)), "clip", RATE)
    with torch.no_grad():
        wanted = network(torch.tensor(window_mels(clips)[0].copy())).numpy()
    np.testing.assert_allclose(step.extract(table(*noises(1.6))), wanted, atol=1e-5)
