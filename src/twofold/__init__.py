"""twofold: machine learning and deep learning joined, under one budget, with an honest verdict."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
