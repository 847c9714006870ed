"""Learn to recommend from a table of interactions, and suggest items to somebody."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from twofold.core.errors import InputError
from twofold.shell.told import Told, bundle_of, finite, key

TIMED = 20
"""Answers whose median time is told."""


def recommend(data: str, out: Path, items: str | None, users: str | None, options: dict[str, Any]) -> Told:
    """Judge all ways of recommending, and save the one that is kept."""
    from twofold.bundle.about import moment
    from twofold.bundle.save import check_place, save
    from twofold.data.read import read_table
    from twofold.hybrids.retrieve_rerank import Recommender

    check_place(out / "model")
    frame = read_table(data)
    about = [None if name is None else read_table(name) for name in (items, users)]
    began = time.monotonic()
    model = Recommender(**options).fit(frame, *about)
    seconds = time.monotonic() - began
    save(model.bundle(moment()), out / "model")
    lines, rows = _table(model)
    told = {
        "methods": rows,
        "kept": model.kept_,
        "verdict": model.verdict_ and model.verdict_.sentence,
        "division": model.division_,
        "seconds": seconds,
        "folder": str(out),
    }
    words = [*lines, ""]
    words += [model.verdict_.sentence] if model.verdict_ else []
    words += [f"Kept: '{model.kept_}', the simplest within a standard error of the best before the test.", ""]
    words += [f"  model   {out / 'model'}", "", "Next:", f"  twofold suggest {out} HISTORY --k 10"]
    return Told("\n".join(words), finite(told))


def _table(model: Any) -> tuple[list[str], list[dict[str, Any]]]:
    from twofold.hybrids.recommend.judging import interval
    from twofold.hybrids.recommend.methods import FAMILIES

    judged = model.test_ or model.validation_
    count = len(next(iter(judged.values())).ndcg)
    how = {
        "time": "cut at one time for all",
        "last": "each user's last ones; others' later ones are known then",
    }
    head = f"{'method':22} {'family':9} {'NDCG@10':>26}  {'recall@20':>26}"
    lines = [f"What {count:,} users had next ({how[model.division_]}), over all items:", "", head]
    rows = []
    for name, of in judged.items():
        both = [interval(values) for values in (of.ndcg, of.recall)]
        cells = [f"{mean:.4f} [{low:.4f}, {high:.4f}]" for mean, low, high in both]
        lines.append(f"{name:22} {FAMILIES[name]:9} {cells[0]:>26}  {cells[1]:>26}")
        rows.append(
            {"method": name, "family": FAMILIES[name], "ndcg_at_10": both[0], "recall_at_20": both[1]}
        )
    return lines, rows


def suggest(
    folder: Path, history: str, k: int, user: list[str], items: str | None, verify: str | None
) -> Told:
    """Suggest items to somebody with a history.

    Parameters
    ----------
    folder : Path
    history : str
        Items, oldest first, with the model's separator between; ``@FILE`` reads it from a file, one item a
        line.
    k : int
    user : list of str
        What is known of the user, as ``column=value``.
    items : str or None
        Table of items, whose first other column tells their names.
    verify : str or None
        File with the key.
    """
    from twofold.bundle.predictor import load
    from twofold.steps.histories import Histories

    model = load(bundle_of(folder), verify=key(verify))
    steps = [node.step for node in model.graph.nodes if isinstance(node.step, Histories)]
    if not steps:
        raise InputError(
            f"The model in '{folder}' does not recommend.",
            "A folder that `twofold recommend` wrote is needed.",
            "Name another folder, or use: twofold predict.",
        )
    if k < 1:
        raise InputError(f"k is {k}.", "At least one item is suggested.", "Take for instance --k 10.")
    step = steps[0]
    cell = _history(history, step.separator)
    row = {**dict.fromkeys(model.schema.names), **_known(user, model.schema.names), step.column: cell}
    shares, seconds = _timed(model, row)
    best = np.argsort(-shares, kind="stable")[:k]
    best = best[shares[best] > 0]
    found = [str(label) for label in model.classes_[best].tolist()]
    names = _names(items, model.about.target, found)
    unknown, given = step.unknown(cell), len(step.names(cell))
    pairs = enumerate(zip(found, names, strict=True), start=1)
    lines = [f"{place:3}  {item:12} {name}".rstrip() for place, (item, name) in pairs]
    if unknown:
        lines.append(f"! {unknown} of {given} item(s) of the history are unknown and were ignored.")
    if given == unknown:
        lines.append("! Nothing of the history is known; these are the most popular items.")
    lines.append(f"By '{model.about.model}', {1e3 * seconds:.1f} ms an answer.")
    told = {"items": found, "names": names, "unknown": unknown, "given": given, "seconds": seconds}
    return Told("\n".join(lines), told)


def _timed(model: Any, row: dict[str, Any]) -> tuple[Any, float]:
    """Return the shares of one row, and the median seconds of an answer."""
    shares, seconds = model.predict_proba([row])[0], []
    for _ in range(TIMED):
        began = time.perf_counter()
        model.predict_proba([row])
        seconds.append(time.perf_counter() - began)
    return shares, float(np.median(seconds))


def _names(items: str | None, column: str, found: list[str]) -> list[str]:
    """Return the names of items: what the first other column of their table says."""
    from twofold.data.read import read_table
    from twofold.steps.conform import as_array, to_text

    if items is None:
        return [""] * len(found)
    frame = read_table(items)
    others = [name for name in frame.columns if name != column]
    if column not in frame.columns or not others:
        raise InputError(
            f"The table of items has no column '{column}' with another beside it.",
            f"Its columns are: {', '.join(frame.columns[:30])}.",
            "Name the table that the model was fitted with.",
        )
    keys, words = (to_text(as_array(frame[name])).tolist() for name in (column, others[0]))
    known = dict(zip(keys, words, strict=True))
    return [known.get(item) or "" for item in found]


def _history(history: str, separator: str) -> str:
    if not history.startswith("@"):
        return history
    try:
        lines = Path(history[1:]).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"The history '{history[1:]}' cannot be read: {error}.",
            "It is a text file with one item a line.",
            "Check it.",
        ) from None
    return separator.join(line.strip() for line in lines if line.strip())


def _known(pairs: list[str], names: tuple[str, ...]) -> dict[str, str]:
    known = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or name not in names:
            raise InputError(
                f"'{pair}' says nothing about a user that the model reads.",
                f"Write column=value; the columns are: {', '.join(names[1:]) or 'none'}.",
                "Check the spelling, or leave it out.",
            )
        known[name] = value
    return known
