"""What the search tells whoever watches it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what happens, as it happens."""

    def trial(self, name: str, family: str, status: str, score: float | None, reason: str) -> None:
        """Take note of a finished trial."""

    def phase(self, name: str) -> None:
        """Take note of what runs now."""

    def note(self, sentence: str) -> None:
        """Take note of something unusual."""


class Silent:
    """Shows nothing."""

    def trial(self, name: str, family: str, status: str, score: float | None, reason: str) -> None:
        """Ignore it."""

    def phase(self, name: str) -> None:
        """Ignore it."""

    def note(self, sentence: str) -> None:
        """Ignore it."""
