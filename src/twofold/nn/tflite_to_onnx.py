"""A convolutional network over spectra, from TensorFlow Lite to ONNX.

Pictures of TensorFlow Lite have their channels last, those of ONNX first. Everything that lies between the
input and the output here works on single values or on neighbours in height and width, so weights are
transposed once and no node has to be added.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.errors import InputError
from twofold.nn.onnx_writer import OnnxWriter
from twofold.nn.tflite import PADDINGS, Operator, TfliteGraph, read_tflite

EMBEDDING = "embedding"


def convert_spectral_network(data: bytes, bands: int, width: int) -> bytes:
    """Return the network as ONNX, reading any number of frames at once.

    Parameters
    ----------
    data : bytes
        A TensorFlow Lite file whose input is (1, frames, bands, 1) and whose output is (1, 1, 1, width).
        Convolutions and pools must not pad in time: then a longer input gives the outputs of all windows.
    bands : int
    width : int

    Returns
    -------
    bytes
        Input ``X`` of shape (frames, bands), output ``embedding`` of shape (windows, width).

    Raises
    ------
    InputError
        When the file holds something else.
    """
    graph = read_tflite(data)
    writer = OnnxWriter(bands)
    names = {graph.inputs[0]: writer.reshape(writer.x, 1, 1, -1, bands)}
    for operator in graph.operators:
        if operator.name not in _WRITERS:
            raise InputError(
                f"The network holds the operator {operator.name}.",
                f"Known are {', '.join(sorted(_WRITERS))}.",
            )
        names[operator.outputs[0]] = _WRITERS[operator.name](writer, graph, operator, names)
    rows = writer.add("Transpose", names[graph.outputs[0]], perm=[0, 2, 3, 1])
    return writer.finish({EMBEDDING: (writer.reshape(rows, -1, width), width)})


def _input(writer: OnnxWriter, graph: TfliteGraph, number: int, names: dict[int, str]) -> str:
    if number not in names:
        names[number] = writer.constant(graph.constants[number])
    return names[number]


def _padding(operator: Operator, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Return how a convolution or pool pads, and refuse it where it would pad in time."""
    padding = PADDINGS[operator.options.number(0, "<b")]
    if padding == "SAME" and sizes[0] > 1:
        raise InputError("The network pads in time.", "It may pad bands alone.")
    return {"auto_pad": "VALID" if padding == "VALID" else "SAME_UPPER", "kernel_shape": list(sizes)}


def _plain(operator: Operator, field: int) -> None:
    if operator.options.number(field, "<b"):
        raise InputError(f"A {operator.name} of the network holds an activation.", "It has to stand alone.")


def _convolution(writer: OnnxWriter, graph: TfliteGraph, operator: Operator, names: dict[int, str]) -> str:
    x, weights, bias = operator.inputs
    kernel: NDArray[Any] = graph.constants[weights].transpose(0, 3, 1, 2)
    _plain(operator, 3)
    across, down = operator.options.number(1), operator.options.number(2)
    wide, high = operator.options.number(4, default=1), operator.options.number(5, default=1)
    return writer.add(
        "Conv",
        names[x],
        writer.constant(np.ascontiguousarray(kernel)),
        writer.constant(graph.constants[bias]),
        strides=[down, across],
        dilations=[high, wide],
        **_padding(operator, kernel.shape[2:]),
    )


def _pool(writer: OnnxWriter, graph: TfliteGraph, operator: Operator, names: dict[int, str]) -> str:
    del graph
    _plain(operator, 5)
    across, down, wide, high = (operator.options.number(field) for field in (1, 2, 3, 4))
    padding = _padding(operator, (high, wide))
    return writer.add("MaxPool", names[operator.inputs[0]], strides=[down, across], **padding)


def _pad(writer: OnnxWriter, graph: TfliteGraph, operator: Operator, names: dict[int, str]) -> str:
    x, widths = operator.inputs
    rows, frames, bands, channels = graph.constants[widths].tolist()
    if any((*rows, *frames, *channels)):
        raise InputError("The network pads in time.", "It may pad bands alone.")
    pads = np.array([0, 0, 0, bands[0], 0, 0, 0, bands[1]], dtype=np.int64)
    return writer.add("Pad", names[x], writer.constant(pads))


def _leaky(writer: OnnxWriter, graph: TfliteGraph, operator: Operator, names: dict[int, str]) -> str:
    del graph
    return writer.add("LeakyRelu", names[operator.inputs[0]], alpha=operator.options.number(0, "<f"))


def _maximum(writer: OnnxWriter, graph: TfliteGraph, operator: Operator, names: dict[int, str]) -> str:
    return writer.add("Max", *(_input(writer, graph, number, names) for number in operator.inputs))


_WRITERS = {
    "CONV_2D": _convolution,
    "LEAKY_RELU": _leaky,
    "MAXIMUM": _maximum,
    "MAX_POOL_2D": _pool,
    "PAD": _pad,
}
