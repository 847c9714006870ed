"""Made pictures: like the real ones, behind them, never scored, and used on evidence alone."""

import numpy as np
import pandas as pd
import pytest

from twofold.core.control import Control
from twofold.core.errors import InputError
from twofold.core.fold import Fold
from twofold.data.target import Roles, dataset_from_frame
from twofold.hybrids.augmenting import pictures
from twofold.hybrids.augmenting.gain import Gain
from twofold.hybrids.augmenting.pictures import SIDE, fit_on_evidence, fit_with_made, with_made
from twofold.steps.cells import unpack_array
from twofold.workflow.plan import Plan

pytest.importorskip("PIL")
pytest.importorskip("torch")
PLAN = Plan("lines", "linear", reads=("hog",))


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    from twofold.nn import image_gan
    from twofold.nn.adversaries import Match

    monkeypatch.setattr(image_gan, "MATCH", Match(steps=3, batch=8, packed=1))


def shapes(n=60, colours=False):
    g = np.random.default_rng(0)
    y = np.arange(n) % 3 // 2  # a third are crosses
    cells = g.integers(0, 60, size=(n, SIDE, SIDE, 3 if colours else 1))
    cells[y == 0, 8:20, 8:20] += 150
    cells[y == 1, 12:16] += 150
    cells[y == 1, :, 12:16] += 40
    cells = cells.astype(np.uint8)
    frame = pd.DataFrame({"x": [one if colours else one[..., 0] for one in cells], "shape": y})
    return dataset_from_frame(frame, Roles("shape"), declared={"x": "image"})


@pytest.mark.parametrize("colours", [False, True])
def test_made_pictures_stand_behind_the_real_ones_and_classes_keep_their_shares(colours):
    real = shapes(colours=colours)
    fuller = with_made(real, 0.5, Control(rounds=1))
    n = len(real.y)
    assert fuller.table.n_rows == len(fuller.y) == 1.5 * n
    assert fuller.table.columns["x"][:n].tolist() == real.table.columns["x"].tolist()
    np.testing.assert_array_equal(fuller.y[:n], real.y)
    np.testing.assert_allclose(np.bincount(fuller.y), 1.5 * np.bincount(real.y))
    made = [unpack_array(cell) for cell in fuller.table.columns["x"][n:]]
    assert {one.shape for one in made} == {(SIDE, SIDE, 3) if colours else (SIDE, SIDE)}
    assert {one.dtype for one in made} == {np.dtype(np.uint8)}
    again = with_made(real, 0.5, Control(rounds=1)).table.columns["x"]
    assert again.tolist() == fuller.table.columns["x"].tolist()


def test_the_same_plan_is_fitted_for_as_many_rounds_with_and_without():
    real = shapes()
    plain, fuller = fit_with_made(PLAN, real, 1.0, Control(rounds=1))
    assert plain.model.rounds_ == fuller.model.rounds_
    answers = [fitted.graph.run({"table": real.table}) for fitted in (plain, fuller)]
    assert answers[0].shape == answers[1].shape == (60, 2)
    assert np.mean(answers[0].argmax(axis=1) == real.y) > 0.95


@pytest.mark.parametrize("sure", [False, True])
def test_scored_pictures_are_real_and_the_maker_sees_none_of_them(monkeypatch, sure):
    real = shapes()
    seen = []
    make = pictures.make_pictures

    def remember(dataset, classes, control):
        seen.append(set(dataset.table.columns["x"]))
        return make(dataset, classes, control)

    monkeypatch.setattr(pictures, "make_pictures", remember)
    monkeypatch.setattr(Gain, "sure", lambda self, among=1: sure)
    rows = np.arange(60)
    folds = [Fold(part, rows[rows % 2 != part], rows[rows % 2 == part]) for part in (0, 1)]
    fitted, gain = fit_on_evidence(PLAN, real, folds, 1.0, Control(rounds=1))
    assert np.isfinite([gain.mean, gain.error]).all()
    for fold, known in zip(folds, seen, strict=False):
        assert known == set(real.table.columns["x"][fold.train])
    assert len(seen) == 2 + sure, "without evidence nothing more is made"
    assert fitted.graph.run({"table": real.table}).shape == (60, 2)


def test_what_is_not_one_picture_a_row_is_refused_in_three_parts():
    frame = pd.DataFrame({"size": np.arange(40) ** 2 % 17 / 3, "shape": np.arange(40) % 2})
    with pytest.raises(InputError, match="columns of these kinds: number") as told:
        with_made(dataset_from_frame(frame, Roles("shape")), 1.0, Control())
    assert "one picture a row" in told.value.allowed
    assert told.value.todo
