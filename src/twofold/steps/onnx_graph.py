"""An ONNX graph run by onnxruntime: tree ensembles and networks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import apply_link
from twofold.steps.onnx_session import open_session
from twofold.steps.threads import thread_count

SHARE = 256
"""Rows that are worth a thread."""
CELLS = 2**18
"""Numbers that go into a graph at once: what a network makes of them meanwhile is a hundred times as many."""


@dataclass(frozen=True)
class OnnxGraph(Step):
    """Run a self-contained ONNX model on one dense matrix.

    Parameters
    ----------
    model : bytes
        The serialised model; external data and custom operator domains are refused by the loader.
    output : str
        Name of the graph's output to return.
    link : str
        Applied to the output (a name in `twofold.steps.links`), or ``""`` to return float32 as it is.
    dtype : str
        What the graph's input wants: ``"float32"`` or ``"float64"``.
    """

    kind = "onnx"
    requires = ("onnxruntime",)
    model: bytes
    output: str
    link: str = ""
    dtype: str = "float32"

    @cached_property
    def session(self) -> Any:
        """The onnxruntime session, made at first use from bytes only.

        It has one thread: a row is answered before another thread would be awake, and many rows are shared
        out by `run`. So the sums do not depend on the number of cores either.
        """
        return open_session(self.model)

    def run(self, *inputs: Any) -> NDArray[Any]:
        (X,) = inputs
        X = X.toarray() if hasattr(X, "toarray") else X
        matrix = np.ascontiguousarray(X, dtype=self.dtype)
        shares = min(thread_count(), len(matrix) // SHARE) if len(matrix) >= 2 * SHARE else 1
        if shares > 1:
            with ThreadPoolExecutor(shares) as threads:
                scores = np.concatenate(list(threads.map(self._scores, np.array_split(matrix, shares))))
        else:
            scores = self._scores(matrix)
        return apply_link(self.link, scores) if self.link else scores

    @cached_property
    def _input(self) -> str:
        name: str = self.session.get_inputs()[0].name
        return name

    def _scores(self, matrix: NDArray[Any]) -> NDArray[Any]:
        size = max(SHARE, CELLS // max(1, matrix.shape[1]))
        if len(matrix) <= size:
            return np.asarray(self.session.run([self.output], {self._input: matrix})[0])
        starts = range(0, len(matrix), size)
        parts = [self.session.run([self.output], {self._input: matrix[s : s + size]})[0] for s in starts]
        return np.concatenate(parts)
