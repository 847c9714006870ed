"""What nobody has named: unusual rows, clusters, rows of no known class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twofold import shell
from twofold.cli.app import EXITS, Data, Json, SchemaFile, Seed, answer, app

LeaveOut = Annotated[
    str | None, typer.Option(help="Columns that are not looked at, with commas: keys, labels.")
]


@app.command(epilog=f"Example: twofold anomalies bills.csv --out unusual.csv --model watch. {EXITS}")
def anomalies(
    data: Data,
    out: Annotated[Path, typer.Option(help="CSV or Parquet to write: a line for each row.")],
    model: Annotated[Path | None, typer.Option(help="Folder for a model that judges new rows.")] = None,
    share: Annotated[float, typer.Option(help="Share of the rows to be called unusual.")] = 0.01,
    leave_out: LeaveOut = None,
    schema: SchemaFile = None,
    budget: Annotated[str, typer.Option(help="Wall clock that the training follows.")] = "120s",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Find unusual rows without labels: isolation, neighbours and an autoencoder, judged together."""
    options = _options(leave_out, schema, budget, seed)
    told = shell.anomalies(data, out, model, share, options)
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold cluster customers.csv --out groups --clusters 5. {EXITS}")
def cluster(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the model and the table of rows.")],
    clusters: Annotated[int | None, typer.Option(help="So many; the most stable number unless told.")] = None,
    most: Annotated[int, typer.Option(help="The most that are tried.", min=2, max=50)] = 12,
    by: Annotated[str, typer.Option(help="codes of an autoencoder, columns as they are, or auto.")] = "auto",
    leave_out: LeaveOut = None,
    schema: SchemaFile = None,
    budget: Annotated[str, typer.Option(help="Wall clock that the training follows.")] = "120s",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Divide rows into clusters and say in words what sets each apart; new rows are assigned by a model."""
    options = _options(leave_out, schema, budget, seed)
    told = shell.cluster(data, out, clusters, most, by, options)
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold detect known.csv --target kind --out watch. {EXITS}")
def detect(
    data: Data,
    target: Annotated[str, typer.Option(help="The column of classes.")],
    level: Annotated[
        float, typer.Option(help="Share of rows of known classes that may be called unknown.")
    ] = 0.05,
    task: Annotated[
        str | None, typer.Option(help="binary or multiclass, where the classes are numbers.")
    ] = None,
    groups: Annotated[str | None, typer.Option(help="Column whose rows stay together.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of times: the latest rows are spared.")] = None,
    schema: SchemaFile = None,
    budget: Annotated[str, typer.Option(help="Wall clock that the training follows.")] = "120s",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Folder for the model.")] = Path("twofold-detect"),
    as_json: Json = False,
) -> None:
    """Learn classes, and to answer "unknown" for rows of none of them, with a stated rate of false alarms."""
    options = _options(None, schema, budget, seed)
    options |= {"target": target, "task": task, "groups": groups, "time": time}
    told = shell.detect(data, out, level, options)
    answer(told.data, told.text, as_json)


def _options(leave_out: str | None, schema: str | None, budget: str, seed: int) -> dict[str, Any]:
    return {"leave_out": leave_out, "schema": schema, "budget": budget, "random_state": seed}
