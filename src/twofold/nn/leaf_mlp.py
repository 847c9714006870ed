"""A perceptron that reads a vector for each leaf that a row falls into, and adds to what the trees say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from twofold.nn.inputs import Layout
from twofold.nn.mlp import RealMLPNetwork
from twofold.nn.onnx_writer import OnnxWriter


@dataclass(frozen=True)
class LeafLayout:
    """What stands behind the columns of a row: leaf numbers, what each counts, the trees' own scores.

    Parameters
    ----------
    columns : Layout
        Of the columns themselves.
    group : integer array of shape (t,)
        The group of each tree; the vectors of a group's leaves are added up.
    n_scores : int
        Scores of the trees: one a class, or one.
    """

    columns: Layout
    group: NDArray[np.int64]
    n_scores: int

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return int(self.group.max(initial=-1)) + 1


class LeafMLP(nn.Module):  # type: ignore[misc]
    """RealMLP over columns and summed leaf vectors; its scores are added to those of the trees.

    - Input: (n, columns + t + 1 + n_scores), leaves as numbers from 1 on, 0 where there is no tree.
    - Output: scores (n, n_scores).

    Parameters
    ----------
    layout : LeafLayout
    table : float32 array of shape (leaves + 1, w)
        The vectors to begin with; the first belongs to no leaf and is zero.
    hidden : tuple of int
    dropout : float
    smooth : bool
        As for `RealMLPNetwork`.
    """

    def __init__(
        self,
        layout: LeafLayout,
        table: NDArray[np.float32],
        hidden: tuple[int, ...],
        dropout: float,
        smooth: bool,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.table = nn.Parameter(torch.from_numpy(table.copy()))
        self.width = layout.n_groups * table.shape[1]
        widened = replace(layout.columns, plain=layout.columns.plain + self.width)
        self.inner = RealMLPNetwork(widened, layout.n_scores, hidden, dropout, smooth)
        self.trust = nn.Parameter(torch.ones(1))
        self.register_buffer("grouped", torch.eye(max(1, layout.n_groups))[torch.from_numpy(layout.group)])

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Those of the perceptron; vectors of leaves, which few rows fall into, learn slowly."""
        trust = {"params": [self.trust], "weight_decay": 0.0}
        return [*self.inner.parameter_groups(), trust, {"params": [self.table], "factor": 0.1}]

    def leaves(self, numbers: Any) -> Any:
        """Return the summed vectors (n, w * groups) of leaves (n, t)."""
        vectors = F.embedding(numbers.long(), self.table, padding_idx=0)
        return (vectors.transpose(1, 2) @ self.grouped).flatten(1)

    def embed(self, X: Any) -> Any:
        """Return the last hidden layer and the trees' scores, (n, hidden[-1] + n_scores)."""
        at = self.layout.columns
        ends = at.table + len(self.layout.group)
        sums = X[:, ends : ends + 1] * self.leaves(X[:, at.table : ends])
        parts = [X[:, : at.codes], sums, X[:, at.codes : at.table]]
        return torch.cat([self.inner.embed(torch.cat(parts, dim=1)), X[:, ends + 1 :]], dim=1)

    def forward(self, X: Any) -> Any:
        found = self.embed(X)
        q = self.layout.n_scores
        last = self.inner.last / self.inner.last.shape[0] ** 0.5
        return found[:, :-q] @ last + self.inner.last_bias + self.trust * found[:, -q:]

    def answer(self, scores: Any) -> Any:
        """Return scores as they are judged."""
        return scores

    def head(self) -> tuple[Any, Any]:
        """Return the last layer as weights (q, h + q) and bias (q,)."""
        weight, bias = self.inner.head()
        return np.hstack([weight, float(self.trust.detach()) * np.eye(self.layout.n_scores)]), bias

    def write(self, writer: OnnxWriter) -> tuple[str, int]:
        """Write the embedding of rows (n, columns + w * groups + n_scores), leaves summed already."""
        at, start = self.layout.columns, writer.x
        scores = writer.columns(at.table + self.width, at.table + self.width + self.layout.n_scores)
        parts = [
            writer.columns(0, at.codes),
            writer.columns(at.table, at.table + self.width),
            writer.columns(at.codes, at.table),
        ]
        writer.x = writer.add("Concat", *parts, axis=1)
        hidden, width = self.inner.write(writer)
        writer.x = start
        return writer.add("Concat", hidden, scores, axis=1), width + self.layout.n_scores
