"""Writing convolutional networks for pictures of any size as ONNX graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.nn.onnx_writer import OPSET, OnnxWriter


class ImageGraph(OnnxWriter):
    """Collects nodes that compute features from ``X`` of shape (n, 3, height, width), float32.

    Examples
    --------
    >>> graph = ImageGraph()
    >>> x = graph.convolution(graph.x, np.ones((4, 3, 3, 3)), np.zeros(4), stride=2, groups=1)
    >>> len(graph.finish_features(graph.pooled(graph.relu6(x)), 4)) > 0
    True
    """

    def __init__(self) -> None:
        super().__init__(3)
        self._zero, self._six = (self.constant(np.array(edge, dtype=np.float32)) for edge in (0, 6))

    def convolution(self, x: str, weight: NDArray[Any], bias: NDArray[Any], stride: int, groups: int) -> str:
        """Add a convolution whose output has ``ceil(size / stride)`` pixels a side."""
        return self.add(
            "Conv",
            x,
            self.constant(weight),
            self.constant(bias),
            auto_pad="SAME_UPPER",
            strides=[stride, stride],
            group=groups,
        )

    def relu6(self, x: str) -> str:
        """Cut values off at 0 and 6."""
        return self.add("Clip", x, self._zero, self._six)

    def pooled(self, x: str) -> str:
        """Average over all places; (n, channels, height, width) becomes (n, channels)."""
        return self.add("Flatten", self.add("GlobalAveragePool", x))

    def finish_features(self, x: str, width: int) -> bytes:
        """Return the model, whose output is called ``embedding``."""
        from onnx import TensorProto, helper

        self._nodes.append(helper.make_node("Identity", [x], ["embedding"]))
        graph = helper.make_graph(
            self._nodes,
            "network",
            [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["n", 3, "height", "width"])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", width])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
        return bytes(model.SerializeToString())
