"""A cheap graph for every row, a dear one for those it is unsure of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import INPUT, PREDICTION, Graph, Step


@dataclass(frozen=True)
class Cascade(Step):
    """Probabilities of `cheap`, replaced by those of `dear` where its largest one is below `sure`.

    Parameters
    ----------
    cheap, dear : Graph
        From ``table`` to ``prediction``.
    sure : float
    """

    kind = "cascade"
    cheap: Graph
    dear: Graph
    sure: float

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (table,) = inputs
        answer = np.asarray(self.cheap.run({INPUT: table}, PREDICTION), dtype=np.float64)
        unsure = np.flatnonzero(answer.max(axis=1) < self.sure)
        if len(unsure):
            answer = answer.copy()
            answer[unsure] = self.dear.run({INPUT: table.take(unsure)}, PREDICTION)
        return answer
