"""From scores to predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import BundleError

Array = NDArray[np.float64]


def sigmoid_pair(scores: Array) -> Array:
    """Turn one column of log-odds into the probabilities of class 0 and class 1."""
    z = np.minimum(np.maximum(scores[:, 0], -700.0), 700.0)
    pair = np.empty((len(z), 2))
    np.divide(1.0, 1.0 + np.exp(-z), out=pair[:, 1])
    np.subtract(1.0, pair[:, 1], out=pair[:, 0])
    return pair


def softmax(scores: Array) -> Array:
    """Turn scores of shape (n, C) into probabilities."""
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def one_against_rest(scores: Array) -> Array:
    """Turn independent log-odds of shape (n, C) into probabilities that sum to one."""
    p = 1.0 / (1.0 + np.exp(-np.clip(scores, -700.0, 700.0)))
    return np.asarray(p / np.maximum(p.sum(axis=1, keepdims=True), 1e-300))


LINKS = {
    "identity": lambda scores: scores,
    "sigmoid": sigmoid_pair,
    "softmax": softmax,
    "one_against_rest": one_against_rest,
}


def apply_link(name: str, scores: NDArray[np.floating]) -> Array:
    """Apply the link `name` to raw scores of shape (n, k), in float64."""
    try:
        link = LINKS[name]
    except KeyError:
        raise BundleError(
            f"'{name}' is not a link.", f"Links are: {', '.join(LINKS)}.", "The bundle is damaged."
        ) from None
    return np.asarray(link(np.asarray(scores, dtype=np.float64)))
