"""Worker processes that can be killed: one JSON line in, one JSON line out, everything else on disk.

Workers are started with ``python -m twofold.search.worker``, never by forking or by importing the
user's script again, so that fitting works from any script, notebook or thread on every platform. Idle
workers are kept for the next fit of the same process, because their imports take longer than small fits.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import IO, Any, Literal

from twofold.core.errors import FitError
from twofold.search.memory import resident

Outcome = Literal["done", "failed", "died", "overdue"]

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "TWOFOLD_THREADS",
)
MUCH = 1e9
"""Bytes that parent and idle workers may hold before what follows a search is computed."""
FOR_GLIBC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "4194304",
}
"""It would keep a heap for each thread, and ever larger freed arrays; networks are as fast without."""


@dataclass(frozen=True)
class Event:
    """The end of a job.

    Parameters
    ----------
    job : dict
        As it was submitted.
    outcome : {"done", "failed", "died", "overdue"}
    payload : dict
        What the worker answered; for the others ``{"reason": sentence}``.
    seconds : float
        Wall clock from submission.
    """

    job: dict[str, Any]
    outcome: Outcome
    payload: dict[str, Any]
    seconds: float


@dataclass(eq=False)
class Worker:
    """One process and the job it runs."""

    process: subprocess.Popen[str]
    errors: IO[bytes]
    threads: int
    answers: queue.SimpleQueue[dict[str, Any] | None] = field(default_factory=queue.SimpleQueue)
    job: dict[str, Any] | None = None
    began: float = 0.0
    limit: float = 0.0

    @classmethod
    def start(cls, threads: int) -> Worker:
        """Start a process that keeps at most `threads` threads busy."""
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        for name, value in FOR_GLIBC.items():
            environment.setdefault(name, value)
        environment["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "twofold.search.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            env=environment,
            cwd=sys.prefix,  # a folder that stays: it outlives the caller's own, and a fit
            start_new_session=True,  # Ctrl-C in the terminal belongs to the parent alone
        )
        worker = cls(process, errors, threads)
        threading.Thread(target=worker._listen, daemon=True).start()
        return worker

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with contextlib.suppress(ValueError):  # closed while reading: the process is gone
            for line in self.process.stdout:
                self.answers.put(json.loads(line))
        self.answers.put(None)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def send(self, job: dict[str, Any], limit: float) -> None:
        """Give it a job; after `limit` seconds it counts as overdue."""
        assert self.process.stdin is not None
        self.job, self.began, self.limit = job, time.monotonic(), limit
        with contextlib.suppress(BrokenPipeError):  # a dead worker is noticed by its listener
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.errors.close()

    def last_words(self) -> str:
        """Return the end of what it wrote to its error stream."""
        with contextlib.suppress(OSError, ValueError):
            self.errors.seek(0)
            lines = self.errors.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""


_idle: list[Worker] = []
_lock = threading.Lock()


def _dismiss_all() -> None:
    with _lock:
        while _idle:
            _idle.pop().kill()


atexit.register(_dismiss_all)
if hasattr(os, "register_at_fork"):  # a forked child must not talk to its parent's workers
    os.register_at_fork(after_in_child=_idle.clear)


class WorkerPool:
    """A fixed number of workers for the time of one fit.

    Parameters
    ----------
    size : int
        Number of processes.
    threads : int
        Busy threads that each may have.
    """

    def __init__(self, size: int, threads: int) -> None:
        self.size = size
        self.threads = threads
        self.workers: list[Worker] = []

    def __enter__(self) -> WorkerPool:
        with _lock:
            warm = [worker for worker in _idle if worker.threads == self.threads and worker.alive]
            for worker in warm[: self.size]:
                _idle.remove(worker)
                self.workers.append(worker)
        while len(self.workers) < self.size:
            self.workers.append(Worker.start(self.threads))
        return self

    def __exit__(self, *exc_info: object) -> None:
        with _lock:
            for worker in self.workers:
                if worker.job is None and worker.alive:
                    _idle.append(worker)
                else:
                    worker.kill()
        self.workers = []

    @property
    def idle(self) -> int:
        """Number of workers without a job."""
        return sum(worker.job is None for worker in self.workers)

    @property
    def running(self) -> list[dict[str, Any]]:
        """The jobs that are under way."""
        return [worker.job for worker in self.workers if worker.job is not None]

    def submit(self, job: dict[str, Any], limit: float) -> None:
        """Give a job to an idle worker; it is killed when it takes longer than `limit` seconds."""
        for worker in self.workers:
            if worker.job is None:
                worker.send(job, limit)
                return
        raise FitError("Every worker is busy.", "", "Wait for an event first.")

    def wait(self, seconds: float) -> list[Event]:
        """Return the jobs that ended, waiting at most so many seconds for the first."""
        until = time.monotonic() + seconds
        while True:
            events = [event for worker in list(self.workers) for event in self._look(worker)]
            if events or time.monotonic() >= until or not self.running:
                return events
            time.sleep(0.004)

    def _look(self, worker: Worker) -> list[Event]:
        if worker.job is None:
            return []
        seconds = time.monotonic() - worker.began
        try:
            answer = worker.answers.get_nowait()
        except queue.Empty:
            if seconds <= worker.limit:
                return []
            sentence = f"took longer than its share of {worker.limit:.1f} s and was stopped"
            return [self.stop(worker, "overdue", sentence)]
        if answer is None:
            code = worker.process.wait()
            words = worker.last_words()
            sentence = f"its process ended with code {code}" + (f": {words}" if words else "")
            return [self.stop(worker, "died", sentence)]
        job, worker.job = worker.job, None
        outcome: Outcome = "done" if answer.pop("ok") else "failed"
        return [Event(job, outcome, answer, seconds)]

    def stop(self, worker: Worker, outcome: Outcome, sentence: str) -> Event:
        """Kill a worker, put a new one in its place, and report its job."""
        assert worker.job is not None
        event = Event(worker.job, outcome, {"reason": sentence}, time.monotonic() - worker.began)
        worker.kill()
        self.workers[self.workers.index(worker)] = Worker.start(self.threads)
        return event

    def lighten(self) -> None:
        """Put fresh workers in the place of idle ones, when all together hold much: libraries stay loaded."""
        idle = [worker for worker in self.workers if worker.job is None]
        if resident([os.getpid(), *(worker.process.pid for worker in idle)]) < MUCH:
            return
        for worker in idle:
            worker.kill()
            self.workers[self.workers.index(worker)] = Worker.start(self.threads)

    def stop_all(self) -> None:
        """Kill every worker that has a job; their results are not waited for."""
        for worker in list(self.workers):
            if worker.job is not None:
                worker.kill()
                self.workers.remove(worker)
