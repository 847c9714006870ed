"""What a worker does with a job: fit one plan on one part of the rows, and write down what came of it.

Everything passes through the run folder; a job and its answer are a few lines of plain data.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.graph_files import save_graph
from twofold.core import optional
from twofold.core.budget import Budget
from twofold.core.control import Control
from twofold.core.fold import Fold
from twofold.core.random import derive_seed
from twofold.data.dataset import Dataset
from twofold.data.split import inner_split
from twofold.data.store import load_dataset
from twofold.hybrids.deep_features import embed_out_of_fold, lower_deep_features, make_deep_columns
from twofold.models.base import Model
from twofold.search.cells import close_step, costs_of, fill, make_step, with_cells
from twofold.search.check_rows import make_check_table
from twofold.search.run_folder import WHOLE, PartResult, RunFolder, describe, whole_folder, write_json
from twofold.search.views_on_disk import encode_part
from twofold.steps.base import FEATURES, INPUT, Graph
from twofold.workflow.fitting import Sample, fit_sample, sample_of
from twofold.workflow.plan import Plan

PARITY = 1e-5


@dataclass(frozen=True)
class Job:
    """A plan to be fitted on one part.

    Parameters
    ----------
    run : str
        The run folder.
    plan : Plan
    part : str
        A fold's number, or ``all``.
    seconds : float
        What the fit may take; models that can stop early are told.
    threads : int
    seed : int
    rounds : int or None
        Rounds to run exactly (a refit); None to stop early by itself.
    """

    run: str
    plan: Plan
    part: str
    seconds: float
    threads: int
    seed: int
    rounds: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data for the worker."""
        return {**vars(self), "plan": self.plan.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Job:
        """Read what `to_json` wrote."""
        return cls(**{**data, "plan": Plan.from_json(data["plan"])})


@lru_cache(maxsize=2)
def _open(data: Path, written: int) -> tuple[Dataset, tuple[Fold, ...]]:
    """Read a data set once for all jobs; `written` tells it from an earlier one in the same place."""
    del written
    return load_dataset(data)


def rows_of(dataset: Dataset, folds: tuple[Fold, ...], part: str, seed: int) -> Fold:
    """Return the rows of a part; ``all`` leaves out the few that check the refit."""
    if part != WHOLE:
        return folds[int(part)]
    n = len(dataset.y)
    spared = spared_rows(dataset, folds, seed)
    return Fold(-1, np.setdiff1d(np.arange(n), spared), spared)


def spared_rows(dataset: Dataset, folds: tuple[Fold, ...], seed: int) -> NDArray[np.intp]:
    """Return the 5 % of rows that a refit is checked on: none up to 2,000 rows, or when time is ordered."""
    if len(dataset.y) <= 2_000 or dataset.time is not None:
        return np.empty(0, dtype=np.intp)
    scored = np.sort(np.concatenate([fold.test for fold in folds]))
    _, spared = inner_split(scored, dataset, 0.05, derive_seed(seed, "spared"))
    return spared


def _fit(job: Job, sample: Sample, dataset: Dataset, budget: Budget) -> Model:
    budget = replace(budget, cores=job.threads)
    return fit_sample(
        job.plan, sample, dataset, budget=budget, seed=job.seed, part=job.part, rounds=job.rounds
    )


def _sample(job: Job, dataset: Dataset, fold: Fold, view: str) -> Sample:
    run = RunFolder(Path(job.run))
    seen, reading = with_cells(run, dataset, job.plan.reads)
    seen = replace(seen, schema=seen.schema.without(job.plan.without))
    encoded = encode_part(run, seen, fold, view, job.part, job.seed, reading, job.plan.without)
    return sample_of(encoded, dataset, fold.train)


def _with_deep_columns(
    job: Job, dataset: Dataset, fold: Fold, sample: Sample, budget: Budget
) -> tuple[Model, Graph, Graph]:
    """Fit a head over columns and a network's embedding; return it, its native input, its whole graph."""
    run = RunFolder(Path(job.run))
    reference = run.graph(job.plan.network, job.part)
    finished = run.result(job.plan.network, job.part)
    assert finished is not None
    plan = network_plan(run, job.plan.network)
    below = _sample(replace(job, plan=plan), dataset, fold, plan.capabilities.view)
    network = plan.make().set_params(epochs=finished.rounds)
    rules = Control(replace(budget, cores=job.threads), derive_seed(job.seed, job.plan.name))
    embedded = embed_out_of_fold(
        network, reference, below.X, below.y, below.weight, problem=below.problem, control=rules
    )
    deep = make_deep_columns(reference, embedded, below.problem.n_classes)
    X = sample.X.toarray() if hasattr(sample.X, "toarray") else sample.X
    joined = replace(sample, X=np.hstack([X, deep.matrix]))
    model = _fit(job, joined, dataset, budget.share())
    whole = lower_deep_features(sample.encoder, reference, deep, model.lower())
    return model, whole, whole


def network_plan(run: RunFolder, name: str) -> Plan:
    """Return the plan of a finished network trial."""
    plans = run.settings()["plans"]
    return Plan.from_json(plans[name])


def _fit_part(job: Job, dataset: Dataset, fold: Fold) -> tuple[Model, Graph, Graph]:
    sample = _sample(job, dataset, fold, job.plan.capabilities.view)
    budget = Budget(job.seconds, cores=job.threads)  # encoded rows are shared: they are nobody's own time
    if job.plan.network:
        return _with_deep_columns(job, dataset, fold, sample, budget)
    model = _fit(job, sample, dataset, budget)
    return model, sample.encoder, sample.encoder + model.lower()


def run_job(data: dict[str, Any]) -> dict[str, Any]:
    """Fit, score, lower, and write the part's folder; return its summary. Cells are read by jobs too."""
    if "cells" in data:
        return _read_cells(data)
    close_step()
    job = Job.from_json(data)
    for package in job.plan.packages:
        optional.load(package, f"'{job.plan.name}'")  # once a process, and not out of the fit's own share
    began = time.perf_counter()
    run = RunFolder(Path(job.run))
    dataset, folds = _open(run.data, (run.data / "meta.json").stat().st_mtime_ns)
    fold = rows_of(dataset, folds, job.part, job.seed)
    reads = _all_reads(run, job.plan)
    model, encoder, graph = _fit_part(job, dataset, fold)
    dataset, _ = with_cells(run, dataset, reads)
    check = make_check_table(dataset, job.seed)
    X = encoder.run({INPUT: check}, FEATURES)
    native_answer = np.asarray(model.output(X), dtype=np.float64)
    graph, mismatch, native = _keep_what_agrees(model, graph, check, native_answer)
    scored = dataset.table.take(fold.test)
    tick = time.perf_counter()
    prediction = np.asarray(graph.run({INPUT: scored}), dtype=np.float64)
    cells = costs_of(run, dataset.schema.without(job.plan.without), reads)
    row_seconds = (time.perf_counter() - tick) / max(len(fold.test), 1) + sum(one.seconds for one in cells)
    seconds = time.perf_counter() - began
    with whole_folder(run.trial(job.plan.name, job.part)) as folder:
        save_graph(graph, folder / "graph")
        np.save(folder / "prediction.npy", prediction)
        np.save(folder / "check.npy", native_answer)
        size = sum(file.stat().st_size for file in (folder / "graph").rglob("*") if file.is_file())
        size += sum(one.size for one in cells)
        rounds = int(model.rounds_)
        parts = (job.plan.name, job.part, seconds, rounds, row_seconds, size, mismatch, native)
        result = PartResult(*parts, tuple((one.extractor, one.seconds, one.size) for one in cells))
        write_json(folder / "result.json", describe(result))
    return {"result": describe(result)}


def _all_reads(run: RunFolder, plan: Plan) -> tuple[str, ...]:
    """Return the extractors of a plan and of the network below it."""
    below = network_plan(run, plan.network).reads if plan.network else ()
    return tuple(dict.fromkeys((*plan.reads, *below)))


def _read_cells(data: dict[str, Any]) -> dict[str, Any]:
    """Make an extractor's step, or compute a stretch of its features."""
    run, job = RunFolder(Path(data["run"])), data["cells"]
    dataset, _ = _open(run.data, (run.data / "meta.json").stat().st_mtime_ns)
    column, name = job["column"], job["extractor"]
    if "rows" in job:
        return {"filled": fill(run, dataset, column, name, tuple(job["rows"]))}
    return {"made": asdict(make_step(run, dataset, column, name, job["seconds"], data["seed"]))}


def _keep_what_agrees(
    model: Model, graph: Graph, check: Any, native_answer: NDArray[np.float64]
) -> tuple[Graph, float, bool]:
    """Return the lowered graph if it answers like the model, else one with the booster's own file."""
    mismatch = largest_difference(native_answer, graph.run({INPUT: check}))
    if mismatch <= PARITY or not hasattr(model, "lower_native"):
        return graph, mismatch, False
    native = model.lower_native()
    kept = Graph(graph.nodes[: len(graph.nodes) - len(native.nodes)]) + native  # as many steps either way
    return kept, largest_difference(native_answer, kept.run({INPUT: check})), True


def largest_difference(a: NDArray[np.float64], b: NDArray[np.float64], share: float = 0.999) -> float:
    """Return the difference that this share of the rows stays within; relative where values exceed one."""
    if not len(a):
        return 0.0
    difference = np.max(np.abs(a - b) / np.maximum(1.0, np.abs(a)), axis=1)
    return float(np.quantile(difference, share, method="lower"))
