"""What a step of the prediction path stores and computes for one row, counted from its own fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.compare.onnx_costs import ASSUMED, FRAMES, Layer, model_costs
from twofold.steps.base import Step
from twofold.steps.extraction import Extraction, RawExtraction


@dataclass(frozen=True)
class Cost:
    """What a step holds and does.

    Parameters
    ----------
    parameters : int
        Numbers stored.
    multiply_adds : int or None
        For one row; None where they are not counted.
    estimated : bool
    layers : tuple of Layer
        Of a network.
    trees : bool
        Whether the operations are comparisons.
    """

    parameters: int
    multiply_adds: int | None
    estimated: bool = False
    layers: tuple[Layer, ...] = ()
    trees: bool = False

    @property
    def unit(self) -> str:
        """What the operations are called."""
        return "comparisons" if self.trees else "multiply-adds"

    @property
    def network(self) -> bool:
        """Whether it is a network."""
        return bool(self.layers) and not self.trees


def cost_of_step(step: Step, inputs: Sequence[Any] = ()) -> Cost:
    """Count what a step stores and computes.

    ONNX models are counted node by node. Of our own steps every stored matrix is multiplied once with a row
    (of a sparse row, only where it is not zero), and every stored row of numbers is applied once. Features by
    hand follow from their definition: operations a pixel or a point of time; these are estimates.

    Parameters
    ----------
    step : Step
    inputs : sequence
        What it reads, for some rows.
    """
    models = _models(step)
    if models:
        return _networks(step, models)
    floats = _arrays(step)
    parameters = sum(array.size for array in floats)
    if isinstance(step, Extraction):
        work = BY_HAND.get(step.kind)
        return Cost(parameters, None if work is None else round(work(step)), estimated=True)
    matrices = [array for array in floats if array.ndim > 1]
    if not matrices:
        return Cost(parameters, max((array.size for array in floats), default=0))
    filled = max((_filled(value) for value in inputs), default=1.0)
    whole = sum(array.size for array in matrices)
    return Cost(parameters, round(filled * whole), estimated=filled < 1.0)


def holds_network(step: Step) -> bool:
    """Whether a step's features were learned elsewhere: it holds a model, or a table of vectors."""
    return bool(_models(step)) or any(array.ndim > 1 for array in _arrays(step))


def _models(step: Step) -> list[bytes]:
    if "onnxruntime" not in step.requires:
        return []
    values = (getattr(step, item.name) for item in fields(step))  # type: ignore[arg-type]
    return [value for value in values if isinstance(value, bytes)]


def _networks(step: Step, models: list[bytes]) -> Cost:
    side = getattr(step, "side", 0)
    found = [model_costs(model, side if isinstance(side, int) else 0) for model in models]
    return Cost(
        sum(one.parameters for one in found),
        sum(one.multiply_adds for one in found),
        any(one.estimated for one in found),
        tuple(layer for one in found for layer in one.layers),
        any(one.trees for one in found),
    )


def _arrays(step: Step) -> list[NDArray[Any]]:
    """Return the arrays of real numbers among a step's fields."""
    values = (getattr(step, item.name) for item in fields(step))  # type: ignore[arg-type]
    return [value for value in values if isinstance(value, np.ndarray) and value.dtype.kind == "f"]


def _filled(value: Any) -> float:
    """Return the share of a matrix that is not zero, where zeros are skipped."""
    if hasattr(value, "toarray"):
        rows = value.shape[0] if hasattr(value, "shape") else len(value)
        width = value.shape[1] if hasattr(value, "shape") else value.width
        cells = value.nnz if hasattr(value, "nnz") else len(value.data)
        share: float = cells / max(1, rows * width)
        return share
    return 1.0


def _hog(step: Any) -> float:
    # three channels: two differences, two squares, a sum; the longest's root, its bin and its vote
    return float((3 * 5 + 4) * step.side**2 + 4 * step.width)


def _lbp(step: Any) -> float:
    # grey; four straight and four slanting neighbours, the latter from four pixels each; code and vote
    return float((3 + 4 * 2 + 4 * 6 + 2) * step.side**2)


def _colours(step: Any) -> float:
    # hue, saturation and value; four votes; two moments of three channels
    return float((12 + 4 + 6) * step.side**2 + step.width)


def _edges(step: Any) -> float:
    # grey; two masks of eight products that share their sums; strength, direction, two means and a vote
    return float((3 + 10 + 4 + 3) * step.side**2)


def _minirocket(step: Any) -> float:
    # nine shifted copies for each dilation, three more for each of 84 patterns, a comparison a feature
    patterns = 3 * float(step.sizes.sum()) + 9 * len(step.dilations) * step.channels
    return float(step.length * (patterns + len(step.biases)))


def _mfcc(step: Any) -> float:
    # a second of frames: the transform and its power, bands, coefficients, and their statistics
    n = step.framing.size
    frame = n * math.log2(n) + 2 * n + (n / 2 + 1) * step.mels + step.mels * step.coefficients
    return float(FRAMES * (frame + 12 * (step.mels + step.coefficients)))


def _log_mel(step: Any) -> float:
    n = 1 << (step.window - 1).bit_length()
    return float(step.frames * (n * math.log2(n) + 2 * n + (n / 2 + 1) * step.shape[0]))


BY_HAND: dict[str, Callable[[Any], float]] = {
    "hog": _hog,
    "lbp": _lbp,
    "colours": _colours,
    "edges": _edges,
    "minirocket": _minirocket,
    "log_mel": _log_mel,
    "mfcc": _mfcc,
    "pixels": lambda step: float(step.width),
    "regular_series": lambda step: 2.0 * float(step.width),
    "word_numbers": lambda _: 0.0,
    "word_pieces": lambda _: 0.0,
    "word_vectors": lambda step: float(ASSUMED * step.width),
}
"""Operations of one cell by the kind of step; of a clip, those of a second of sound."""


def is_raw(step: Step) -> bool:
    """Whether a step only brings a cell into a shape."""
    return isinstance(step, RawExtraction)
