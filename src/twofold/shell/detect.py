"""Learn classes, and to say that a row is of none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twofold.shell.told import Told, finite


def detect(data: str, out: Path, level: float, options: dict[str, Any]) -> Told:
    """Fit a classifier that may answer "unknown", and save it.

    Parameters
    ----------
    data : str
    out : Path
        A folder.
    level : float
        Share of rows of known classes that may be called unknown.
    options : dict
        ``target``, ``task``, ``groups``, ``time``, ``schema``, ``budget`` and ``random_state``.
    """
    import time
    from dataclasses import replace

    from twofold.bundle.about import moment
    from twofold.bundle.save import check_place, save
    from twofold.core.budget import Budget, count_cores, parse_seconds
    from twofold.data.infer import read_schema_file
    from twofold.data.read import read_table
    from twofold.data.target import Roles, dataset_from_frame
    from twofold.hybrids.open_set import DETECTOR, UNKNOWN, OpenSetClassifier
    from twofold.search.senses import untried_reads

    check_place(out / "model")
    budget = Budget(parse_seconds(options["budget"]), cores=count_cores())
    roles = Roles(options["target"], groups=options["groups"], time=options["time"])
    declared = read_schema_file(options["schema"]) if options["schema"] else None
    dataset = dataset_from_frame(read_table(data), roles, task=options["task"], declared=declared)
    began = time.monotonic()
    plan = replace(DETECTOR, reads=untried_reads(dataset.schema))
    model = OpenSetClassifier(level, plan, options["random_state"]).fit(dataset, budget=budget)
    seconds = time.monotonic() - began
    save(model.bundle(moment()), out / "model")
    spared = model.calibrated_on_
    lines = [f"! {finding.sentence}" for finding in dataset.findings]
    lines += [
        f"{len(dataset.classes)} classes of '{dataset.target}' were learned in {seconds:.0f} s.",
        f"Of {spared:,} spared rows {model.accuracy_:.1%} are named rightly, before any is turned away.",
        f"At most {level:.3g} of the rows of these classes are answered '{UNKNOWN}', "
        "if new rows are like the spared ones.",
        "",
        f"  model   {out / 'model'}",
        "",
        "Next:",
        f"  twofold predict {out} NEW.csv --out answers.csv",
    ]
    told = {
        "classes": list(model.classes_),
        "level": level,
        "spared": spared,
        "accuracy": model.accuracy_,
        "seconds": seconds,
        "folder": str(out),
    }
    return Told("\n".join(lines), finite(told))
