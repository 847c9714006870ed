"""What a caller of the estimators gave, brought into the form that a run takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import column_or_1d

from twofold.core.errors import InputError


def names(what: str, given: Any) -> tuple[str, ...]:
    """Return a list of names, or of one; none for None."""
    names = (given,) if isinstance(given, str) else given
    if names is None or (isinstance(names, Sequence) and all(isinstance(name, str) for name in names)):
        return tuple(names or ())
    raise InputError(f"{what} is {given!r}.", "It is a list of names.", "Leave it out to take all that suit.")


def one_column(y: Any) -> NDArray[Any]:
    """Return a target as an array of one axis."""
    values = np.asarray(y)
    return column_or_1d(values, warn=True) if values.ndim > 1 else values.reshape(-1)


def weights(weight: Any, n_rows: int) -> Any:
    """Return weights, one for each row, or None."""
    if weight is None:
        return None
    values = np.asarray(weight)
    if values.shape != (n_rows,):
        raise InputError(
            f"sample_weight.shape == {values.shape}, expected {(n_rows,)}!",
            "There is one weight for each row.",
            "Give an array of that length.",
        )
    return values


def seed(state: Any) -> int:
    """Return the seed that a number, a generator or nothing stands for."""
    if state is None:
        return 0
    if isinstance(state, (int, np.integer)):
        return int(state)
    return int(check_random_state(state).randint(2**31 - 1))
