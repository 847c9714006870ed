"""From the evidence to one graph that answers like the models it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.parity import Parity, check_parity
from twofold.bundle.simplify import simplify, steps_of
from twofold.core.table import Table
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.evaluate.lines import Line
from twofold.hybrids.calibration import learn_calibration
from twofold.hybrids.threshold import learn_threshold
from twofold.metrics.base import Metric
from twofold.search.cells import extractions, made_in, with_cells
from twofold.search.check_rows import make_check_table
from twofold.search.evidence import Evidence, whole_answer
from twofold.search.pool import WorkerPool
from twofold.search.refit import Refit
from twofold.search.result import Choice
from twofold.search.settings import Settings
from twofold.steps.base import INPUT, Graph, Step
from twofold.steps.extraction import linked
from twofold.workflow.plan import Plan

READ_AGAIN = 24
"""Rows whose cells are read again by the finished graph; reading all of them would take minutes."""
RANKING = frozenset({"roc_auc", "average_precision"})


@dataclass(frozen=True)
class Finished:
    """A line as it ships.

    Parameters
    ----------
    line : Line
    members : tuple of Trial
    choice : Choice
    graph : Graph
        ``table`` -> ``prediction``, calibrated.
    parity : Parity
    """

    line: Line
    members: tuple[Trial, ...]
    choice: Choice
    graph: Graph
    parity: Parity


@dataclass
class Finish:
    """Refits, joins, calibrates and checks; what does not pass its check is passed over.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    metric : Metric
    refit : Refit
    plans : mapping of str to Plan
    pool : WorkerPool
    notes : list of str
        What a reader of the report should know.
    """

    dataset: Dataset
    settings: Settings
    metric: Metric
    refit: Refit
    plans: Mapping[str, Plan]
    pool: WorkerPool
    notes: list[str] = field(default_factory=list)

    def build(self, evidence: Evidence) -> Finished:
        """Return the chosen line, or the best one whose saved form answers like it.

        Raises
        ------
        BundleError
            When no line does.
        """
        assert evidence.line is not None
        first = self._one(evidence.line, evidence.members, evidence.reason)
        if first.parity.passed:
            return first
        apart = f"{first.parity.largest:.1g}"
        self.notes.append(f"{first.line.name} was not kept: saved, it answers otherwise by up to {apart}.")
        reason = f"The best of those whose saved form answers alike; '{first.line.name}' does not."
        for line, members in evidence.instead:
            found = self._one(line, members, reason)
            if found.parity.passed:
                return found
        first.parity.demand("The chosen model")
        return first

    def _one(self, line: Line, members: Sequence[Trial], reason: str) -> Finished:
        self.refit.fit(members, self.plans, self.pool)
        found = [self.refit.graph(trial) for trial in members]
        self.notes += self.refit.notes
        self.refit.notes.clear()
        join = line.local.named([trial.name for trial in members])
        graph = join.lower([graph for graph, _, _ in found])
        native = line.local.combine(np.stack([check for _, check, _ in found]))
        step, threshold, judged = self._tune(line, whole_answer(line, list(members)))
        if step is not None:
            graph, native = graph.answered_by(step), step.run(native)
        graph, parity = self._checked(simplify(graph), native)
        refitted = all(whole for _, _, whole in found)
        choice = Choice(line.name, line.family, self.settings.prefer, reason, judged, threshold, refitted)
        return Finished(line, tuple(members), choice, graph, parity)

    def _checked(self, graph: Graph, native: NDArray[np.float64]) -> tuple[Graph, Parity]:
        """Return a graph that reads cells by itself, and whether it answers like the model."""
        run = self.refit.run
        made = made_in(run)
        dataset, _ = with_cells(run, self.dataset, {one.name for one in made})
        table = make_check_table(dataset, self.settings.seed)
        lowered = np.asarray(graph.run({INPUT: table}), dtype=np.float64)
        for step in steps_of(graph):
            step.forget()
        relative = not self.dataset.classes
        parity = check_parity(native, lowered, relative=relative)
        if not made:
            return graph, parity
        few = table.take(np.arange(min(table.n_rows, READ_AGAIN)))
        whole = linked(graph, extractions(run, graph))
        again = np.asarray(whole.run({INPUT: Table(few.columns, few.n_rows, {})}), dtype=np.float64)
        linking = check_parity(lowered[: few.n_rows], again, relative=relative)
        return whole, parity if linking.passed else linking

    def _tune(
        self, line: Line, whole: NDArray[np.float64]
    ) -> tuple[Step | None, float | None, NDArray[np.float64]]:
        """Learn the calibration and the threshold of a line; return also what is to be judged.

        Rows that taught the calibration are judged by what the other half of them taught.
        """
        if not self.dataset.classes:
            return None, None, whole
        if line.join.fixed is not None:
            return None, line.join.fixed if whole.shape[1] == 2 else None, whole
        known = np.flatnonzero(np.isfinite(whole).all(axis=1))
        y, p = self.dataset.y[known], whole[known]
        weight = None if self.dataset.weight is None else self.dataset.weight[known]
        keep_order = self.metric.name in RANKING
        found = learn_calibration(p, y, weight, keep_order=keep_order)
        threshold = None
        if self.metric.decides and p.shape[1] == 2:
            threshold = learn_threshold(p if found is None else found.crossed, y, weight, self.metric)
        if found is None:
            return None, threshold, whole
        judged = whole.copy()
        judged[known] = found.crossed
        return found.step, threshold, judged
