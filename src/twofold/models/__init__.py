"""One model, one file."""

from __future__ import annotations

from twofold.core.registry import Registry

MODELS = Registry(
    "twofold.models",
    {
        "baseline": "twofold.models.baseline:Baseline",
        "linear": "twofold.models.linear:LinearModel",
        "lightgbm": "twofold.models.lightgbm:LightGBM",
    },
)
"""Name -> class; classes follow `twofold.models.base.Model`."""
