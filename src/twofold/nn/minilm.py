"""MiniLM, a small transformer that turns a text into a vector, as a module that can be trained further."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from twofold.core.weights import load_weights
from twofold.nn.onnx_layers import write_mean, write_norm
from twofold.nn.onnx_translator import TokenWriter
from twofold.nn.onnx_writer import OnnxWriter
from twofold.steps.base import EMBEDDING

WIDTH, HEADS, HIDDEN, LAYERS = 384, 12, 1536, 6
TOKENS, PLACES = 30_522, 512
EPSILON = 1e-12
WEIGHTS = "minilm"
FLOAT = 1
"""ONNX's number for float32."""
_FAR = -1e4
"""Added to the attention of padding."""
_TOP = 127
"""Largest of the eight-bit integers that weights are stored as."""


class Layer(nn.Module):  # type: ignore[misc]
    """Attention among the tokens of a text, then two dense layers; a norm behind each (Devlin et al. 2019).

    - Input and output: (t, 384), the tokens of all texts one behind the other. `there` (n, longest) says
      which places of a text hold one, so that no sum is taken over padding.
    """

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.mixed = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.seen = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.wide, self.narrow = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, x: Any, there: Any) -> Any:
        n, longest = there.shape
        query, key, value = (
            laid_out(layer(x), there).view(n, longest, HEADS, -1).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        bias = (_FAR * ~there)[:, None, None, :]
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = self.seen(x + self.mixed(found.transpose(1, 2).reshape(n, longest, WIDTH)[there]))
        return self.norm(x + self.narrow(F.gelu(self.wide(x))))

    def write(self, writer: OnnxWriter, x: str) -> str:
        """Write it for tokens x without padding."""
        heads = writer.constant(np.array([0, 0, HEADS, WIDTH // HEADS], dtype=np.int64))  # 0 keeps a length

        def split(layer: Any, *order: int) -> str:
            made = writer.add("Reshape", _write_packed(writer, x, layer), heads)
            return writer.add("Transpose", made, perm=list(order))

        scores = writer.add("MatMul", split(self.query, 0, 2, 1, 3), split(self.key, 0, 2, 3, 1))
        scores = writer.add("Mul", scores, writer.constant(np.float32(1 / math.sqrt(WIDTH // HEADS))))
        found = writer.add("MatMul", writer.add("Softmax", scores, axis=-1), split(self.value, 0, 2, 1, 3))
        back = writer.add("Transpose", found, perm=[0, 2, 1, 3])
        flat = writer.add("Reshape", back, writer.constant(np.array([0, 0, WIDTH], dtype=np.int64)))
        x = write_norm(writer, writer.add("Add", x, _write_packed(writer, flat, self.mixed)), self.seen)
        wide = _write_packed(writer, x, self.wide)
        error = writer.add("Erf", writer.add("Mul", wide, writer.constant(np.float32(math.sqrt(0.5)))))
        bent = writer.add("Mul", wide, writer.add("Add", error, writer.constant(np.float32(1))))
        half = writer.add("Mul", bent, writer.constant(np.float32(0.5)))
        return write_norm(writer, writer.add("Add", x, _write_packed(writer, half, self.narrow)), self.norm)


class MiniLM(nn.Module):  # type: ignore[misc]
    """all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019): 22.6 million weights.

    - Input: (n, longest) integers of its tokeniser, 0 behind a text's last one.
      Output: (n, 384), of length one; zeros for a text without tokens.

    Examples
    --------
    >>> MiniLM()(torch.tensor([[101, 2204, 102], [101, 102, 0]])).shape
    torch.Size([2, 384])
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Parameter(torch.zeros(TOKENS, WIDTH))
        self.places = nn.Parameter(torch.zeros(PLACES, WIDTH))
        self.kind = nn.Parameter(torch.zeros(WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, ids: Any) -> Any:
        return vectors(self.layers, self.read(ids, 0), ids != 0)

    def read(self, ids: Any, below: int) -> Any:
        """Return what the first `below` layers make of the tokens, (t, 384)."""
        there = ids != 0
        x = (F.embedding(ids, self.words) + self.kind + self.places[: ids.shape[1]])[there]
        return run_layers(self.layers[:below], self.norm(x), there)

    def onnx(self, below: int, tops: Sequence[Any]) -> bytes:
        """Return an ONNX graph from tokens ``X`` (n, count), none of them padding, to ``embedding``.

        Parameters
        ----------
        below : int
            Layers that all vectors share.
        tops : sequence of modules
            Layers above them. Each makes a vector of length one of a text; they stand side by side.
        """
        writer = TokenWriter()
        ids = writer.add("Cast", writer.x, to=7)
        words = _write_rows(writer, self.words, ids)
        one, zero = (writer.constant(np.int64(number)) for number in (1, 0))
        count = writer.add("Gather", writer.add("Shape", ids), one, axis=0)
        places = _write_rows(writer, self.places, writer.add("Range", zero, count, one))
        x = writer.add("Add", writer.add("Add", words, places), writer.constant(self.kind))
        x = _write_layers(writer, write_norm(writer, x, self.norm), self.layers[:below])
        made = [write_mean(writer, _write_layers(writer, x, top), 1) for top in tops]
        units = [writer.add("LpNormalization", mean, axis=-1, p=2) for mean in made]
        both = writer.add("Concat", *units, axis=1)
        return writer.model({writer.x: (FLOAT, 2)}, {EMBEDDING: (both, 2)})


def run_layers(layers: Any, x: Any, there: Any) -> Any:
    """Return what layers make of tokens (t, 384)."""
    for layer in layers:
        x = layer(x, there)
    return x


def vectors(layers: Any, x: Any, there: Any) -> Any:
    """Return the vectors (n, 384) of texts from their tokens (t, 384) as the layers before have left them."""
    total = laid_out(run_layers(layers, x, there), there).sum(dim=1)
    return F.normalize(total / there.sum(dim=1, keepdim=True).clamp(min=1), dim=1)


def laid_out(x: Any, there: Any) -> Any:
    """Return tokens (t, d) in their places (n, longest, d), zeros where there are none."""
    return x.new_zeros(*there.shape, x.shape[1]).masked_scatter(there[:, :, None], x)


def settle(layers: Any) -> None:
    """Round layers as they will be stored, in eight bits, so that what is stored answers alike."""
    with torch.no_grad():
        for part in layers.modules():
            if isinstance(part, nn.Linear):
                packed, scale = _packed(part.weight.numpy().T)
                part.weight.copy_(torch.from_numpy((packed.astype(np.float32) * scale).T))


def load_minilm() -> MiniLM:
    """Return the network with the weights that an installed package carries.

    Raises
    ------
    MissingExtraError
        When no package carries them.
    InputError
        When the package carries other weights than those that are known.
    """
    network = MiniLM()
    network.load_state_dict({name: torch.from_numpy(values) for name, values in _weights()})
    network.eval()
    return network


_NAMES = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "mixed",
    "attention.output.LayerNorm": "seen",
    "intermediate.dense": "wide",
    "output.dense": "narrow",
    "output.LayerNorm": "norm",
}


def _weights() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the arrays of the stored graph by their names in `MiniLM`.

    Its matrices have no names of their own; each bears that of the bias which is added behind it.
    """
    import onnx
    from onnx.numpy_helper import to_array

    graph = onnx.load_from_string(load_weights(WEIGHTS)).graph
    arrays = {array.name: to_array(array) for array in graph.initializer}
    made = {node.output[0]: node for node in graph.node}

    def unpacked(name: str) -> NDArray[np.float32]:
        return np.asarray(arrays[f"{name}_q"].astype(np.float32) * arrays[f"{name}_scale"])

    start = "inner.embeddings."
    yield "words", unpacked(f"{start}word_embeddings.weight")
    yield "places", unpacked(f"{start}position_embeddings.weight")
    yield "kind", arrays[f"{start}token_type_embeddings.weight"][0].copy()
    for part in ("weight", "bias"):
        yield f"norm.{part}", arrays[f"{start}LayerNorm.{part}"].copy()
    for node in graph.node:
        for name in node.input:
            found = re.fullmatch(r"inner\.encoder\.layer\.(\d)\.(.+)\.(weight|bias)", name)
            if not found or name not in arrays:
                continue
            place, layer, part = found.groups()
            yield f"layers.{place}.{_NAMES[layer]}.{part}", arrays[name].copy()
            if node.op_type == "Add":
                product = next(made[other] for other in node.input if other in made)
                yield f"layers.{place}.{_NAMES[layer]}.weight", unpacked(product.input[1]).T.copy()


def _write_layers(writer: OnnxWriter, x: str, layers: Any) -> str:
    for layer in layers:
        x = layer.write(writer, x)
    return x


def _packed(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a matrix (d_in, d_out) as eight-bit integers and what each column of them is multiplied by."""
    scale = np.maximum(np.abs(weight).max(axis=0, keepdims=True) / _TOP, 1e-12).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


def _write_packed(writer: OnnxWriter, x: str, layer: Any) -> str:
    """Write a linear layer whose weights are stored in eight bits; its arithmetic is float32."""
    packed, scale = _packed(layer.weight.detach().numpy().T)
    whole = writer.add("Cast", writer.constant(packed), to=1)
    product = writer.add("MatMul", x, writer.add("Mul", whole, writer.constant(scale)))
    return writer.add("Add", product, writer.constant(layer.bias))


def _write_rows(writer: OnnxWriter, table: Any, ids: str) -> str:
    """Write rows of an embedding that is stored in eight bits."""
    packed, scale = _packed(table.detach().numpy().T)
    rows = writer.add("Gather", writer.constant(np.ascontiguousarray(packed.T)), ids, axis=0)
    factors = writer.add("Gather", writer.constant(np.ascontiguousarray(scale.T)), ids, axis=0)
    return writer.add("Mul", writer.add("Cast", rows, to=1), factors)
