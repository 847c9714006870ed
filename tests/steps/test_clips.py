"""Whatever stands in a cell becomes a clip, or a complaint that says why not; nothing is raised."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.core.table import Table
from twofold.steps import clips as module
from twofold.steps.clip_features import Mfcc
from twofold.steps.clips import clip_cell, decode, read_clip
from twofold.steps.conform import to_cells
from twofold.steps.log_mel import LogMel
from twofold.steps.wav import write_wav

soundfile = pytest.importorskip("soundfile", reason="needs the extra 'audio'")
TONE = (0.4 * np.sin(np.arange(4_000) / 9)).astype(np.float32)
STEPS = (
    Mfcc("clip", 16_000, 64, 20),
    LogMel("clip", 16_000, 400, 160, 30, np.zeros(40, dtype=np.float32), np.ones(40, dtype=np.float32)),
)


def encoded(samples, rate=16_000, form="WAV", coding=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=form, subtype=coding)
    return buffer.getvalue()


def table(values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return Table({"clip": to_cells(column, "audio")}, len(values), {})


@pytest.mark.parametrize(
    ("form", "coding", "atol"),
    [
        ("WAV", "PCM_U8", 1e-2),
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "PCM_32", 1e-7),
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 0),
        ("WAVEX", "PCM_16", 1e-4),
        ("WAVEX", "FLOAT", 0),
        ("WAV", "ULAW", 2e-2),
        ("RF64", "PCM_16", 1e-4),
        ("FLAC", "PCM_16", 1e-4),
        ("AIFF", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.1),
        ("MP3", None, None),
    ],
)
def test_every_form_of_file_is_read(form, coding, atol):
    data = encoded(TONE, form=form, coding=coding)
    found = read_clip(data, 16_000)
    if atol is None:  # the coder adds samples before and behind
        assert 0.3 < np.abs(found).max() < 0.5
    else:
        np.testing.assert_allclose(found, TONE, rtol=0, atol=atol)
    soundfile_says = soundfile.read(io.BytesIO(data), dtype="float32")[0]
    np.testing.assert_allclose(found, soundfile_says, rtol=0, atol=1e-6)


def test_plain_wav_needs_no_package_and_other_forms_name_theirs(monkeypatch):
    monkeypatch.setattr(module, "available", lambda package: False)
    np.testing.assert_array_equal(read_clip(encoded(TONE, coding="FLOAT"), 16_000), TONE)
    cells = table([encoded(TONE, form="FLAC"), encoded(TONE, coding="ULAW"), b"neither"])
    assert not len(next(decode(cells, "clip", 16_000)).rows)
    flac, ulaw, neither = (problem.reason for problem in cells.complaints)
    assert flac == "this form of flac needs the package 'soundfile': pip install 'twofold[audio]'"
    assert "this form of wav needs" in ulaw
    assert "no sound file" in neither


def test_channels_are_averaged_and_rates_changed():
    two = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    np.testing.assert_allclose(read_clip(encoded(two, coding="FLOAT"), 16_000), TONE / 2)
    assert len(read_clip(encoded(two, 8_000), 16_000)) == 2 * len(TONE)
    assert len(read_clip(encoded(two, 48_000), 16_000)) == -(-len(TONE) // 3)


def test_what_people_put_into_cells_is_the_same_clip(tmp_path):
    path = tmp_path / "tone.wav"
    path.write_bytes(encoded(TONE, coding="FLOAT"))
    two = np.stack([TONE, TONE])
    values = [
        path,
        str(path),
        path.read_bytes(),
        memoryview(path.read_bytes()),
        (16_000, TONE),
        (TONE, 16_000.0),
        (TONE.tolist(), np.int64(16_000)),
        {"array": TONE, "sampling_rate": 16_000, "path": None},
        {"bytes": path.read_bytes(), "path": "elsewhere.wav"},
        {"path": str(path)},
        (16_000, two),
        (two.T, 16_000),
    ]
    for value in values:
        np.testing.assert_allclose(read_clip(clip_cell(value), 16_000), TONE, atol=1e-7)
    for kind, scale in ((np.int16, 2**15), (np.int32, 2**31), (np.int64, 2**15), (np.int8, 2**7)):
        whole = (16_000, (TONE.astype(np.float64) * scale).astype(kind))
        np.testing.assert_allclose(read_clip(clip_cell(whole), 16_000), TONE, atol=1.01 / scale)
    centred = (16_000, (TONE * 128 + 128).astype(np.uint8))
    np.testing.assert_allclose(read_clip(clip_cell(centred), 16_000), TONE, atol=1e-2)
    for nothing in (None, float("nan"), "", " NaN "):
        assert clip_cell(nothing) is None


def chunked(*chunks):
    body = b"WAVE" + b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


FORM = struct.pack("<HHIIHH", 1, 1, 16_000, 32_000, 2, 16)
WHOLE = encoded(TONE)
FLAC = encoded(np.random.default_rng(0).normal(0, 0.1, 40_000), form="FLAC")
BAD = {
    "cut short wav": (WHOLE[:-3_000], "header promises 8,000 bytes of sound, 5,000 are there"),
    "cut within the header": (WHOLE[:20], "ends before its sound begins"),
    "cut short flac": (FLAC[: len(FLAC) // 2], ""),
    "no bytes": (b"", "no bytes at all"),
    "not sound": (b"\x89PNG\r\n\x1a\n" + bytes(100), "wav, flac, ogg and mp3 files are read"),
    "missing file": ("nowhere/to/be/found.wav", "no such file"),
    "a folder": (str(Path(__file__).parent), ""),
    "a name with a zero": ("a\0b.wav", "no file has such a name"),
    "no samples": (chunked((b"fmt ", FORM), (b"data", b"")), "no samples"),
    "no form": (chunked((b"data", b"abcd")), "ends before its sound begins"),
    "no channels": (chunked((b"fmt ", FORM[:2] + b"\0\0" + FORM[4:]), (b"data", b"abcd")), "0 channels"),
    "no rate": (chunked((b"fmt ", FORM[:4] + bytes(4) + FORM[8:]), (b"data", b"abcd")), "at 0 Hz"),
    "rate too high": ((2_000_000, TONE), "2,000,000 Hz is not between 100 and 384,000 Hz"),
    "rate no number": (("high", TONE), "no numbers"),
    "not finite": ((16_000, np.array([0.0, np.nan, 1.0])), "not finite"),
    "overflow": ((16_000, np.array([1e300, 0.0])), "not finite"),
    "empty": ((16_000, []), "no samples"),
    "samples without a rate": (TONE, "a value of type ndarray is neither a file nor samples with their rate"),
    "a number": (7, "a value of type int"),
    "words": ((16_000, ["a", "b"]), "are no sound"),
    "three axes": ((16_000, np.zeros((2, 3, 4))), "shape (2, 3, 4)"),
}


@pytest.mark.parametrize("name", list(BAD))
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_a_cell_that_is_no_clip_is_complained_about_and_the_others_are_read(step, name):
    value, reason = BAD[name]
    cells = table([(16_000, TONE), value, None])
    found = step.run(cells)
    np.testing.assert_array_equal(np.isnan(found).all(axis=1), [False, True, True])
    assert np.isfinite(found[0]).all()
    (problem,) = cells.complaints
    assert (problem.column, problem.row) == ("clip", 1)
    assert reason in problem.reason
    assert len(problem.name) < 100


GOOD = {
    "silent": (16_000, np.zeros(3_000)),
    "constant": (16_000, np.full(3_000, 0.5)),
    "one sample": (16_000, np.array([0.3])),
    "one silent sample": (16_000, np.array([0.0])),
    "shorter than a frame": (16_000, TONE[:77]),
    "absurdly loud": (16_000, TONE * 1e30),
    "length unknown": WHOLE.replace(b"data" + struct.pack("<I", 8_000), b"data\xff\xff\xff\xff"),
    "slow": (100, TONE[:300]),
    "8 kHz": (8_000, TONE),
    "odd length of a chunk": chunked((b"note", b"abc\0"), (b"fmt ", FORM), (b"data", bytes(800))),
}


@pytest.mark.parametrize("name", list(GOOD))
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_strange_clips_have_finite_features(step, name):
    cells = table([GOOD[name]])
    assert np.isfinite(step.run(cells)).all()
    assert not cells.complaints


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_empty_tables_and_columns_without_clips(step):
    assert step.run(table([])).shape == (0, step.width)
    nothing = step.run(table([None, None]))
    assert nothing.shape == (2, step.width)
    assert np.isnan(nothing).all()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.kind)
def test_a_clip_has_the_same_features_alone_and_among_others(step, monkeypatch):
    values = [(16_000, np.roll(TONE, 7 * k)[: 900 * k + 1]) for k in range(5)] + [None, (16_000, TONE)]
    together = step.run(table(values))
    alone = np.concatenate([step.run(table([value])) for value in values])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-3)
    monkeypatch.setattr(module, "BATCH", 2_000)
    np.testing.assert_allclose(step.run(table(values)), alone, rtol=1e-4, atol=1e-3)
    assert together.dtype == np.float32


def test_a_clip_is_decoded_once_for_all_steps(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "read_cell", lambda cell: seen.append(cell) or cell)
    cells = table([(16_000, TONE), (8_000, TONE)])
    for step in STEPS:
        step.run(cells)
    assert len(seen) == 2


def test_two_minutes_are_read():
    long = write_wav(np.zeros(100 * 130, dtype=np.float32), 100)
    assert len(read_clip(long, 100)) == 100 * 120
    assert len(read_clip(clip_cell((100, np.zeros(100 * 130))), 100)) == 100 * 120
    flac = encoded(np.zeros(1_000 * 130), 1_000, "FLAC")
    assert len(read_clip(flac, 1_000)) == 1_000 * 120


def test_too_large_a_file_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 5_000)
    cells = table([WHOLE])
    assert np.isnan(STEPS[0].run(cells)).all()
    assert cells.complaints[0].reason == "8,044 bytes are more than the 5,000 that are read"


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_damaged_files_are_read_or_complained_about(data):
    whole = bytearray(data.draw(st.sampled_from([WHOLE, FLAC[:9_000], encoded(TONE, form="OGG")])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(whole), 200) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    cells = table([bytes(whole[: data.draw(st.integers(0, len(whole)))])])
    found = STEPS[1].run(cells)
    assert np.isfinite(found).all() != bool(cells.complaints)
