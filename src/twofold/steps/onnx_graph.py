"""An ONNX graph run by onnxruntime: tree ensembles and networks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.base import Step
from twofold.steps.links import apply_link
from twofold.steps.threads import thread_count


@dataclass(frozen=True)
class OnnxGraph(Step):
    """Run a self-contained ONNX model on one dense matrix.

    Parameters
    ----------
    model : bytes
        The serialised model; external data and custom operator domains are refused by the loader.
    output : str
        Name of the graph's output to return.
    link : str
        Applied to the output (a name in `twofold.steps.links`), or ``""`` to return float32 as it is.
    dtype : str
        What the graph's input wants: ``"float32"`` or ``"float64"``.
    """

    kind = "onnx"
    requires = ("onnxruntime",)
    model: bytes
    output: str
    link: str = ""
    dtype: str = "float32"

    @cached_property
    def session(self) -> Any:
        """The onnxruntime session, made at first use from bytes only."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(
            self.model, sess_options=options, providers=["CPUExecutionProvider"]
        )

    def run(self, *inputs: Any) -> NDArray[Any]:
        (X,) = inputs
        X = X.toarray() if hasattr(X, "toarray") else X
        name = self.session.get_inputs()[0].name
        matrix = np.ascontiguousarray(X, dtype=self.dtype)
        scores = np.asarray(self.session.run([self.output], {name: matrix})[0])
        return apply_link(self.link, scores) if self.link else scores
