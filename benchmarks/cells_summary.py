"""Turn the lines of `cells.py` into two Markdown tables: what was kept, and each family on the folds.

python benchmarks/cells_summary.py cells.jsonl
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

OURS = ("ml", "dl", "hybrid")


def interval(values: Sequence[float], share: float) -> str:
    """Return the mean with its 95 % interval, corrected for overlapping rows (Nadeau and Bengio 2003)."""
    n = len(values)
    if n < 2:
        return f"{np.mean(values):.4f}"
    half = student.ppf(0.975, n - 1) * np.std(values, ddof=1) * np.sqrt(1 / n + share)
    return f"{np.mean(values):.4f} ± {half:.4f}"


def rows_of(lines: list[dict[str, Any]]) -> list[str]:
    """Return one row of the first table for each metric, with the references that know it."""
    learned, scored = lines[0]["rows"]
    share = scored / learned
    kept = ", ".join(f"{name} {count}" for name, count in Counter(line["family"] for line in lines).items())
    out = []
    for metric in lines[0]["scores"]:
        beside = []
        for reference, told in lines[0].items():
            if isinstance(told, dict) and reference not in ("scores", "families") and metric in told:
                gaps = [line["scores"][metric] - line[reference][metric] for line in lines]
                beside.append(f"{interval(gaps, share)} over {reference}")
        out.append(
            f"| {lines[0]['set']} | {lines[0]['budget']:.0f} | {len(lines)} | {learned:,} | {metric} "
            f"| {interval([line['scores'][metric] for line in lines], share)} | {'; '.join(beside)} | {kept} "
            f"| {np.mean([line['seconds'] for line in lines]):.0f} "
            f"| {np.median([line['row_ms'] for line in lines]):.2f} |"
        )
    return out


def families_of(lines: list[dict[str, Any]]) -> str:
    """Return one row of the second table: scores on the folds, and what the verdicts said."""
    cells = []
    for family in OURS:
        found = [line["families"][family]["score"] for line in lines if family in line["families"]]
        cells.append(f"{np.mean(found):.4f}" if found else "–")
    words = Counter(line["verdict"].partition(":")[0] for line in lines)
    said = "; ".join(f"{word} ({count})" for word, count in words.most_common())
    return f"| {lines[0]['set']} | {lines[0]['budget']:.0f} | " + " | ".join(cells) + f" | {said} |"


def main() -> None:
    groups: dict[tuple[str, float], dict[int, dict[str, Any]]] = {}
    for name in sys.argv[1:]:
        for text in Path(name).read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            groups.setdefault((line["set"], line["budget"]), {})[line["seed"]] = line
    print(
        "| set | budget s | divisions | rows | metric | kept model | beside | kept family | fit s | row ms |"
    )
    print("|---|---:|---:|---:|---|---:|---|---|---:|---:|")
    for of in groups.values():
        print("\n".join(rows_of(list(of.values()))))
    print("\n| set | budget s | ml | dl | hybrid | verdicts |\n|---|---:|---:|---:|---:|---|")
    for of in groups.values():
        print(families_of(list(of.values())))


if __name__ == "__main__":
    main()
