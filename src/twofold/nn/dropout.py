"""Dropout that draws its masks from a pool, since drawing them anew takes longer than a small layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

POOL = 1 << 20


class Dropout(nn.Module):  # type: ignore[misc]
    """Dropout (Srivastava et al. 2014): zero a share of the inputs while learning, scale the others up.

    Masks are windows, at random places, of one random pool of a million places. Neighbouring batches may
    see overlapping windows, which are as independent of the rows as new draws would be.

    Parameters
    ----------
    share : float
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self._pool: Any = None

    def forward(self, x: Any) -> Any:
        if not self.training or not self.share:
            return x
        size = x.numel()
        if self._pool is None or len(self._pool) < 2 * size:
            pool = torch.rand(max(POOL, 4 * size)) >= self.share
            self._pool = pool.to(x.dtype) / (1 - self.share)
        start = int(torch.randint(0, len(self._pool) - size, (1,)))
        return x * self._pool[start : start + size].view(x.shape)
