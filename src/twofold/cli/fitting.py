"""Fit, predict, the demo, and the comparison of workflows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from twofold import shell
from twofold.cli.app import EXITS, Data, Json, Model, Native, SchemaFile, Seed, Verify, answer, app


@app.command(epilog=f"Example: twofold fit train.csv --target price --budget 2m --out house. {EXITS}")
def fit(
    train: Data,
    target: Annotated[str, typer.Option(help="The column to predict.")],
    budget: Annotated[str, typer.Option(help="Wall clock for everything: 60s, 5m, 1h.")] = "60s",
    metric: Annotated[str | None, typer.Option(help="roc_auc, log_loss, f1, rmse, mae, ...")] = None,
    prefer: Annotated[str, typer.Option(help="accuracy, balanced, speed or readable.")] = "accuracy",
    floor: Annotated[
        float | None,
        typer.Option(help="A cascade answers as its last stage in this share of the rows, surely: 0.98."),
    ] = None,
    task: Annotated[str | None, typer.Option(help="binary, multiclass or regression.")] = None,
    groups: Annotated[str | None, typer.Option(help="Column whose rows stay in one fold.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of times that the folds respect.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column of sample weights.")] = None,
    schema: SchemaFile = None,
    folds: Annotated[int | None, typer.Option(help="Number of folds.")] = None,
    candidates: Annotated[str | None, typer.Option(help="Models to try, with commas.")] = None,
    encoders: Annotated[
        str | None, typer.Option(help="Pretrained networks to read with: minilm, hf:owner/name, ...")
    ] = None,
    max_trials: Annotated[int | None, typer.Option(help="Try so many models, however long.")] = None,
    memory: Annotated[str | None, typer.Option(help="Most memory for all processes: 4GB.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Take up the run that lies in FOLDER.")] = False,
    slim: Annotated[
        bool, typer.Option("--slim", help="Keep large pretrained networks out of the model.")
    ] = False,
    seed: Seed = 0,
    jobs: Annotated[int | None, typer.Option(help="Processes; one a core unless told.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for model, report and run.")] = Path("twofold-out"),
    as_json: Json = False,
) -> None:
    """Train on a table; write a model, a report and the run to a folder."""
    options: dict[str, Any] = {
        "target": target,
        "budget": budget,
        "metric": metric,
        "prefer": prefer,
        "floor": floor,
        "task": task,
        "groups": groups,
        "time": time,
        "weight": weight,
        "schema": schema,
        "folds": folds,
        "candidates": _names(candidates),
        "encoders": _names(encoders),
        "max_trials": max_trials,
        "memory": memory,
        "n_jobs": jobs,
        "random_state": seed,
    }
    told = shell.fit(train, out, options, resume=resume, quiet=as_json, slim=slim)
    answer(told.data, told.text, as_json)
    if told.interrupted:
        raise typer.Exit(130)


def _names(joined: str | None) -> list[str] | None:
    return [name.strip() for name in joined.split(",")] if joined else None


@app.command(epilog=f"Example: twofold predict house new.csv --out answers.csv. {EXITS}")
def predict(
    folder: Model,
    data: Annotated[str, typer.Argument(help="A table with the columns of the training table.")],
    out: Annotated[Path, typer.Option(help="CSV or Parquet to write.")],
    explain: Annotated[
        Path | None, typer.Option(help="CSV or Parquet to write: which stage of a cascade answered, and why.")
    ] = None,
    verify: Verify = None,
    trust_native: Native = False,
    as_json: Json = False,
) -> None:
    """Predict the rows of a table: a column `prediction`, and `proba_<class>` for classes."""
    told = shell.predict(folder, data, out, verify, trust_native, explain)
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold demo --budget 60s. {EXITS}")
def demo(
    budget: Annotated[str, typer.Option(help="Wall clock for the fit.")] = "75s",
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("twofold-demo"),
    as_json: Json = False,
) -> None:
    """Run the whole job on 19,219 reports of aircraft that struck wildlife, in two minutes."""
    told = shell.demo(budget, out, quiet=as_json)
    answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold compare cars --budget 5m. {EXITS}")
def compare(
    data: Annotated[str, typer.Argument(help="A table, a folder of pictures by class, or: cars.")],
    target: Annotated[str | None, typer.Option(help="The column to predict; cars has its own.")] = None,
    budget: Annotated[str, typer.Option(help="Wall clock for reading and fitting: 120s, 5m.")] = "120s",
    metric: Annotated[str | None, typer.Option(help="roc_auc, log_loss, f1, rmse, mae, ...")] = None,
    seed: Seed = 0,
    jobs: Annotated[int | None, typer.Option(help="Processes; one a core unless told.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("twofold-compare"),
    as_json: Json = False,
) -> None:
    """Run features by hand, one network, and both joined side by side; show each stage on one page."""
    told = shell.compare(data, target, budget, metric, seed, jobs, out, quiet=as_json)
    answer(told.data, told.text, as_json)
