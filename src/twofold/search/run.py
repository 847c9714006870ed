"""One run: the data set and the settings go in, a finished model with its evidence comes out."""

from __future__ import annotations

import errno
import json
import math
import platform
import shutil
import tempfile
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import twofold
from twofold.bundle.parity import Parity
from twofold.bundle.simplify import simplify
from twofold.core.budget import Budget
from twofold.core.control import Problem
from twofold.core.errors import InputError
from twofold.core.fold import Fold
from twofold.core.table import Table
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.data.leakage import row_hashes
from twofold.data.split import make_folds
from twofold.data.store import save_dataset
from twofold.metrics import get_metric
from twofold.models.baseline import Baseline
from twofold.search.cells import made_in, with_cells
from twofold.search.evidence import Evidence, weigh
from twofold.search.finish import Finish, Finished
from twofold.search.gather import Gather
from twofold.search.importance import permutation_importance
from twofold.search.kinds import kinds_worth, sentence_of
from twofold.search.memory import give_back
from twofold.search.pool import WorkerPool
from twofold.search.portfolio import DEEP_FROM_SECONDS, Portfolio, affordable_folds, make_portfolio
from twofold.search.progress import Progress
from twofold.search.refit import Refit
from twofold.search.result import Choice, KindWorth, Result
from twofold.search.run_folder import RunFolder
from twofold.search.run_lock import TEMPORARY, locked, sweep_abandoned
from twofold.search.runner import Search
from twofold.search.senses import Senses, senses_of
from twofold.search.settings import Settings
from twofold.search.trials import make_baseline
from twofold.steps.base import INPUT, Graph, Node
from twofold.steps.numbers import Numbers
from twofold.workflow.plan import Plan

EVIDENCE_SHARE, FINISH_SHARE = 0.06, 0.03
"""Of the budget, kept for the bootstraps, and for lowering, checks and importance."""
MOST_FOR_REFIT = 0.25


@dataclass
class Run:
    """Everything between a data set and a result.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    budget : Budget
        Started at the door.
    progress : Progress
    folder : Path or None
        Where the run is kept, and taken up again when it lies there already; None for a temporary one.
    """

    dataset: Dataset
    settings: Settings
    budget: Budget
    progress: Progress
    folder: Path | None = None
    events: list[tuple[float, str]] = field(default_factory=list)
    parity: Parity | None = None
    folds: tuple[Fold, ...] = field(default=(), init=False)
    kinds: tuple[KindWorth, ...] = field(default=(), init=False)

    def execute(self) -> Result:
        """Search, weigh, refit, check."""
        self.metric = get_metric(self.settings.metric, self.dataset.task)
        sweep_abandoned()
        temporary = None if self.folder else tempfile.mkdtemp(prefix=TEMPORARY)
        try:
            self.run = RunFolder(Path(temporary or str(self.folder)).absolute())
            return self._execute()
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise InputError(
                f"The disk that holds the run '{self.run.path}' is full.",
                "A run needs about ten times the size of the table.",
                "Make room and take the run up again, or name another run_dir (or TMPDIR).",
            ) from error
        finally:
            if temporary:
                shutil.rmtree(temporary, ignore_errors=True)
            give_back()

    def _execute(self) -> Result:
        portfolio = self._portfolio(self._senses())
        with ExitStack() as held:
            self._open(held, portfolio)
            with WorkerPool(self.settings.n_jobs, 1) as pool:
                return self._search(portfolio, pool)

    def _senses(self) -> Senses:
        deep = not self.settings.timed or self.settings.seconds >= DEEP_FROM_SECONDS
        return senses_of(self.dataset.schema, deep=deep, encoders=self.settings.encoders)

    def _portfolio(self, senses: Senses) -> Portfolio:
        return make_portfolio(
            self.dataset,
            self.settings.seconds,
            cores=self.settings.n_jobs,
            candidates=self.settings.candidates,
            max_trials=self.settings.max_trials,
            senses=senses,
        )

    def _gather(self, portfolio: Portfolio, pool: WorkerPool) -> tuple[Gather | None, Portfolio]:
        """Make what reads the cells, as far as the plans need it; return it, and the plans that follow."""
        wanted = {name for plan in portfolio.plans for name in plan.reads}
        senses = portfolio.senses.only(wanted)
        for reason in dict.fromkeys(reason for _, reason in senses.left_out):
            names = [name for name, why in senses.left_out if why == reason]
            self._note(f"{' and '.join(names)} left out: {reason}.")
        if not senses.read_cells:
            return None, portfolio
        self.progress.phase("looking at the cells")
        settings = self.settings
        gather = Gather(self.dataset, self.run, senses, settings.seconds, settings.n_jobs, settings.seed)
        senses = gather.prepare(pool)
        for sentence in gather.notes:
            self._note(sentence)
        gather.notes.clear()
        return gather, self._portfolio(senses)

    def _search(self, portfolio: Portfolio, pool: WorkerPool) -> Result:
        baseline = make_baseline(self.dataset, self.folds)
        known = np.flatnonzero(np.isfinite(np.asarray(baseline.predictions)).all(axis=1))
        weight = None if self.dataset.weight is None else self.dataset.weight[known]
        gain = self.metric.gain(self.dataset.y[known], np.asarray(baseline.predictions)[known], weight)
        shown = gain if self.metric.greater_is_better else -gain
        self.progress.trial("baseline", "baseline", "complete", shown, "")
        gather, portfolio = self._gather(portfolio, pool)
        for plan, reason in portfolio.skipped:
            self._note(f"{plan.name} was not tried: {reason}.")
        search = Search(
            self.dataset,
            self.folds,
            self.settings,
            self.metric,
            self.budget,
            self._reserve,
            self.run,
            self.progress,
            baseline=gain,
            events=self.events,
            gather=gather,
        )
        trials = search.execute(portfolio, pool)
        for sentence in [*gather.notes, *gather.complaints()] if gather else []:
            self._note(sentence)
        if len(search.folds) < len(self.folds):
            self.folds = search.folds
            baseline = make_baseline(self.dataset, self.folds)
        plans = {name: item.plan for name, item in search.agenda.plans.items()}
        for plan, reason in portfolio.skipped:
            trials.setdefault(plan.name, Trial(plan.name, plan.family, "stopped", f"not tried: {reason}"))
        try:
            return self._conclude(trials, baseline, plans, pool, search.left_for_the_rest())
        except KeyboardInterrupt:
            if search.interrupted:
                raise
            search.stop(pool)
            return self._conclude(trials, baseline, plans, pool, search.left_for_the_rest())

    def _conclude(
        self,
        trials: dict[str, Trial],
        baseline: Trial,
        plans: dict[str, Plan],
        pool: WorkerPool,
        left: Budget,
    ) -> Result:
        """Weigh, refit and check in the time that is left; without any, what is there already is kept."""
        self.progress.phase("weighing the evidence")
        short = replace(left.share(at_most=self._share(EVIDENCE_SHARE)), cores=self.settings.n_jobs)
        parts = (self.dataset, self.metric, self.settings, short, self.run, self.folds)
        evidence = weigh(trials, baseline, plans, *parts)
        self.kinds = kinds_worth(trials, plans, self.dataset, self.metric, self.folds, self.settings.seed)
        if self.kinds:
            notes = (*evidence.verdict.notes, sentence_of(self.kinds, self.metric))
            evidence = replace(evidence, verdict=replace(evidence.verdict, notes=notes))
        return self._finish(evidence, plans, pool, left)

    def _open(self, held: ExitStack, portfolio: Portfolio) -> None:
        """Write the data set and the folds down, or find those of an earlier start; keep the lock."""
        wanted = {"fingerprint": fingerprint(self.dataset, self.settings), "settings": self._plain_settings()}
        if self.run.exists:
            held.enter_context(locked(self.run.path))
            if self.run.settings().get("fingerprint") != wanted["fingerprint"]:
                raise InputError(
                    f"'{self.run.path}' holds a run of other data, folds or seed.",
                    "A run is taken up again with the same data, target, folds and seed.",
                    "Name another run_dir, or remove this one.",
                )
            self.run.sweep()
            _, self.folds = self.run.load()
            return
        n_folds = self.settings.folds
        if n_folds is None:
            means = self.settings.seconds * self.settings.n_jobs if self.settings.timed else math.inf
            n_folds = affordable_folds(portfolio, self.dataset, means)
        self.folds = make_folds(self.dataset, n_folds, self.settings.seed)
        with self.run.begun():
            held.enter_context(locked(self.run.path))
            self.run.sweep()
            save_dataset(self.dataset, self.folds, self.run.data)
            self.run.write_settings(wanted)

    def _plain_settings(self) -> dict[str, Any]:
        plain = asdict(replace(self.settings, metric=None))
        for name in ("seconds", "memory"):
            plain[name] = plain[name] if math.isfinite(plain[name]) else None
        return {**plain, "metric": self.metric.name, "task": self.dataset.task, "target": self.dataset.target}

    def _share(self, share: float) -> float:
        seconds = self.settings.seconds
        return max(0.3, share * seconds) if math.isfinite(seconds) else math.inf

    def _reserve(self, seconds: list[float]) -> float:
        """Seconds that evidence, refit and checks need; the best few plans are likely to be refitted."""
        if not math.isfinite(self.settings.seconds):
            return 0.0
        k = len(self.folds)
        members = 4 if self.settings.prefer in {"accuracy", "balanced"} else 1
        most, spared = MOST_FOR_REFIT * self.settings.seconds, 0.0
        for fit in seconds[:members]:
            refit = fit * (k / (k - 1) if k > 1 else 1.25)
            together = max(refit, spared + refit / self.settings.n_jobs)
            spared = together if together <= most else spared  # one that takes too long is not refitted
        return spared + self._share(EVIDENCE_SHARE) + self._share(FINISH_SHARE)

    def _finish(self, evidence: Evidence, plans: dict[str, Plan], pool: WorkerPool, left: Budget) -> Result:
        if evidence.line is None:
            graph = self._baseline_graph()
            told = np.asarray(graph.run({INPUT: self.dataset.table}), dtype=np.float64)
            choice = Choice("baseline", "baseline", self.settings.prefer, evidence.reason, told)
            return self._result(evidence, choice, graph)
        rest = self._share(FINISH_SHARE) if self.settings.timed else 0.0
        time = left.share(at_most=max(0.0, left.left() - rest))
        refit = Refit(self.dataset, self.folds, self.settings, self.metric, time, self.run, self.progress)
        finish = Finish(self.dataset, self.settings, self.metric, refit, plans, pool)
        try:
            found = finish.build(evidence)
        finally:
            for sentence in finish.notes:
                self._note(sentence)
        self.parity = found.parity
        pool.lighten()
        evidence = keep(evidence, found)
        importances = self._importance(evidence, left)
        return replace(self._result(evidence, found.choice, found.graph), importances=importances)

    def _importance(self, evidence: Evidence, left: Budget) -> tuple[Any, ...]:
        self.progress.phase("asking what the columns are worth")
        fold = self.folds[0]
        assert evidence.line is not None
        local = evidence.line.local
        graphs = [self.run.graph(trial.name, fold.index) for trial in evidence.members]
        graph = simplify(local.lower(graphs))

        def answer(table: Table) -> NDArray[np.float64]:
            return np.asarray(graph.run({INPUT: table}), dtype=np.float64)

        budget = left.share(0.8) if self.settings.timed else Budget()
        dataset, _ = with_cells(self.run, self.dataset, {made.name for made in made_in(self.run)})
        return permutation_importance(answer, dataset, fold.test, self.metric, budget, self.settings.seed)

    def _baseline_graph(self) -> Graph:
        width = len(self.dataset.classes)
        X = np.zeros((len(self.dataset.y), 0))
        y = self.dataset.y.astype(np.int64) if width else np.asarray(self.dataset.y, dtype=np.float64)
        problem = Problem(self.dataset.task, width)
        model = Baseline().fit(X, y, self.dataset.weight, problem=problem)
        nothing = Node(Numbers(()), (INPUT,), "features")
        return Graph((nothing, *model.lower().nodes))

    def _result(self, evidence: Evidence, choice: Choice, graph: Graph) -> Result:
        dataset = self.dataset
        settings = {
            **self._plain_settings(),
            "folds": len(self.folds),
            "energy": "estimated",
            "versions": _versions(),
        }
        if self.folder:
            told = {"events": self.events, "choice": choice.name, "seconds_spent": self.budget.spent()}
            self.run.write_settings({**self.run.settings(), **told})
        return Result(
            dataset.task,
            self.metric.name,
            dataset.target,
            dataset.classes,
            dataset.schema,
            dataset.findings,
            np.asarray(dataset.y),
            evidence.rows,
            choice,
            evidence.verdict,
            graph,
            settings,
            self.budget.spent(),
            (),
            tuple(self.events),
            self.folder,
            self.parity,
            self.kinds,
        )

    def _note(self, sentence: str) -> None:
        self.events.append((self.budget.spent(), sentence))
        self.progress.note(sentence)


def keep(evidence: Evidence, found: Finished) -> Evidence:
    """Return evidence that says what was kept in the end."""
    rows = tuple(replace(row, chosen=row.name == found.line.name) for row in evidence.rows)
    return replace(evidence, rows=rows, line=found.line, members=found.members, reason=found.choice.reason)


def fingerprint(dataset: Dataset, settings: Settings) -> str:
    """Return a word that tells data, target, folds and seed apart from others."""
    parts: Sequence[Any] = (
        np.sort(row_hashes(dataset.table)),
        np.ascontiguousarray(dataset.y),
        json.dumps([dataset.task, dataset.target, settings.folds, settings.seed]).encode(),
    )
    total = 0
    for part in parts:
        total = zlib.crc32(part, total)
    return f"{total:08x}-{len(dataset.y)}"


def _versions() -> dict[str, str]:
    found = {"twofold": twofold.__version__, "python": platform.python_version()}
    for package in ("numpy", "scikit-learn", "lightgbm", "catboost", "torch", "onnxruntime"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def run_fit(
    dataset: Dataset, settings: Settings, budget: Budget, progress: Progress, folder: Path | None = None
) -> Result:
    """Fit: see `Run`."""
    return Run(dataset, settings, budget, progress, folder).execute()
