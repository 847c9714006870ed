"""A small network that makes pictures of a class (DCGAN: Radford, Metz and Chintala 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from twofold.core.control import Control
from twofold.nn.adversaries import NOISE, Match, make_rows, trained_maker

WIDTH = 24
"""Channels at half the side; twice as many at a quarter."""
MATCH = Match(steps=400, batch=48, rate=5e-4, critic_steps=2, packed=1)


class PictureMaker(nn.Module):  # type: ignore[misc]
    """Grows a quarter of the side to the whole by repeated pixels and convolutions.

    - Input: noise (n, NOISE) and classes as columns (n, k). Output: (n, channels, side, side), -1 to 1.

    Parameters
    ----------
    n_classes, channels : int
    side : int
        A multiple of four.
    """

    def __init__(self, n_classes: int, channels: int, side: int) -> None:
        super().__init__()
        self.quarter = side // 4
        self.first = nn.Linear(NOISE + n_classes, 2 * WIDTH * self.quarter**2)
        self.norms = nn.ModuleList(map(nn.BatchNorm2d, (2 * WIDTH, 2 * WIDTH, WIDTH)))
        self.grow = nn.Conv2d(2 * WIDTH, 2 * WIDTH, 3, padding=1)
        self.again = nn.Conv2d(2 * WIDTH, WIDTH, 3, padding=1)
        self.last = nn.Conv2d(WIDTH, channels, 3, padding=1)

    def forward(self, noise: Any, told: Any) -> Any:
        x = self.first(torch.cat([noise, told], dim=1)).reshape(len(noise), -1, self.quarter, self.quarter)
        x = F.relu(self.norms[0](x))
        for layer, norm in zip((self.grow, self.again), self.norms[1:], strict=True):
            x = F.relu(norm(layer(F.interpolate(x, scale_factor=2.0))))
        return torch.tanh(self.last(x))


class PictureCritic(nn.Module):  # type: ignore[misc]
    """Reads a picture with its class as planes.

    - Input: (n, channels, side, side) and classes as columns (n, k). Output: (n,).
    """

    def __init__(self, n_classes: int, channels: int, side: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels + n_classes, WIDTH, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(WIDTH, 2 * WIDTH, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(2 * WIDTH * (side // 4) ** 2, 1),
        )

    def forward(self, pictures: Any, told: Any) -> Any:
        planes = told[:, :, None, None].expand(-1, -1, *pictures.shape[2:])
        return self.layers(torch.cat([pictures, planes], dim=1))[:, 0]


class ImageGan:
    """A trained maker of pictures.

    Parameters
    ----------
    pictures : float32 array of shape (n, channels, side, side)
        -1 to 1; the side is a multiple of four.
    y : integer array of shape (n,)
    n_classes : int
    control : Control
    match : Match or None
    """

    def __init__(
        self,
        pictures: NDArray[np.float32],
        y: NDArray[np.int64],
        n_classes: int,
        control: Control,
        match: Match | None = None,
    ) -> None:
        self.n_classes = n_classes
        shape = (n_classes, *pictures.shape[1:3])
        self.maker, self.steps = trained_maker(
            lambda: (PictureMaker(*shape), PictureCritic(*shape)),
            pictures,
            y,
            n_classes,
            match or MATCH,
            control,
        )

    def make(self, classes: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
        """Return pictures of these classes, (n, channels, side, side), -1 to 1."""
        return make_rows(self.maker, classes, self.n_classes, seed)
