"""One network for a table with pictures, texts, clips and series: towers side by side, joined late."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from twofold.nn.dropout import Dropout
from twofold.nn.inputs import Layout
from twofold.nn.mlp import RealMLPNetwork
from twofold.nn.onnx_layers import write_linear, write_slice
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.towers.base import TowerNetwork, decaying

TABLE_WIDTHS, TABLE_DROPOUT = (128, 128, 128), 0.15
"""Of the perceptron that reads the table's own columns; `twofold.models.realmlp` says why."""


class ReadOrMissing(nn.Module):  # type: ignore[misc]
    """A tower, and a learned vector for rows whose cell is missing (all NaN).

    The tower never sees a missing cell, so that its batch norms count real ones alone.

    - Input: (n, places). Output: (n, width).
    """

    def __init__(self, tower: TowerNetwork) -> None:
        super().__init__()
        self.tower = tower
        self.width = tower.width
        self.missing = nn.Parameter(torch.zeros(tower.width))

    def forward(self, cells: Any) -> Any:
        lost = torch.isnan(cells)
        there = ~lost.all(dim=1)
        cells = cells.masked_fill(lost, 0.0)
        if there.all() and len(cells) > 1:
            return self.tower(cells)
        vectors = self.missing.expand(len(cells), -1)
        if there.sum() <= self.training:  # a batch norm cannot learn from one row
            return vectors
        return vectors.index_put((there.nonzero()[:, 0],), self.tower(cells[there]))

    def augment(self, cells: Any, generator: Any) -> Any:
        """Return cells changed at random; NaN stays."""
        return self.tower.augment(cells, generator)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        """Write it for cells."""
        lost = writer.add("IsNaN", cells)
        filled = writer.add("Where", lost, writer.constant(np.float32(0)), cells)
        numbers, along = writer.add("Cast", lost, to=1), writer.constant(np.array([1], dtype=np.int64))
        missing = writer.add("Cast", writer.add("ReduceMin", numbers, along, keepdims=1), to=9)
        vectors = self.tower.write(writer, filled)
        return writer.add("Where", missing, writer.constant(self.missing[None]), vectors)


class Fusion(nn.Module):  # type: ignore[misc]
    """Towers for raw cells and a perceptron for the table's own columns, then one layer over all of them.

    - Input: (n, table + raw cells) as `layout` says. Output: scores (n, q).

    Parameters
    ----------
    layout : Layout
    towers : list of TowerNetwork
        One for each of the layout's towers.
    n_outputs : int
    width : int
        Of the joining layer.
    dropout : float
        Before and behind it.
    smooth : bool
        For `RealMLPNetwork`.
    table_factor : float
        The perceptron's rate over that of the towers.
    """

    def __init__(
        self,
        layout: Layout,
        towers: list[TowerNetwork],
        n_outputs: int,
        width: int,
        dropout: float,
        *,
        smooth: bool,
        table_factor: float,
    ) -> None:
        super().__init__()
        self.layout, self.table_factor = layout, table_factor
        only_table = Layout(layout.numbers, layout.plain, layout.categories)
        needed = layout.table or not towers
        self.table = (
            RealMLPNetwork(only_table, n_outputs, TABLE_WIDTHS, TABLE_DROPOUT, smooth) if needed else None
        )
        self.towers = nn.ModuleList(map(ReadOrMissing, towers))
        inner = sum(tower.width for tower in towers) + (TABLE_WIDTHS[-1] if self.table else 0)
        self.joined = nn.Linear(inner, width)
        self.dropout = Dropout(dropout)
        self.last = nn.Linear(width, n_outputs)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    @property
    def mixable(self) -> bool:
        """Whether the mean of two rows means something: neither codes nor tokens are averaged."""
        return not self.layout.categories and all(part.tower.mixable for part in self.towers)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the groups of each part; the table's perceptron keeps the rates that its authors tuned."""
        groups = decaying(self.joined) + decaying(self.last)
        for part in self.towers:
            groups += part.tower.groups()
            groups.append({"params": [part.missing], "weight_decay": 0.0})
        if self.table:
            unused = {id(self.table.last), id(self.table.last_bias)}
            for group in self.table.parameter_groups():
                parameters = [p for p in group["params"] if id(p) not in unused]
                factor = self.table_factor * group.get("factor", 1.0)
                groups.append({**group, "params": parameters, "factor": factor})
        return [group for group in groups if group["params"]]

    def augment(self, X: Any, generator: Any) -> Any:
        """Return rows whose raw cells are changed at random, each in ways that keep its meaning."""
        for part, (start, stop) in zip(self.towers, self.layout.stretches(), strict=True):
            X[:, start:stop] = part.augment(X[:, start:stop], generator)
        return X

    def embed(self, X: Any) -> Any:
        """Return the joining layer, (n, width)."""
        parts = [self.table.embed(X[:, : self.layout.table])] if self.table else []
        for part, (start, stop) in zip(self.towers, self.layout.stretches(), strict=True):
            parts.append(part(X[:, start:stop]))
        return F.relu(self.joined(self.dropout(torch.cat(parts, dim=1))))

    def forward(self, X: Any) -> Any:
        return self.last(self.dropout(self.embed(X)))

    def answer(self, scores: Any) -> Any:
        """Return scores as they are judged."""
        return scores

    def head(self) -> tuple[Any, Any]:
        """Return the last layer as weights (q, width) and bias (q,)."""
        return self.last.weight.detach().numpy(), self.last.bias.detach().numpy()

    def write(self, writer: OnnxWriter) -> tuple[str, int]:
        """Write the embedding; return its name and width."""
        parts = [self.table.write(writer)[0]] if self.table else []
        for part, (start, stop) in zip(self.towers, self.layout.stretches(), strict=True):
            parts.append(part.write(writer, write_slice(writer, writer.x, start, stop, axis=1)))
        x = parts[0] if len(parts) == 1 else writer.add("Concat", *parts, axis=1)
        return writer.add("Relu", write_linear(writer, x, self.joined)), self.joined.out_features
