"""twofold: machine learning and deep learning joined, under one budget, with an honest verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from twofold.bundle.inspect import inspect
    from twofold.bundle.predictor import Predictor, load
    from twofold.core.errors import TwofoldError
    from twofold.estimators import TwofoldClassifier, TwofoldRegressor, fit

_LAZY = {
    "Predictor": "twofold.bundle.predictor",
    "TwofoldClassifier": "twofold.estimators",
    "TwofoldError": "twofold.core.errors",
    "TwofoldRegressor": "twofold.estimators",
    "fit": "twofold.estimators",
    "inspect": "twofold.bundle.inspect",
    "load": "twofold.bundle.predictor",
}

__all__ = [
    "Predictor",
    "TwofoldClassifier",
    "TwofoldError",
    "TwofoldRegressor",
    "__version__",
    "fit",
    "inspect",
    "load",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'twofold' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
