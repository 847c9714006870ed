"""The application that the commands are hung on."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from twofold.core.errors import InputError, StoppedError

ORDER = (
    *("fit", "predict", "demo", "compare", "leaderboard", "report", "inspect", "replay", "datasets"),
    *("distill", "update", "watch", "rules", "labels"),
    *("anomalies", "cluster", "detect", "recommend", "suggest"),
)
"""How the commands are listed: the main job first, then what goes on with its model, then other jobs."""
KEEPING = ("fit", "demo", "compare")
"""Commands that keep the best so far when they are stopped."""


class _Commands(TyperGroup):
    """Commands whose Ctrl-C and whose wrong words are told like every other error."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands in the order in which they are told."""
        return sorted(super().list_commands(ctx), key=ORDER.index)

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
            raise _stopped(ctx.invoked_subcommand) from None


def _stopped(command: str | None) -> StoppedError:
    if command in KEEPING:
        return StoppedError(
            "Stopped before there was a model to keep.",
            "Once a first model is complete, Ctrl-C keeps the best so far.",
            "Run it again; a fit whose --out holds a run goes on with --resume.",
        )
    return StoppedError(
        f"'{command}' was stopped before it was done.",
        "It writes whole files at its end, and keeps nothing of what it has begun.",
        "Run it again, with a smaller --budget where it has one.",
    )


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

Data = Annotated[str, typer.Argument(help="A table: CSV, Parquet, Feather, JSON lines, DuckDB.")]
Model = Annotated[Path, typer.Argument(help="A model: the folder of a fit, or a bundle.")]
SchemaFile = Annotated[str | None, typer.Option("--schema", help="YAML file: column: kind.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of everything random.")]
Threads = Annotated[int, typer.Option("--jobs", help="Threads.", min=1)]
Verify = Annotated[str | None, typer.Option("--verify", help="File with the key it was signed with.")]
Native = Annotated[bool, typer.Option("--trust-native", help="Accept booster files.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]
EXITS = "Exit codes: 0 done, 1 fault, 2 bad input, 3 nothing fitted, 4 bad bundle, 5 package missing."


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


def answer(data: dict[str, Any], text: str, as_json: bool) -> None:
    """Print what a command came to."""
    typer.echo(json.dumps(data, indent=1, default=str) if as_json else text)
