"""What the user meets first: the estimators, and `fit` for a table with its target."""

from __future__ import annotations

from twofold.estimators.estimator import TwofoldClassifier, TwofoldRegressor
from twofold.estimators.table import fit

__all__ = ["TwofoldClassifier", "TwofoldRegressor", "fit"]
