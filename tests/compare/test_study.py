"""A whole comparison on small pictures: what is measured, shown and written, and that nothing leaks."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from twofold.compare.case import Case, divide, label_subsets
from twofold.compare.examples import right_and_wrong, rows_to_walk
from twofold.compare.page import render, write_page
from twofold.compare.study import Asked, answers, compare
from twofold.compare.summary import as_data, as_text
from twofold.core.errors import InputError

pytest.importorskip("torch")
pytest.importorskip("PIL")


def crosses(n, seed=0):
    """Pictures of 12 by 12 pixels, a cross in a third of them."""
    g = np.random.default_rng(seed)
    pixels = g.integers(0, 120, (n, 12, 12, 3), dtype=np.uint8)
    is_cross = np.arange(n) % 3 == 0
    pixels[is_cross, 3:9, 5:7] = 240
    pixels[is_cross, 5:7, 3:9] = 240
    cells = np.empty(n, dtype=object)
    cells[:] = list(pixels)
    return pd.DataFrame({"picture": cells, "cross": np.where(is_cross, "yes", "no")})


@pytest.fixture(scope="module")
def study():
    case = Case(
        "crosses", "Is it a cross?", crosses(160), "cross", answers={"no": "not a cross", "yes": "cross"}
    )
    return compare(case, Asked(12.0, cores=2))


def test_three_workflows_of_three_families_are_scored_on_the_same_rows(study):
    assert [one.family for one in study.workflows] == ["ml", "dl", "hybrid"]
    for one in study.workflows:
        assert one.last.labels == study.n_train
        assert one.last.predictions.shape == (len(study.y), 2)
        assert one.last.score.low <= one.last.score.centre <= one.last.score.high
        assert one.anatomy.multiply_adds > 0
        assert one.row_seconds > 0
        assert one.size > 0
    assert study.workflow("ml").last.score.centre > 0.9


def test_roles_tell_the_three_ways_apart(study):
    roles = {one.family: {stage.role for stage in one.anatomy.stages} for one in study.workflows}
    assert "features by hand" in roles["ml"]
    assert "features by a network" not in roles["ml"]
    assert {"reading", "features by a network"} <= roles["dl"]
    assert "features by hand" not in roles["dl"]
    assert "features by a network" in roles["hybrid"]


def test_labels_grow_and_every_share_holds_five_rows_of_each_class(study):
    for one in study.workflows:
        labels = [fit.labels for fit in one.fits]
        assert labels == sorted(set(labels))
        assert labels[0] >= 10


def test_gains_are_the_differences_of_the_scores(study):
    score = {one.family: one.last.score.centre for one in study.workflows}
    assert set(study.gains) == {("dl", "ml"), ("hybrid", "ml"), ("hybrid", "dl")}
    for (one, other), gain in study.gains.items():
        assert gain.centre == pytest.approx(score[one] - score[other])


def test_a_linked_graph_answers_by_itself_what_was_scored(study):
    graphs = {(one.family, 0): one.graph for one in study.workflows}
    for (family, _), told in answers(study.test, graphs).items():
        np.testing.assert_allclose(told, study.workflow(family).last.predictions, atol=1e-6)


def test_the_page_shows_every_stage_and_asks_no_network(study, tmp_path):
    page = write_page(study, tmp_path / "deep" / "compare.html").read_text(encoding="utf-8")
    for words in (
        "oriented gradients", "hues and brightness", "edges", "local patterns", "layer 1 of",
        "what the network has made of it", "the answer: ", "Multiply-adds", "Label", "Interpretability",
        "Right and wrong", "not a cross",
    ):  # fmt: skip
        assert words in page, words
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page)
    assert "http://" not in page
    assert "https://" not in page
    assert render(study) == render(study)


def test_examples_are_right_and_wrong_as_they_are_called(study):
    right, wrong = right_and_wrong(study)
    told = study.workflow("hybrid").last.predictions.argmax(axis=1)
    assert all(told[one.row] == study.y[one.row] for one in right)
    assert all(told[one.row] != study.y[one.row] for one in wrong)
    assert len(rows_to_walk(study)) >= 2


def test_the_summary_says_the_same_as_the_study(study):
    data, text = as_data(study), as_text(study)
    assert data["workflows"]["dl"]["parameters"] == study.workflow("dl").anatomy.parameters
    assert data["verdict"]["headline"] in text
    assert set(data["architectures"]) >= {"Structure", "Layers", "Training"}


def test_official_test_rows_are_kept_and_the_column_that_says_so_is_not_learned_from():
    frame = crosses(90).assign(split=["train"] * 60 + ["test"] * 30)
    divided = divide(Case("c", "?", frame, "cross"), seed=0)
    assert divided.official
    assert (len(divided.dataset.y), len(divided.y)) == (60, 30)
    assert "split" not in divided.dataset.schema.names
    labels = [divided.dataset.classes[code] for code in divided.y.tolist()]
    assert labels == frame["cross"].tolist()[60:]


def test_without_an_official_division_a_quarter_is_tested_in_proportion():
    divided = divide(Case("c", "?", crosses(120), "cross"), seed=0)
    assert not divided.official
    assert len(divided.y) == pytest.approx(30, abs=2)
    assert divided.y.mean() == pytest.approx(1 / 3, abs=0.07)


def test_subsets_of_the_labels_lie_within_each_other():
    dataset = divide(Case("c", "?", crosses(400), "cross"), seed=0).dataset
    subsets = label_subsets(dataset, seed=1)
    for (_, small), (_, large) in itertools.pairwise(subsets):
        assert set(small) < set(large)
    assert len(subsets[-1][1]) == len(dataset.y)
    for _, rows in subsets:
        assert np.bincount(dataset.y[rows]).min() >= 5


@pytest.mark.parametrize(
    ("frame", "target", "words"),
    [
        (crosses(80), "circle", "no column 'circle'"),
        (crosses(20), "cross", "20 rows"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_remedy(frame, target, words):
    with pytest.raises(InputError, match=words) as caught:
        divide(Case("c", "?", frame, target), seed=0)
    assert caught.value.todo


@pytest.mark.slow
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_tables_of_numbers_are_compared_too(task):
    g = np.random.default_rng(0)
    frame = pd.DataFrame(g.normal(size=(400, 4)), columns=list("abcd"))
    total = frame["a"] * frame["b"] + frame["c"]
    frame["y"] = (
        total if task == "regression" else pd.cut(total, [-np.inf, -0.5, 0.5, np.inf], labels=list("xyz"))
    )
    frame["y"] = frame["y"].astype(float if task == "regression" else str)
    study = compare(Case("numbers", "Which y?", frame, "y"), Asked(30.0))
    assert [one.family for one in study.workflows] == ["ml", "dl", "hybrid"]
    assert "Both joined" in render(study)
