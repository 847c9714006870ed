"""Every model that the portfolio tries on words learns from wide sparse rows, as the encoders make them."""

import numpy as np
import pytest

from tests.cells.build import text_table
from twofold.data.target import Roles, dataset_from_frame
from twofold.models import MODELS
from twofold.workflow.fitting import fit_plan
from twofold.workflow.plan import Plan

BY_HAND = sorted(
    name
    for name in MODELS
    if MODELS.load(name).capabilities.view in {"linear", "trees"} and name != "baseline"
)


@pytest.mark.parametrize("name", BY_HAND)
def test_a_model_learns_which_words_are_glad(name):
    for package in MODELS.load(name).capabilities.packages:
        pytest.importorskip(package)
    dataset = dataset_from_frame(text_table(120), Roles("mood"))
    train, test = np.arange(80), np.arange(80, 120)
    fitted = fit_plan(Plan(name, name, reads=("words",)), dataset, train)
    answers = fitted.graph.run({"table": dataset.table.take(test)})
    assert np.mean(answers.argmax(axis=1) == dataset.y[test]) > 0.8
