"""Folds score each row once and never learn from what they score."""

import numpy as np
import pandas as pd
import pytest

from twofold.data.split import inner_split, make_folds
from twofold.data.store import load_dataset, save_dataset
from twofold.data.target import Extras, make_dataset


def data(n=200, seed=0, extras=None, classes=3):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame({"a": generator.normal(size=n), "c": generator.choice(list("xyz"), n)})
    return make_dataset(X, generator.integers(0, classes, n), extras)


@pytest.mark.parametrize("k", [2, 5])
def test_every_row_is_scored_once_and_classes_stay_in_proportion(k):
    dataset = data()
    folds = make_folds(dataset, k, seed=1)
    np.testing.assert_array_equal(np.sort(np.concatenate([f.test for f in folds])), np.arange(200))
    for fold in folds:
        assert not np.intersect1d(fold.train, fold.test).size
        shares = np.bincount(dataset.y[fold.test], minlength=3) / len(fold.test)
        assert np.abs(shares - np.bincount(dataset.y) / 200).max() < 0.03


def test_groups_and_duplicates_stay_together():
    groups = np.repeat(np.arange(40), 5)
    for fold in make_folds(data(extras=Extras(groups=groups)), 4, seed=0):
        assert not np.intersect1d(groups[fold.train], groups[fold.test]).size
    X = pd.DataFrame({"a": np.repeat(np.arange(50) * 0.5, 4)})
    for fold in make_folds(make_dataset(X, np.tile([0, 1], 100)), 5, seed=0):
        assert not np.intersect1d(X["a"][fold.train], X["a"][fold.test]).size


def test_time_is_never_learned_backwards():
    time = np.random.default_rng(3).normal(size=200)
    dataset = data(extras=Extras(time=time))
    for fold in make_folds(dataset, 3, seed=0):
        assert time[fold.train].max() < time[fold.test].min()
    learn, watch = inner_split(np.arange(200), dataset, 0.2, seed=0)
    assert time[learn].max() < time[watch].min()


def test_the_same_seed_gives_the_same_folds_and_another_seed_others():
    first, second, third = (make_folds(data(), 4, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first[0].test, second[0].test)
    assert not np.array_equal(first[0].test, third[0].test)


def test_a_data_set_survives_the_disk(tmp_path):
    dataset = data(extras=Extras(weight=np.linspace(1, 2, 200)))
    folds = make_folds(dataset, 3, seed=0)
    save_dataset(dataset, folds, tmp_path)
    back, read = load_dataset(tmp_path)
    assert back.schema == dataset.schema
    assert back.classes == dataset.classes
    np.testing.assert_array_equal(back.weight, dataset.weight)
    for name, values in dataset.table.columns.items():
        np.testing.assert_array_equal(back.table.columns[name], values)
    np.testing.assert_array_equal(read[2].train, folds[2].train)
