"""Look at what was made: leaderboard, report, bundle, the same model again, data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold import shell
from twofold.cli.app import EXITS, Json, Model, Verify, answer, app


@app.command(epilog=f"Example: twofold leaderboard house. {EXITS}")
def leaderboard(
    folder: Annotated[Path, typer.Argument(help="The folder of a fit, or a kept run.")],
    as_json: Json = False,
) -> None:
    """Show everything that was tried, best first."""
    told = shell.leaderboard(folder)
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold report house --out report.html. {EXITS}")
def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a fit, or a kept run.")],
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("report.html"),
    as_json: Json = False,
) -> None:
    """Write the report of a finished run: one HTML file that opens offline."""
    told = shell.report(folder, out)
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold inspect house/model. {EXITS}")
def inspect(
    folder: Model,
    verify: Verify = None,
    as_json: Json = False,
) -> None:
    """Show what a model is made of, and check every hash; nothing of it is run."""
    told = shell.inspect(folder, verify)
    answer(told.data, told.text, as_json)
    if not told.good:
        raise typer.Exit(4)


@app.command(epilog=f"Example: twofold replay house. {EXITS}")
def replay(
    folder: Annotated[Path, typer.Argument(help="The folder of a fit, or a kept run.")],
    as_json: Json = False,
) -> None:
    """Fit a run's model again with the rounds that were written down, and compare."""
    told = shell.replay(folder)
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold datasets. {EXITS}")
def datasets(as_json: Json = False) -> None:
    """List the real data sets that are known, and which of them are here."""
    told = shell.datasets()
    answer(told.data, told.text, as_json)
