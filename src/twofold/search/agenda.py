"""What to run next: the plans with their folds, what is known of their cost, and when to give up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from twofold.search.run_folder import PartResult
from twofold.workflow.plan import Plan

GRACE = 1.5
"""A fit may take so many times its share before it is killed: models check their clocks between rounds."""


@dataclass
class Progressing:
    """A plan and how far it has come.

    Parameters
    ----------
    plan : Plan
    expected : float
        Guessed seconds of one fit.
    share : float
        Seconds that one fold may take.
    waiting : list of int
        Folds not started.
    """

    plan: Plan
    expected: float
    share: float
    waiting: list[int]
    running: set[int] = field(default_factory=set)
    results: dict[int, PartResult] = field(default_factory=dict)
    reason: str = ""
    status: str = "open"

    @property
    def measured(self) -> float:
        """Seconds of one fold: measured, or the guess."""
        if self.results:
            return sum(result.seconds for result in self.results.values()) / len(self.results)
        return min(self.expected, self.share)

    def close(self, status: str, reason: str) -> None:
        """Start no more folds of it."""
        self.status, self.reason = status, reason
        self.waiting.clear()


class Agenda:
    """The order of the work.

    Parameters
    ----------
    n_folds : int
    n_workers : int
    timed : bool
        Whether a plan is only begun when all its folds can be finished in the time left.
    state : callable (names of extractors) -> {"ready", "open", "lost"}
        Whether what a plan reads is there.
    """

    def __init__(
        self, n_folds: int, n_workers: int, timed: bool, state: Callable[[Sequence[str]], str] | None = None
    ) -> None:
        self.n_folds = n_folds
        self.n_workers = n_workers
        self.timed = timed
        self.state = state or (lambda _: "ready")
        self.plans: dict[str, Progressing] = {}

    def add(self, plan: Plan, expected: float, share: float) -> Progressing:
        """Append a plan."""
        item = Progressing(plan, expected, share, list(range(self.n_folds)))
        self.plans[plan.name] = item
        return item

    def _order(self) -> Iterable[tuple[Progressing, int]]:
        """Yield startable folds: the first fold of the first two plans, then plan by plan.

        The first answers come from one fold each of the two cheapest plans; what was begun is finished
        before something new is begun.
        """
        items = list(self.plans.values())
        for item in items[:2]:
            if 0 in item.waiting:
                yield item, 0
        begun = [item for item in items if item.results or item.running]
        for item in begun + [item for item in items if item not in begun]:
            for fold in item.waiting:
                yield item, fold

    def next(self, seconds_left: float) -> tuple[Progressing, int] | None:
        """Return the next fold to fit, and mark it as running; None when nothing can be started now."""
        for item, fold in self._order():
            if not self._cells_ready(item) or (item.plan.network and not self._network_ready(item, fold)):
                continue
            if self.timed and not self._affordable(item, seconds_left):
                continue
            item.waiting.remove(fold)
            item.running.add(fold)
            return item, fold
        return None

    def _cells_ready(self, item: Progressing) -> bool:
        state = self.state(item.plan.reads) if item.plan.reads else "ready"
        if state == "lost":
            item.close("stopped", "what it reads could not be computed")
        return state == "ready"

    def _network_ready(self, item: Progressing, fold: int) -> bool:
        below = self.plans.get(item.plan.network)
        if below is None or below.status in {"failed", "stopped"}:
            item.close("stopped", f"its network {item.plan.network} did not finish")
            return False
        return fold in below.results

    def _affordable(self, item: Progressing, seconds_left: float) -> bool:
        """Whether all missing folds fit into what is left, side by side."""
        missing = len(item.waiting)
        rounds = math.ceil(missing / self.n_workers)
        return rounds * item.measured * 1.1 <= seconds_left

    def allowance(self, item: Progressing, seconds_left: float) -> float:
        """Seconds that the next fold of a plan may take."""
        if not self.timed:
            return math.inf
        rounds = math.ceil((len(item.waiting) + 1) / self.n_workers)
        return max(0.05, min(item.share, seconds_left / rounds))

    def done(self, name: str, fold: int, result: PartResult) -> bool:
        """Record a fold; return whether the plan is complete now."""
        item = self.plans[name]
        item.running.discard(fold)
        item.results[fold] = result
        if len(item.results) == self.n_folds:
            item.status = "complete"
            return True
        return False

    def lost(self, name: str, fold: int, status: str, reason: str) -> None:
        """Record that a fold ended without a result."""
        item = self.plans[name]
        item.running.discard(fold)
        item.close(status, reason)

    def complete(self) -> Sequence[Progressing]:
        """Return the plans with all their folds."""
        return [item for item in self.plans.values() if item.status == "complete"]
