"""Fitting the three workflows in one run: cells are read once, candidates chosen on folds, labels rationed.

Each fit is a *part* of the run (see `twofold.search.run_folder`): the first parts are folds of all training
rows, on which a workflow's candidates are compared; the others are growing subsets of them, on which the
chosen one is fitted. So every workflow meets the same rows, the same seconds and the same workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twofold.compare.workflows import Candidates
from twofold.core.budget import Budget
from twofold.core.fold import Fold
from twofold.data.dataset import Dataset
from twofold.data.split import make_folds
from twofold.metrics.base import Metric
from twofold.search.cells import learns, made_in
from twofold.search.gather import Gather
from twofold.search.jobs import Job
from twofold.search.pool import Event, WorkerPool
from twofold.search.progress import Progress
from twofold.search.run_folder import PartResult, RunFolder
from twofold.workflow.plan import Plan

CHOOSING = 0.2
"""Of the whole time, what the candidates of one workflow may take together on the folds."""
AT_SHARE = ((0.02, 0.03), (0.1, 0.05), (0.5, 0.08), (1.0, 0.26))
"""Up to this share of the labels, what one fit may take of the whole time; on two cores."""
LEAST = 2.0
LATE, LOADING = 1.5, 20.0
"""A worker is stopped when a fit takes so many times its seconds, and those that imports take."""
ONE_FOLD_FROM = 1_000
TIMED_ROWS = 64


@dataclass(frozen=True)
class Parts:
    """The divisions of the training rows.

    Parameters
    ----------
    folds : tuple of Fold
        All parts: first those that choose, then those that ration labels.
    n_choosing : int
    shares : tuple of float
        Of the labels, for each rationed part.
    """

    folds: tuple[Fold, ...]
    n_choosing: int
    shares: tuple[float, ...]

    def rationed(self) -> range:
        """Return the numbers of the rationed parts."""
        return range(self.n_choosing, len(self.folds))


def make_parts(dataset: Dataset, subsets: Sequence[tuple[float, NDArray[np.intp]]], seed: int) -> Parts:
    """Return the folds and the subsets as parts of one run."""
    n = len(dataset.y)
    choosing = make_folds(dataset, 1 if n >= ONE_FOLD_FROM else 3, seed)
    timed = np.arange(min(n, TIMED_ROWS))
    folds = list(choosing)
    for _, rows in subsets:
        folds.append(Fold(len(folds), rows, timed))
    return Parts(tuple(folds), len(choosing), tuple(share for share, _ in subsets))


@dataclass
class Fitting:
    """All fits of a comparison.

    Parameters
    ----------
    dataset : Dataset
    run : RunFolder
    parts : Parts
    candidates : tuple of Candidates
        Of each workflow.
    metric : Metric
    clock : Budget
        For reading and fitting.
    seed : int
    progress : Progress
    """

    dataset: Dataset
    run: RunFolder
    parts: Parts
    candidates: tuple[Candidates, ...]
    metric: Metric
    clock: Budget
    seed: int
    progress: Progress
    chosen: dict[str, Plan] = field(default_factory=dict)
    tried: dict[str, dict[str, float | str]] = field(default_factory=dict)
    lost: dict[tuple[str, int], str] = field(default_factory=dict)
    _waiting: list[tuple[Plan, int, float]] = field(default_factory=list)
    _gather: Gather | None = None

    def execute(self, pool: WorkerPool, gather: Gather | None) -> None:
        """Run every fit, reading cells beside them."""
        self._gather = gather
        for one in self.candidates:
            if self._contested(one):
                seconds = self._allowed(CHOOSING / len(one.plans) / self.parts.n_choosing)
                self._waiting += [
                    (plan, part, seconds) for plan in one.plans for part in range(self.parts.n_choosing)
                ]
        self._advance()
        while self._waiting or pool.running:
            if self.clock.expired:
                self._hurry()
            while pool.idle and self._submit(pool):
                pass
            if not pool.running:
                self._give_up()
            for event in pool.wait(0.25):
                self._take(event)
            self._advance()

    def _hurry(self) -> None:
        """Let go of what a comparison can do without: further candidates, and further numbers of labels."""
        last = self.parts.rationed()[-1]
        kept = []
        for plan, part, seconds in self._waiting:
            rationed = part >= self.parts.n_choosing
            if part == last or (rationed and self._quick(plan)) or (not rationed and self._needed(plan)):
                kept.append((plan, part, seconds))
            else:
                self.lost[plan.name, part] = "the time was over"
        self._waiting = kept

    def _quick(self, plan: Plan) -> bool:
        """Whether fits of a plan are over before they are worth a thought."""
        found = [self.run.result(plan.name, part) for part in range(len(self.parts.folds))]
        seconds = [result.seconds for result in found if result is not None]
        return bool(seconds) and max(seconds) <= LEAST

    def _needed(self, plan: Plan) -> bool:
        """Whether no other candidate of its workflow has all its folds, or others stand upon this one."""
        own = next(one for one in self.candidates if plan in one.plans)
        return self._below(own) or not any(
            all(self.run.result(other.name, part) for part in range(self.parts.n_choosing))
            for other in own.plans
        )

    def _contested(self, one: Candidates) -> bool:
        """Whether a workflow's candidates are fitted on the folds: to choose, or as what others stand on."""
        return len(one.plans) > 1 or self._below(one)

    def _below(self, one: Candidates) -> bool:
        """Whether another workflow's candidates stand upon these."""
        names = {plan.name for plan in one.plans}
        return any(plan.network in names for other in self.candidates for plan in other.plans)

    def _allowed(self, share: float) -> float:
        return max(LEAST, share * self.clock.seconds * self.clock.cores / 2)

    def _submit(self, pool: WorkerPool) -> bool:
        """Give an idle worker the first fit that can begin, or cells to read; say whether there was any."""
        for place, (plan, part, seconds) in enumerate(self._waiting):
            if self._ready(plan, part):
                del self._waiting[place]
                job = Job(str(self.run.path), plan, str(part), seconds, pool.threads, self.seed)
                pool.submit(job.to_json(), seconds * LATE + LOADING)
                self.progress.phase(f"fitting {plan.name}, {self._named(part)}")
                return True
        job_of_cells = self._gather.next(deep=True) if self._gather else None
        if job_of_cells is None:
            return False
        pool.submit(job_of_cells, max(60.0, 0.5 * self.clock.seconds))
        cells = job_of_cells["cells"]
        self.progress.phase(f"reading '{cells['column']}' with {cells['extractor']}")
        return True

    def _named(self, part: int) -> str:
        if part < self.parts.n_choosing:
            return f"fold {part + 1} of {self.parts.n_choosing}"
        return f"{self.parts.shares[part - self.parts.n_choosing]:.0%} of the labels"

    def _ready(self, plan: Plan, part: int) -> bool:
        state = self._gather.state(plan.reads) if self._gather else "ready"
        return state == "ready" and (not plan.network or self.run.result(plan.network, part) is not None)

    def _give_up(self) -> None:
        """Let go of fits that wait for what will never come."""
        if self._gather is None or self._gather.next(deep=True) is None:
            for plan, part, _ in self._waiting:
                self.lost[plan.name, part] = "what it stands upon was not finished"
            self._waiting.clear()

    def _take(self, event: Event) -> None:
        if "cells" in event.job:
            assert self._gather is not None
            self._gather.take(event)
            for plan, part, _ in [w for w in self._waiting if self._gather.state(w[0].reads) == "lost"]:
                self.lost[plan.name, part] = "its cells could not be read"
            self._waiting = [w for w in self._waiting if self._gather.state(w[0].reads) != "lost"]
            return
        name, part = event.job["plan"]["name"], int(event.job["part"])
        if event.outcome != "done":
            self.lost[name, part] = str(event.payload.get("reason", event.outcome))
            self.progress.note(f"{name}, {self._named(part)}: {self.lost[name, part]}")

    def _advance(self) -> None:
        """Choose a workflow's plan once its candidates have their folds, and let the labels be rationed."""
        for one in self.candidates:
            busy = {plan.name for plan, part, _ in self._waiting if part < self.parts.n_choosing}
            complete = not self._contested(one) or all(self._settled(plan) for plan in one.plans)
            if one.family in self.chosen or not complete or busy & {plan.name for plan in one.plans}:
                continue
            self.tried[one.family] = {plan.name: self._judged(plan) for plan in one.plans}
            scored = {
                name: score for name, score in self.tried[one.family].items() if isinstance(score, float)
            }
            if scored or len(one.plans) == 1:
                sign = 1 if self.metric.greater_is_better else -1
                best = max(scored, key=lambda name: sign * scored[name]) if scored else one.plans[0].name
                plan = next(plan for plan in one.plans if plan.name == best)
                self.chosen[one.family] = plan
                self.progress.trial(plan.name, one.family, "complete", scored.get(best), "")
                self._ration(plan)

    def _settled(self, plan: Plan) -> bool:
        return all(
            (plan.name, part) in self.lost or self.run.result(plan.name, part) is not None
            for part in range(self.parts.n_choosing)
        )

    def _ration(self, plan: Plan) -> None:
        """Wait for the fits with growing labels: the largest first, it takes longest."""
        for part in reversed(self.parts.rationed()):
            share = self.parts.shares[part - self.parts.n_choosing]
            allowed = next(of_time for most, of_time in AT_SHARE if share <= most)
            self._waiting.append((plan, part, self._allowed(allowed)))

    def _judged(self, plan: Plan) -> float | str:
        """Return what the folds say of a candidate, or why they say nothing."""
        reasons = [
            self.lost[plan.name, p] for p in range(self.parts.n_choosing) if (plan.name, p) in self.lost
        ]
        if reasons:
            return reasons[0]
        if self.run.result(plan.name, 0) is None:
            return "the only candidate"
        folds = self.parts.folds[: self.parts.n_choosing]
        y = np.concatenate([self.dataset.y[fold.test] for fold in folds])
        told = np.concatenate([self.run.prediction(plan.name, fold.index) for fold in folds])
        return float(self.metric(y, told))

    def result(self, plan: Plan, part: int) -> PartResult | None:
        """Return what one fit came to."""
        return self.run.result(plan.name, part)


def reading_seconds(run: RunFolder, reads: Sequence[str], n_rows: int) -> float:
    """Return what bringing the cells of so many rows into features costs on one core."""
    wanted = {name for name in reads if not learns(name)}
    return n_rows * sum(made.row_seconds for made in made_in(run) if made.name in wanted)
