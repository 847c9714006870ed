"""Encoders and extractors: each fits, and transforms through the kernel that the bundle runs."""
