"""Networks for clips as log-mel spectrograms, and the changes that their training clips undergo."""

from __future__ import annotations

from typing import Any

import torch

from twofold.nn.onnx_layers import write_mean
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.towers.base import TowerNetwork
from twofold.nn.towers.recurrent import Recurrent
from twofold.nn.towers.residual import ResidualTrunk


class AudioTower(TowerNetwork):
    """Convolutions over mels and frames, then the mean over both, or a GRU over the frames.

    - Input: (n, mels * frames), standardised. Output: (n, width).

    Parameters
    ----------
    shape : tuple (mels, frames)
    recurrent : bool
        With the GRU ("CRNN": Choi, Fazekas, Sandler and Cho 2017) the blocks keep every frame.
    """

    def __init__(self, shape: tuple[int, ...], *, recurrent: bool) -> None:
        super().__init__()
        self.shape = shape
        mels, frames = shape
        widths, stride = ((16, 32, 48), (2, 1)) if recurrent else ((16, 32, 64), (2, 2))
        self.trunk = ResidualTrunk(1, (mels, frames), widths, stride)
        self.recurrent = Recurrent("gru", widths[-1], 32) if recurrent else None
        self.width = self.recurrent.width if self.recurrent else widths[-1]

    def forward(self, cells: Any) -> Any:
        maps = self.trunk(cells.reshape(-1, 1, *self.shape))
        return self.recurrent(maps.mean(dim=2)) if self.recurrent else maps.mean(dim=(2, 3))

    def augment(self, cells: Any, generator: Any) -> Any:
        return masked_clips(cells.reshape(-1, *self.shape), generator).flatten(1)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        maps = self.trunk.write(writer, writer.reshape(cells, -1, 1, *self.shape))
        if not self.recurrent:
            return write_mean(writer, maps, 2, 3)
        return self.recurrent.write(writer, write_mean(writer, maps, 2))


def masked_clips(clips: Any, generator: Any) -> Any:
    """Blank up to two stretches of mels and two of frames in each clip ("SpecAugment", Park et al. 2019).

    Each covers up to an eighth of its axis. Blanks hold 0, the mean of a standardised clip. Time is not
    warped, which the authors found to matter least.

    Parameters
    ----------
    clips : tensor (n, mels, frames)
    generator : torch.Generator

    Returns
    -------
    tensor of the same shape
    """
    n, mels, frames = clips.shape
    for _ in range(2):
        clips = clips.masked_fill(_blank(n, mels, generator)[:, :, None], 0.0)
        clips = clips.masked_fill(_blank(n, frames, generator)[:, None, :], 0.0)
    return clips


def _blank(n: int, side: int, generator: Any) -> Any:
    """Return a mask (n, side) of a stretch of random length at a random place in each row."""
    length = torch.randint(0, side // 8 + 1, (n, 1), generator=generator)
    start = (torch.rand(n, 1, generator=generator) * (side - length + 1)).long()
    places = torch.arange(side)
    return (places >= start) & (places < start + length)
