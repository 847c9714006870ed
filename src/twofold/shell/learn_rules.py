"""Learn rules for a model, for a person to edit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from twofold.core.errors import InputError
from twofold.shell.kept_run import remember
from twofold.shell.rules import known_rows, rules_text
from twofold.shell.told import Told, bundle_of, finite, run_of, write_text

if TYPE_CHECKING:
    from twofold.bundle.about import About
    from twofold.bundle.predictor import Predictor
    from twofold.hybrids.rules.learning import Effort, Learned, Unseen

FEWEST = 100
"""Rows that rules are learned from, at least."""


def effort(
    actions: str, rules: int, conditions: int, confidence: float, precision: float, seed: int
) -> Effort:
    """Return what may be learned, from what was typed."""
    from twofold.hybrids.rules.learning import Effort, check_actions

    named = [word.strip() for word in actions.split(",") if word.strip()]
    return Effort(check_actions("--actions", named), rules, conditions, confidence, precision, seed)


def learn_rules_for(
    folder: Path,
    data: str | None,
    target: str | None,
    out: Path,
    source: str,
    effort: Effort,
    other: Path | None,
    trust_native: bool,
) -> Told:
    """Learn rules from rows that the model has not learned from, and write them for a person to edit."""
    from twofold.bundle.labels import answered_codes
    from twofold.bundle.predictor import load
    from twofold.hybrids.rules.book import RuleBook
    from twofold.hybrids.rules.learning import learn_certain_rules, learn_rules
    from twofold.hybrids.rules.writing import write_rules

    if source not in ("errors", "labels", "answers"):
        raise InputError(
            f"--from is '{source}'.",
            "Rules come from 'errors' of the model, from 'labels', or from the model's own 'answers'.",
            "Use one of these.",
        )
    model = load(bundle_of(folder), trust_native=trust_native)
    second = None if other is None else load(bundle_of(other), trust_native=trust_native)
    unseen, where = _unseen(model, second, folder, data, target)
    if source != "errors" and not model.about.classes:
        raise InputError(
            "The model answers values.",
            "Certain rules are learned for classes.",
            "Use --from errors.",
        )
    if source == "answers":
        unseen = replace(unseen, y=answered_codes(model.about, unseen.said))
    learned = (learn_rules if source == "errors" else learn_certain_rules)(unseen, effort)
    found = [vars(proof) for proof in learned.proofs]
    told = finite({"out": str(out) if found else None, "tried": learned.tried, "rules": found})
    if not found:
        words = f"None of {learned.tried} rules was proved. Nothing was written: keep the model as it is."
        return Told(f"{where}\n{words}", told)
    routed = any(rule.action == "route" for rule in learned.rules)
    models = (("other", str(other and other.resolve())),) if routed else ()
    book = RuleBook(learned.rules, models)
    write_text(out, write_rules(book, model.about, _head(model.about, source, where, learned)))
    lines = [
        where,
        *rules_text(book, model.about),
        f"{len(book.rules)} of {learned.tried} rules were proved; they are in {out}.",
        "Read and edit them, then: twofold rules apply FOLDER RULES --out NEWFOLDER",
    ]
    return Told("\n".join(lines), told)


def _head(about: About, source: str, where: str, learned: Learned) -> str:
    return (
        f"Rules for '{about.target}', learned from {source}. {where}\n"
        f"{learned.tried} were put to the proof, {len(learned.rules)} were proved. "
        "Intervals hold for all at once; a rule was proved in the rows that those before it leave."
    )


def _unseen(
    model: Predictor, second: Predictor | None, folder: Path, data: str | None, target: str | None
) -> tuple[Unseen, str]:
    """Return rows that the model has not learned from, and a sentence about them."""
    import numpy as np

    from twofold.data.canonical import table_of
    from twofold.data.read import read_table
    from twofold.hybrids.rules.learning import Unseen

    if data is None:
        return _out_of_fold(model, second, folder)
    frame = read_table(data)
    name = target or model.about.target
    if name not in frame.columns:
        raise InputError(
            f"'{data}' has no column '{name}'.", "The true answers are needed.", "Name them with --target."
        )
    frame, y = known_rows(model, frame, name)
    table = table_of(frame, model.schema)
    new = np.flatnonzero(~remember(folder, table).learned)
    if len(new) < FEWEST:
        raise InputError(
            f"'{data}' has {len(new)} rows that the model has not learned from, of {table.n_rows:,}.",
            f"{FEWEST} are needed: in rows that it knows the model looks better than it is.",
            "Bring new rows; or leave the table out, where the folder keeps the run of the fit.",
        )
    frame = frame.iloc[new]
    known = table.n_rows - len(new)
    more = f"; {known:,} that the model has learned from were left out" if known else ""
    other = None if second is None else second.output(frame)
    return (
        Unseen(table.take(new), model.about, y[new], model.output(frame), other),
        f"Learned from {len(new):,} rows of {Path(data).name}{more}.",
    )


def _out_of_fold(model: Predictor, second: Predictor | None, folder: Path) -> tuple[Unseen, str]:
    """Return the rows of a kept run with its out-of-fold answers."""
    import numpy as np

    from twofold.data.store import load_dataset
    from twofold.hybrids.rules.learning import Unseen
    from twofold.search.result_files import load_result

    if second is not None:
        raise InputError(
            "Another model was named, but no table.",
            "Both models have to answer rows that neither has learned from.",
            "Name such a table.",
        )
    result = load_result(run_of(folder))
    dataset, _ = load_dataset(run_of(folder) / "data")
    said = result.choice.predictions
    scored = np.flatnonzero(np.isfinite(said).all(axis=1))
    if len(scored) < FEWEST:
        raise InputError(
            f"The run has {len(scored)} rows with answers out of fold.",
            f"{FEWEST} are needed.",
            "Name a table of new rows.",
        )
    return (
        Unseen(dataset.table.take(scored), model.about, dataset.y[scored], said[scored]),
        f"Learned from the fit's {len(scored):,} rows, each answered by a model that had not seen it.",
    )
