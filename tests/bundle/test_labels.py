"""Labels and class codes: however a table was read, a label is the class that it was in training."""

import numpy as np
import pandas as pd
import pytest

from twofold.bundle.about import About
from twofold.bundle.labels import answered_codes, known_targets
from twofold.core.errors import InputError
from twofold.core.schema import Schema


def about(classes, threshold=None, task="binary"):
    return About(task, "y", classes, Schema(()), threshold=threshold)


@pytest.mark.parametrize(
    ("classes", "y"),
    [
        ((0, 1), pd.Series([1, 0, 1])),
        ((0, 1), pd.Series(["1", "0", "1"])),
        ((0, 1), np.array([1.0, 0.0, 1.0])),
        ((0.5, 1.5), [1.5, 0.5, "1.5"]),
        ((False, True), pd.Series([True, False, True])),
        ((False, True), ["True", "False", "True"]),
        (("no", "yes"), pd.Series([" yes", "no", "yes "])),
        (("no", "yes"), pd.Categorical(["yes", "no", "yes"])),
    ],
)
def test_labels_are_known_however_they_are_written(classes, y):
    assert known_targets(about(classes), y).tolist() == [1, 0, 1]


def test_missing_labels_and_values_are_told_from_known_ones():
    assert known_targets(about(("no", "yes")), ["yes", None, np.nan, ""]).tolist() == [1, -1, -1, -1]
    found = known_targets(about((), task="regression"), ["1.5", None, 2])
    np.testing.assert_array_equal(found, [1.5, np.nan, 2.0])


def test_a_strange_label_is_told_in_three_parts():
    with pytest.raises(InputError, match="'y' holds 'maybe'") as told:
        known_targets(about(("no", "yes")), ["yes", "maybe", None])
    assert "no, yes" in told.value.allowed
    assert told.value.todo


def test_the_threshold_decides_between_two_classes_alone():
    p = np.array([[0.7, 0.3], [0.4, 0.6]])
    assert answered_codes(about(("a", "b")), p).tolist() == [0, 1]
    assert answered_codes(about(("a", "b"), 0.3), p).tolist() == [1, 1]
    three = np.array([[0.5, 0.3, 0.2]])
    assert answered_codes(about(("a", "b", "c"), task="multiclass"), three).tolist() == [0]
