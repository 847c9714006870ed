"""A network that goes on from scores which stand in the first columns of its rows."""

from __future__ import annotations

from typing import Any

from torch import nn

from twofold.nn.onnx_writer import OnnxWriter


class OffsetNetwork(nn.Module):  # type: ignore[misc]
    """Adds the scores that come with the rows while learning; what it embeds, and its head, leave them out.

    - Input: (n, d), whose first q columns times `steep` are scores. Output: scores (n, q).

    Parameters
    ----------
    inner : torch module
        A network with a head, whose scores are near zero at first.
    n_scores : int
        q.
    steep : float
    """

    def __init__(self, inner: Any, n_scores: int, steep: float) -> None:
        super().__init__()
        self.inner, self.n_scores, self.steep = inner, n_scores, steep

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Those of the inner network."""
        groups: list[dict[str, Any]] = self.inner.parameter_groups()
        return groups

    def embed(self, X: Any) -> Any:
        """Return the inner network's last hidden layer."""
        return self.inner.embed(X)

    def forward(self, X: Any) -> Any:
        return self.inner(X) + self.steep * X[:, : self.n_scores]

    def answer(self, scores: Any) -> Any:
        """Return scores as they are judged."""
        return scores

    def head(self) -> tuple[Any, Any]:
        """Return the inner network's last layer."""
        weight, bias = self.inner.head()
        return weight, bias

    def write(self, writer: OnnxWriter) -> tuple[str, int]:
        """Write the inner network's embedding."""
        name, width = self.inner.write(writer)
        return name, width
