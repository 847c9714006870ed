"""Reading all cells: which extractors the time allows, and stretch by stretch what they make."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twofold.core.errors import InputError
from twofold.core.table import Unreadable, told_unreadable
from twofold.data.dataset import Dataset
from twofold.features.extractor import base_name, make_extractor
from twofold.search.cells import Made, learns, made_in, stretches
from twofold.search.pool import Event, WorkerPool
from twofold.search.run_folder import RunFolder
from twofold.search.senses import Senses

DEEP_SHARE, HAND_SHARE = 0.2, 0.3
"""Of the whole time, what reading all cells with a network may take, and with everything else together."""
LOADING, LOADING_SHARE = 10.0, 0.35
"""Seconds, or a share of the time, that an extractor may take to be made: a cold disk loads torch slowly."""
STRETCH = 2.0
"""Seconds that a stretch of rows takes: short enough for plans to start early, long enough to be worth it."""


@dataclass
class Gather:
    """What is made of the cells, as the parent sees it.

    Parameters
    ----------
    dataset : Dataset
    run : RunFolder
    senses : Senses
    seconds : float
        Of the whole fit; infinite where rounds are counted.
    cores, seed : int
    """

    dataset: Dataset
    run: RunFolder
    senses: Senses
    seconds: float
    cores: int
    seed: int
    notes: list[str] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    _made: dict[tuple[str, str], Made] = field(default_factory=dict)
    _open: dict[tuple[str, str], list[tuple[int, int]]] = field(default_factory=dict)
    _running: dict[tuple[str, str], int] = field(default_factory=dict)
    _again: set[tuple[str, str]] = field(default_factory=set)
    _unreadable: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)

    def prepare(self, pool: WorkerPool) -> Senses:
        """Make and time the steps of all extractors that are not fitted; return those there is time for."""
        waiting = [
            (column, name) for name in self.senses.names if not learns(name) for column in self._columns(name)
        ]
        for made in made_in(self.run):
            self._keep(made)
            waiting = [pair for pair in waiting if pair != (made.column, made.name)]
        limit = max(LOADING, LOADING_SHARE * self.seconds)
        until = time.monotonic() + limit
        while waiting or pool.running:
            left = until - time.monotonic()
            while waiting and pool.idle and left > 0:
                column, name = waiting.pop(0)
                whole_name = self.senses.wanted.get(name, name)
                pool.submit(self._job(column, whole_name, {"seconds": self._allowed(name)}), left)
            if left <= 0:
                for _, name in waiting:
                    self._lose(name, "there was no time to look at it")
                waiting = []
            for event in pool.wait(0.25):
                self._take_made(event)
        return self._chosen()

    def _lose(self, name: str, reason: str) -> None:
        if name not in self.lost:
            self.lost[name] = reason
            self.notes.append(f"{name} was left out: {reason}.")

    def _columns(self, name: str) -> tuple[str, ...]:
        return self.dataset.schema.of_kind(make_extractor(name).reads)

    def _job(self, column: str, name: str, more: dict[str, Any]) -> dict[str, Any]:
        cells = {"column": column, "extractor": name, **more}
        return {"run": str(self.run.path), "seed": self.seed, "cells": cells}

    def _allowed(self, name: str) -> float:
        """Seconds that one cell may cost."""
        deep = make_extractor(name).network
        share = DEEP_SHARE if deep else HAND_SHARE
        beside = 1 if deep else max(1, sum(not learns(other) for other in self.senses.hand + self.senses.raw))
        columns = max(1, len(self._columns(name)))
        return share * self.seconds * self.cores / max(1, len(self.dataset.y) * columns * beside)

    def _take_made(self, event: Event) -> None:
        name = base_name(event.job["cells"]["extractor"])
        if event.outcome != "done":
            self._lose(name, str(event.payload.get("reason", event.outcome)).rstrip("."))
            return
        self._keep(Made.from_json(event.payload["made"]))

    def _keep(self, made: Made) -> None:
        key = (made.column, made.extractor)
        self._made[key] = made
        done = stretches(self.run, made)
        for told in done.values():
            self._complain(made.column, told["unreadable"])
        rows = max(16, int(STRETCH / max(made.row_seconds, 1e-6)))
        n, at = len(self.dataset.y), 0
        self._open[key] = []
        while at < n:
            if at in done:
                at = int(done[at]["stop"])
                continue
            stop = min(n, at + rows, *(start for start in done if start > at))
            self._open[key].append((at, stop))
            at = stop

    def _chosen(self) -> Senses:
        """Return the senses without what is lost or too dear; each column has the size that suits it."""
        for made in self._made.values():
            if made.row_seconds > self._allowed(made.name):
                self._lose(made.name, "it would need too large a part of the time")
        there = {made.name for made in self._made.values()} - set(self.lost)
        best: dict[str, str] = {}  # the first of each kind
        for name in self.senses.deep:
            if name in there:
                best.setdefault(make_extractor(name).reads, name)
        deep = tuple(best.values())
        for name in self.senses.wanted:
            if make_extractor(name).reads not in best:
                raise InputError(
                    f"The encoder '{name}' cannot be used: {self.lost[name]}.",
                    "An encoder that is named has to be there and to fit into the time.",
                    "Name another one, give more time, or leave the encoders out.",
                )
        hand, raw, pieces = (
            tuple(name for name in names if name in there or (learns(name) and name not in self.lost))
            for names in (self.senses.hand, self.senses.raw, self.senses.pieces)
        )
        kept = {*deep, *hand, *raw, *pieces}
        for key in [key for key in self._open if self._made[key].name not in kept]:
            del self._open[key]
        widths: dict[str, int] = {}
        for made in self._made.values():
            widths[made.name] = widths.get(made.name, 0) + made.width
        return replace(self.senses, hand=hand, deep=deep, raw=raw, pieces=pieces, widths=widths)

    def next(self, *, deep: bool) -> dict[str, Any] | None:
        """Return the next stretch to be read: by hand first, by networks only if wished."""
        for key, waiting in sorted(self._open.items(), key=lambda item: self._made[item[0]].row_seconds):
            if waiting and (deep or not make_extractor(key[1]).network):
                rows = waiting.pop(0)
                self._running[key] = self._running.get(key, 0) + 1
                return self._job(*key, {"rows": list(rows)})
        return None

    def take(self, event: Event) -> None:
        """Record a stretch that is done, or lost with its extractor."""
        cells = event.job["cells"]
        key = (cells["column"], cells["extractor"])
        self._running[key] -= 1
        if event.outcome == "done":
            self._complain(key[0], event.payload["filled"]["unreadable"])
            return
        if key not in self._again:  # a stretch may be lost to the memory watch, or to bad luck
            self._again.add(key)
            self._open[key].append(tuple(cells["rows"]))
            return
        self._lose(self._made[key].name, str(event.payload.get("reason", event.outcome)).rstrip("."))
        self._open[key].clear()

    def state(self, reads: Sequence[str]) -> str:
        """Tell whether what a plan reads is ``ready``, still ``open``, or ``lost``."""
        if any(name in self.lost for name in reads):
            return "lost"
        keys = [key for key, made in self._made.items() if made.name in reads]
        return "open" if any(self._open.get(key) or self._running.get(key) for key in keys) else "ready"

    @property
    def reading_deep(self) -> bool:
        """Whether a worker reads with a network at this moment."""
        return any(count and make_extractor(key[1]).network for key, count in self._running.items())

    def _complain(self, column: str, found: Sequence[dict[str, Any]]) -> None:
        for problem in found:
            self._unreadable.setdefault(column, {})[problem["row"]] = problem

    def complaints(self) -> list[str]:
        """Return a sentence for each column with cells that could not be read."""
        cells = [Unreadable(**cell) for column in self._unreadable.values() for cell in column.values()]
        return told_unreadable(cells, len(self.dataset.y))
