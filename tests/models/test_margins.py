"""Sigmoids over margins keep the order of the margins, however few rows they were fitted on."""

import numpy as np
import pytest

from twofold.core.control import Problem
from twofold.models.margins import fit_sigmoids


@pytest.mark.parametrize("y", [[1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], ids=str)
def test_a_sigmoid_of_few_contrary_rows_does_not_make_all_answers_alike(y):
    margins = np.array([[-1.0], [-0.5], [0.5], [1.0]])
    head = fit_sigmoids(margins, np.array(y), None, Problem("binary", 2))
    told = head.run(np.array([[-2.0], [0.0], [2.0]]))[:, 1]
    assert (np.diff(told) > 0).all()
