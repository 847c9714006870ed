"""Sigmoids over margins keep the order of the margins, however few rows they were fitted on."""

import numpy as np

from twofold.core.control import Problem
from twofold.models.margins import fit_sigmoids


def test_a_sigmoid_of_few_contrary_rows_does_not_make_all_answers_alike():
    margins, y = np.array([[-1.0], [-0.5], [0.5], [1.0]]), np.array([1, 0, 0, 0])
    head = fit_sigmoids(margins, y, None, Problem("binary", 2))
    told = head.run(np.array([[-2.0], [0.0], [2.0]]))[:, 1]
    assert (np.diff(told) > 0).all()
