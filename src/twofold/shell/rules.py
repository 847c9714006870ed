"""Rules with models: check, lay over, explain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twofold.shell.told import Told, bundle_of, demand_table, finite, key, write_table, write_text

if TYPE_CHECKING:
    from twofold.bundle.about import About
    from twofold.bundle.predictor import Predictor
    from twofold.hybrids.rules.book import RuleBook


def check(folder: Path, rules: Path, data: str | None, target: str | None, trust_native: bool) -> Told:
    """Check rules against a model, and on the rows of a table."""
    from twofold.bundle.predictor import load
    from twofold.hybrids.rules.book import read_rules
    from twofold.hybrids.rules.remarks import remarks_of

    model = load(bundle_of(folder), trust_native=trust_native)
    book = read_rules(rules, model.about)
    remarks = remarks_of(book, model.about)
    lines, counted = rules_text(book, model.about), None
    if data is not None:
        more, counted, table = _on_rows(model, book, data, target, trust_native)
        remarks += more
        lines += table
    lines += [f"{remark.level}: '{remark.rule}': {remark.sentence}" for remark in remarks]
    good = all(remark.level != "error" for remark in remarks)
    lines.append(
        f"{len(book.rules)} rules: {'they can be laid over the model' if good else 'NOT to be used'}."
    )
    told = {"good": good, "remarks": [vars(remark) for remark in remarks], "rows": counted}
    return Told("\n".join(lines), finite(told), good=good)


def _on_rows(
    model: Predictor, book: RuleBook, data: str, target: str | None, trust_native: bool
) -> tuple[list[Any], dict[str, Any], list[str]]:
    """Return remarks, counts and their table for the rows of a table; with the truth, errors too."""
    from twofold.bundle.about import Bundle
    from twofold.bundle.predictor import Predictor
    from twofold.data.canonical import table_of
    from twofold.data.read import read_table
    from twofold.hybrids.rules.laying import decide, lay_over
    from twofold.hybrids.rules.remarks import remarks_on_rows
    from twofold.hybrids.rules.tally import score_both, tally

    frame = read_table(data)
    bundle = Bundle(model.about, model.graph)
    laid = lay_over(bundle, _without_errors(book, model.about), _others(book, trust_native))
    both = Predictor(laid.about, laid.graph)
    name = target or model.about.target
    y = None
    if name in frame.columns:
        frame, y = known_rows(model, frame, name)
    table = table_of(frame, both.schema)
    said, decisions, step = decide(laid.graph, table)
    used = replace(book, rules=step.rules, places=())
    rows = tally(used, laid.about, decisions, said, y)
    lines = [f"{len(frame):,} rows of {Path(data).name}:"]
    for row in rows:
        wrong = "error_of_model" in row
        told = f"; error {row['error_of_model']:.3g} -> {row['error_with_rules']:.3g}" if wrong else ""
        lines.append(
            f"  {row['rule'][:40]:40} fires {row['fires']:>7,}  heard {row['heard']:>7,}  "
            f"changes {row['changed']:>7,}{told}"
        )
    counted: dict[str, Any] = {"rows": len(frame), "rules": rows}
    if y is not None:
        counted["scores"] = score_both(model.about, said, decisions.answer, y)
        lines += [
            f"  {metric}: {before:.4g} without, {after:.4g} with the rules"
            for metric, (before, after) in counted["scores"].items()
        ]
    return remarks_on_rows(used, decisions), counted, lines


def _without_errors(book: RuleBook, about: About) -> RuleBook:
    """Leave out rules that cannot be laid over a model, so that the others can be looked at."""
    from twofold.hybrids.rules.remarks import remarks_of

    bad = {remark.rule for remark in remarks_of(book, about) if remark.level == "error"}
    kept = tuple(rule for rule in book.rules if rule.name not in bad)
    return replace(book, rules=kept, places=())


def _others(book: RuleBook, trust_native: bool) -> list[Any]:
    from twofold.bundle.about import Bundle
    from twofold.bundle.predictor import load

    others = [load(bundle_of(Path(folder)), trust_native=trust_native) for _, folder in book.models]
    return [Bundle(other.about, other.graph) for other in others]


def apply(
    folder: Path, rules: Path, out: Path, data: str | None, sign: str | None, trust_native: bool
) -> Told:
    """Lay rules over a model and save both as one bundle."""
    from twofold.bundle.about import Bundle
    from twofold.bundle.predictor import load
    from twofold.bundle.save import check_place, save
    from twofold.hybrids.rules.book import read_rules
    from twofold.hybrids.rules.laying import lay_over
    from twofold.hybrids.rules.remarks import refuse, remarks_of

    model = load(bundle_of(folder), trust_native=trust_native)
    book = read_rules(rules, model.about)
    check_place(out)
    laid = lay_over(Bundle(model.about, model.graph), book, _others(book, trust_native))
    remarks = remarks_of(book, model.about)
    lines: list[str] = []
    if data is not None:
        more, _, lines = _on_rows(model, book, data, None, trust_native)
        refuse(more)
        remarks += more
    place = save(laid, out, sign=key(sign))
    lines += [f"note: '{remark.rule}': {remark.sentence}" for remark in remarks]
    lines += [
        f"{len(book.rules)} rules were laid over '{model.about.model}'; the model with rules is in {place}.",
        f"  twofold predict {place} NEW.csv --out answers.csv",
        f"  twofold rules explain {place} NEW.csv --out audit.csv",
    ]
    told = {"out": str(place), "rules": len(book.rules), "remarks": [vars(remark) for remark in remarks]}
    return Told("\n".join(lines), told)


def explain(folder: Path, data: str, out: Path, every: bool, verify: str | None, trust_native: bool) -> Told:
    """Write who decided each row: one line for every rule that was heard."""
    import pandas as pd

    from twofold.bundle.predictor import load
    from twofold.data.read import read_table
    from twofold.hybrids.rules.audit import COLUMNS, audit

    demand_table(out, data, endings=(".csv", ".jsonl", ".parquet"))
    model = load(bundle_of(folder), verify=key(verify), trust_native=trust_native)
    frame = read_table(data)
    lines = audit(model, frame, every=every)
    found = pd.DataFrame(lines, columns=list(COLUMNS))
    if out.suffix.lower() == ".jsonl":
        write_text(out, found.to_json(orient="records", lines=True))
    else:
        write_table(found, out)
    ruled = found[found["rule"] != ""]
    rows, changed = ruled["row"].nunique(), ruled.loc[ruled["changed"], "row"].nunique()
    text = f"Rules were heard in {rows:,} of {len(frame):,} rows and changed {changed:,} answers: {out}."
    counts = {str(name): int(count) for name, count in ruled["rule"].value_counts(sort=False).items()}
    each = [f"  {name[:40]:40} {count:>7,} rows" for name, count in counts.items()]
    told = {"rows": len(frame), "heard": rows, "changed": changed, "rules": counts, "out": str(out)}
    return Told("\n".join([text, *each]), told)


def rules_text(book: RuleBook, about: About) -> list[str]:
    """Say each rule in words."""
    from twofold.hybrids.rules.words import did, rule_told

    names = [name for name, _ in book.models]
    lines = []
    for rule in book.rules:
        lines.append(f"  {rule.name}: if {rule_told(rule, about.schema)}: {did(rule, about, names)}")
        lines += [f"    {rule.because}"] if rule.because else []
    return lines


def known_rows(model: Predictor, frame: Any, target: str) -> tuple[Any, Any]:
    """Return the rows of a frame whose answer is known, and their true class codes or values."""
    import numpy as np

    from twofold.bundle.labels import known_targets

    y = known_targets(model.about, frame[target])
    known = y >= 0 if model.about.classes else np.isfinite(y)
    return frame[known], y[known]
