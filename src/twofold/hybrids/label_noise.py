"""Wrong labels, found where both families would give another one (confident learning, Northcutt 2021).

Every row is predicted by models that never saw it. A row *confidently* belongs to a class whose probability
is at least what the rows labelled so get on the average; counting given against confident classes estimates
how often each class was mistaken for each other, and so how many rows of it are suspected (Northcutt, Jiang
and Chuang 2021). Both families count by what they are worth on the given labels. With values instead of
classes, a row is suspect where both families miss it on the same side by far more than they miss rows of a
similar size (the modified z-score of Iglewicz and Hoaglin 1993).

When it helps: labels were given by hand, by rule or by several people, and a few percent to a third of them
are wrong; the families fall for different mistakes, so their blend sees more of them than either. When not:
the classes cannot be told apart by these columns (then honest rows are suspected and too much noise is told),
or the mistakes follow the columns themselves, as those of a rule do. Cost: one fit of each family for each
fold; nothing at prediction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.core.random import make_generator
from twofold.core.ranking import ranks_within
from twofold.data.dataset import Dataset
from twofold.data.split import make_folds
from twofold.hybrids.base import Evidence
from twofold.hybrids.blend import learn_blend
from twofold.hybrids.pair import Means, Pair, out_of_fold
from twofold.metrics.losses import LOG_LOSS

FEWEST = 20
"""Rows without which no label is judged."""
RARE = 5
"""Classes with fewer rows are taken at their word: no fold learns them."""
DRAWS = 200
"""Bootstrap samples for the interval of the noise rate."""
FAR = 3.5
"""Modified z-score from which a value is suspect."""
WINDOW = 100
"""Rows of similar predicted size that tell how far values usually lie from their predictions."""
NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
FOLDS = 5


@dataclass(frozen=True)
class Suspects:
    """What is thought of the labels of n rows.

    Parameters
    ----------
    suspected : bool array of shape (n,)
    suggested : array of shape (n,)
        Class codes, or values, that the models would give instead.
    suspicion : array of shape (n,)
        Larger is more suspect. Classes: the best other probability less that of the given class, from -1
        (surely right) to 1 (surely wrong). Values: the modified z-score.
    rate, low, high : float
        Estimated share of wrong labels, with a 95 % interval for the draw of the rows: how well the models
        tell the classes apart is taken as it is. Of values, only those far off are counted.
    joint : array of shape (k, k)
        Estimated share of rows with the given class (row) and the true class (column); empty for values.
    """

    suspected: NDArray[np.bool_]
    suggested: NDArray[Any]
    suspicion: NDArray[np.float64]
    rate: float
    low: float
    high: float
    joint: NDArray[np.float64]

    @property
    def worst_first(self) -> NDArray[np.intp]:
        """Places of the suspected rows, the most suspect first."""
        places = np.flatnonzero(self.suspected)
        return places[np.argsort(-self.suspicion[places], kind="stable")]

    @property
    def confusions(self) -> list[tuple[int, int, float]]:
        """Given class, true class, and the estimated share of such rows, the most frequent first."""
        apart = self.joint * (1.0 - np.eye(len(self.joint)))
        found = [(int(given), int(true), float(apart[given, true])) for given, true in np.argwhere(apart > 0)]
        return sorted(found, key=lambda one: -one[2])


def confident_classes(
    y: NDArray[np.int64], p: NDArray[np.float64], weight: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return the class that each row confidently belongs to, -1 for none.

    Parameters
    ----------
    y : array of shape (n,)
        Given class codes.
    p : array of shape (n, k)
        Out-of-fold probabilities.
    weight : array of shape (n,) or None

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]])
    >>> confident_classes(np.array([0, 0, 1, 1]), p).tolist()
    [0, -1, 1, 0]
    """
    weight = np.ones(len(y)) if weight is None else weight
    counts = np.bincount(y, weights=weight, minlength=p.shape[1])
    own = np.bincount(y, weights=weight * _own(y, p), minlength=p.shape[1])
    thresholds = np.where(counts > 0, own / np.maximum(counts, 1e-12), np.inf)
    confident = p >= thresholds - 1e-12
    return np.where(confident.any(axis=1), np.where(confident, p, -1.0).argmax(axis=1), -1)


def confident_joint(
    y: NDArray[np.int64], p: NDArray[np.float64], weight: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Estimate the joint distribution of given and true classes, of shape (k, k); it sums to one.

    Each of its rows sums to the share of a given class. Parameters as of `confident_classes`.
    """
    k = p.shape[1]
    weight = np.ones(len(y)) if weight is None else weight
    classes = confident_classes(y, p, weight)
    found = classes >= 0
    counts = np.bincount(y[found] * k + classes[found], weights=weight[found], minlength=k * k)
    counts = counts.reshape(k, k).astype(np.float64)
    lost = counts.sum(axis=1) == 0
    counts[lost] = np.eye(k)[lost]  # a class without one confident row is taken at its word
    shares = np.bincount(y, weights=weight, minlength=k) / weight.sum()
    return np.asarray(counts / counts.sum(axis=1, keepdims=True) * shares[:, None])


def _own(y: NDArray[np.int64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    return p[np.arange(len(y)), y]


def suspect_classes(y: NDArray[np.int64], p: NDArray[np.float64], seed: int = 0) -> Suspects:
    """Find the rows whose given class is probably wrong: of each class as many as are estimated to be.

    Parameters
    ----------
    y : array of shape (n,)
    p : array of shape (n, k)
        Out-of-fold probabilities.
    seed : int
        Of the bootstrap.
    """
    others = p.copy()
    others[np.arange(len(y)), y] = -1.0
    suggested = others.argmax(axis=1)
    suspicion = others.max(axis=1) - _own(y, p)
    joint = confident_joint(y, p)
    wrong = np.round(len(y) * (joint.sum(axis=1) - np.diag(joint)))
    wrong[rare_classes(y, p.shape[1])] = 0
    suspected = (ranks_within(y, suspicion) < wrong[y]) & (suspicion > 0)
    rate = _noise(joint)
    generator = make_generator(seed, "noise rate")
    draws = (generator.multinomial(len(y), np.full(len(y), 1 / len(y))).astype(float) for _ in range(DRAWS))
    low, high = np.quantile([_noise(confident_joint(y, p, drawn)) for drawn in draws], [0.025, 0.975])
    return Suspects(
        suspected, suggested, suspicion, rate, min(float(low), rate), max(float(high), rate), joint
    )


def rare_classes(y: NDArray[np.int64], n_classes: int) -> list[int]:
    """Return the classes with too few rows to be judged."""
    return [int(code) for code in np.flatnonzero(np.bincount(y, minlength=n_classes) < RARE)]


def _noise(joint: NDArray[np.float64]) -> float:
    """Return the share of rows whose given class is not the true one."""
    return max(0.0, float(1.0 - np.trace(joint)))


def suspect_values(y: NDArray[np.float64], predictions: NDArray[np.float64]) -> Suspects:
    """Find the rows whose given value is probably wrong: every member misses it far, on the same side.

    Parameters
    ----------
    y : array of shape (n,)
    predictions : array of shape (n_members, n)
        Out of fold.
    """
    from scipy.stats import beta

    mean = predictions.mean(axis=0)
    z = np.stack([standard_misses(y, one) for one in (*predictions, mean)])
    alike = (np.sign(z) == np.sign(z[-1])).all(axis=0)
    suspicion = np.where(alike, np.abs(z).min(axis=0), 0.0)
    suspected = suspicion > FAR
    n, found = len(y), int(suspected.sum())
    rate = found / n
    low, high = beta.ppf([0.025, 0.975], found + 0.5, n - found + 0.5)  # of Jeffreys
    return Suspects(
        suspected, mean, suspicion, rate, min(float(low), rate), max(float(high), rate), np.empty((0, 0))
    )


def standard_misses(y: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far values lie from predictions, in usual deviations of rows that are predicted alike."""
    from scipy.ndimage import median_filter

    misses = y - predicted
    order = np.argsort(predicted, kind="stable")
    window = min(WINDOW, max(1, len(y) // 2)) | 1
    spread = np.empty(len(y))
    spread[order] = NORMAL * median_filter(np.abs(misses)[order], size=window, mode="nearest")
    floor = 0.1 * NORMAL * float(np.median(np.abs(misses))) or 1.0
    return np.asarray(misses / np.maximum(spread, floor))


@dataclass(frozen=True)
class Checked:
    """The labels of a data set as both families see them.

    Parameters
    ----------
    joined, ml, dl : Suspects
        By both together, and by each alone.
    predictions : array of shape (2, n, k)
        Out of fold.
    """

    joined: Suspects
    ml: Suspects
    dl: Suspects
    predictions: NDArray[np.float64]


def check_labels(pair: Pair, dataset: Dataset, means: Means, n_folds: int = FOLDS) -> Checked:
    """Predict every row out of fold with both families, and find the labels that both doubt.

    Parameters
    ----------
    pair : Pair
    dataset : Dataset
        Its groups stay together; its times do not count, since a later row may well speak of an earlier one.
    means : Means
    n_folds : int

    Raises
    ------
    InputError
        When there are too few rows.
    """
    if len(dataset.y) < FEWEST:
        raise InputError(
            f"There are {len(dataset.y)} rows with a label.",
            f"At least {FEWEST} are needed, and some hundred to say anything.",
            "Get more rows.",
        )
    timeless = replace(dataset, time=None)
    found = out_of_fold(pair, timeless, make_folds(timeless, n_folds, means.seed), means)
    return judge(dataset.y, found, classes=bool(dataset.classes), seed=means.seed)


def judge(y: NDArray[Any], predictions: NDArray[np.float64], *, classes: bool, seed: int = 0) -> Checked:
    """Return what both families together, and each alone, think of the labels.

    Parameters
    ----------
    y : array of shape (n,)
    predictions : array of shape (2, n, k)
        Out of fold.
    classes : bool
        Whether `y` holds class codes.
    seed : int
    """
    if classes:
        # one number is learned from the labels that are judged: what each family is worth
        blend = learn_blend(Evidence(predictions, y, None, LOG_LOSS, "multiclass", np.zeros(2)))
        views = (blend.combine(predictions), predictions[0], predictions[1])
        joined, ml, dl = (suspect_classes(y, p, seed) for p in views)
    else:
        values = predictions[:, :, 0]
        joined, ml, dl = (suspect_values(y, some) for some in (values, values[:1], values[1:]))
    return Checked(joined, ml, dl, predictions)
