"""Spectra, coefficients and curves of clips are those of librosa; summaries are those of numpy."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from twofold.core.table import Table
from twofold.steps.clip_features import CURVES, Mfcc, cosines
from twofold.steps.clips import Clips, resampled
from twofold.steps.log_mel import LogMel
from twofold.steps.over_time import deviations, means, part_means, quantiles, slopes
from twofold.steps.spectra import Framing, frame_offsets, log_mels, mel_filters
from twofold.steps.wav import write_wav

GOLDEN = np.load(Path(__file__).parent / "oracles" / "clip_golden.npz")
N = 6
STEP = Mfcc("clip", 16_000, 64, 20)


def golden(name):
    return np.concatenate([GOLDEN[f"{number}/{name}"] for number in range(N)])


def clips():
    samples = [GOLDEN[f"{number}/samples"] for number in range(N)]
    offsets = np.cumsum([0, *map(len, samples)])
    return Clips(np.concatenate(samples), offsets, np.arange(N), 16_000)


def table(cells):
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return Table({"clip": column}, len(cells), {})


def close(found, expected):
    """Within 1e-4 of the largest value; where that is 0, within 1e-4."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * max(np.abs(expected).max(), 1.0))


def test_frames_are_those_of_librosa():
    levels, described, offsets = STEP.frames(clips())
    np.testing.assert_array_equal(np.diff(offsets), [len(GOLDEN[f"{n}/levels"]) for n in range(N)])
    close(levels, golden("levels"))
    close(described[:, :20], golden("cepstra"))
    close(slopes(described[:, :20], offsets, 1), golden("slopes"))
    close(slopes(described[:, :20], offsets, 2), golden("second"))


@pytest.mark.parametrize("name", CURVES)
def test_curves_are_those_of_librosa(name):
    _, described, _ = STEP.frames(clips())
    place = CURVES.index(name)
    expected = golden("curves")[:, place]
    if name == "loudness":
        expected = 20 * np.log10(np.maximum(expected, 1e-5))
    assert np.abs(described[:, 20 + place] - expected).max() <= 1e-4 * np.abs(expected).max()


def test_mel_bands_are_those_of_librosa():
    np.testing.assert_allclose(mel_filters(16_000, 512, 40), GOLDEN["filters"], atol=1e-8)


def test_the_cosine_transform_is_orthonormal():
    np.testing.assert_allclose(cosines(24, 24).T @ cosines(24, 24), np.eye(24), atol=1e-6)


def test_summaries_are_those_of_numpy_clip_by_clip():
    rows = np.random.default_rng(1).normal(3.0, 50.0, (60, 4)).astype(np.float32)
    offsets = np.array([0, 1, 3, 20, 60])
    alone = [rows[begin:end] for begin, end in pairwise(offsets)]
    np.testing.assert_allclose(means(rows, offsets), [part.mean(0) for part in alone], rtol=1e-4)
    np.testing.assert_allclose(deviations(rows, offsets), [part.std(0) for part in alone], rtol=1e-4)
    shares = (0.0, 0.1, 0.5, 1.0)
    expected = [np.quantile(part, shares, axis=0).ravel() for part in alone]
    np.testing.assert_allclose(quantiles(rows, offsets, shares), expected, rtol=1e-4, atol=1e-4)
    long = rows[:60]
    thirds = np.concatenate([part.mean(0) for part in np.split(long, 3)])
    np.testing.assert_allclose(part_means(long, np.array([0, 60]), 3)[0], thirds, rtol=1e-4)
    np.testing.assert_allclose(part_means(rows, offsets, 3)[0], np.tile(rows[0], 3), rtol=1e-6)


def test_each_feature_has_its_own_name():
    found = STEP.run(table([write_wav(GOLDEN["0/samples"], 16_000)]))
    assert found.shape == (1, STEP.width) == (1, len(set(STEP.labels)))
    by_name = dict(zip(STEP.labels, found[0], strict=True))
    assert by_name["seconds"] == pytest.approx(0.75)
    assert by_name["centroid, mean"] == pytest.approx(GOLDEN["0/curves"][:, 0].mean(), rel=1e-4)
    third = np.array_split(GOLDEN["0/curves"][:, 0], 3)[0][:25]
    assert by_name["centroid, third 1 less the mean"] == pytest.approx(
        third.mean() - GOLDEN["0/curves"][:, 0].mean(), rel=1e-2
    )
    middle = np.median(GOLDEN["0/curves"][:, 5]) - GOLDEN["0/curves"][:, 5].mean()
    assert by_name["crossings, quantile 0.5 less the mean"] == pytest.approx(middle, abs=1e-5)
    assert by_name["band 3, deviation"] == pytest.approx(GOLDEN["0/levels"][:, 3].std(), rel=1e-4)


def test_a_level_changes_the_means_alone():
    quiet, loud = STEP.run(table([write_wav(gain * GOLDEN["2/samples"], 16_000) for gain in (0.1, 1.0)]))
    changed = {name for name, a, b in zip(STEP.labels, quiet, loud, strict=True) if abs(a - b) > 0.01}
    assert changed == {"coefficient 0, mean", "loudness, mean"}


def test_a_sine_of_another_rate_stays_the_same_sine():
    for rate in (8_000, 44_100, 22_050, 48_001):
        own = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
        expected = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
        np.testing.assert_allclose(resampled(own, rate, 16_000)[200:-200], expected[200:-200], atol=2e-3)
    above = np.sin(2 * np.pi * 15_000 * np.arange(48_000) / 48_000).astype(np.float32)
    assert np.abs(resampled(above, 48_000, 16_000)[200:-200]).max() < 1e-2, "it comes back as another tone"


def test_raw_clips_are_bands_by_frames_cut_or_filled_with_silence():
    mean, deviation = np.linspace(-60, -30, 64, dtype=np.float32), np.full(64, 7.0, dtype=np.float32)
    step = LogMel("clip", 16_000, 400, 160, 40, mean, deviation)
    cells = [write_wav(GOLDEN[f"{number}/samples"], 16_000) for number in (0, 3, 5)]
    found = step.run(table([*cells, None])).reshape(4, *step.shape)
    assert step.shape == (64, 40)
    assert np.isnan(found[3]).all()
    decibels = found[:3] * deviation[:, None] + mean[:, None]
    long, short = GOLDEN["0/levels"], GOLDEN["3/levels"]
    np.testing.assert_allclose(decibels[0], long[:40].T, atol=1e-2)
    np.testing.assert_allclose(decibels[1][:, : len(short)], short.T, atol=1e-2)
    np.testing.assert_allclose(decibels[1][:, len(short) :], short.max() - 80.0, atol=1e-2)
    np.testing.assert_allclose(decibels[2], -100.0, atol=1e-2)


def test_decibels_end_80_below_the_loudest_frame_of_each_clip():
    framing = Framing(400, 512, 160)
    some = clips()
    offsets = frame_offsets(some, framing)
    levels = log_mels(some, framing, 64, offsets)
    for begin, end in pairwise(offsets):
        assert levels[begin:end].min() >= levels[begin:end].max() - 80.001
