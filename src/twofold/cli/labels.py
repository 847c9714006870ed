"""Labels: find wrong ones, spread the few that there are, and ask for those that tell most."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.app import EXITS, Data, Json, SchemaFile, Seed, Threads, answer, app
from twofold.shell.check_labels import check as check_labels
from twofold.shell.labels import Effort
from twofold.shell.next_labels import next_batch
from twofold.shell.spread_labels import spread as spread_labels

labels = typer.Typer(
    help="Scarce and noisy labels: both families, by hand and by network, look at them together.",
    epilog="Start with: twofold labels check train.csv --target kind --out suspects.csv",
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.add_typer(labels, name="labels")

Target = Annotated[str, typer.Option(help="The column of labels.")]
BudgetOption = Annotated[str, typer.Option(help="Wall clock of all fits, after cells were read: 60s, 5m.")]
Task = Annotated[str | None, typer.Option(help="binary, multiclass or regression.")]
Reads = Annotated[
    str | None, typer.Option(help="What text, pictures, clips and series are read with, with commas.")
]


@labels.command(epilog=f"Example: twofold labels check train.csv --target kind --out suspects.csv. {EXITS}")
def check(
    data: Data,
    target: Target,
    out: Annotated[Path, typer.Option(help="CSV or Parquet for suspected rows.")] = Path("suspects.csv"),
    clean: Annotated[Path | None, typer.Option(help="CSV or Parquet for the rows without them.")] = None,
    groups: Annotated[str | None, typer.Option(help="Column whose rows stay together.")] = None,
    folds: Annotated[
        int, typer.Option(help="Of the rows; each is judged by models of the others.", min=2)
    ] = 5,
    budget: BudgetOption = "5m",
    task: Task = None,
    schema: SchemaFile = None,
    reads: Reads = None,
    seed: Seed = 0,
    jobs: Threads = 1,
    as_json: Json = False,
) -> None:
    """Find labels that are probably wrong: models that have not learned from them would give others."""
    effort = Effort(budget, task, schema, reads, seed, jobs)
    told = check_labels(data, target, out, effort, groups, clean, folds)
    answer(told.data, told.text, as_json)


@labels.command(epilog=f"Example: twofold labels spread train.csv --target kind --out filled.csv. {EXITS}")
def spread(
    data: Data,
    target: Target,
    out: Annotated[Path, typer.Option(help="CSV or Parquet for the filled table.")] = Path("filled.csv"),
    least: Annotated[float, typer.Option(help="Probability of a label to be filled in.", min=0, max=1)] = 0.9,
    model: Annotated[Path | None, typer.Option(help="Folder, or .zip, for the model behind.")] = None,
    budget: BudgetOption = "5m",
    task: Task = None,
    schema: SchemaFile = None,
    reads: Reads = None,
    seed: Seed = 0,
    jobs: Threads = 1,
    as_json: Json = False,
) -> None:
    """Fill in labels where there are none: both families label for each other as far as that helps."""
    told = spread_labels(data, target, out, Effort(budget, task, schema, reads, seed, jobs), least, model)
    answer(told.data, told.text, as_json)


@labels.command("next", epilog=f"Example: twofold labels next train.csv --target kind --n 50. {EXITS}")
def ask(
    data: Data,
    target: Target,
    n: Annotated[int, typer.Option("--n", help="Rows to be labelled next.", min=1)] = 50,
    out: Annotated[Path, typer.Option(help="CSV or Parquet for these rows.")] = Path("next.csv"),
    budget: BudgetOption = "2m",
    task: Task = None,
    schema: SchemaFile = None,
    reads: Reads = None,
    seed: Seed = 0,
    jobs: Threads = 1,
    as_json: Json = False,
) -> None:
    """Choose the rows to label next: where both families are unsure or disagree, far from each other."""
    told = next_batch(data, target, n, out, Effort(budget, task, schema, reads, seed, jobs))
    answer(told.data, told.text, as_json)
