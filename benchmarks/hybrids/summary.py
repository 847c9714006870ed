"""Turn the lines of the joins' benchmarks into a Markdown table.

python benchmarks/hybrids/summary.py hybrids.jsonl
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from common import interval


def told(gap: tuple[float, float, float]) -> str:
    """Return a difference with its interval, in three figures."""
    return f"{gap[0]:+.3g} [{gap[1]:+.3g}, {gap[2]:+.3g}]"


def row(line: dict[str, Any]) -> str:
    """Return one row of the table."""
    scores = {family: [one["score"] for one in line[family]] for family in ("ml", "dl", "hybrid")}
    better = max(("ml", "dl"), key=lambda family: np.mean(scores[family]))
    extra = {
        kind: np.mean([one[kind] for one in line["hybrid"]]) - np.mean([one[kind] for one in line[better]])
        for kind in ("seconds", "row_seconds")
    }
    share = line["test_share"]
    cells = [
        line["join"],
        line["data"],
        f"{line['rows']:,}",
        line["metric"],
        *(f"{abs(np.mean(scores[family])):.4g}" for family in ("ml", "dl", "hybrid")),
        told(interval(scores["hybrid"], scores["ml"], share)),
        told(interval(scores["hybrid"], scores["dl"], share)),
        f"{extra['seconds']:+.1f}",
        f"{1e6 * extra['row_seconds']:+.0f}",
        line["note"],
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "| join | data | rows | metric | ML alone | DL alone | joined | over ML | over DL "
    "| extra s | extra µs a row | note |\n|---|---|---:|---|---:|---:|---:|---|---|---:|---:|---|"
)

if __name__ == "__main__":
    lines = [json.loads(text) for text in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    latest = {(line["join"], line["data"], line["rows"]): line for line in lines}
    print(HEAD)
    for one in latest.values():
        print(row(one))
