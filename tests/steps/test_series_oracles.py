"""MiniRocket, QUANT and the summary equal their authors' implementations and plain formulas."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import signal, stats

from twofold.core.table import Table
from twofold.features.extractor import make_extractor
from twofold.features.series import thresholds
from twofold.steps.minirocket import MiniRocket
from twofold.steps.quant import Quant
from twofold.steps.series import series_cell
from twofold.steps.series_summary import BANDS, LAGS, LEVELS, SeriesSummary, feature_words

GOLDEN = np.load(Path(__file__).parent / "oracles" / "series_golden.npz")
EVERY = 7


def table_of(series):
    cells = np.empty(len(series), dtype=object)
    cells[:] = [series_cell(one) for one in series]
    return Table({"x": cells}, len(series), {})


def golden_rocket(name):
    sizes, members, dilations, counts, biases = (
        GOLDEN[f"{name}/{part}"] for part in ("sizes", "members", "dilations", "counts", "biases")
    )
    _, channels, length = GOLDEN[f"{name}/X"].shape
    mean, scale = np.zeros(channels, np.float32), np.ones(channels, np.float32)
    whole = [array.astype(np.int64) for array in (dilations, counts)]
    return MiniRocket(
        "x", channels, length, mean, scale, *whole, biases, sizes.astype(np.int64), members.astype(np.int64)
    )


@pytest.mark.parametrize("name", ["one", "three", "short"])
def test_minirocket_equals_aeon(name):
    made = golden_rocket(name).extract(table_of(GOLDEN[f"{name}/X"]))
    assert made.shape[1] == 9_996
    np.testing.assert_allclose(made[:, ::EVERY], GOLDEN[f"{name}/minirocket"], atol=1e-5)


@pytest.mark.parametrize("name", ["one", "three", "short"])
def test_each_group_of_thresholds_of_aeon_is_ours_for_one_of_the_series(name):
    step, X = golden_rocket(name), GOLDEN[f"{name}/X"]
    ours = np.stack([thresholds(step, X, np.full((len(step.dilations), 84), row)) for row in range(len(X))])
    group = np.repeat(np.arange(84 * len(step.counts)), np.repeat(step.counts, 84))
    gap = np.abs(ours - step.biases)
    worst = np.stack([np.maximum.reduceat(row, np.unique(group, return_index=True)[1]) for row in gap])
    assert worst.min(axis=0).max() < 1e-4


@pytest.mark.parametrize("name", ["one", "three", "short"])
def test_dilations_and_counts_are_those_of_aeon(name):
    step = make_extractor("minirocket").make("x", table_of(GOLDEN[f"{name}/X"]), 0)
    np.testing.assert_array_equal(step.dilations, GOLDEN[f"{name}/dilations"])
    np.testing.assert_array_equal(step.counts, GOLDEN[f"{name}/counts"])


@pytest.mark.parametrize("name", ["one", "three", "short", "long"])
def test_quant_equals_aeon(name):
    X = GOLDEN[f"{name}/X"]
    made = Quant("x", X.shape[1], X.shape[2], 6, 4).extract(table_of(X))
    np.testing.assert_allclose(made, GOLDEN[f"{name}/quant"], rtol=1e-5, atol=1e-5 * np.abs(X).max())


def test_the_summary_equals_plain_formulas():
    g = np.random.default_rng(1)
    X = np.cumsum(g.normal(size=(5, 2, 70)), axis=-1).astype(np.float32)
    made = SeriesSummary("x", 2).extract(table_of(X))
    words = feature_words(2)
    assert len(words) == made.shape[1] == SeriesSummary("x", 2).width
    for row in range(len(X)):
        got = dict(zip(words, made[row], strict=True))
        for channel in range(2):
            for word, value in plain_summary(X[row, channel].astype(np.float64)).items():
                assert got[f"channel {channel + 1}, {word}"] == pytest.approx(value, rel=1e-4, abs=1e-5), word
        assert got["correlation of channels 1 and 2"] == pytest.approx(np.corrcoef(X[row])[0, 1], abs=1e-5)


def plain_summary(x):
    n, mean = len(x), x.mean()
    frequencies, power = signal.periodogram(x, detrend="constant", scaling="spectrum")
    power[1:] /= np.where(frequencies[1:] < 0.5, 2, 1)  # one-sided there, two-sided here
    frequencies, share = frequencies[1:], power[1:] / power[1:].sum()
    runs = "".join("1" if above else "0" for above in x > mean).split("0")
    found = {
        "mean": mean,
        "standard deviation": x.std(),
        "skewness": stats.skew(x),
        "excess kurtosis": stats.kurtosis(x),
        "rise of the fitted line": np.polyfit(np.arange(n), x, 1)[0] * (n - 1),
        "crossings of the mean": np.count_nonzero(np.diff(np.sign(x - mean))),
        "longest run above the mean": max(map(len, runs)),
        "peaks": len(signal.find_peaks(x)[0]),
        "mean frequency": (share * frequencies).sum(),
        "spectral entropy": stats.entropy(share) / np.log(len(share)),
        "strongest frequency": frequencies[share.argmax()],
        "length": n,
        "share of gaps": 0.0,
    }
    found |= {f"quantile {level:g}": np.quantile(x, level) for level in LEVELS}
    for lag in LAGS:
        product = ((x[lag:] - mean) * (x[:-lag] - mean)).sum()
        found[f"autocorrelation at lag {lag}"] = product / ((x - mean) ** 2).sum()
    for low, high in pairwise(BANDS):
        inside = (frequencies > low) & (frequencies <= high)
        found[f"share of power from {low:.3g} to {high:.3g} cycles per step"] = share[inside].sum()
    return found
