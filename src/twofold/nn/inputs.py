"""The first layer of every network: number columns embedded, code columns looked up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from twofold.core.control import Tower
from twofold.nn.onnx_writer import OnnxWriter


@dataclass(frozen=True)
class Layout:
    """What stands where in a row: numbers to be embedded, plain columns, codes, raw cells.

    Parameters
    ----------
    numbers, plain : int
        Widths of the first two stretches.
    categories : tuple of int
        Numbers of codes of the next columns.
    towers : tuple of Tower
        Raw cells in the trailing columns; only a fusion of towers has any.
    """

    numbers: int
    plain: int
    categories: tuple[int, ...]
    towers: tuple[Tower, ...] = ()

    @property
    def codes(self) -> int:
        """Where the codes begin."""
        return self.numbers + self.plain

    @property
    def table(self) -> int:
        """Columns before the raw cells."""
        return self.codes + len(self.categories)

    def stretches(self) -> Iterator[tuple[int, int]]:
        """Yield where the raw cells of each tower begin and end."""
        start = self.table
        for tower in self.towers:
            yield start, start + tower.places
            start += tower.places


class CodeEmbeddings(nn.Module):  # type: ignore[misc]
    """Vectors for code columns, side by side.

    The width grows with the logarithm of the number of codes, since most of many codes are rare.

    - Input: (n, c) integers as floats. Output: (n, width).
    """

    def __init__(self, sizes: tuple[int, ...], most: int = 16) -> None:
        super().__init__()
        widths = [min(most, 2 * math.ceil(math.log2(size + 1))) for size in sizes]
        self.tables = nn.ModuleList(map(nn.Embedding, sizes, widths))
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.5)
        self.width = sum(widths)

    def forward(self, codes: Any) -> Any:
        codes = codes.long()
        return torch.cat([table(codes[:, place]) for place, table in enumerate(self.tables)], dim=1)

    def write(self, writer: OnnxWriter, first: int) -> str:
        """Write it for the columns of ``X`` from `first` on."""
        found = []
        for place, table in enumerate(self.tables):
            column = writer.add("Cast", writer.columns(first + place, first + place + 1), to=7)
            flat = writer.reshape(column, -1)
            found.append(writer.add("Gather", writer.constant(table.weight), flat, axis=0))
        return found[0] if len(found) == 1 else writer.add("Concat", *found, axis=1)


class PeriodicEmbeddings(nn.Module):  # type: ignore[misc]
    """Each number beside a few learned functions of its cosines ("PBLD", Holzmüller et al. 2024).

    ``concat(x, W2 cos(2 pi (w1 x + b1)) + b2)`` for each column with weights of its own, after the periodic
    embeddings of Gorishniy, Rubachev and Babenko (2022).

    - Input: (n, d). Output: (n, d * width).
    """

    def __init__(self, d: int, waves: int = 16, width: int = 4, sigma: float = 0.1) -> None:
        super().__init__()
        self.width = width
        self.frequency = nn.Parameter(sigma * torch.randn(d, waves))
        self.phase = nn.Parameter(math.pi * (2 * torch.rand(d, waves) - 1) / (2 * math.pi))
        bound = 1 / math.sqrt(waves)
        self.weight = nn.Parameter(bound * (2 * torch.rand(d, waves, width - 1) - 1))
        self.bias = nn.Parameter(bound * (2 * torch.rand(d, width - 1) - 1))

    def forward(self, x: Any) -> Any:
        waves = torch.cos(2 * math.pi * (x.unsqueeze(-1) * self.frequency + self.phase))
        mixed = torch.einsum("ndw,dwo->ndo", waves, self.weight) + self.bias
        return torch.cat([x.unsqueeze(-1), mixed], dim=-1).flatten(1)

    def write(self, writer: OnnxWriter, x: str) -> str:
        """Write it for a matrix of numbers."""
        d, waves = self.frequency.shape
        column = writer.reshape(x, -1, d, 1)
        turned = writer.add("Mul", column, writer.constant(2 * math.pi * self.frequency))
        waved = writer.add("Cos", writer.add("Add", turned, writer.constant(2 * math.pi * self.phase)))
        by_column = writer.add("Transpose", waved, perm=[1, 0, 2])
        mixed = writer.add("MatMul", by_column, writer.constant(self.weight))
        by_row = writer.add("Transpose", mixed, perm=[1, 0, 2])
        shifted = writer.add("Add", by_row, writer.constant(self.bias))
        del waves
        return writer.reshape(writer.add("Concat", column, shifted, axis=2), -1, d * self.width)


class EmbeddedColumns(nn.Module):  # type: ignore[misc]
    """The columns of a layout: numbers embedded, plain ones as they are, codes looked up.

    - Input: (n, numbers + plain + codes). Output: (n, width).
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.numbers = PeriodicEmbeddings(layout.numbers) if layout.numbers else None
        self.codes = CodeEmbeddings(layout.categories) if layout.categories else None
        self.width = layout.plain + (layout.numbers * self.numbers.width if self.numbers else 0)
        self.width += self.codes.width if self.codes else 0

    def forward(self, X: Any) -> Any:
        at = self.layout
        parts = [self.numbers(X[:, : at.numbers])] if self.numbers else []
        parts += [X[:, at.numbers : at.codes]] if at.plain else []
        parts += [self.codes(X[:, at.codes :])] if self.codes else []
        return torch.cat(parts, dim=1)

    def write(self, writer: OnnxWriter) -> str:
        """Write it for the columns of ``X``."""
        at = self.layout
        parts = [self.numbers.write(writer, writer.columns(0, at.numbers))] if self.numbers else []
        parts += [writer.columns(at.numbers, at.codes)] if at.plain else []
        parts += [self.codes.write(writer, at.codes)] if self.codes else []
        return parts[0] if len(parts) == 1 else writer.add("Concat", *parts, axis=1)
