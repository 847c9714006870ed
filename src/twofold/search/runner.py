"""The loop that spends the budget: give work to idle workers, take what comes back, watch the clock."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.budget import Budget
from twofold.core.fold import Fold
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.metrics.base import Metric
from twofold.search.agenda import GRACE, Agenda, Progressing
from twofold.search.gather import Gather
from twofold.search.jobs import Job
from twofold.search.kinds import next_without
from twofold.search.memory import held_by, resident
from twofold.search.pool import Event, WorkerPool
from twofold.search.portfolio import Portfolio, expected_seconds
from twofold.search.progress import Progress
from twofold.search.run_folder import PartResult, RunFolder
from twofold.search.settings import Settings
from twofold.search.trials import make_trial
from twofold.search.tuner import Tuner

HOPELESS = 0.5
"""A plan whose first fold closes less than this share of the gap between baseline and best is given up."""
STARTING = 5.0
"""Seconds beyond a fit's share for a worker's first imports, the encoding of the rows and the scoring."""
LOADING = 10.0
"""Seconds that a cold disk may take to load the largest library; they are not out of a fit's share."""
MISMATCH = 1e-4
"""Largest difference between a model and its lowered graph with which it may enter."""
LATE = "the time was over before it was finished"
KINDS_FROM = 0.5
"""Share of the time from which on it is asked what each kind of column brings."""
MEMORY_EVERY = 0.5
"""Seconds between two looks at the memory."""


@dataclass
class Search:
    """One run's search.

    Parameters
    ----------
    dataset : Dataset
    folds : tuple of Fold
    settings : Settings
    metric : Metric
    budget : Budget
        For the search alone; the caller keeps what refit and evidence need.
    reserve : callable (seconds of one fit of each complete plan, best plans first) -> float
        Seconds that would be needed after the search for what is complete so far.
    run : RunFolder
    progress : Progress
    gather : Gather or None
        What reads the cells of text, pictures, clips and series.
    """

    dataset: Dataset
    folds: tuple[Fold, ...]
    settings: Settings
    metric: Metric
    budget: Budget
    reserve: Callable[[list[float]], float]
    run: RunFolder
    progress: Progress
    events: list[tuple[float, str]] = field(default_factory=list)
    trials: dict[str, Trial] = field(default_factory=dict)
    baseline: float = math.nan
    interrupted: bool = False
    gather: Gather | None = None
    _looked: float = 0.0
    _gains: dict[str, float] = field(default_factory=dict)
    _plans: dict[str, dict[str, Any]] = field(default_factory=dict)

    def left(self) -> float:
        """Seconds left for the search once the reserve is put aside."""
        if math.isinf(self.budget.seconds):
            return math.inf
        complete = sorted(
            self.agenda.complete(), key=lambda item: -self._gains.get(item.plan.name, -math.inf)
        )
        return max(0.0, self.budget.left() - self.reserve([item.measured for item in complete]))

    def execute(self, portfolio: Portfolio, pool: WorkerPool) -> dict[str, Trial]:
        """Run until every plan is done or hopeless, or the time is over; return the trials by name."""
        settings = self.settings
        self.agenda = Agenda(
            len(self.folds), pool.size, settings.timed, self.gather.state if self.gather else None
        )
        self.tuner = Tuner(self.dataset, self.metric, settings)
        self._plans = dict(self.run.settings().get("plans", {}))
        total = self.budget.left() * pool.size
        for plan in portfolio.plans:
            share = portfolio.shares[plan.name] * total / len(self.folds) if settings.timed else math.inf
            expected = expected_seconds(plan, self.dataset, portfolio.senses)
            self._enter(plan.name, self.agenda.add(plan, expected, share))
        try:
            self._work(pool)
        except KeyboardInterrupt:
            self.stop(pool)
        if not self.agenda.complete():
            self._make_do()
        for item in self.agenda.plans.values():
            if item.status == "open":
                item.close("stopped", "the time was over before it could be finished")
            self._record(item)
        return self.trials

    def _make_do(self) -> None:
        """Where no plan has all its folds, keep the folds of the one that has most: better than nothing.

        Plans that failed, or needed too much memory, are not taken for their first folds.
        """
        late = [item for item in self.agenda.plans.values() if item.status == "open" or item.reason == LATE]
        most = max(late, key=lambda item: len(item.results), default=None)
        if most is None or not most.results:
            return
        kept = set(most.results)
        self.note(f"The time was too short for all folds: {len(kept)} of {len(self.folds)} have to do.")
        self.folds = tuple(fold for fold in self.folds if fold.index in kept)
        for item in late:
            if kept <= set(item.results):
                item.results = {index: item.results[index] for index in kept}
                item.close("complete", "")

    def stop(self, pool: WorkerPool) -> None:
        """End everything at the user's wish."""
        self.interrupted = True
        pool.stop_all()
        self.note("Stopped by the user: the best model so far is kept.")

    def left_for_the_rest(self) -> Budget:
        """Return what may still be spent on evidence and refit."""
        return Budget(0.0) if self.interrupted else self.budget

    def _work(self, pool: WorkerPool) -> None:
        while True:
            self._feed(pool)
            if not pool.running:
                return
            for event in pool.wait(0.25):
                self._take(event)
            self._watch_memory(pool)
            if self.left() <= 0:
                self._stop_running(pool)

    def _enter(self, name: str, item: Progressing) -> None:
        """Write a plan down, and take over the folds that an earlier search finished for the same plan."""
        plan = item.plan.to_json()
        if self._plans.get(name, plan) != plan:
            shutil.rmtree(self.run.trial(name, 0).parent, ignore_errors=True)
        self._plans[name] = plan
        self.run.write_settings({**self.run.settings(), "plans": self._plans})
        for fold in list(item.waiting):
            result = self.run.result(name, fold)
            if result is not None:
                item.waiting.remove(fold)
                if self.agenda.done(name, fold, result):
                    self._record(item)

    def _feed(self, pool: WorkerPool) -> None:
        while pool.idle and self.left() > 0:
            if self._read_on(pool, deep=False):
                continue
            late = self.budget.spent() > KINDS_FROM * self.settings.seconds
            chosen = (self._left_out() if late else None) or self.agenda.next(self.left())
            if chosen is None and self._read_on(pool, deep=True):
                continue
            chosen = chosen or self._left_out() or self._tuned()
            if chosen is None:
                return
            item, fold = chosen
            seconds = self.agenda.allowance(item, self.left())
            job = Job(str(self.run.path), item.plan, str(fold), seconds, pool.threads, self.settings.seed)
            limit = min(seconds * GRACE + (LOADING if item.plan.packages else STARTING), self.left() + 0.5)
            pool.submit(job.to_json(), limit)
            self.progress.phase(f"{item.plan.name}, fold {fold + 1} of {len(self.folds)}")

    def _read_on(self, pool: WorkerPool, *, deep: bool) -> bool:
        """Give a worker a stretch of cells to read: by hand before all else, by a network one at a time."""
        if self.gather is None:
            return False
        beside = pool.size > 1 and not self.gather.reading_deep  # one worker reads, the others fit
        job = self.gather.next(deep=deep or beside)
        if job is None:
            return False
        limit = max(60.0, 0.5 * self.settings.seconds)
        pool.submit(job, min(limit, self.left() + 0.5))
        self.progress.phase(f"reading '{job['cells']['column']}' with {job['cells']['extractor']}")
        return True

    def _left_out(self) -> tuple[Progressing, int] | None:
        """Begin a variant that does not see one kind of column."""
        chosen = next_without(self.agenda, self.dataset.schema, self._gains, timed=self.settings.timed)
        if chosen is None:
            return None
        plan, expected = chosen
        self._enter(plan.name, self.agenda.add(plan, expected, 3 * expected))
        return self.agenda.next(self.left())

    def _tuned(self) -> tuple[Progressing, int] | None:
        """Begin a tuned variant when the portfolio is through and there is time for all its folds."""
        if not self.settings.timed or any(item.waiting for item in self.agenda.plans.values()):
            return None
        proposal = self.tuner.propose(self.trials, self.left(), self.agenda.n_workers)
        if proposal is None:
            return None
        plan, expected = proposal
        plan = replace(plan, reads=self.agenda.plans[plan.name.partition("~")[0]].plan.reads)
        item = self.agenda.add(plan, expected, expected * 1.5)
        self._enter(plan.name, item)
        return self.agenda.next(self.left())

    def _take(self, event: Event) -> None:
        if "cells" in event.job:
            assert self.gather is not None
            self.gather.take(event)
            return
        name, fold = event.job["plan"]["name"], int(event.job["part"])
        if event.outcome == "done":
            result = PartResult(**event.payload["result"])
            if result.mismatch > MISMATCH:
                self._lose(name, fold, "failed", f"its saved form answers otherwise by {result.mismatch:.1g}")
                return
            complete = self.agenda.done(name, fold, result)
            if complete:
                self._record(self.agenda.plans[name])
            elif len(self.agenda.plans[name].results) == 1:
                self._judge_first(self.agenda.plans[name], fold)
            return
        status = "failed" if event.outcome in {"failed", "died"} else "stopped"
        reason = str(event.payload.get("reason", ""))
        self._lose(name, fold, status, reason)

    def _lose(self, name: str, fold: int, status: str, reason: str) -> None:
        self.agenda.lost(name, fold, status, reason)
        self.note(f"{name} {status}: {reason}")
        self._record(self.agenda.plans[name])

    def _judge_first(self, item: Progressing, fold: int) -> None:
        """Give a plan up after one fold when it is far behind; the first of each family is always kept."""
        best = max((self._gain_on(trial, fold) for trial in self.trials.values()), default=math.nan)
        others = [trial for trial in self.trials.values() if trial.family == item.plan.family]
        own = self._gain(self.folds[fold].test, self.run.prediction(item.plan.name, fold))
        floor = self.baseline + HOPELESS * (best - self.baseline)
        if self.settings.timed and others and own < floor:
            item.close("stopped", "hopeless: its first fold was far behind the best")

    def _gain_on(self, trial: Trial, fold: int) -> float:
        if trial.status != "complete" or trial.predictions is None:
            return -math.inf
        rows = self.folds[fold].test
        return self._gain(rows, trial.predictions[rows])

    def _gain(self, rows: NDArray[Any], prediction: NDArray[np.float64]) -> float:
        """Judge the predictions of these rows (indices or a mask); more is better."""
        weight = None if self.dataset.weight is None else self.dataset.weight[rows]
        return self.metric.gain(self.dataset.y[rows], prediction, weight)

    def _record(self, item: Progressing) -> None:
        if item.plan.name in self.trials and self.trials[item.plan.name].status == item.status:
            return
        trial = make_trial(item, self.dataset, self.folds, self.run)
        self.trials[trial.name] = trial
        score = None
        if trial.status == "complete" and trial.predictions is not None:
            seen = np.flatnonzero(np.isfinite(trial.predictions).all(axis=1))
            gain = self._gain(seen, trial.predictions[seen])
            score = gain if self.metric.greater_is_better else -gain
            self._gains[trial.name] = gain
            self.tuner.learn(trial, gain)
        self.progress.trial(trial.name, trial.family, trial.status, score, trial.reason)

    def _watch_memory(self, pool: WorkerPool) -> None:
        now = time.monotonic()
        if now - self._looked < MEMORY_EVERY:
            return
        self._looked = now
        pids = [os.getpid(), *(worker.process.pid for worker in pool.workers)]
        if resident(pids) <= self.settings.memory:
            return  # never less than the shares below, and a hundred times quicker to ask
        held = held_by(pids)
        if sum(held.values()) <= self.settings.memory:
            return
        busy = [worker for worker in pool.workers if worker.job is not None]
        if busy:
            largest = max(busy, key=lambda worker: held.get(worker.process.pid, 0.0))
            used = sum(held.values()) / 1e9
            limit = self.settings.memory / 1e9
            sentence = f"memory: {used:.2f} GB were held, {limit:.2f} GB are allowed"
            self._take(pool.stop(largest, "overdue", sentence))

    def _stop_running(self, pool: WorkerPool) -> None:
        for worker in list(pool.workers):
            if worker.job is not None:
                self._take(pool.stop(worker, "overdue", LATE))

    def note(self, sentence: str) -> None:
        """Keep a sentence for the report, and show it."""
        self.events.append((self.budget.spent(), sentence))
        self.progress.note(sentence)
