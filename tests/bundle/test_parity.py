"""Parity lets through what answers alike, and nothing else."""

import numpy as np
import pytest

from tests.bundle.build import assert_three_parts
from twofold.bundle.parity import check_parity
from twofold.core.errors import BundleError

rng = np.random.default_rng(0)
P = rng.dirichlet(np.ones(3), 2000)


@pytest.mark.parametrize(("bad_rows", "passed"), [(0, True), (2, True), (3, False)])
def test_one_row_in_a_thousand_may_differ(bad_rows, passed):
    lowered = P.copy()
    lowered[:bad_rows] += 1e-3
    parity = check_parity(P, lowered, relative=False)
    assert parity.passed is passed
    assert parity.agreeing == pytest.approx(1 - bad_rows / 2000)


def test_a_metric_that_differs_fails_although_rows_agree():
    lowered = P.copy()
    lowered[0] = 0.0
    assert check_parity(P, lowered, relative=False).passed
    assert not check_parity(P, lowered, relative=False, metric=lambda p: float(p.min() * 1e3)).passed


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_values_are_compared_in_their_own_scale(scale):
    y = rng.normal(5.0, 1.0, (500, 1)) * scale
    y[0] = 0.0
    assert check_parity(y, y * (1 + 1e-6), relative=True, metric=np.mean).passed
    assert not check_parity(y, y * (1 + 1e-4), relative=True).passed
    assert check_parity(y, y + 1e-6 * scale, relative=True).passed


def test_a_row_that_lost_its_answer_differs():
    lowered = P.copy()
    lowered[:10] = np.nan
    parity = check_parity(P, lowered, relative=False)
    assert parity.largest == np.inf
    assert not parity.passed
    assert check_parity(lowered, lowered, relative=False).passed
    infinite = np.full((4, 1), np.inf)
    assert check_parity(infinite, infinite, relative=True).passed
    assert not check_parity(infinite, -infinite, relative=True).passed


def test_shapes_have_to_be_equal_and_no_rows_agree():
    assert not check_parity(P, P[:, :2], relative=False).passed
    assert check_parity(P[:0], P[:0], relative=False).passed
    zeros = np.zeros((3, 1))
    assert check_parity(zeros, zeros, relative=True).passed


def test_demand_names_the_model_and_the_numbers():
    with pytest.raises(BundleError, match="catboost answers 2000 rows differently") as caught:
        check_parity(P, P + 1.0, relative=False).demand("catboost")
    assert_three_parts(caught.value)
    check_parity(P, P, relative=False).demand("catboost")
