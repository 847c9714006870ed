"""Writing an ONNX graph node by node, which is quicker and clearer than tracing for networks this small."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 18


class OnnxWriter:
    """Collects nodes that compute outputs from one float32 matrix ``X`` of shape (n, d).

    Parameters
    ----------
    n_features : int
        d.

    Examples
    --------
    >>> writer = OnnxWriter(2)
    >>> total = writer.add("MatMul", writer.x, writer.constant(np.ones((2, 1), dtype=np.float32)))
    >>> len(writer.finish({"total": (total, 1)})) > 0
    True
    """

    def __init__(self, n_features: int) -> None:
        self.x = "X"
        self._n_features = n_features
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: Any) -> str:
        """Add an array (a tensor is detached first); float64 becomes float32."""
        from onnx.numpy_helper import from_array

        array = np.asarray(values.detach().numpy() if hasattr(values, "detach") else values)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        name = f"c{len(self._constants)}"
        self._constants.append(from_array(np.asarray(array, order="C"), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        from onnx import helper

        name = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def linear(self, x: str, weight: NDArray[Any], bias: NDArray[Any] | None = None) -> str:
        """Add ``x @ weight + bias``; `weight` has shape (d_in, d_out)."""
        out = self.add("MatMul", x, self.constant(weight))
        return out if bias is None else self.add("Add", out, self.constant(bias))

    def columns(self, start: int, stop: int) -> str:
        """Take columns of ``X``."""
        index = np.arange(start, stop, dtype=np.int64)
        return self.add("Gather", self.x, self.constant(index), axis=1)

    def reshape(self, x: str, *shape: int) -> str:
        """Reshape; -1 stands for the rows."""
        return self.add("Reshape", x, self.constant(np.array(shape, dtype=np.int64)))

    def finish(self, outputs: dict[str, tuple[str, int]]) -> bytes:
        """Return the model; `outputs` gives each output's name, what it is, and its number of columns."""
        from onnx import TensorProto, helper

        for name, (inner, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [inner], [name]))
        graph = helper.make_graph(
            self._nodes,
            "network",
            [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, self._n_features])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
                for name, (_, width) in outputs.items()
            ],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
        return bytes(model.SerializeToString())
