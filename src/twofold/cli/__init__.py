"""The shell: signatures and words; the work is done below."""

from __future__ import annotations

import sys
from typing import Any

import typer

from twofold.cli import distilling, fitting, labels, looking, online, recommending, rules, unknowns
from twofold.cli.app import app
from twofold.core.errors import InputError, TwofoldError

__all__ = [
    "app",
    "distilling",
    "fitting",
    "labels",
    "looking",
    "main",
    "online",
    "recommending",
    "rules",
    "unknowns",
]

UsageError = typer.BadParameter.__base__
"""What the shell's parser raises: options that do not exist, values that are none."""


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
