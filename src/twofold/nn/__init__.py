"""Networks, their training loop, and how they are written as ONNX graphs. This floor needs torch."""
