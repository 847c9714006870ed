"""The torch kit: batches, one training loop, blocks, and the writing of ONNX graphs."""
