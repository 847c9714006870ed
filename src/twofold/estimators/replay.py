"""Making a run's model once more from what the run wrote down."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twofold.core.errors import FitError, InputError
from twofold.search.jobs import Job, largest_difference
from twofold.search.pool import WorkerPool
from twofold.search.run_folder import WHOLE, RunFolder
from twofold.workflow.plan import Plan


@dataclass(frozen=True)
class Replayed:
    """One fit made again.

    Parameters
    ----------
    name, part : str
    difference : float
        Largest difference of an answer to the check rows, relative where answers exceed one.
    seconds : float
    """

    name: str
    part: str
    difference: float
    seconds: float


def replay(folder: Path) -> tuple[Replayed, ...]:
    """Fit the members of a run's model again, with the rounds that were written down, and compare.

    Parameters
    ----------
    folder : Path
        A kept run.

    Returns
    -------
    tuple of Replayed
        One for each refitted member.

    Raises
    ------
    InputError
        When the folder holds no finished run, or nothing was refitted.
    FitError
        When a fit that succeeded then fails now.
    """
    run = RunFolder(folder)
    settings = run.settings()
    plans = {name: Plan.from_json(plan) for name, plan in settings.get("plans", {}).items()}
    done = [name for name in plans if run.result(name, WHOLE) is not None]
    if not done:
        raise InputError(
            f"'{folder}' holds no model that was fitted on all rows.",
            "A run that ended in time has one; fold models are kept as they are.",
            "Fit again with a larger budget, or resume the run.",
        )
    run.load()
    again = Path(tempfile.mkdtemp(prefix="twofold-replay-"))
    try:
        shutil.copytree(run.data, again / "data")
        if run.cells.is_dir():  # what no label has touched is taken as it is
            shutil.copytree(run.cells, RunFolder(again).cells)
        RunFolder(again).write_settings(settings)
        with WorkerPool(1, 1) as pool:
            ordered = sorted(done, key=lambda name: bool(plans[name].network))
            seed = int(settings["settings"]["seed"])
            return tuple(_again(run, RunFolder(again), plans[name], seed, pool) for name in ordered)
    finally:
        shutil.rmtree(again, ignore_errors=True)


def _again(run: RunFolder, again: RunFolder, plan: Plan, seed: int, pool: WorkerPool) -> Replayed:
    before = run.result(plan.name, WHOLE)
    assert before is not None
    seconds = 1e9
    pool.submit(Job(str(again.path), plan, WHOLE, seconds, 1, seed, before.rounds).to_json(), seconds)
    events = pool.wait(seconds)
    if events[0].outcome != "done":
        raise FitError(
            f"{plan.name} could not be fitted again: {events[0].payload.get('reason', '')}.",
            "The same packages are needed as for the first fit.",
            "Compare their versions in run.json.",
        )
    old, new = (np.asarray(folder.prediction(plan.name, WHOLE, "check")) for folder in (run, again))
    return Replayed(plan.name, WHOLE, largest_difference(old, new, share=1.0), events[0].seconds)
