"""The worker process: reads jobs as JSON lines, answers with one JSON line each.

Protocol: standard input carries jobs, standard output answers; whatever libraries print goes to the
error stream. When the parent disappears, so does the worker, even in the middle of a fit.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from typing import Any


def _read_jobs(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        jobs.put(json.loads(line))
    os._exit(0)  # the parent is gone; a running fit must not outlive it


def main() -> None:
    """Serve jobs until standard input closes."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read_jobs, args=(jobs,), daemon=True).start()
    from twofold.search.jobs import run_job
    from twofold.search.memory import give_back

    while True:
        job = jobs.get()
        try:
            answer = {"ok": True, **run_job(job)}
        except MemoryError:
            answer = {"ok": False, "reason": "ran out of memory"}
        except Exception as error:  # noqa: BLE001 - whatever a model raises becomes a reason, not a crash
            traceback.print_exc()
            answer = {"ok": False, "reason": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
        give_back()


if __name__ == "__main__":
    main()
