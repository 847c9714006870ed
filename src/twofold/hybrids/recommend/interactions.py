"""Who had what, and when: read, divided by time, and as sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from twofold.core.errors import InputError
from twofold.steps.conform import as_array, to_text

Division = Literal["time", "last"]
FEWEST_USERS = 200
"""Users with a past and a future that one cut for all has to leave; otherwise each user is cut."""


@dataclass(frozen=True)
class Columns:
    """Names of the columns of a table of interactions; `time` and `rating` may be absent."""

    user: str = "user"
    item: str = "item"
    time: str | None = None
    rating: str | None = None


@dataclass(frozen=True)
class Interactions:
    """Each pair of user and item once, sorted by user, then by time.

    Parameters
    ----------
    user, item : integer arrays of shape (n,)
        Places in `users` and `items`.
    time : float array of shape (n,)
        Seconds, or any number that grows.
    users, items : str arrays of shape (u,) and (m,)
    """

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    time: NDArray[np.float64]
    users: NDArray[np.str_]
    items: NDArray[np.str_]

    def take(self, rows: NDArray[np.bool_]) -> Interactions:
        """Return some of the interactions; users and items keep their places."""
        return Interactions(self.user[rows], self.item[rows], self.time[rows], self.users, self.items)

    def counts(self) -> NDArray[np.int64]:
        """Return how often each item occurs."""
        return np.bincount(self.item, minlength=len(self.items))

    def histories(self) -> Any:
        """Return CSR of shape (u, m) as `twofold.steps.histories.Histories` makes it of text."""
        sizes = np.bincount(self.user, minlength=len(self.users))
        starts = np.concatenate([[0], np.cumsum(sizes)])
        place = starts[1:][self.user] - np.arange(len(self.user))
        shape = (len(self.users), len(self.items))
        return sparse.csr_array((place.astype(np.float32), self.item, starts), shape=shape)

    def windows(self, shares: tuple[float, ...], division: Division) -> NDArray[np.int64]:
        """Divide by time into the past (0) and windows behind it (1, 2, ...), of these shares.

        ``time`` cuts everything at the same moments; ``last`` cuts the interactions of each user, so that
        others' later ones are known when somebody's earlier ones are learned from.
        """
        if not shares:
            return np.zeros(len(self.user), dtype=np.int64)
        ends = np.cumsum((1.0 - sum(shares), *shares))[:-1]
        if division == "time":
            cuts = np.quantile(self.time, ends)
            return np.asarray(np.searchsorted(cuts, self.time, side="left"))
        sizes = np.bincount(self.user, minlength=len(self.users))
        first = np.concatenate([[0], np.cumsum(sizes)])[:-1]
        place, of = np.arange(len(self.user)) - first[self.user], sizes[self.user]
        begins = [np.floor(end * of) for end in ends]
        return np.asarray(sum((place >= begin) & (of >= 5) for begin in begins), dtype=np.int64)

    def division(self, shares: tuple[float, ...]) -> Division:
        """Return ``time`` where enough users then have a past and a future, else ``last``."""
        window = self.windows(shares, "time")
        for last in range(1, len(shares) + 1):
            both = np.intersect1d(self.user[window < last], self.user[window == last])
            if len(both) < FEWEST_USERS:
                return "last"
        return "time"


def read_interactions(frame: pd.DataFrame, columns: Columns, liked: float | None = None) -> Interactions:
    """Read a table of interactions.

    Rows without a user or an item are left out; of several rows of one pair the first in time counts.

    Parameters
    ----------
    frame : pandas.DataFrame
    columns : Columns
    liked : float or None
        Ratings from here on count, the others are left out; None takes the median rating.

    Raises
    ------
    InputError
        When columns are missing, or too little is left to learn from.
    """
    names = [str(name) for name in frame.columns]
    for role, name in vars(columns).items():
        if name is not None and name not in names:
            raise InputError(
                f"There is no column '{name}' for the {role}.",
                f"The columns are: {', '.join(names[:30])}.",
                "Name one of them.",
            )
    user, item = (to_text(as_array(frame[name])) for name in (columns.user, columns.item))
    time = np.arange(len(frame), dtype=np.float64)
    if columns.time is not None:
        time = _seconds(frame[columns.time], columns.time)
    kept = np.array([a is not None and b is not None for a, b in zip(user, item, strict=True)], dtype=bool)
    kept &= np.isfinite(time)
    if columns.rating is not None:
        rating = pd.to_numeric(frame[columns.rating], errors="coerce").to_numpy(dtype=np.float64)
        kept &= rating >= (np.nanmedian(rating) if liked is None else liked)
    if not kept.any():
        raise InputError(
            "No interaction is left of the table.",
            "Rows need a user, an item, a time where one is named, and a rating from `liked` on.",
            "Check the columns, or lower `liked`.",
        )
    return _sorted(user[kept].astype(str), item[kept].astype(str), time[kept])


def _sorted(user: NDArray[Any], item: NDArray[Any], time: NDArray[np.float64]) -> Interactions:
    users, u = np.unique(user, return_inverse=True)
    items, i = np.unique(item, return_inverse=True)
    order = np.lexsort((i, time, u))
    u, i, time = u[order], i[order], time[order]
    _, first = np.unique(u * len(items) + i, return_index=True)
    kept = np.sort(first)
    if len(users) < 10 or len(items) < 10:
        raise InputError(
            f"There are {len(users)} user(s) and {len(items)} item(s).",
            "Recommending is learned from at least 10 of both.",
            "Check the columns.",
        )
    return Interactions(u[kept], i[kept], time[kept], users, items)


def _seconds(values: Any, name: str) -> NDArray[np.float64]:
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().mean() < 0.5:
        dates = pd.to_datetime(values, errors="coerce", utc=True)
        if dates.notna().mean() < 0.5:
            raise InputError(
                f"The column '{name}' is no time: {values.iloc[0]!r}.",
                "Times are numbers that grow, or dates such as 2024-05-31 12:00.",
                "Name another column, or leave the time out where the rows are in order.",
            )
        return np.asarray((dates - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), dtype=np.float64)
    return np.asarray(numbers, dtype=np.float64)
