"""How rare scores are among those of reference rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step


@dataclass(frozen=True)
class Ranks(Step):
    """The share of reference rows whose score is at least as large, the row itself counted among them.

    ``p = (1 + number of reference scores >= s) / (1 + m)``. Where a row and the m reference rows come from
    one source, p is at most a with probability at most a (a conformal p-value: Vovk, Gammerman and
    Shafer 2005).

    Parameters
    ----------
    reference : array of shape (m, q)
        Scores of reference rows, each column rising.
    logs : bool
        Whether ``-log p`` is answered: the surprise.

    Examples
    --------
    >>> Ranks(np.array([[1.0], [2.0], [3.0]]), False).run(np.array([[0.0], [2.5], [9.0]])).ravel().tolist()
    [1.0, 0.5, 0.25]
    """

    kind = "ranks"
    reference: NDArray[np.float64]
    logs: bool

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (scores,) = inputs
        m = len(self.reference)
        p = np.empty((len(scores), self.reference.shape[1]))
        for column in range(self.reference.shape[1]):
            below = np.searchsorted(self.reference[:, column], scores[:, column], side="left")
            p[:, column] = (1 + m - below) / (1 + m)
        return -np.log(p) if self.logs else p


def ranks_of(scores: NDArray[Any], *, logs: bool = False) -> Ranks:
    """Return the step that compares with these scores, of shape (m, q)."""
    return Ranks(np.sort(np.asarray(scores, dtype=np.float64), axis=0), logs)


def ranks_among(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Return the share of rows whose score is at least as large, for each of these rows, of shape (m, q).

    A row counts once among them, as a new one counts once among the rows that it is compared with.

    Examples
    --------
    >>> ranks_among(np.array([[1.0], [3.0], [2.0], [3.0]])).ravel().tolist()
    [1.0, 0.5, 0.75, 0.5]
    """
    m = len(scores)
    return np.asarray(((1 + m) * ranks_of(scores).run(scores) - 1) / m)
