"""A LightGBM model in its own form, for what an ONNX graph cannot hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.threads import thread_count


@dataclass(frozen=True)
class NativeLightGBM(Step):
    """Raw scores, float64 of shape (n, n_outputs), of a LightGBM model.

    Parameters
    ----------
    model : bytes
        The model in LightGBM's text form.
    """

    kind = "native_lightgbm"
    requires = ("lightgbm",)
    native: ClassVar[bool] = True
    model: bytes

    @cached_property
    def booster(self) -> Any:
        """The booster, read at first use."""
        import lightgbm

        return lightgbm.Booster(params={"verbosity": -1}, model_str=self.model.decode())

    def run(self, *inputs: Any) -> NDArray[np.float64]:
        (X,) = inputs
        X = X.toarray() if hasattr(X, "toarray") else X
        matrix = np.ascontiguousarray(X, dtype=np.float32)
        scores = self.booster.predict(matrix, raw_score=True, num_threads=thread_count())
        return np.asarray(scores, dtype=np.float64).reshape(
            len(matrix), self.booster.num_model_per_iteration()
        )
