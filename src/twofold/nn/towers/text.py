"""Networks for texts as token numbers: convolutions over words, or attention among them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from twofold.nn.dropout import Dropout
from twofold.nn.onnx_layers import write_maximum, write_norm
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.towers.base import TowerNetwork
from twofold.nn.transformer import Block

PADDING, UNKNOWN = 0, 1
FORGOTTEN = 0.1
"""Share of the tokens that training takes for unknown, so that an unknown one means something."""
_FAR = -1e4
"""Added to the attention of padding."""


class TextTower(TowerNetwork):
    """What both towers share: embeddings of tokens, short texts read without their padding.

    - Input: (n, length), token numbers as floats.
    """

    mixable: ClassVar[bool] = False

    def __init__(self, length: int, n_tokens: int, size: int) -> None:
        super().__init__()
        self.length = length
        self.table = nn.Embedding(n_tokens, size, padding_idx=PADDING)
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[PADDING] = 0.0

    def augment(self, cells: Any, generator: Any) -> Any:
        forgotten = torch.rand(cells.shape, generator=generator) < FORGOTTEN
        return torch.where(forgotten & (cells != PADDING), float(UNKNOWN), cells)

    def tokens(self, cells: Any) -> tuple[Any, Any]:
        """Return token numbers and where there are any, (n, longest), cut behind the longest text."""
        filled = (cells != PADDING).any(dim=0).nonzero()
        longest = int(filled[-1]) + 1 if len(filled) else 1
        numbers = cells[:, :longest].long()
        return numbers, numbers != PADDING

    def write_tokens(self, writer: OnnxWriter, cells: str) -> tuple[str, str]:
        """Write embeddings (n, length, size), and ones where there are tokens (n, length)."""
        there = writer.add("Cast", writer.add("Cast", cells, to=9), to=1)
        numbers = writer.add("Cast", cells, to=7)
        return writer.add("Gather", writer.constant(self.table.weight), numbers, axis=0), there


class TextCNN(TextTower):
    """Convolutions over two, three and four tokens; of each the largest answer in the text (Kim 2014).

    - Input: (n, length). Output: (n, 3 * filters).

    Parameters
    ----------
    length, n_tokens : int
    size, filters : int
        Of an embedding; of each length of convolution.
    """

    spans: ClassVar[tuple[int, ...]] = (2, 3, 4)

    def __init__(self, length: int, n_tokens: int, size: int = 64, filters: int = 64) -> None:
        super().__init__(length, n_tokens, size)
        self.layers = nn.ModuleList(nn.Conv1d(size, filters, span) for span in self.spans)
        self.dropout = Dropout(0.2)
        self.width = len(self.spans) * filters

    def forward(self, cells: Any) -> Any:
        numbers, there = self.tokens(cells)
        words = self.dropout(self.table(numbers)).transpose(1, 2)
        # a window counts when it begins at a token; behind the text it reads zeros
        found = [
            layer(F.pad(words, (0, span - 1))) for layer, span in zip(self.layers, self.spans, strict=True)
        ]
        return torch.cat([(F.relu(part) * there[:, None]).amax(dim=2) for part in found], dim=1)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        embedded, there = self.write_tokens(writer, cells)
        words = writer.add("Transpose", embedded, perm=[0, 2, 1])
        mask = writer.reshape(there, -1, 1, self.length)
        parts = []
        for layer, span in zip(self.layers, self.spans, strict=True):
            inputs = writer.constant(layer.weight), writer.constant(layer.bias)
            found = writer.add("Relu", writer.add("Conv", words, *inputs, pads=[0, span - 1]))
            parts.append(write_maximum(writer, writer.add("Mul", found, mask), 2))
        return writer.add("Concat", *parts, axis=1)


class TextTransformer(TextTower):
    """Blocks of attention over tokens with learned places, then their mean (Vaswani et al. 2017).

    - Input: (n, length). Output: (n, size).

    Parameters
    ----------
    length, n_tokens : int
    size : int
        A multiple of 4, the number of heads.
    blocks : int
    dropout : float
    """

    def __init__(
        self, length: int, n_tokens: int, size: int = 64, blocks: int = 2, dropout: float = 0.1
    ) -> None:
        super().__init__(length, n_tokens, size)
        self.places = nn.Parameter(0.02 * torch.randn(length, size))
        self.blocks = nn.ModuleList(Block(size, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(size)
        self.width = size

    def forward(self, cells: Any) -> Any:
        numbers, there = self.tokens(cells)
        x = self.table(numbers) + self.places[: numbers.shape[1]]
        mask = there.to(x.dtype)
        bias = (_FAR * (1 - mask))[:, None, None, :]
        for block in self.blocks:
            x = block(x, bias)
        total = (self.norm(x) * mask[:, :, None]).sum(dim=1)
        return total / mask.sum(dim=1, keepdim=True).clamp(min=1.0)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        embedded, there = self.write_tokens(writer, cells)
        x = writer.add("Add", embedded, writer.constant(self.places))
        one = writer.constant(np.float32(1))
        far = writer.add("Mul", writer.add("Sub", one, there), writer.constant(np.float32(_FAR)))
        bias = writer.reshape(far, 1, -1, 1, self.length)  # `Block.write` has the heads first
        for block in self.blocks:
            x = block.write(writer, x, bias)
        x = writer.add("Mul", write_norm(writer, x, self.norm), writer.reshape(there, -1, self.length, 1))
        along = writer.constant(np.array([1], dtype=np.int64))
        total = writer.add("ReduceSum", x, along, keepdims=0)
        count = writer.add("Max", writer.add("ReduceSum", there, along, keepdims=1), one)
        return writer.add("Div", total, count)
