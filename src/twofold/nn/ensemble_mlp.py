"""TabM: many perceptrons that share nearly all their weights (Gorishniy, Kotelnikov and Babenko 2025)."""

from __future__ import annotations

from typing import Any

import numpy as np
import rtdl_num_embeddings
import tabm
import torch
from numpy.typing import NDArray
from torch import nn

from twofold.nn.inputs import CodeEmbeddings, Layout
from twofold.nn.losses import mean_of_members
from twofold.nn.onnx_writer import OnnxWriter


def bin_edges(X: NDArray[np.float32], n_bins: int) -> list[Any]:
    """Return quantiles of each column without repeats, two bins at least.

    Examples
    --------
    >>> [edges.tolist() for edges in bin_edges(np.array([[0.0, 5.0], [1.0, 5.0]]), 2)]
    [[0.0, 0.5, 1.0], [4.5, 5.0, 5.5]]
    """
    quantiles = np.quantile(X, np.linspace(0, 1, n_bins + 1), axis=0).T.astype(np.float32)
    found = []
    for row in quantiles:
        edges = np.unique(row)
        edges = edges[np.concatenate([[True], np.diff(edges) > 1e-5])]
        ends = edges if len(edges) > 1 else np.array([edges[0] - 0.5, edges[0] + 0.5])
        found.append(ends if len(ends) > 2 else np.insert(ends, 1, ends.mean()))
    return [torch.tensor(edges, dtype=torch.float32) for edges in found]


class TabMNetwork(nn.Module):  # type: ignore[misc]
    """Piecewise-linear embeddings of numbers, then the authors' own ensemble of perceptrons.

    - Input: (n, numbers + plain + codes). Output: scores (n, members, q).

    Parameters
    ----------
    edges : list of tensors
        Bins of each number column.
    layout : Layout
    n_outputs : int
    task : str
    members, width, blocks : int
    dropout : float
    """

    def __init__(
        self,
        edges: list[Any],
        layout: Layout,
        n_outputs: int,
        task: str,
        members: int,
        width: int,
        blocks: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.d, self.layout, self.task = layout.numbers, layout, task
        embed = rtdl_num_embeddings.PiecewiseLinearEmbeddings
        self.numbers = embed(edges, 8, activation=False, version="B") if edges else None
        self.codes = CodeEmbeddings(layout.categories) if layout.categories else None
        chunks = (
            [8] * self.d
            + [1] * layout.plain
            + ([table.weight.shape[1] for table in self.codes.tables] if self.codes else [])
        )
        self.view = tabm.EnsembleView(k=members)
        self.backbone = tabm.make_tabm_backbone(
            d_in=sum(chunks),
            n_blocks=blocks,
            d_block=width,
            dropout=dropout,
            k=members,
            start_scaling_init="normal",
            start_scaling_init_chunks=chunks,
        )
        self.last = tabm.LinearEnsemble(width, n_outputs, k=members)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """All parameters learn at one rate."""
        return [{"params": list(self.parameters())}]

    def forward(self, X: Any) -> Any:
        parts = [self.numbers(X[:, : self.d]).flatten(1)] if self.numbers else []
        parts += [X[:, self.d : self.layout.codes]] if self.layout.plain else []
        parts += [self.codes(X[:, self.layout.codes :])] if self.codes else []
        return self.last(self.backbone(self.view(torch.cat(parts, dim=1))))

    def answer(self, scores: Any) -> Any:
        """Return scores (n, q) of the members' mean answer."""
        return mean_of_members(scores, self.task)

    def embed(self, X: Any) -> Any:
        """Return the members' mean answer: (n, C) probabilities, (n, 1) of the second class, or values."""
        scores = self(X)
        if self.task == "regression":
            return scores.mean(dim=1)
        chances = torch.sigmoid(scores) if self.task == "binary" else torch.softmax(scores, dim=-1)
        return chances.mean(dim=1)

    def write(self, writer: OnnxWriter) -> tuple[str, int]:
        """Write what `embed` returns; return its name and width."""
        parts = [self._write_numbers(writer)] if self.numbers else []
        parts += [writer.columns(self.d, self.layout.codes)] if self.layout.plain else []
        parts += [self.codes.write(writer, self.layout.codes)] if self.codes else []
        x = parts[0] if len(parts) == 1 else writer.add("Concat", *parts, axis=1)
        x = writer.add("Unsqueeze", x, writer.constant(np.array([1], dtype=np.int64)))
        for block in self.backbone.blocks:
            layer = block[0]
            x = writer.add("Mul", x, writer.constant(layer.r))
            x = writer.linear(x, layer.weight.detach().numpy().T)
            x = writer.add("Mul", x, writer.constant(layer.s))
            x = writer.add("Relu", writer.add("Add", x, writer.constant(layer.bias)))
        by_member = writer.add("Transpose", x, perm=[1, 0, 2])
        scores = writer.add("MatMul", by_member, writer.constant(self.last.weight))
        scores = writer.add("Add", scores, writer.constant(self.last.bias.unsqueeze(1)))
        if self.task == "binary":
            scores = writer.add("Sigmoid", scores)
        elif self.task == "multiclass":
            scores = writer.add("Softmax", scores, axis=-1)
        first = writer.constant(np.array([0], dtype=np.int64))
        return writer.add("ReduceMean", scores, first, keepdims=0), int(self.last.weight.shape[2])

    def _write_numbers(self, writer: OnnxWriter) -> str:
        embedding = self.numbers
        assert embedding is not None
        bins = embedding.impl.get_max_n_bins()
        x = writer.reshape(writer.columns(0, self.d), -1, self.d, 1)
        scaled = writer.add("Mul", x, writer.constant(embedding.impl.weight))
        pieces = writer.add("Add", scaled, writer.constant(embedding.impl.bias))
        # every bin is cut to 0..1, but the first may fall below 0 and the last may exceed 1
        low, high = np.zeros((self.d, bins), np.float32), np.ones((self.d, bins), np.float32)
        low[:, 0], high[:, -1] = -np.inf, np.inf
        cut = writer.add("Min", writer.add("Max", pieces, writer.constant(low)), writer.constant(high))
        by_column = writer.add("Transpose", cut, perm=[1, 0, 2])
        mixed = writer.add("MatMul", by_column, writer.constant(embedding.linear.weight))
        mixed = writer.add("Transpose", mixed, perm=[1, 0, 2])
        plain = writer.add("Mul", x, writer.constant(embedding.linear0.weight))
        plain = writer.add("Add", plain, writer.constant(embedding.linear0.bias))
        return writer.reshape(writer.add("Add", plain, mixed), -1, self.d * 8)

    def head(self) -> tuple[Any, Any]:
        """Return the affine map from the mean answer to the prediction's scores."""
        q = int(self.last.weight.shape[2])
        if self.task == "binary":
            return np.array([[-1.0], [1.0]]), np.array([1.0, 0.0])
        return np.eye(q), np.zeros(q)
