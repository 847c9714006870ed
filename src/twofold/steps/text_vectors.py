"""Vectors of texts whose tokens stand in columns of a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import EMBEDDING, Step
from twofold.steps.onnx_session import open_session
from twofold.steps.sentences import in_runs


@dataclass(frozen=True)
class TextVectors(Step):
    """Run a network on tokens, texts of one length together, so that no row's answer depends on another's.

    Parameters
    ----------
    model : bytes
        An ONNX model from tokens (n, count) to ``embedding`` (n, width).
    starts : integer array of shape (m,)
        First column of each text's tokens; 0 behind the last one. A missing text is all NaN, and its
        vector zero.
    length : int
        Columns of a text.
    width : int
        Of a text's vector; those of a row's texts stand side by side.
    """

    kind = "text_vectors"
    requires = ("onnxruntime",)
    model: bytes
    starts: NDArray[np.int64]
    length: int
    width: int

    @cached_property
    def session(self) -> Any:
        """The onnxruntime session, made at first use."""
        return open_session(self.model)

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (X,) = inputs
        ids = token_cells(X, self.starts, self.length).reshape(len(X) * len(self.starts), self.length)
        counts = self.length - np.argmax(ids[:, ::-1] != 0, axis=1)
        counts[~ids.any(axis=1)] = 0

        def vectors(rows: NDArray[np.intp]) -> NDArray[np.float32]:
            tokens = np.ascontiguousarray(ids[rows, : counts[rows[0]]])
            return np.asarray(self.session.run([EMBEDDING], {"X": tokens})[0])

        return in_runs(counts, vectors, self.width).reshape(len(X), len(self.starts) * self.width)


def token_cells(X: NDArray[np.float32], starts: NDArray[np.int64], length: int) -> NDArray[np.float32]:
    """Return the tokens of texts that stand in a matrix, (n, len(starts), length), 0 where there is none."""
    places = starts[:, None] + np.arange(length)
    return np.asarray(np.nan_to_num(X[:, places.ravel()]).reshape(len(X), len(starts), length))
