"""Extractors of clips fit their steps to the clips that there are, and name what they give."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from twofold.core.table import Table
from twofold.features.audio import RATE, frames_for
from twofold.features.extractor import make_extractor
from twofold.steps.clips import clip_cell

NAMES = ["mfcc", "mfcc@13", "log_mel", "log_mel@64"]


def table(values):
    column = np.empty(len(values), dtype=object)
    column[:] = [clip_cell(value) for value in values]
    return Table({"clip": column}, len(values))


def noises(*seconds):
    generator = np.random.default_rng(0)
    return [(RATE, 0.1 * generator.normal(size=int(RATE * s))) for s in seconds]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("values", [[], [None, None], noises(0.3, 0.5), [None, b"rubbish", (8_000, [0.0])]])
def test_a_step_is_made_of_any_column_and_its_features_have_names(name, values):
    extractor = make_extractor(name)
    step = extractor.make("clip", table(values), 0)
    found = step.run(table([*values, *noises(0.4)]))
    assert found.shape == (len(values) + 1, step.width)
    assert np.isfinite(found[-1]).all()
    assert len(set(extractor.names(step))) == step.width


def test_raw_clips_have_mean_0_and_deviation_1_in_each_band():
    values = noises(0.2, 0.4, 0.4)
    step = make_extractor("log_mel").make("clip", table(values), 0)
    assert step.shape == (40, 41)
    found = step.run(table(values)).reshape(3, *step.shape)
    np.testing.assert_allclose(found.mean(axis=(0, 2)), 0.0, atol=1e-3)
    np.testing.assert_allclose(found.std(axis=(0, 2)), 1.0, atol=1e-3)


def test_frames_are_as_many_as_nearly_all_clips_have_and_at_most_256():
    lengths = np.array([RATE] * 97 + [100 * RATE] * 3)
    assert frames_for(lengths) == (160, 101)
    assert frames_for(np.array([1])) == (160, 1)
    for seconds in (2.5, 2.6, 10, 77.7, 120):
        hop, frames = frames_for(np.array([int(seconds * RATE)]))
        assert 200 < frames <= 256
        assert hop * (frames - 1) <= seconds * RATE < hop * frames


@pytest.mark.data
@pytest.mark.parametrize(("name", "least"), [("mfcc", 0.97), ("speech_embedding", 0.96)])
def test_spoken_digits_are_told_apart(name, least, tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folder = Path(os.environ["TWOFOLD_DATA_HOME"], "fsdd-4-speakers")
    with zipfile.ZipFile(folder / "recordings.zip") as archive:
        archive.extractall(tmp_path)
    labels = pd.read_csv(folder / "labels.csv.gz")
    extractor = make_extractor(name)
    if extractor.packages:
        pytest.importorskip(extractor.packages[0], reason="needs the extra 'audio'")
    cells = table([str(next(tmp_path.rglob(labels.file[0])).with_name(file)) for file in labels.file])
    X = extractor.make("clip", cells, 0).run(cells)
    train = (labels.split == "train").to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    assert model.fit(X[train], labels.digit[train]).score(X[~train], labels.digit[~train]) > least
