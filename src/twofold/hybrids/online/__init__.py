"""The parts of learning from a stream: heads, detectors of drift, and what they come to."""
