"""A CatBoost model in its own form, for what an ONNX graph cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.core import optional
from twofold.steps.base import Step
from twofold.steps.threads import thread_count


@dataclass(frozen=True)
class NativeCatBoost(Step):
    """Raw scores, float64 of shape (n, n_outputs), of a CatBoost model.

    Parameters
    ----------
    model : bytes
        The model in CatBoost's binary form.
    """

    kind = "native_catboost"
    requires = ("catboost",)
    native: ClassVar[bool] = True
    model: bytes

    @cached_property
    def booster(self) -> Any:
        """The booster, read at first use."""
        catboost = optional.load("catboost", "This model")
        return catboost.CatBoost().load_model(blob=self.model)

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        X = X.toarray() if hasattr(X, "toarray") else X
        matrix = np.ascontiguousarray(X, dtype=np.float32)
        scores = self.booster.predict(matrix, prediction_type="RawFormulaVal", thread_count=thread_count())
        return np.asarray(scores if scores.ndim == 2 else scores[:, None], dtype=np.float64)
