"""From the chosen line to one graph: its members learn once more from all rows, and are checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.fold import Fold
from twofold.core.random import make_generator
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.hybrids.blend import Blend
from twofold.metrics.base import Metric
from twofold.search.jobs import Job, spared_rows
from twofold.search.pool import Event, WorkerPool
from twofold.search.progress import Progress
from twofold.search.run_folder import WHOLE, RunFolder
from twofold.search.settings import Settings
from twofold.steps.base import Graph
from twofold.workflow.plan import Plan

SLOWER = 1.35
"""A refit sees more rows than a fold's fit: it may take so many times as long."""
WORSE = 3.0
"""A refit that is so many standard errors worse than the fold models is refused."""


@dataclass
class Refit:
    """Fits members on all rows, as far as the time goes.

    Parameters
    ----------
    dataset : Dataset
    folds : tuple of Fold
    settings : Settings
    metric : Metric
    budget : Budget
    run : RunFolder
    progress : Progress
    """

    dataset: Dataset
    folds: tuple[Fold, ...]
    settings: Settings
    metric: Metric
    budget: Budget
    run: RunFolder
    progress: Progress
    notes: list[str] = field(default_factory=list)

    def fit(self, trials: Sequence[Trial], plans: Mapping[str, Plan], pool: WorkerPool) -> None:
        """Fit these trials on all rows, networks before the heads that read them."""
        names = [trial.name for trial in trials]
        below = [plans[name].network for name in names if plans[name].network]
        alone = [name for name in dict.fromkeys([*below, *names]) if not plans[name].network]
        self._fit_all(alone, plans, pool)
        self._fit_all([name for name in names if plans[name].network], plans, pool)

    def _fit_all(self, names: Sequence[str], plans: Mapping[str, Plan], pool: WorkerPool) -> None:
        waiting = [name for name in names if self._wanted(name, plans)]
        while waiting or pool.running:
            while waiting and pool.idle:
                self._submit(waiting.pop(0), plans, pool)
            for event in pool.wait(0.25):
                self._note_loss(event)
            if self.budget.expired:
                waiting = []
                for worker in list(pool.workers):
                    if worker.job is not None:
                        self._note_loss(pool.stop(worker, "overdue", "the time was over"))

    def _wanted(self, name: str, plans: Mapping[str, Plan]) -> bool:
        """Whether a refit is missing and can be afforded."""
        if self.run.result(name, WHOLE) is not None:
            return False
        network = plans[name].network
        if network and self.run.result(network, WHOLE) is None:
            self.notes.append(f"{name} was not refitted on all rows: its network was not.")
            return False
        if self._expected(name) > self.budget.left():
            self.notes.append(f"{name} was not refitted on all rows: the time was too short.")
            return False
        return True

    def _seconds(self, name: str) -> list[float]:
        results = [self.run.result(name, fold.index) for fold in self.folds]
        return [result.seconds for result in results if result is not None]

    def _expected(self, name: str) -> float:
        k = len(self.folds)
        return max(self._seconds(name), default=0.0) * (k / (k - 1) if k > 1 else 1.25)

    def _submit(self, name: str, plans: Mapping[str, Plan], pool: WorkerPool) -> None:
        rounds = [result.rounds for f in self.folds if (result := self.run.result(name, f.index))]
        limit = self.budget.left() if self.settings.timed else math.inf
        allowed = min(limit, max(2.0, SLOWER * 2 * self._expected(name))) if self.settings.timed else math.inf
        job = Job(
            str(self.run.path),
            plans[name],
            WHOLE,
            allowed,
            pool.threads,
            self.settings.seed,
            max(1, round(float(np.median(rounds)))),
        )
        self.progress.phase(f"{name} on all rows")
        pool.submit(job.to_json(), allowed)

    def _note_loss(self, event: Event) -> None:
        if event.outcome != "done":
            name, reason = event.job["plan"]["name"], event.payload.get("reason", "")
            self.notes.append(f"{name} was not refitted on all rows: {reason}.")

    def graph(self, trial: Trial) -> tuple[Graph, NDArray[np.float64], bool]:
        """Return a member's graph, its own answers to the check rows, and whether it is a refit.

        Without a refit, or with one that is worse than its folds, the mean of the fold models answers.
        """
        if self.run.result(trial.name, WHOLE) is not None and self._holds(trial):
            return self.run.graph(trial.name, WHOLE), self.run.prediction(trial.name, WHOLE, "check"), True
        parts = [fold.index for fold in self.folds]
        mean = Blend(tuple(range(len(parts))), np.full(len(parts), 1.0 / len(parts)))
        checks = np.stack([self.run.prediction(trial.name, part, "check") for part in parts])
        return mean.lower([self.run.graph(trial.name, part) for part in parts]), mean.combine(checks), False

    def _holds(self, trial: Trial) -> bool:
        """Whether the refit is as good as the folds on the rows that it was spared."""
        rows = spared_rows(self.dataset, self.folds, self.settings.seed)
        if not len(rows) or trial.predictions is None:
            return True
        refitted = self.run.prediction(trial.name, WHOLE)
        y, weight = self.dataset.y[rows], np.ones(len(rows))
        if self.dataset.weight is not None:
            weight = np.asarray(self.dataset.weight[rows])
        before = trial.predictions[rows]
        generator = make_generator(self.settings.seed, "refit", trial.name)
        gains = []
        for _ in range(50):
            counts = np.bincount(generator.integers(0, len(rows), len(rows)), minlength=len(rows)) * weight
            new, old = (self.metric.gain(y, p, counts) for p in (refitted, before))
            gains.append(new - old)
        known = np.array(gains)[np.isfinite(gains)]
        if len(known) < 10 or known.mean() >= -WORSE * max(known.std(), 1e-12):
            return True
        self.notes.append(
            f"The refit of {trial.name} was refused: on {len(rows)} spared rows it is worse than the fold "
            f"models by {-known.mean():.3g} ({self.metric.label})."
        )
        return False
