"""What a caller of the estimators gave, brought into the form that a fit takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from twofold.bundle.predictor import Predictor
from twofold.core.errors import InputError
from twofold.data.read import frame_of, refuse_doubled


class TableEstimator(BaseEstimator):  # type: ignore[misc]
    """What every estimator over the columns of a table shares; its fit makes `predictor_`."""

    predictor_: Predictor

    def _frame(self, X: Any, *, fitting: bool) -> pd.DataFrame:
        named = isinstance(X, Mapping) and not hasattr(X, "shape")  # some sparse matrices are mappings too
        if named or hasattr(X, "to_pandas"):
            X = frame_of(X)
        if isinstance(X, pd.DataFrame):
            frame = X.rename(columns=str)
            refuse_doubled(frame.columns, "The table")
            if fitting:
                validate_data(self, frame, skip_check_array=True)
            return frame
        array = validate_data(self, X, dtype=None, ensure_all_finite="allow-nan", reset=fitting)
        return pd.DataFrame(array, columns=[f"x{place}" for place in range(array.shape[1])])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return labels or values of shape (n,).

        Parameters
        ----------
        X : pandas.DataFrame, or array of shape (n, d)
            With the columns of the fit, in any order; more columns are ignored.
        """
        check_is_fitted(self, "predictor_")
        return self.predictor_.predict(self._frame(X, fitting=False))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def target(y: Any) -> pd.Series:
    """Return a target as a series of one value a row."""
    if y is None:
        raise InputError(
            "fit was called without y: this estimator requires y to be passed, but the target y is None.",
            "Every row needs a label or a value.",
            "Call fit(X, y).",
        )
    return y if isinstance(y, pd.Series) else pd.Series(one_column(y), name=getattr(y, "name", None))


def classes_task(y: NDArray[Any]) -> str:
    """Return ``binary`` or ``multiclass``, by the number of different labels."""
    known = pd.Series(y[~pd.isna(y)]).infer_objects().to_numpy()
    if known.dtype.kind == "f" and np.isinf(known).any():
        raise InputError(
            "Input y contains infinity.", "Labels are finite.", "Remove these rows, or use regression."
        )
    if known.dtype.kind not in "OSMm":  # of these, labels are looked at one by one
        check_classification_targets(known)
    return "binary" if len(set(map(repr, known.tolist()))) <= 2 else "multiclass"


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
