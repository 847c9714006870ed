"""The shell: signatures and words; the work is done below."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from twofold import shell
from twofold.core.errors import InputError, StoppedError, TwofoldError

UsageError = typer.BadParameter.__base__
"""What the shell's parser raises: options that do not exist, values that are none."""


class _Commands(TyperGroup):
    """Commands whose Ctrl-C and whose wrong words are told like every other error."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # whoever read the output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except OSError as error:
            raise InputError(
                f"The system says: {error}.",
                "Files and folders have to be there, readable or writable, on a disk with room.",
                "Check the place that is named.",
            ) from error
        except KeyboardInterrupt:
            raise StoppedError(
                "Stopped before there was a model to keep.",
                "Once a first model is complete, Ctrl-C keeps the best so far.",
                "Run it again; a fit whose --out holds a run goes on with --resume.",
            ) from None


app = typer.Typer(
    name="twofold",
    cls=_Commands,
    help="Machine learning and deep learning joined, under one budget, with an honest verdict.",
    epilog="Start with: twofold demo",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]
EXITS = "Exit codes: 0 done, 1 fault, 2 bad input, 3 nothing fitted, 4 bad bundle, 5 package missing."


@app.command(epilog=f"Example: twofold fit train.csv --target price --budget 2m --out house. {EXITS}")
def fit(
    train: Annotated[str, typer.Argument(help="A table: CSV, Parquet, Feather, JSON lines, DuckDB.")],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    budget: Annotated[str, typer.Option(help="Wall clock for everything: 60s, 5m, 1h.")] = "60s",
    metric: Annotated[str | None, typer.Option(help="roc_auc, log_loss, f1, rmse, mae, ...")] = None,
    prefer: Annotated[str, typer.Option(help="accuracy, balanced, speed or readable.")] = "accuracy",
    task: Annotated[str | None, typer.Option(help="binary, multiclass or regression.")] = None,
    groups: Annotated[str | None, typer.Option(help="Column whose rows stay in one fold.")] = None,
    time: Annotated[str | None, typer.Option(help="Column of times that the folds respect.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column of sample weights.")] = None,
    schema: Annotated[str | None, typer.Option(help="YAML file: column: kind.")] = None,
    folds: Annotated[int | None, typer.Option(help="Number of folds.")] = None,
    candidates: Annotated[str | None, typer.Option(help="Models to try, with commas.")] = None,
    max_trials: Annotated[int | None, typer.Option(help="Try so many models, however long.")] = None,
    memory: Annotated[str | None, typer.Option(help="Most memory for all processes: 4GB.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Take up the run that lies in FOLDER.")] = False,
    slim: Annotated[
        bool, typer.Option("--slim", help="Keep large pretrained networks out of the model.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    jobs: Annotated[int | None, typer.Option(help="Processes; one a core unless told.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for model, report and run.")] = Path("twofold-out"),
    as_json: Json = False,
) -> None:
    """Train on a table; write a model, a report and the run to a folder."""
    names = [name.strip() for name in candidates.split(",")] if candidates else None
    options: dict[str, Any] = {
        "target": target,
        "budget": budget,
        "metric": metric,
        "prefer": prefer,
        "task": task,
        "groups": groups,
        "time": time,
        "weight": weight,
        "schema": schema,
        "folds": folds,
        "candidates": names,
        "max_trials": max_trials,
        "memory": memory,
        "n_jobs": jobs,
        "random_state": seed,
    }
    told = shell.fit(train, out, options, resume=resume, quiet=as_json, slim=slim)
    _answer(told.data, told.text, as_json)
    if told.interrupted:
        raise typer.Exit(130)


@app.command(epilog=f"Example: twofold predict house new.csv --out answers.csv. {EXITS}")
def predict(
    folder: Annotated[Path, typer.Argument(help="A model: the folder of a fit, or a bundle.")],
    data: Annotated[str, typer.Argument(help="A table with the columns of the training table.")],
    out: Annotated[Path, typer.Option(help="CSV or Parquet to write.")],
    verify: Annotated[str | None, typer.Option(help="File with the key it was signed with.")] = None,
    trust_native: Annotated[bool, typer.Option("--trust-native", help="Accept booster files.")] = False,
    as_json: Json = False,
) -> None:
    """Predict the rows of a table: a column `prediction`, and `proba_<class>` for classes."""
    told = shell.predict(folder, data, out, verify, trust_native)
    _answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold demo --budget 60s. {EXITS}")
def demo(
    budget: Annotated[str, typer.Option(help="Wall clock for the fit.")] = "75s",
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("twofold-demo"),
    as_json: Json = False,
) -> None:
    """Run the whole job on 19,219 reports of aircraft that struck wildlife, in two minutes."""
    told = shell.demo(budget, out, quiet=as_json)
    _answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold compare cars --budget 5m. {EXITS}")
def compare(
    data: Annotated[str, typer.Argument(help="A table, a folder of pictures by class, or: cars.")],
    target: Annotated[str | None, typer.Option(help="The column to predict; cars has its own.")] = None,
    budget: Annotated[str, typer.Option(help="Wall clock for reading and fitting: 120s, 5m.")] = "120s",
    metric: Annotated[str | None, typer.Option(help="roc_auc, log_loss, f1, rmse, mae, ...")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    jobs: Annotated[int | None, typer.Option(help="Processes; one a core unless told.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("twofold-compare"),
    as_json: Json = False,
) -> None:
    """Run features by hand, one network, and both joined side by side; show each stage on one page."""
    told = shell.compare(data, target, budget, metric, seed, jobs, out, quiet=as_json)
    _answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold leaderboard house. {EXITS}")
def leaderboard(
    folder: Annotated[Path, typer.Argument(help="The folder of a fit, or a kept run.")],
    as_json: Json = False,
) -> None:
    """Show everything that was tried, best first."""
    told = shell.leaderboard(folder)
    _answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold report house --out report.html. {EXITS}")
def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a fit, or a kept run.")],
    out: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("report.html"),
    as_json: Json = False,
) -> None:
    """Write the report of a finished run: one HTML file that opens offline."""
    told = shell.report(folder, out)
    _answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold inspect house/model. {EXITS}")
def inspect(
    folder: Annotated[Path, typer.Argument(help="A model: the folder of a fit, or a bundle.")],
    verify: Annotated[str | None, typer.Option(help="File with the key it was signed with.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a model is made of, and check every hash; nothing of it is run."""
    told = shell.inspect(folder, verify)
    _answer(told.data, told.text, as_json)
    if not told.good:
        raise typer.Exit(4)


@app.command(epilog=f"Example: twofold replay house. {EXITS}")
def replay(
    folder: Annotated[Path, typer.Argument(help="The folder of a fit, or a kept run.")],
    as_json: Json = False,
) -> None:
    """Fit a run's model again with the rounds that were written down, and compare."""
    told = shell.replay(folder)
    _answer(told.data, told.text, as_json)


@app.command(epilog=f"Example: twofold datasets. {EXITS}")
def datasets(as_json: Json = False) -> None:
    """List the real data sets that are known, and which of them are here."""
    told = shell.datasets()
    _answer(told.data, told.text, as_json)


def _version(value: bool) -> None:
    if value:
        import twofold

        typer.echo(f"twofold {twofold.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take options that come before the command."""
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _answer(data: dict[str, Any], text: str, as_json: bool) -> None:
    typer.echo(json.dumps(data, indent=1, default=str) if as_json else text)


def main() -> None:
    """Run a command; say errors in three parts, and leave with their exit code."""
    try:
        code = app(standalone_mode=False)
    except TwofoldError as error:
        raise SystemExit(_tell(error)) from None
    except UsageError as error:  # type: ignore[misc]  # an exception class, whatever typer calls it
        raise SystemExit(_tell(_in_three_parts(error))) from None
    raise SystemExit(code or 0)


def _tell(error: TwofoldError) -> int:
    lines = [("error", error.came), ("allowed", error.allowed), ("to do", error.todo)]
    sys.stderr.write("".join(f"{name + ':':9}{words}\n" for name, words in lines if words))
    return error.exit_code


def _in_three_parts(error: Any) -> InputError:
    context = error.ctx
    usage = context.get_usage().removeprefix("Usage: ") if context else "twofold COMMAND [OPTIONS]"
    command = context.command_path if context else "twofold"
    return InputError(error.format_message(), usage, f"See: {command} --help")
