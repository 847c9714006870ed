"""Rows made for rare classes: how, how many, and how good they are."""
