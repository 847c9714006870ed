"""Encoders, extractors and a model as one plan made from a schema."""
