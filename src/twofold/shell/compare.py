"""Compare the textbook workflows and the third way."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from twofold.shell.told import Told, finite


def compare(
    data: str,
    target: str | None,
    budget: str,
    metric: str | None,
    seed: int,
    jobs: int | None,
    out: Path,
    *,
    quiet: bool,
) -> Told:
    """Compare the two textbook workflows and the third way on a table, and write the page."""
    from twofold.compare.case import named_case
    from twofold.compare.page import write_page
    from twofold.compare.study import Asked
    from twofold.compare.study import compare as compare_workflows
    from twofold.compare.summary import as_data, as_text
    from twofold.core.budget import Budget, parse_seconds
    from twofold.search.live import Lines, Live, Silent, watched
    from twofold.search.settings import check_jobs

    asked = Asked(parse_seconds(budget), seed, check_jobs(jobs), metric)
    out.mkdir(parents=True, exist_ok=True)  # whatever speaks against it is told before the work
    with ExitStack() as stack:
        progress: Any = Silent() if quiet else Lines()
        if watched() and not quiet:
            progress = stack.enter_context(Live(Budget(asked.seconds)))
        progress.phase("reading the rows")
        study = compare_workflows(named_case(data, target, seed), asked, progress)
        progress.phase("drawing the page")
        page = write_page(study, out / "compare.html")
    told = finite({**as_data(study), "page": str(page)})
    return Told(f"{as_text(study)}\n\n  page    {page}", told)
