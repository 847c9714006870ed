"""Progress that a person watches: the best of each family, what runs now, the time left."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from twofold.core.budget import Budget
from twofold.search.progress import Progress, Silent


@dataclass
class Live:
    """A table that redraws itself on the error stream.

    Parameters
    ----------
    budget : Budget
    greater_is_better : bool
    label : str
        How the metric is called.
    """

    budget: Budget
    greater_is_better: bool = True
    label: str = "score"
    best: dict[str, tuple[float, str]] = field(default_factory=dict)
    done: int = 0
    lost: int = 0
    now: str = "reading the table"
    _live: Any = None

    def __enter__(self) -> Live:
        from rich.console import Console
        from rich.live import Live as Screen

        console = Console(stderr=True)
        self._live = Screen(get_renderable=self._table, console=console, refresh_per_second=4, transient=True)
        self._live.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._live.stop()

    def judge(self, label: str, greater_is_better: bool) -> None:
        """Learn how the scores are to be read."""
        self.label, self.greater_is_better = label, greater_is_better

    def trial(self, name: str, family: str, status: str, score: float | None, reason: str) -> None:
        """Take note of a finished trial."""
        del reason
        self.done += status == "complete"
        self.lost += status != "complete"
        if score is None:
            return
        held = self.best.get(family)
        better = held is None or (score > held[0] if self.greater_is_better else score < held[0])
        if better:
            self.best[family] = (score, name)

    def phase(self, name: str) -> None:
        """Take note of what runs now."""
        self.now = name

    def note(self, sentence: str) -> None:
        """Print something unusual above the table."""
        self._live.console.print(f"[yellow]![/] {sentence}", highlight=False)

    def _table(self) -> Any:
        from rich.table import Table

        table = Table(box=None, padding=(0, 2, 0, 0), show_header=True, header_style="dim")
        for head in ("", self.label, "best so far"):
            table.add_column(head)
        names = {"baseline": "baseline", "ml": "machine learning", "dl": "deep learning", "hybrid": "joined"}
        for family, words in names.items():
            if family in self.best:
                score, name = self.best[family]
                table.add_row(words, f"{score:.5g}", name)
        left = f"{self.budget.left():.0f} s left" if self.budget.seconds < float("inf") else ""
        table.add_row("[dim]now[/]", f"[dim]{left}[/]", f"[dim]{self.now}[/]")
        return table


class Lines(Silent):
    """Notes alone, one a line on the error stream, for logs."""

    def note(self, sentence: str) -> None:
        """Print it."""
        sys.stderr.write(f"! {sentence}\n")


def watched() -> bool:
    """Tell whether a person looks at the error stream."""
    return bool(getattr(sys.stderr, "isatty", lambda: False)())


__all__ = ["Lines", "Live", "Progress", "Silent", "watched"]
