"""How every step opens an ONNX model."""

from __future__ import annotations

from typing import Any


def open_session(model: bytes) -> Any:
    """Return an onnxruntime session of a self-contained model.

    It has one thread: a row is answered before another would be awake, and steps share many rows out
    themselves, so that sums do not depend on the number of cores. Without the arena it gives the memory of
    its largest batch back, and is no slower.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])
