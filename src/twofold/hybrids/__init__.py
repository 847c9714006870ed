"""One way of joining, one file."""
