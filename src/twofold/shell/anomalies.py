"""Tell which rows of a table are unusual, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twofold.shell.told import Told, demand_table, finite, write_table

if TYPE_CHECKING:
    from twofold.hybrids.anomalies import Anomalies

SHOWN = 10
"""Rows that are told in words."""


def anomalies(data: str, out: Path, model: Path | None, share: float, options: dict[str, Any]) -> Told:
    """Judge every row by parts that did not learn from it, and write what was found.

    Parameters
    ----------
    data : str
    out : Path
        CSV or Parquet: a line for each row.
    model : Path or None
        Where a bundle that judges new rows is saved.
    share : float
        Of the rows, to be called unusual.
    options : dict
        ``leave_out``, ``schema``, ``budget`` and ``random_state``.
    """
    from twofold.bundle.about import moment
    from twofold.bundle.save import check_place, save
    from twofold.core.interrupt import uninterrupted
    from twofold.hybrids.anomalies import check_share, fit_anomalies
    from twofold.shell.unlabelled import read_unlabelled

    check_share(share)
    demand_table(out, data)
    if model is not None:
        check_place(model)
    rows, reads, control = read_unlabelled(data, options)
    found = fit_anomalies(rows, reads=reads, control=control)
    bundle = found.bundle(rows.schema, share, moment())
    table = _table(found, share)
    with uninterrupted():
        write_table(table, out)
        place = None if model is None else save(bundle, model)
    unusual = table[table["unusual"]]
    worst = unusual.sort_values("share", kind="stable").head(SHOWN)
    lines = [f"{len(unusual):,} of {len(table):,} rows are among the most unusual {share:.3g}:", ""]
    lines += [f"  row {line.row:<8} share {line.share:<9.4g} {line.reasons}" for line in worst.itertuples()]
    lines += ["", f"All rows, with the share of rows that are at least as unusual: {out}"]
    told = {"rows": len(table), "unusual": len(unusual), "worst": worst.to_dict("records"), "out": str(out)}
    if model is not None:
        told["model"] = str(place)
        lines += [f"For new rows: twofold predict {model} NEW.csv --out answers.csv"]
    return Told("\n".join(lines), finite(told))


def _table(found: Anomalies, share: float) -> Any:
    """Return a line for each row, counted from 0."""
    import pandas as pd

    from twofold.hybrids.anomalies import PARTS, TINY

    reasons = (found.reasons(row) for row in range(len(found.unusual)))
    table = pd.DataFrame(
        {
            "row": np.arange(len(found.unusual)),
            "unusual": found.unusual >= 1.0 - share - TINY,
            "share": 1.0 - found.unusual,
            "reasons": [", ".join(f"{name} ({times:.3g}x)" for name, times in row) for row in reasons],
        }
    )
    return table.assign(**{name: found.scores[:, place] for place, name in enumerate(PARTS)})
