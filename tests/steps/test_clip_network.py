"""The speech network gives what the runtime that it was made for gives, for every window of every clip."""

import ctypes

import numpy as np
import pytest

from twofold.core.errors import InputError, MissingExtraError
from twofold.core.optional import available
from twofold.core.table import Table
from twofold.core.weights import WEIGHTS, load_weights
from twofold.features.audio_network import SpeechEmbedding, speech_network
from twofold.nn.tflite import read_tflite
from twofold.nn.tflite_to_onnx import convert_spectral_network
from twofold.steps import clip_network as module
from twofold.steps.clip_network import (
    BANDS,
    FRAMES,
    FULL_SCALE,
    HOP,
    NUMBERS,
    SILENCE,
    SIZE,
    STEP,
    ClipNetwork,
)
from twofold.steps.clips import Clips, clip_cell, decode
from twofold.steps.spectra import hann

pytestmark = pytest.mark.skipif(not available("pyopen_wakeword"), reason="needs the extra 'audio'")
WINDOW = (FRAMES - 1) * HOP + SIZE


class Runtime:
    """The package's own TensorFlow Lite, by its C interface."""

    def __init__(self, name):
        from pyopen_wakeword import OpenWakeWordFeatures

        self.package = OpenWakeWordFeatures.from_builtin()
        self.call = self.package.lib
        self.interpreter = getattr(self.package, name)

    def __call__(self, values):
        values = np.ascontiguousarray(values, dtype=np.float32)
        call, interpreter = self.call, self.interpreter
        shape = (ctypes.c_int32 * values.ndim)(*values.shape)
        call.TfLiteInterpreterResizeInputTensor(
            interpreter, ctypes.c_int32(0), shape, ctypes.c_int32(values.ndim)
        )
        assert call.TfLiteInterpreterAllocateTensors(interpreter) == 0
        tensor = call.TfLiteInterpreterGetInputTensor(interpreter, ctypes.c_int32(0))
        size = ctypes.c_size_t(values.nbytes)
        call.TfLiteTensorCopyFromBuffer(tensor, values.ctypes.data_as(ctypes.c_void_p), size)
        assert call.TfLiteInterpreterInvoke(interpreter) == 0
        tensor = call.TfLiteInterpreterGetOutputTensor(interpreter, ctypes.c_int32(0))
        size = call.TfLiteTensorByteSize(tensor)
        out = np.empty(size // 4, dtype=np.float32)
        call.TfLiteTensorCopyToBuffer(tensor, out.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(size))
        return out


@pytest.fixture(scope="module")
def step():
    return SpeechEmbedding().make("clip", table([]), 0)


def table(values):
    column = np.empty(len(values), dtype=object)
    column[:] = [clip_cell(value) for value in values]
    return Table({"clip": column}, len(values), {})


def sounds(*lengths):
    generator = np.random.default_rng(0)
    return [
        (0.1 * generator.normal(size=n) * np.sin(np.arange(n) / 3_000)).astype(np.float32) for n in lengths
    ]


def test_windows_are_those_of_the_packages_own_runtime(step):
    mels, embedding = Runtime("mel_interpreter"), Runtime("emb_interpreter")
    samples = sounds(16_000, WINDOW, WINDOW + 2_000, 40_017, 9_000, 1)
    (clips,) = decode(table([(16_000, y) for y in samples]), "clip", 16_000)
    found, offsets = step.windows(clips)
    expected, counts = [], []
    for clip in samples:
        before, missing = max(0, WINDOW - len(clip)) // 2, max(0, WINDOW - len(clip))
        y = np.pad(clip, (before + SILENCE, missing - before + SILENCE))
        levels = mels((y * FULL_SCALE)[None]).reshape(-1, BANDS) / 10 + 2
        alone = Clips(y, np.array([0, len(y)]), np.array([0]), 16_000)
        np.testing.assert_allclose(step.levels(alone)[0], levels, atol=1e-4)
        starts = range(0, len(levels) - FRAMES + 1, STEP)
        expected += [embedding(levels[None, at : at + FRAMES, :, None]) for at in starts]
        counts.append(len(starts))
    np.testing.assert_array_equal(np.diff(offsets), counts)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(expected).max() > 30


def test_the_packages_first_graph_is_a_fourier_transform_of_hann_windows():
    constants = read_tflite(load_weights("speech-mels")).constants.values()
    kernels = [values[:, 0, :, 0] for values in constants if values.shape == (257, 1, 512, 1)]
    angles = 2 * np.pi * np.outer(np.arange(257), np.arange(512)) / 512
    for expected in (np.cos(angles) * hann(400, 512), -np.sin(angles) * hann(400, 512)):
        assert min(np.abs(kernel - expected).max() for kernel in kernels) < 1e-5


def test_a_clip_is_summarised_over_its_windows_alone_or_among_others(step, monkeypatch):
    values = [(16_000, y) for y in sounds(30_000, 500, 20_000)] + [None, (8_000, sounds(12_000)[0])]
    together = step.run(table(values))
    assert together.shape == (5, step.width) == (5, len(set(SpeechEmbedding().names(step))))
    assert np.isnan(together[3]).all()
    alone = np.concatenate([step.run(table([value])) for value in values])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    monkeypatch.setattr(module, "TOGETHER", 16)
    np.testing.assert_allclose(step.run(table(values)), alone, atol=1e-3)
    (clips,) = decode(table(values[:1]), "clip", 16_000)
    windows, _ = step.windows(clips)
    expected = np.concatenate([windows.mean(0), windows.max(0), windows.std(0)])
    np.testing.assert_allclose(together[0], expected, atol=1e-3)


def test_unreadable_and_strange_clips(step):
    values = [b"", "nowhere.wav", (16_000, np.zeros(5)), (16_000, [0.1]), (16_000, np.full(20_000, 1e30))]
    cells = table(values)
    found = step.run(cells)
    np.testing.assert_array_equal(np.isnan(found).all(axis=1), [True, True, False, False, False])
    assert np.isfinite(found[2:]).all()
    assert [problem.row for problem in cells.complaints] == [0, 1]
    assert step.run(table([])).shape == (0, step.width)
    assert np.isnan(step.run(table([None]))).all()


def test_the_step_survives_a_bundle(step, tmp_path):
    from twofold.bundle.graph_files import load_graph, save_graph
    from twofold.steps.base import FEATURES, INPUT, Graph, Node

    save_graph(Graph((Node(step, (INPUT,), FEATURES),)), tmp_path / "g")
    again = load_graph(tmp_path / "g")
    cells = table([(16_000, sounds(14_000)[0])])
    np.testing.assert_array_equal(again.run({INPUT: cells}, FEATURES), step.extract(cells))
    assert isinstance(again.nodes[0].step, ClipNetwork)


def test_other_files_and_networks_are_refused():
    with pytest.raises(InputError, match="no TensorFlow Lite file"):
        read_tflite(b"rubbish" * 10)
    with pytest.raises(InputError, match="damaged"):
        read_tflite(load_weights("speech")[:2_000])
    with pytest.raises(InputError, match="holds the operator"):
        convert_spectral_network(load_weights("speech-mels"), BANDS, NUMBERS)


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(WEIGHTS, "speech-mels", WEIGHTS["speech-mels"].__class__("absent_", "x", "", "", ""))
    speech_network.cache_clear()
    with pytest.raises(MissingExtraError, match="absent_"):
        SpeechEmbedding().make("clip", table([]), 0)


def test_the_package_is_not_imported():
    import subprocess
    import sys

    code = (
        "import sys; from twofold.features.audio_network import speech_network; speech_network(); "
        "print('pyopen_wakeword' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
