"""The two families label for each other what nobody labelled (co-training, Blum and Mitchell 1998).

Each family learns from the labelled rows; then, round by round, each gets the labels of those unlabelled
rows on which both agree and of which the *other* one is surest. More rows are taken each round, the choice
is made anew each time so that a mistake can be taken back (curriculum labelling, Cascante-Bonilla, Tan, Qi
and Ordonez 2021), labels that were spread count less than given ones (Lee 2013), and the shares of the
classes stay those of the given labels. How many rounds, and whether any, is decided on labelled rows that
were left out of all rounds: they have to lower the log loss by more than one standard error. Without
unlabelled rows, or where no round helps, what comes out is the plain blend of both families.

When it helps: few labels (tens to a few hundred), many rows without, and families that see the rows
differently (counts of words beside sentence vectors). When not: the labels already teach all there is, the
families share their mistakes, or the unlabelled rows are of another kind; then no round is kept. Cost: one
fit of each family for each round and fold, and both models at prediction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.parity import Parity, check_parity
from twofold.core.errors import InputError
from twofold.core.fold import Fold
from twofold.core.random import derive_seed
from twofold.core.ranking import ranks_within
from twofold.data.dataset import Dataset
from twofold.data.partly_labelled import PartlyLabelled
from twofold.data.split import make_folds
from twofold.hybrids.blend import Blend
from twofold.hybrids.calibration import learn_temperature
from twofold.hybrids.pair import Means, Pair, answers, fit_pair
from twofold.models.base import Pace, class_shares
from twofold.steps.base import FEATURES, INPUT, Graph, Step
from twofold.workflow.fitting import Fitted

FEWEST_FOR_FOLDS = 20
"""With fewer labelled rows nothing can be decided on them, and no label is spread."""
EVEN = 3.0
"""Weights that keep the shares of the classes are at most so many times larger or smaller than one."""
WEIGHTS = (0.5, 0.25, 0.75, 0.0, 1.0)
"""Of the first family in the blend; a few labels cannot tell finer ones apart."""
CHECKED = 500
"""Rows on which the graph is compared with the models that it was made of."""


@dataclass(frozen=True)
class Rules:
    """How labels are spread.

    Parameters
    ----------
    rounds : int
        At most.
    most : float
        Share of the unlabelled rows that have a label after the last round.
    trust : float
        What a spread label weighs beside a given one.
    folds : int
        Of the labelled rows, on which the number of rounds is decided.
    """

    rounds: int = 3
    most: float = 0.8
    trust: float = 0.5
    folds: int = 4


@dataclass(frozen=True)
class Spread:
    """Labels of unlabelled rows, for one family.

    Parameters
    ----------
    places : integer array of shape (m,)
        Among the unlabelled rows.
    codes : int64 array of shape (m,)
    weight : array of shape (m,)
    """

    places: NDArray[np.intp]
    codes: NDArray[np.int64]
    weight: NDArray[np.float64]


def choose_spread(
    teacher: NDArray[np.float64],
    other: NDArray[np.float64],
    shares: NDArray[np.float64],
    count: int,
    trust: float,
) -> Spread:
    """Take the rows of which the teacher is surest, among those on which both agree, class by class.

    Parameters
    ----------
    teacher, other : arrays of shape (n, k)
        Probabilities of the family that labels, and of the one that learns.
    shares : array of shape (k,)
        Of the classes among given labels.
    count : int
        Rows wanted.
    trust : float

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> choose_spread(p, p, np.array([0.5, 0.5]), 2, 1.0).places.tolist()
    [0, 2]
    """
    codes = teacher.argmax(axis=1)
    sure = np.where(codes == other.argmax(axis=1), teacher.max(axis=1), 0.0)
    places = np.flatnonzero((ranks_within(codes, sure) < np.round(shares * count)[codes]) & (sure > 0))
    taken = np.bincount(codes[places], minlength=len(shares))
    even = np.clip(shares * len(places) / np.maximum(taken, 1), 1 / EVEN, EVEN)
    return Spread(places, codes[places], trust * sure[places] * even[codes[places]])


@dataclass(frozen=True)
class Choice:
    """How many rounds are kept, and how both families are blended after them.

    Parameters
    ----------
    rounds : int
        0 for the plain blend.
    blend : Blend
    step : Step
        That makes the blend's probabilities honest.
    losses : array of shape (rounds tried + 1,)
        Log loss of labelled rows out of fold after each number of rounds; it was chosen by them.
    gain, error : float
        By how much the kept rounds lower it, and the standard error of that.
    out_of_fold : array of shape (n_labelled, k)
        Probabilities of the labelled rows, by models that never saw their labels.
    """

    rounds: int
    blend: Blend
    step: Step
    losses: NDArray[np.float64]
    gain: float
    error: float
    out_of_fold: NDArray[np.float64]


@dataclass(frozen=True)
class CoTrained:
    """What co-training came to.

    Parameters
    ----------
    graph : Graph
        From ``table`` to ``prediction``.
    choice : Choice
    labels : array of shape (n_unlabelled, k)
        Probabilities of the unlabelled rows.
    agreed : bool array of shape (n_unlabelled,)
        Whether both families answer them alike.
    parity : Parity
        Between the graph and the models it was made of.
    """

    graph: Graph
    choice: Choice
    labels: NDArray[np.float64]
    agreed: NDArray[np.bool_]
    parity: Parity


def _rounds(
    pair: Pair, data: PartlyLabelled, labelled: NDArray[np.intp], rules: Rules, means: Means
) -> Iterator[tuple[Fitted, Fitted]]:
    """Yield both families after no round, after one, ... as long as there is time."""
    dataset, unlabelled = data.dataset, data.unlabelled
    shares = class_shares(dataset.y[labelled], len(dataset.classes), None)
    pace = Pace(means.budget)
    fitted = fit_pair(pair, [dataset] * 2, [labelled] * 2, _part(means, rules.rounds), 0)
    yield fitted
    for number in range(1, rules.rounds + 1):
        if not len(unlabelled) or not pace.another():
            return
        found = answers([one.graph for one in fitted], dataset, unlabelled)
        count = round(rules.most * len(unlabelled) * number / rules.rounds)
        spreads = [choose_spread(found[1 - own], found[own], shares, count, rules.trust) for own in (0, 1)]
        fitted = fit_pair(
            pair,
            [_with_labels(dataset, unlabelled[spread.places], spread) for spread in spreads],
            [np.concatenate([labelled, unlabelled[spread.places]]) for spread in spreads],
            _part(means, rules.rounds - number),
            number,
        )
        yield fitted


def _part(means: Means, later: int) -> Means:
    """Return the means of one round when so many follow."""
    return replace(means, budget=means.budget.share(1.0 / (later + 1)))


def _with_labels(dataset: Dataset, places: NDArray[np.intp], spread: Spread) -> Dataset:
    y = dataset.y.copy()
    y[places] = spread.codes
    weight = np.ones(len(y))
    weight[places] = spread.weight
    return replace(dataset, y=y, weight=weight)


def _out_of_fold(
    pair: Pair, data: PartlyLabelled, folds: Sequence[Fold], rules: Rules, means: Means
) -> NDArray[np.float64]:
    """Return answers of shape (rounds + 1, 2, n_labelled, k), as many rounds as every fold came to."""
    labelled = data.labelled
    found = np.full((rules.rounds + 1, 2, len(labelled), len(data.dataset.classes)), np.nan)
    fewest = rules.rounds
    for done, fold in enumerate(folds):
        budget = means.budget.share(1.0 / (len(folds) - done))
        own = replace(means, budget=budget, seed=derive_seed(means.seed, "fold", fold.index))
        ran = 0
        for ran, fitted in enumerate(_rounds(pair, data, labelled[fold.train], rules, own)):
            graphs = [one.graph for one in fitted]
            found[ran][:, fold.test] = answers(graphs, data.dataset, labelled[fold.test])
        fewest = min(fewest, ran)
    return found[: fewest + 1]


@dataclass(frozen=True)
class _Blended:
    blend: Blend
    step: Step
    p: NDArray[np.float64]
    losses: NDArray[np.float64]

    def lowers(self, other: _Blended) -> tuple[float, float]:
        """Return by how much its log loss is below another's, and the standard error of that."""
        gap = other.losses - self.losses
        return float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(len(gap)))


def _blended(predictions: NDArray[np.float64], y: NDArray[np.int64]) -> _Blended:
    """Blend both families evenly, unless other weights are better by more than a standard error.

    Weights are compared after the temperature: a family that is too timid is not for that reason worth less.
    """
    found = []
    for weight in WEIGHTS:
        weights = np.array([weight, 1.0 - weight])
        members = tuple(int(member) for member in np.flatnonzero(weights))
        blend = Blend(members, weights[list(members)])
        step = learn_temperature(blend.combine(predictions), y, np.ones(len(y)))
        p = np.asarray(step.run(blend.combine(predictions)))
        found.append(_Blended(blend, step, p, -np.log(np.clip(p[np.arange(len(y)), y], 1e-15, 1.0))))
    best = min(found, key=lambda one: float(one.losses.mean()))
    gain, error = best.lowers(found[0])
    return best if gain > error else found[0]


def choose_rounds(predictions: NDArray[np.float64], y: NDArray[np.int64]) -> Choice:
    """Decide how many rounds to keep, and how to blend after them.

    Parameters
    ----------
    predictions : array of shape (rounds + 1, 2, n, k)
        Of labelled rows that took no part.
    y : array of shape (n,)
    """
    found = [_blended(some, y) for some in predictions]
    losses = np.array([one.losses.mean() for one in found])
    best = int(np.argmin(losses))
    gain, error = found[best].lowers(found[0])
    kept = best if gain > error else 0
    gain, error = (gain, error) if kept else (0.0, 0.0)
    return Choice(kept, found[kept].blend, found[kept].step, losses, gain, error, found[kept].p)


def co_train(
    pair: Pair, data: PartlyLabelled, means: Means | None = None, rules: Rules | None = None
) -> CoTrained:
    """Train both families on labelled rows, and on what they label for each other where that helps.

    Parameters
    ----------
    pair : Pair
    data : PartlyLabelled
    means : Means or None
        Two thirds of the time are for deciding.
    rules : Rules or None

    Raises
    ------
    InputError
        When the target has values instead of classes, or a class has but one row.
    """
    rules, means = rules or Rules(), means or Means()
    known = data.known
    _demand_classes(known)
    if len(data.labelled) < FEWEST_FOR_FOLDS or not len(data.unlabelled):
        rules = replace(rules, rounds=0)
    folds = make_folds(known, min(rules.folds, len(known.y)), means.seed)
    deciding = replace(means, budget=means.budget.share(2 / 3))
    told = _out_of_fold(pair, data, folds, rules, deciding)
    choice = choose_rounds(told, known.y)
    kept = replace(rules, rounds=rules.rounds if choice.rounds else 0)
    ran = list(islice(_rounds(pair, data, data.labelled, kept, means), choice.rounds + 1))
    if len(ran) <= choice.rounds:  # the clock ended them: what was kept is one of those that ran
        choice = choose_rounds(told[: len(ran)], known.y)
    return _finished(ran[choice.rounds], data, choice)


def _demand_classes(known: Dataset) -> None:
    if not known.classes:
        raise InputError(
            f"'{known.target}' has values, not classes.",
            "Labels are spread from class to class.",
            "Name a target with classes, or say task='multiclass' where the numbers are classes.",
        )
    alone = np.flatnonzero(np.bincount(known.y, minlength=len(known.classes)) < 2)
    if len(alone):
        raise InputError(
            f"The class {known.classes[alone[0]]!r} has one labelled row.",
            "Whether spreading helps is told on labelled rows that were left out: each class needs two.",
            "Label another row of it, or empty the cell of this one.",
        )


def _finished(fitted: tuple[Fitted, Fitted], data: PartlyLabelled, choice: Choice) -> CoTrained:
    blended = choice.blend.lower([fitted[member].graph for member in choice.blend.members])
    graph = blended.answered_by(choice.step)
    found = answers([one.graph for one in fitted], data.dataset, data.unlabelled)
    return CoTrained(
        graph,
        choice,
        np.asarray(choice.step.run(choice.blend.combine(found)), dtype=np.float64),
        found[0].argmax(axis=1) == found[1].argmax(axis=1),
        _parity(fitted, data.dataset, graph, choice),
    )


def _parity(fitted: tuple[Fitted, Fitted], dataset: Dataset, graph: Graph, choice: Choice) -> Parity:
    table = dataset.table.take(np.arange(min(CHECKED, dataset.table.n_rows)))
    native: Any = [one.model.output(one.encoder.run({INPUT: table}, FEATURES)) for one in fitted]
    told = choice.step.run(choice.blend.combine(np.stack(native)))
    return check_parity(told, np.asarray(graph.run({INPUT: table})), relative=False)
