"""A denoising autoencoder of table rows: how well a row is told by a few numbers, and these numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from twofold.core.control import Control
from twofold.nn.inputs import CodeEmbeddings, Layout
from twofold.nn.loop import Recipe, Rows, parts_of, train, warm_cosine
from twofold.nn.onnx_layers import write_linear, write_slice
from twofold.nn.onnx_writer import OnnxWriter
from twofold.steps.onnx_graph import OnnxGraph

SEEN = "seen"
"""Name of the graph's output: strangeness, the error of each column, the codes."""
LEAST = 1e-4
"""Added to usual errors: what is told perfectly is not infinitely strange when it is not."""
FEWEST, MOST = 4, 60
"""Epochs."""
FARTHEST = 10_000.0
"""Errors in multiples of the usual one, and codes in deviations, are told up to this."""


@dataclass(frozen=True)
class Shape:
    """The sizes of an autoencoder.

    Parameters
    ----------
    code : int
        Numbers that a row is told by; 0 takes half the columns, 2 to 16.
    hidden : int
        Width of the two layers on each side.
    swapped : float
        Share of the cells that are another row's while it learns to tell the right ones.
    steps : int
        Batches to learn from, in whole epochs: at least `FEWEST` of these, at most `MOST`.
    learning_rate : float
    """

    code: int = 0
    hidden: int = 96
    swapped: float = 0.15
    steps: int = 800
    learning_rate: float = 2e-3

    def codes_for(self, columns: int) -> int:
        """Return the width of the code.

        Examples
        --------
        >>> Shape().codes_for(7), Shape().codes_for(300), Shape(code=5).codes_for(300)
        (4, 16, 5)
        """
        return self.code or int(np.clip(math.ceil(columns / 2), 2, 16))

    def epochs_for(self, batches: int) -> int:
        """Return the number of epochs, of so many batches each.

        Examples
        --------
        >>> Shape().epochs_for(2), Shape().epochs_for(40), Shape().epochs_for(4_000)
        (60, 20, 4)
        """
        return int(np.clip(round(self.steps / max(batches, 1)), FEWEST, MOST))


class AutoencoderNetwork(nn.Module):  # type: ignore[misc]
    """A denoising autoencoder (Vincent, Larochelle, Lajoie, Bengio and Manzagol 2010).

    - Input: (n, numbers + plain + codes). Output: (n, numbers + plain + sum of numbers of codes).

    Parameters
    ----------
    layout : Layout
    shape : Shape
    """

    def __init__(self, layout: Layout, shape: Shape) -> None:
        super().__init__()
        self.layout, self.swapped = layout, shape.swapped
        self.codes = CodeEmbeddings(layout.categories) if layout.categories else None
        width = layout.codes + (self.codes.width if self.codes else 0)
        out = layout.codes + sum(layout.categories)
        k = shape.codes_for(layout.table)
        self.encoder = _layers(width, shape.hidden, shape.hidden, k)
        self.decoder = _layers(k, shape.hidden, shape.hidden, out)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return everything at one rate."""
        return [{"params": list(self.parameters())}]

    def augment(self, X: Any, generator: Any) -> Any:
        """Give some cells the values of another row of the batch."""
        if not len(X):
            return X
        other = torch.randint(len(X), X.shape, generator=generator)
        swap = torch.rand(X.shape, generator=generator) < self.swapped
        return torch.where(swap, X.gather(0, other), X)

    def embed(self, X: Any) -> Any:
        """Return the codes of rows, (n, k)."""
        at = self.layout.codes
        x = torch.cat([X[:, :at], self.codes(X[:, at:])], dim=1) if self.codes else X
        return _through(self.encoder, x)

    def forward(self, X: Any) -> Any:
        return _through(self.decoder, self.embed(X))

    def answer(self, scores: Any) -> Any:
        """Return what is judged."""
        return scores

    def write(self, writer: OnnxWriter, usual: Usual) -> str:
        """Write strangeness, errors and codes side by side, to a thousandth."""
        at = self.layout
        plain = writer.columns(0, at.codes) if at.codes else ""
        known = [plain] if plain else []
        x = writer.add("Concat", *known, self.codes.write(writer, at.codes), axis=1) if self.codes else plain
        code = _write_through(writer, self.encoder, x)
        out = _write_through(writer, self.decoder, code)
        parts = []
        if plain:
            apart = writer.add("Sub", plain, write_slice(writer, out, 0, at.codes, 1))
            parts.append(writer.add("Mul", apart, apart))
        start = at.codes
        for place, size in enumerate(at.categories):
            logs = writer.add("LogSoftmax", write_slice(writer, out, start, start + size, 1), axis=1)
            column = writer.columns(at.codes + place, at.codes + place + 1)
            told = writer.add("GatherElements", logs, writer.add("Cast", column, to=7), axis=1)
            parts.append(writer.add("Mul", told, writer.constant(np.float32(-1.0 / math.log(size + 1)))))
            start += size
        summed = writer.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
        errors = writer.add("Mul", summed, writer.constant(1.0 / usual.errors))
        errors = writer.add("Min", errors, writer.constant(np.float32(FARTHEST)))
        white = writer.linear(code, usual.whiten, -usual.centre @ usual.whiten)
        white = writer.add("Clip", white, *(writer.constant(np.float32(x)) for x in (-FARTHEST, FARTHEST)))
        both = writer.add("Concat", errors, writer.add("Mul", white, white), axis=1)
        mean = writer.add("ReduceMean", both, writer.constant(np.array([1], dtype=np.int64)), keepdims=1)
        strange = writer.add("Log", writer.add("Add", mean, writer.constant(np.float32(1.0))))
        seen = writer.add("Concat", strange, errors, white, axis=1)
        grid = writer.constant(np.float32(1024.0))
        return writer.add("Div", writer.add("Round", writer.add("Mul", seen, grid)), grid)


@dataclass(frozen=True)
class Usual:
    """What is usual among training rows.

    Parameters
    ----------
    errors : float32 array of shape (columns,)
        Mean error of each column.
    centre : float32 array of shape (k,)
        Of the codes.
    deviations : float32 array of shape (k,)
        Of the codes once they are not correlated, falling.
    whiten : float32 array of shape (k, k)
        Turns codes around their centre into ones that are not correlated, of deviation 1.
    """

    errors: NDArray[np.float32]
    centre: NDArray[np.float32]
    deviations: NDArray[np.float32]
    whiten: NDArray[np.float32]


def _usual(network: AutoencoderNetwork, X: Any) -> Usual:
    with torch.no_grad():
        parts = parts_of(X)
        codes = torch.cat([network.embed(X[part]) for part in parts]).numpy().astype(np.float64)
        errors = torch.cat([column_errors(network(X[part]), X[part], network.layout) for part in parts])
    centre = codes.mean(axis=0)
    spread, axes = np.linalg.eigh(
        np.cov(codes.T).reshape(codes.shape[1], -1) if len(codes) > 1 else np.eye(1)
    )
    spread = np.maximum(spread, 1e-6 * max(float(spread.max()), 1e-12))
    deviations = np.sqrt(spread[::-1])
    whiten = axes[:, ::-1] / deviations
    mean = errors.numpy().mean(axis=0) + LEAST
    return Usual(*(np.asarray(part, dtype=np.float32) for part in (mean, centre, deviations, whiten)))


def _layers(*widths: int) -> Any:
    return nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))


def _through(layers: Any, x: Any) -> Any:
    for layer in layers[:-1]:
        x = F.silu(layer(x))
    return layers[-1](x)


def _write_through(writer: OnnxWriter, layers: Any, x: str) -> str:
    for layer in layers[:-1]:
        x = write_linear(writer, x, layer)
        x = writer.add("Mul", x, writer.add("Sigmoid", x))
    return write_linear(writer, x, layers[-1])


def column_errors(outputs: Any, goal: Any, layout: Layout) -> Any:
    """Return how far each column is from what it was told to be, (n, columns).

    Squares for numbers, zeros and ones; for codes the negative logarithm of their probability, as a share
    of that of a guess.
    """
    at = layout.codes
    parts = [(goal[:, :at] - outputs[:, :at]) ** 2] if at else []
    start = at
    for place, size in enumerate(layout.categories):
        logits = outputs[:, start : start + size]
        lost = F.cross_entropy(logits, goal[:, at + place].long(), reduction="none")
        parts.append(lost[:, None] / math.log(size + 1))
        start += size
    return torch.cat(parts, dim=1)


@dataclass(frozen=True)
class Autoencoder:
    """A fitted autoencoder.

    Its *strangeness* is ``log(1 + mean of errors and squared codes)``: each error as a multiple of the usual
    one, codes made uncorrelated and of deviation 1. As for probabilistic principal components (Tipping and
    Bishop 1999), a row is unlikely when it lies far from what the network can tell, or far out within it.

    Parameters
    ----------
    step : OnnxGraph
        From ``features`` to ``seen``.
    columns, codes : int
        Numbers of errors and of codes behind the strangeness, in this order.
    deviations : float32 array of shape (codes,)
        Of the codes before they were brought to deviation 1, falling.
    epochs : int
        That were run.
    """

    step: OnnxGraph
    columns: int
    codes: int
    deviations: NDArray[np.float32]
    epochs: int

    @property
    def of_errors(self) -> NDArray[np.int64]:
        """Places of the errors."""
        return np.arange(1, 1 + self.columns)

    @property
    def of_codes(self) -> NDArray[np.int64]:
        """Places of the codes."""
        return np.arange(1 + self.columns, 1 + self.columns + self.codes)


def fit_autoencoder(
    X: NDArray[np.float32], layout: Layout, control: Control, shape: Shape | None = None
) -> Autoencoder:
    """Train an autoencoder on rows of the ``network`` view.

    Parameters
    ----------
    X : float32 array of shape (n, d)
    layout : Layout
    control : Control
        With `rounds`, whatever their number, the epochs of `shape` are run; without, as far as the time goes.
    shape : Shape or None

    Returns
    -------
    Autoencoder
    """
    shape = shape or Shape()
    torch.set_num_threads(1)  # layers as small as these are slower on several
    tensor = torch.from_numpy(np.array(X, dtype=np.float32))
    size = 256 if len(X) >= 3_000 else 64
    epochs = shape.epochs_for(len(X) // size)
    recipe = Recipe(
        shape.learning_rate, (0.9, 0.99), 1e-4, size, epochs, epochs, warm_cosine, short_first=False
    )

    def loss(outputs: Any, goal: Any) -> Any:
        return column_errors(outputs, goal, layout).mean(dim=1)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(control.seed)
        network = AutoencoderNetwork(layout, shape)
        rows = Rows(tensor, tensor, torch.ones(len(tensor)))
        rounds = None if control.rounds is None else epochs
        rules = replace(control, validation=None, rounds=rounds)
        outcome = train(network, loss, rows, None, recipe, rules)
    k = network.encoder[-1].out_features
    writer = OnnxWriter(X.shape[1])
    usual = _usual(network, tensor)
    seen = network.write(writer, usual)
    model = writer.finish({SEEN: (seen, 1 + layout.table + k)})
    return Autoencoder(OnnxGraph(model, SEEN), layout.table, k, usual.deviations, outcome.epochs)
