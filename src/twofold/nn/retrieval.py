"""A network that looks up the nearest training rows, in a space that it learns, and reads their targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from twofold.nn.dropout import Dropout
from twofold.nn.inputs import EmbeddedColumns, Layout
from twofold.nn.onnx_layers import write_linear, write_norm
from twofold.nn.onnx_writer import OnnxWriter

REFRESH = 8
"""Batches after which the keys of the rows that are looked up are made anew."""


class RetrievalNetwork(nn.Module):  # type: ignore[misc]
    """TabR with a linear key (Gorishniy, Rubachev, Kartashev, Shlenskii, Kotelnikov and Babenko 2024).

    A row's key is linear in its embedded columns. The nearest of the known rows by squared distance of keys
    are mixed by a softmax; each brings a vector for its target and a correction for how its key differs. What
    they bring is added to the key, and two layers make the answer.

    - Input: (n, d + 1); the last column holds a row's own place among the known ones, counted from 1, or 0.
    - Output: scores (n, q).

    Parameters
    ----------
    layout : Layout
    known : float32 array of shape (m, d)
    goals : array of shape (m,)
        Class codes, or standardised values.
    n_classes : int
        0 for values.
    width, near : int
        Of a key; rows that are looked up.
    dropout : float
    """

    def __init__(
        self,
        layout: Layout,
        known: NDArray[np.float32],
        goals: NDArray[Any],
        n_classes: int,
        width: int,
        near: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.near = min(near, max(1, len(known) - 1))
        self.columns = EmbeddedColumns(layout)
        self.key = nn.Linear(self.columns.width, width)
        self.target = nn.Linear(max(1, n_classes), width)
        self.apart = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), Dropout(dropout), nn.Linear(width, width, bias=False)
        )
        self.norm = nn.LayerNorm(width)
        self.block = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.last_norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, n_classes if n_classes > 2 else 1)
        told = np.eye(n_classes)[goals] if n_classes else np.asarray(goals)[:, None]
        self.register_buffer("known", torch.from_numpy(np.array(known)), persistent=False)
        self.register_buffer("told", torch.from_numpy(told.astype(np.float32)), persistent=False)
        self.mixed = Dropout(dropout)
        self._keys: Any = None
        self._batches = 0

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Biases and norms are not pulled to zero."""
        flat = [p for p in self.parameters() if p.ndim < 2]
        return [
            {"params": [p for p in self.parameters() if p.ndim >= 2]},
            {"params": flat, "weight_decay": 0.0},
        ]

    def keys(self, X: Any) -> Any:
        """Return the keys of rows (n, d), (n, width)."""
        return self.key(self.columns(X))

    def train(self, mode: bool = True) -> RetrievalNetwork:
        """Forget the keys of the known rows: they are made anew when they are needed."""
        self._keys = None
        super().train(mode)
        return self

    def _nearest(self, keys: Any, own: Any) -> Any:
        """Return the places (n, near) of the nearest known rows but the own one."""
        with torch.no_grad():
            if self._keys is None or (self.training and self._batches % REFRESH == 0):
                self._keys = self.keys(self.known)
            self._batches += 1
            apart = torch.cdist(keys, self._keys)
            rows = torch.nonzero(own >= 0)[:, 0]
            apart[rows, own[rows]] = torch.inf
            return apart.topk(self.near, largest=False).indices

    def embed(self, X: Any) -> Any:
        """Return the last hidden layer, (n, width)."""
        keys = self.keys(X[:, :-1])
        near = self._nearest(keys, X[:, -1].long() - 1)
        if self.training:
            used, places = near.unique(return_inverse=True)
            others = self.keys(self.known[used])[places]
        else:
            others = self._keys[near]
        gap = keys[:, None] - others
        share = self.mixed(F.softmax(-(gap**2).sum(dim=-1), dim=1))
        brought = self.target(self.told[near]) + self.apart(gap)
        return self._behind(keys + (share[:, None] @ brought)[:, 0])

    def _behind(self, x: Any) -> Any:
        x = x + self.block(self.norm(x))
        return F.relu(self.last_norm(x))

    def forward(self, X: Any) -> Any:
        return self.last(self.embed(X))

    def answer(self, scores: Any) -> Any:
        """Return scores as they are judged."""
        return scores

    def head(self) -> tuple[Any, Any]:
        """Return the last layer as weights (q, width) and bias (q,)."""
        return self.last.weight.detach().numpy(), self.last.bias.detach().numpy()

    def stored(self) -> dict[str, NDArray[np.float32]]:
        """Return what looking up needs: known keys, what their targets bring, and the layers of a gap."""
        with torch.no_grad():
            found = {
                "rows": self.keys(self.known),
                "brought": self.target(self.told),
                "first": self.apart[0].weight.T,
                "bias": self.apart[0].bias,
                "second": self.apart[3].weight.T,
            }
            return {name: np.ascontiguousarray(value.numpy()) for name, value in found.items()}

    def write_keys(self, writer: OnnxWriter) -> tuple[str, int]:
        """Write the keys of rows (n, d)."""
        return write_linear(writer, self.columns.write(writer), self.key), self.key.out_features

    def write_rest(self, writer: OnnxWriter) -> tuple[str, int]:
        """Write the last hidden layer of keys with what was looked up added (n, width)."""
        inner = write_linear(writer, write_norm(writer, writer.x, self.norm), self.block[0])
        inner = write_linear(writer, writer.add("Relu", inner), self.block[3])
        x = writer.add("Add", writer.x, inner)
        return writer.add("Relu", write_norm(writer, x, self.last_norm)), self.last.in_features
