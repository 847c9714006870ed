"""Cells are read once for many fits; what leaves them reads by itself, and answers alike."""

import numpy as np
import pytest

from tests.cells.build import picture_table
from twofold.core.budget import Budget
from twofold.data.split import make_folds
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.pair import Means, Pair, out_of_fold
from twofold.steps.base import INPUT
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan
from twofold.workflow.read_once import read_once

pytest.importorskip("PIL")
PLAN = Plan("lines", "linear", reads=("colours", "edges"))


def test_a_plan_answers_alike_whether_cells_were_read_before_or_not():
    dataset = dataset_from_frame(picture_table(), Roles("way"))
    seen = read_once(dataset, PLAN.reads)
    assert set(seen.ready) == {("photo", "colours"), ("photo", "edges")}
    rows, rest = np.arange(40), dataset.table.take(np.arange(40, 60))
    known = fit_plan(PLAN, seen.dataset, rows, ready=seen.ready).graph
    plain = fit_plan(PLAN, dataset, rows).graph.run({INPUT: rest})
    np.testing.assert_allclose(seen.whole(known).run({INPUT: rest}), plain, atol=1e-6)
    with pytest.raises(KeyError):
        known.run({INPUT: rest})


def test_cells_that_cannot_be_read_are_told_and_count_as_missing():
    frame = picture_table(600 + 6)
    frame.loc[[3, 603], "photo"] = b"\x89PNG no picture"
    dataset = dataset_from_frame(frame, Roles("way"))
    seen = read_once(dataset, ("colours", "edges"))
    assert sorted(cell.row for cell in seen.unreadable) == [3, 603]
    for made in seen.dataset.table.known.values():
        assert np.flatnonzero(np.isnan(made).any(axis=1)).tolist() == [3, 603]


def test_a_pair_is_fitted_on_what_was_read():
    dataset = dataset_from_frame(picture_table(), Roles("way"))
    seen = read_once(dataset, PLAN.reads)
    pair = Pair(PLAN, Plan("trees", "extra_trees", reads=("colours",)))
    means = Means(Budget(cores=1), 0, seen.ready)
    found = out_of_fold(pair, seen.dataset, make_folds(dataset, 2, 0), means)
    assert found.shape == (2, 60, 2)
    assert np.mean(found[0].argmax(axis=1) == dataset.y) > 0.9
