"""What commands for tables without a target begin with."""

from __future__ import annotations

from typing import Any

from twofold.core.control import Control
from twofold.data.dataset import Dataset


def read_unlabelled(data: str, options: dict[str, Any]) -> tuple[Dataset, tuple[str, ...], Control]:
    """Return the rows of a table, with what their cells are read, and how to run.

    Parameters
    ----------
    data : str
    options : dict
        ``leave_out`` (columns, with commas), ``schema`` (a file), ``budget`` and ``random_state``.
    """
    from twofold.core.budget import Budget, count_cores, parse_seconds
    from twofold.data.infer import read_schema_file
    from twofold.data.read import read_table
    from twofold.data.unlabelled import unlabelled_rows
    from twofold.search.senses import untried_reads

    budget = Budget(parse_seconds(options["budget"]), cores=count_cores())
    leave_out = [name.strip() for name in (options["leave_out"] or "").split(",") if name.strip()]
    declared = read_schema_file(options["schema"]) if options["schema"] else None
    rows = unlabelled_rows(read_table(data), leave_out, declared)
    return rows, untried_reads(rows.schema), Control(budget, options["random_state"])
