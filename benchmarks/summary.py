"""What the lines of `tables.py` come to: a table in Markdown, ranks, and how often each promise was kept.

python benchmarks/summary.py tables.jsonl
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

GREATER = {"roc_auc"}
FAMILIES = ("ml", "dl", "hybrid")


def better(line: dict[str, Any], ours: float, theirs: float) -> float:
    """Return 1 when ours is better, 0 when theirs is, one half when they are equal as printed."""
    a, b = (float(f"{value:.4g}") for value in (ours, theirs))
    return 0.5 if a == b else float((a > b) == (line["metric"] in GREATER))


def beats_baseline(line: dict[str, Any], family: str) -> bool:
    """Tell whether a family's whole interval lies on the better side of the baseline."""
    if family not in line["families"]:
        return False
    _, low, high = line["families"][family]
    return bool(low > line["baseline"] if line["metric"] in GREATER else high < line["baseline"])


def main() -> None:
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    lines = [json.loads(row) for row in text.splitlines()]
    print(
        "| table | metric | twofold | AutoGluon | kept | verdict | fit s | one row ms | 10,000 rows s | MB |"
    )
    print("|---|---|---:|---:|---|---|---:|---:|---:|---:|")
    for line in lines:
        theirs = f"{line['autogluon']:.5g}" if line["autogluon"] is not None else ""
        verdict = line["verdict"].split(":")[0]
        print(
            f"| {line['table']} | {line['metric']} | {line['score']:.5g} | {theirs} "
            f"| {line['chosen']} ({line['family']}) | {verdict} | {line['seconds']:.0f} "
            f"| {line.get('row_ms', float('nan')):.1f} | {line.get('rows_10k_s', float('nan')):.2f} "
            f"| {line['bytes'] / 1e6:.1f} |"
        )
    both = [line for line in lines if line["autogluon"] is not None]
    wins = np.array([better(line, line["score"], line["autogluon"]) for line in both])
    print(f"\n{len(lines)} tables; on {len(both)} with a figure of AutoGluon's:")
    print(f"- better on {int((wins == 1).sum())}, worse on {int((wins == 0).sum())}")
    print(f"- mean rank of the two: twofold {2 - wins.mean():.2f}, AutoGluon {1 + wins.mean():.2f}")
    for family in FAMILIES:
        present = [line for line in lines if family in line["families"]]
        kept = sum(beats_baseline(line, family) for line in present)
        print(f"- {family}: finished on {len(present)}, its interval beats the baseline on {kept}")
    held = sum(
        line["expected"] is not None and line["expected"][1] <= line["score"] <= line["expected"][2]
        for line in lines
    )
    print(f"- the printed 95 % interval holds the test score on {held} of {len(lines)}")
    print(f"- largest peak of memory {max(line.get('peak_gb', 0) for line in lines):.2f} GB")
    print(f"- longest fit {max(line['seconds'] for line in lines):.1f} s")
    for name in ("row_ms", "rows_10k_s"):
        found = [line[name] for line in lines if name in line]
        print(f"- median {name}: {np.median(found):.3g} (worst {max(found):.3g})")


if __name__ == "__main__":
    main()
