"""What is tried follows the data and the budget."""

import math

import numpy as np
import pandas as pd
import pytest

from twofold.data.split import choose_fold_count
from twofold.data.target import make_dataset
from twofold.search.portfolio import SMALL, affordable_folds, expected_seconds, make_portfolio, named_plan


def dataset(n, classes=2, columns=3):
    g = np.random.default_rng(0)
    X = pd.DataFrame(g.normal(size=(n, columns)), columns=[f"x{j}" for j in range(columns)])
    return make_dataset(
        X, g.permutation(np.arange(n) % classes), task="binary" if classes == 2 else "multiclass"
    )


@pytest.mark.parametrize("n", [300, 3_000, 12_000])
def test_more_time_never_gives_fewer_folds_and_without_a_limit_the_rows_decide(n):
    data = dataset(n)
    portfolio = make_portfolio(data, 60)
    counts = [affordable_folds(portfolio, data, seconds) for seconds in (5, 60, 600, 6_000, math.inf)]
    assert counts == sorted(counts)
    assert counts[-1] == choose_fold_count(n)
    assert counts[0] >= (3 if n <= SMALL else 1)


def test_a_large_table_in_a_short_time_gets_one_hold_out():
    data = dataset(20_000)
    assert affordable_folds(make_portfolio(data, 60), data, 120) == 1


def test_what_cannot_be_finished_is_tried_last_but_networks_fit_their_epochs_to_the_time():
    many = dataset(6_000, classes=40, columns=20)
    names = [plan.name for plan in make_portfolio(many, 60, cores=2).plans]
    usual = [plan.name for plan in make_portfolio(many, 36_000, cores=2).plans]
    assert sorted(names) == sorted(usual)
    assert names.index("catboost") > usual.index("catboost")
    assert names.index("realmlp") <= usual.index("realmlp")


def test_the_order_of_the_user_is_kept():
    many = dataset(6_000, classes=40, columns=20)
    wanted = ("catboost", "linear")
    assert tuple(plan.name for plan in make_portfolio(many, 20, candidates=wanted).plans) == wanted


def test_a_head_over_a_network_is_expected_to_cost_both():
    data = dataset(1_000)
    both = expected_seconds(named_plan("realmlp + linear"), data)
    parts = [expected_seconds(named_plan(name), data) for name in ("realmlp", "linear")]
    assert both == pytest.approx(sum(parts))
