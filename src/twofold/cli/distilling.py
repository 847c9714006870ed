"""Distil a model into a student that is smaller, quicker or readable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twofold import shell
from twofold.cli.app import EXITS, Json, Native, Seed, Threads, answer, app


@app.command(epilog=f"Example: twofold distill house train.csv --into tree --out small. {EXITS}")
def distill(
    folder: Annotated[Path, typer.Argument(help="The teacher: the folder of a fit, or a bundle.")],
    data: Annotated[str, typer.Argument(help="Rows to distil on; the target may be missing.")],
    into: Annotated[str, typer.Option(help="trees, tree (to be read) or network.")] = "trees",
    unlabelled: Annotated[str | None, typer.Option(help="Further rows for the teacher to answer.")] = None,
    made_up: Annotated[float, typer.Option(help="Made-up rows for each real one.")] = 1.0,
    trust: Annotated[
        float, typer.Option(help="Share of the teacher in what is learned of a labelled row, 0 to 1.")
    ] = 0.7,
    leaves: Annotated[int, typer.Option(help="Most rules of the tree.", min=2, max=1_000)] = 16,
    budget: Annotated[str, typer.Option(help="Wall clock for each student's training.")] = "120s",
    seed: Seed = 0,
    jobs: Threads = 1,
    trust_native: Native = False,
    out: Annotated[Path, typer.Option(help="Folder for the student.")] = Path("twofold-distilled"),
    as_json: Json = False,
) -> None:
    """Teach a small model what a large one answers; compare both with the small one on labels alone."""
    from twofold.core.budget import parse_seconds

    options: dict[str, Any] = {
        "student": into,
        "augment": made_up,
        "trust": trust,
        "params": {"leaves": leaves} if into == "tree" else None,
        "seconds": parse_seconds(budget),
        "random_state": seed,
        "cores": jobs,
    }
    told = shell.distill(folder, data, out, unlabelled, options, trust_native)
    answer(told.data, told.text, as_json)
