"""What the nearest of some rows bring, added to a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import softmax
from twofold.steps.neighbours import CELLS, find_nearest


@dataclass(frozen=True)
class LookUp(Step):
    """``key + sum of softmax(-squared distance) * (brought + relu(gap @ first + bias) @ second)``.

    The sum is over the `near` rows nearest to a key, and a gap is the key less the row's own.

    Parameters
    ----------
    rows : float32 array of shape (m, w)
        Keys of the rows that are looked up.
    brought : float32 array of shape (m, w)
    first, bias, second : float32 arrays of shape (w, h), (h,), (h, w)
    near : int
    """

    kind = "look_up"
    stores_rows: ClassVar[bool] = True
    rows: NDArray[np.float32]
    brought: NDArray[np.float32]
    first: NDArray[np.float32]
    bias: NDArray[np.float32]
    second: NDArray[np.float32]
    near: int

    @cached_property
    def _squares(self) -> NDArray[np.float32]:
        return np.asarray(np.einsum("ij,ij->i", self.rows, self.rows))

    def run(self, *inputs: Any) -> NDArray[np.float32]:
        (keys,) = inputs
        keys = np.asarray(keys, dtype=np.float32)
        out = np.empty_like(keys)
        wide = self.near * self.first.shape[1]
        step = max(1, CELLS // max(len(self.rows), wide, 1))
        for start in range(0, len(keys), step):
            out[start : start + step] = self._answer(keys[start : start + step])
        return out

    def _answer(self, keys: NDArray[np.float32]) -> NDArray[np.float32]:
        near, distance = find_nearest(keys, self.rows, self._squares, self.near)
        share = softmax(-(distance**2)).astype(np.float32)
        gap = keys[:, None] - self.rows[near]
        hidden = np.maximum(gap @ self.first + self.bias, 0)
        # shares sum up to one, so the second layer may follow the sum
        told = np.einsum("nk,nkw->nw", share, self.brought[near])
        return np.asarray(keys + told + np.einsum("nk,nkh->nh", share, hidden) @ self.second)
