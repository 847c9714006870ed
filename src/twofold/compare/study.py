"""The comparison itself: three workflows on the same rows, with the same seconds, on the same test rows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.graph_files import save_graph
from twofold.bundle.simplify import simplify
from twofold.compare.anatomy import Anatomy, dissect
from twofold.compare.case import Case, Divided, divide, label_subsets
from twofold.compare.fitting import Fitting, make_parts, reading_seconds
from twofold.compare.records import Fit, Study, Workflow
from twofold.compare.scores import draw_counts, paired_gain, score_with_interval
from twofold.compare.workflows import choose_candidates
from twofold.core.budget import Budget, count_cores
from twofold.core.errors import FitError
from twofold.core.table import Table
from twofold.data.store import save_dataset
from twofold.features.reading import WORDS
from twofold.metrics import get_metric
from twofold.search.cells import extractions
from twofold.search.gather import Gather
from twofold.search.pool import WorkerPool
from twofold.search.progress import Progress, Silent
from twofold.search.run_folder import RunFolder
from twofold.search.run_lock import TEMPORARY, locked, sweep_abandoned
from twofold.search.senses import senses_of
from twofold.steps.base import INPUT, Graph
from twofold.steps.extraction import linked
from twofold.workflow.plan import Plan

AT_ONCE = 256
"""Test rows that are answered together; what their cells give is shared by all workflows."""
FOR_ANATOMY = 64
FURTHER = {
    "binary": ("accuracy", "average_precision"),
    "multiclass": ("accuracy", "roc_auc"),
    "regression": ("mae", "r2"),
}


@dataclass(frozen=True)
class Asked:
    """What a user asked of a comparison.

    Parameters
    ----------
    seconds : float
        Wall clock for reading cells and fitting; scoring the test rows and drawing come on top.
    seed : int
    cores : int
    metric : str or None
    """

    seconds: float = 120.0
    seed: int = 0
    cores: int = 0
    metric: str | None = None


def compare(case: Case, asked: Asked, progress: Progress | None = None) -> Study:
    """Run the three workflows on a case.

    Parameters
    ----------
    case : Case
    asked : Asked
    progress : Progress or None

    Raises
    ------
    InputError
        When the rows cannot be divided or read.
    MissingExtraError
        When networks cannot be trained here.
    FitError
        When a workflow came to no model at all.
    """
    began = time.monotonic()
    progress = progress or Silent()
    progress.phase("dividing the rows")
    divided = divide(case, asked.seed)
    metric = get_metric(asked.metric, divided.dataset.task)
    sweep_abandoned()
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, ignore_cleanup_errors=True) as folder:
        run = RunFolder(Path(folder))
        with locked(run.path):
            fitting, notes = _fit(divided, run, asked, progress)
            workflows = _score(divided, run, fitting, asked, progress)
    counts = draw_counts(_strata(divided), asked.seed)
    return Study(
        case,
        divided.dataset.task,
        divided.dataset.classes,
        metric,
        len(divided.dataset.y),
        divided.official,
        divided.test,
        divided.y,
        {column.name: column.kind for column in divided.dataset.schema.used},
        workflows,
        {
            (one.family, other.family): paired_gain(
                metric, divided.y, one.last.predictions, other.last.predictions, counts
            )
            for place, one in enumerate(workflows)
            for other in workflows[:place]
        },
        asked.seconds,
        time.monotonic() - began,
        tuple(notes),
        {"seed": asked.seed, "cores": fitting.clock.cores, "budget": asked.seconds, "metric": metric.name},
    )


def _fit(divided: Divided, run: RunFolder, asked: Asked, progress: Progress) -> tuple[Fitting, list[str]]:
    dataset = divided.dataset
    cores = asked.cores or count_cores()
    parts = make_parts(dataset, label_subsets(dataset, asked.seed), asked.seed)
    save_dataset(dataset, parts.folds, run.data)
    senses = senses_of(dataset.schema, deep=True)
    notes = [f"{name} was left out: {reason}." for name, reason in senses.left_out]
    gather = None
    with WorkerPool(cores, 1) as pool:
        means = asked.seconds * cores
        first = choose_candidates(dataset, senses, means)
        wanted = {name for one in first for plan in one.plans for name in plan.reads}
        if wanted - {WORDS}:
            progress.phase("looking at the cells")
            gather = Gather(dataset, run, senses.only(wanted), asked.seconds, cores, asked.seed)
            senses = gather.prepare(pool)
        candidates = choose_candidates(dataset, senses, means)
        plans = {plan.name: plan.to_json() for one in candidates for plan in one.plans}
        run.write_settings({"plans": plans})
        metric = get_metric(asked.metric, dataset.task)
        clock = Budget(asked.seconds, cores=cores)  # by now the workers have loaded what they need
        fitting = Fitting(dataset, run, parts, candidates, metric, clock, asked.seed, progress)
        fitting.execute(pool, gather)
    notes += [*gather.notes, *gather.complaints()] if gather else []
    notes += [f"{name} did not finish a fit: {reason}." for (name, _), reason in dict(fitting.lost).items()]
    return fitting, list(dict.fromkeys(notes))


def _score(
    divided: Divided, run: RunFolder, fitting: Fitting, asked: Asked, progress: Progress
) -> tuple[Workflow, ...]:
    """Answer the test rows with every fit, reading their cells once; score and take apart."""
    progress.phase("answering the test rows")
    done: dict[tuple[str, int], Graph] = {}
    for family in ("ml", "dl", "hybrid"):
        plan = fitting.chosen.get(family)
        for part in fitting.parts.rationed() if plan else ():
            if plan is not None and fitting.result(plan, part) is not None:
                graph = run.graph(plan.name, part)
                done[family, part] = simplify(linked(graph, extractions(run, graph)))
    told = answers(divided.test, done)
    sample = divided.test.take(np.arange(min(FOR_ANATOMY, divided.test.n_rows)))
    counts = draw_counts(_strata(divided), asked.seed)
    found = []
    for one in fitting.candidates:
        own = {part: told[key] for key in told for part in [key[1]] if key[0] == one.family}
        last = fitting.parts.rationed()[-1]
        if last not in own:
            reasons = "; ".join(sorted(set(fitting.lost.values()))) or "no candidate finished"
            raise FitError(
                f"The workflow '{one.family}' came to no model with all labels ({reasons}).",
                "Each of the three needs a fit that ends in its time.",
                "Give it more time with --budget.",
            )
        graph = done[one.family, last]
        anatomy = _quickest(graph, sample)
        fits = tuple(
            _one_fit(divided, fitting, fitting.chosen[one.family], part, own[part], counts)
            for part in sorted(own)
        )
        plan = fitting.chosen[one.family]
        found.append(
            Workflow(
                one.family,
                plan.name,
                fitting.tried[one.family],
                fits,
                graph,
                anatomy,
                _size(graph),
                reading_seconds(run, _all_reads(plan, fitting), len(divided.dataset.y)),
                sum(stage.seconds for stage in anatomy.stages),
                {
                    label: score_with_interval(metric, divided.y, own[last], counts)
                    for label, metric in _further(fitting)
                },
            )
        )
    return tuple(found)


def answers(test: Table, graphs: dict[tuple[str, int], Graph]) -> dict[tuple[str, int], NDArray[np.float64]]:
    """Return what each graph answers for all test rows; rows go through in parts that share their cells."""
    parts: dict[tuple[str, int], list[NDArray[np.float64]]] = {key: [] for key in graphs}
    for start in range(0, test.n_rows, AT_ONCE):
        rows = replace(test.take(np.arange(start, min(start + AT_ONCE, test.n_rows))), memo={})
        for key, graph in graphs.items():
            parts[key].append(np.asarray(graph.run({INPUT: rows}), dtype=np.float64))
    return {key: np.concatenate(found) for key, found in parts.items()}


def _quickest(graph: Graph, sample: Table) -> Anatomy:
    """Take a graph apart twice: what is set up at first use is there the second time."""
    dissect(graph, replace(sample, memo={}))
    return dissect(graph, replace(sample, memo={}))


def _one_fit(
    divided: Divided,
    fitting: Fitting,
    plan: Plan,
    part: int,
    told: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> Fit:
    result = fitting.result(plan, part)
    assert result is not None
    below = fitting.run.result(plan.network, part) if plan.network else None
    return Fit(
        fitting.parts.shares[part - fitting.parts.n_choosing],
        len(fitting.parts.folds[part].train),
        score_with_interval(fitting.metric, divided.y, told, counts),
        told,
        result.seconds + (below.seconds if below else 0.0),
        result.rounds,
    )


def _all_reads(plan: Plan, fitting: Fitting) -> tuple[str, ...]:
    below = [one for all_of in fitting.candidates for one in all_of.plans if one.name == plan.network]
    return tuple(dict.fromkeys((*plan.reads, *(name for one in below for name in one.reads))))


def _further(fitting: Fitting) -> Sequence[tuple[str, Any]]:
    task = fitting.dataset.task
    metrics = [get_metric(name, task) for name in FURTHER.get(task, ())]
    return [(metric.label, metric) for metric in metrics if metric.name != fitting.metric.name]


def _strata(divided: Divided) -> NDArray[np.int64]:
    return divided.y.astype(np.int64) if divided.dataset.classes else np.zeros(len(divided.y), dtype=np.int64)


def _size(graph: Graph) -> int:
    with tempfile.TemporaryDirectory() as folder:
        save_graph(graph, Path(folder) / "graph")
        return sum(file.stat().st_size for file in (Path(folder) / "graph").rglob("*") if file.is_file())
