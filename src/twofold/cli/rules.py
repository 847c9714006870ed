"""Rules with models: learn, check, apply, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twofold.cli.app import EXITS, Json, Model, Native, Seed, Verify, answer, app
from twofold.shell import learn_rules as learning
from twofold.shell import rules as work

rules = typer.Typer(
    help="Rules over a model: what is known decides, the model answers the rest.",
    epilog="Start with: twofold rules learn house --out rules.yaml",
    rich_markup_mode=None,
    no_args_is_help=True,
)
app.add_typer(rules, name="rules")

File = Annotated[Path, typer.Argument(help="YAML file of rules.")]
Target = Annotated[str | None, typer.Option(help="Column of the true answers; else the model's own.")]


@rules.command(epilog=f"Example: twofold rules learn house new.csv --target price --out rules.yaml. {EXITS}")
def learn(
    folder: Model,
    data: Annotated[
        str | None,
        typer.Argument(help="Rows that the model has not learned from; those of the kept run unless told."),
    ] = None,
    target: Target = None,
    out: Annotated[Path, typer.Option(help="YAML file to write.")] = Path("rules.yaml"),
    source: Annotated[
        str, typer.Option("--from", help="errors of the model, labels, or the model's own answers.")
    ] = "errors",
    actions: Annotated[
        str, typer.Option(help="What rules that mend errors may do: route, prior, override.")
    ] = "route,prior",
    other: Annotated[Path | None, typer.Option(help="Another model that rows may be sent to.")] = None,
    most: Annotated[int, typer.Option("--rules", help="Most rules of each action.", min=1, max=100)] = 8,
    conditions: Annotated[int, typer.Option(help="Most conditions of a rule.", min=1, max=6)] = 3,
    confidence: Annotated[float, typer.Option(help="Of all intervals together.", min=0.5, max=0.999)] = 0.95,
    precision: Annotated[
        float,
        typer.Option(
            help="Share of right answers to be proved (labels, answers).",
            min=0.5,
            max=0.999,
        ),
    ] = 0.95,
    seed: Seed = 0,
    trust_native: Native = False,
    as_json: Json = False,
) -> None:
    """Learn rules where the model errs, or what is certain; prove them on rows they were not grown on."""
    effort = learning.effort(actions, most, conditions, confidence, precision, seed)
    told = learning.learn_rules_for(folder, data, target, out, source, effort, other, trust_native)
    answer(told.data, told.text, as_json)


@rules.command(epilog=f"Example: twofold rules check house rules.yaml new.csv. {EXITS}")
def check(
    folder: Model,
    file: File,
    data: Annotated[str | None, typer.Argument(help="Rows to try the rules on.")] = None,
    target: Target = None,
    trust_native: Native = False,
    as_json: Json = False,
) -> None:
    """Say what is wrong with rules: unknown columns, contradictions, rules never heard, disagreements."""
    told = work.check(folder, file, data, target, trust_native)
    answer(told.data, told.text, as_json)
    if not told.good:
        raise typer.Exit(2)


@rules.command(epilog=f"Example: twofold rules apply house rules.yaml --out ruled-house. {EXITS}")
def apply(
    folder: Model,
    file: File,
    out: Annotated[Path, typer.Option(help="Folder, or .zip, of the model with rules.")],
    data: Annotated[str | None, typer.Option(help="Rows to check the rules on first.")] = None,
    sign: Annotated[str | None, typer.Option(help="File with a key to sign it with.")] = None,
    trust_native: Native = False,
    as_json: Json = False,
) -> None:
    """Lay rules over a model: one bundle that predicts like every other."""
    told = work.apply(folder, file, out, data, sign, trust_native)
    answer(told.data, told.text, as_json)


@rules.command(epilog=f"Example: twofold rules explain ruled-house new.csv --out audit.csv. {EXITS}")
def explain(
    folder: Annotated[Path, typer.Argument(help="A model with rules.")],
    data: Annotated[str, typer.Argument(help="A table with the columns of the training table.")],
    out: Annotated[Path, typer.Option(help="CSV, JSON lines or Parquet to write.")] = Path("audit.csv"),
    every: Annotated[bool, typer.Option("--all", help="Also rows in which no rule was heard.")] = False,
    verify: Verify = None,
    trust_native: Native = False,
    as_json: Json = False,
) -> None:
    """Write who decided: for each row and rule heard, what the model said and what was answered."""
    told = work.explain(folder, data, out, every, verify, trust_native)
    answer(told.data, told.text, as_json)
