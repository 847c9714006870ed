"""Streams: go on learning, and watch for drift."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold import shell
from twofold.cli.app import EXITS, Json, Model, Native, Verify, answer, app

Target = Annotated[str | None, typer.Option(help="Column of the true labels; that of the fit unless told.")]


@app.command(epilog=f"Example: twofold update house new.csv --out house-2. {EXITS}")
def update(
    folder: Annotated[Path, typer.Argument(help="A model of classes: the folder of a fit, or a bundle.")],
    data: Annotated[str, typer.Argument(help="New rows with labels, in the order of time.")],
    out: Annotated[Path, typer.Option(help="Folder, or .zip, of the new model; the old one stays.")],
    target: Target = None,
    head: Annotated[str, typer.Option(help="For a model without one: mix, logistic, bayes or tree.")] = "mix",
    drift: Annotated[str, typer.Option(help="adwin, ddm, page-hinkley or none.")] = "adwin",
    sign: Annotated[str | None, typer.Option(help="File with a key to sign it with.")] = None,
    verify: Verify = None,
    trust_native: Native = False,
    as_json: Json = False,
) -> None:
    """Learn new rows on top of a frozen model; go back where that made it worse."""
    told = shell.update(
        folder, data, target, out, head, drift, sign, verify=verify, trust_native=trust_native
    )
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold watch house new.csv --against train.csv. {EXITS}")
def watch(
    folder: Model,
    data: Annotated[str, typer.Argument(help="Rows in the order of time, with or without labels.")],
    target: Target = None,
    against: Annotated[
        str | None, typer.Option(help="Rows from before, such as those of the fit; else the first third.")
    ] = None,
    drift: Annotated[str, typer.Option(help="Of errors: adwin, ddm, page-hinkley or none.")] = "adwin",
    trust_native: Native = False,
    as_json: Json = False,
) -> None:
    """Say which columns are no longer what they were, and where the errors have risen."""
    told = shell.watch(folder, data, target, against, drift, trust_native=trust_native)
    answer(told.data, told.text, as_json)
