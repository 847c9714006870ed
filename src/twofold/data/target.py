"""From a frame and a target to a data set that can be learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twofold.core.errors import InputError, TargetError
from twofold.core.schema import Schema
from twofold.core.task import get_task
from twofold.data.canonical import table_of
from twofold.data.dataset import Dataset, Finding
from twofold.data.infer import infer_schema
from twofold.data.leakage import find_leaks
from twofold.steps.conform import as_array, is_missing, to_date, to_number

FEW = 20
"""Whole numbers with at most so many different values are classes."""


@dataclass(frozen=True)
class Roles:
    """Which columns of a frame play a part of their own.

    Parameters
    ----------
    target : str
    weight, groups, time : str or None
        Columns with sample weights, group labels (rows of one group stay together) and times (later rows
        never help to score earlier ones). The weight and the groups are not learned from; the time is.
    """

    target: str
    weight: str | None = None
    groups: str | None = None
    time: str | None = None


@dataclass(frozen=True)
class Extras:
    """Sample weights, group labels and times as arrays of shape (n,), or None."""

    weight: Any = None
    groups: Any = None
    time: Any = None


def dataset_from_frame(
    frame: pd.DataFrame,
    roles: Roles,
    *,
    task: str | None = None,
    declared: Mapping[str, str] | Schema | None = None,
) -> Dataset:
    """Make a data set from a frame that holds the target.

    Raises
    ------
    TargetError
        When the target is missing or cannot be learned.
    """
    names = [str(name) for name in frame.columns]
    for role, name in vars(roles).items():
        if name is not None and names.count(name) != 1:
            raise TargetError(
                f"The {role} column '{name}' occurs {names.count(name)} times in the data.",
                f"The columns are: {', '.join(names[:30])}.",
                "Name exactly one of them.",
            )
    _refuse_double_roles(roles)
    apart = [name for name in (roles.target, roles.weight, roles.groups) if name is not None]
    extras = Extras(*(None if n is None else frame[n] for n in (roles.weight, roles.groups, roles.time)))
    if isinstance(declared, Mapping):
        declared = {name: kind for name, kind in declared.items() if name not in apart}
    return make_dataset(
        frame.drop(columns=apart),
        frame[roles.target],
        extras,
        name=roles.target,
        task=task,
        declared=declared,
    )


def _refuse_double_roles(roles: Roles) -> None:
    named = {role: name for role, name in vars(roles).items() if name is not None}
    for name in set(named.values()):
        parts = [role for role, other in named.items() if other == name]
        if len(parts) > 1 and set(parts) != {"groups", "time"}:  # a day may well be both
            raise InputError(
                f"The column '{name}' is named as the {' and as the '.join(parts)}.",
                "Target, weight, and groups or time are different columns.",
                "Name another column, or leave the option out.",
            )


def make_dataset(
    X: pd.DataFrame,
    y: Any,
    extras: Extras | None = None,
    *,
    name: str = "target",
    task: str | None = None,
    declared: Mapping[str, str] | Schema | None = None,
) -> Dataset:
    """Make a data set from columns and a target.

    Parameters
    ----------
    X : pandas.DataFrame of n rows
    y : array of shape (n,)
        Rows without a target are left out, and said so.
    extras : Extras or None
    name : str
        What the target is called.
    task : str or None
        None infers it: text, booleans and up to 20 different whole numbers are classes; else regression.
    declared : mapping, Schema or None
        Kinds that the user knows better.
    """
    extras = extras or Extras()
    _same_length(extras, len(X))
    weight = None if extras.weight is None else to_number(as_array(extras.weight))
    X, values, known, findings = _known_rows(X, as_array(y), name, weight)
    _refuse_labels(values, name)
    task = task or infer_task(values)
    codes, classes = _encode(values, task, name)
    schema = infer_schema(X, declared)
    refuse_infinite(X, schema)
    extra = _extras(replace(extras, weight=weight), known)
    dataset = Dataset(
        table_of(X, schema),
        schema,
        task,
        name,
        codes,
        classes,
        extra.weight,
        extra.groups,
        extra.time,
    )
    return replace(dataset, findings=(*findings, *find_leaks(dataset)))


def _known_rows(
    X: pd.DataFrame, values: NDArray[Any], name: str, weight: NDArray[np.float64] | None
) -> tuple[pd.DataFrame, NDArray[Any], NDArray[np.bool_], list[Finding]]:
    """Leave out rows without a target or of weight 0; return the others, which they are, what to say."""
    if len(values) != len(X):
        raise TargetError(
            f"X has {len(X)} rows, y has {len(values)}.", "Both need the same rows.", "Give one target a row."
        )
    known = ~missing_targets(values)
    findings: list[Finding] = []
    if not known.all():
        if not known.any():
            raise TargetError(
                f"Every value of the target '{name}' is missing.",
                "Some rows need a target.",
                "Choose another.",
            )
        lost = int((~known).sum())
        findings.append(
            Finding("missing_target", f"{lost:,} row(s) without a value of '{name}' were left out.", (name,))
        )
    if weight is not None:
        _check_weights(weight[known])
        idle = int((weight[known] == 0).sum())
        if idle:
            findings.append(Finding("zero_weight", f"{idle:,} row(s) of weight 0 were left out."))
        known &= weight > 0
    X, values = X.loc[known], values[known]
    if not len(X.columns):
        raise InputError(
            f"The table has no column besides the target '{name}'.",
            "There has to be a column to learn from.",
            "Add columns.",
        )
    if len(values) < 2:
        raise TargetError(
            f"There is only {len(values)} sample (row) with a target.",
            "At least 2 rows are needed, and more than 100 to say anything.",
            "Get more rows.",
        )
    return X, values, known, findings


def missing_targets(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which of the values of a target are missing, as a mask of shape (n,)."""
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind in "biu":
        return np.zeros(len(values), dtype=bool)
    if values.dtype.kind == "M":
        return np.asarray(np.isnat(values))
    missing = np.fromiter(map(is_missing, values.tolist()), bool, len(values))
    marks = missing & np.fromiter((isinstance(v, str) and bool(v.strip()) for v in values), bool, len(values))
    words = {value.strip() for value in values[marks].tolist()}
    if words:
        labels = {str(value).strip() for value in values[~missing].tolist()}
        if len(labels) < 2 <= len(labels | words) or (words == {"-"} and "+" in labels):
            return np.asarray(missing & ~marks)  # '-' beside '+' is a class; so is 'none' beside 'some'
    return missing


def _refuse_labels(values: NDArray[Any], name: str) -> None:
    """Insist on values that can be written down: text, booleans and real numbers."""
    plain = (str, bool, int, float, Decimal, np.bool_, np.integer, np.floating)
    listed = values.tolist() if values.dtype.kind not in "biufU" else ()
    strange = next((value for value in listed if not isinstance(value, plain)), None)
    if strange is not None:
        raise TargetError(
            f"The target '{name}' holds a {type(strange).__name__}: {str(strange)[:40]}.",
            "Targets are text, booleans or real numbers.",
            "Convert them first, for instance with astype(str).",
        )


def infer_task(values: NDArray[Any]) -> str:
    """Tell the task from known targets.

    Examples
    --------
    >>> infer_task(np.array(["yes", "no"])), infer_task(np.array([0.5, 1.5]))
    ('binary', 'regression')
    """
    if values.dtype.kind == "O" and all(isinstance(v, (int, float)) for v in values.tolist()):
        values = values.astype(float)
    different = pd.unique(values)
    if values.dtype.kind in "iuf":
        numbers = np.asarray(different, dtype=float)
        finite = numbers[np.isfinite(numbers)]
        whole = bool((finite == np.floor(finite)).all())
        if not whole or len(finite) > FEW or (values.dtype.kind == "f" and len(finite) > 2):
            return "regression"
    return "binary" if len(different) == 2 else "multiclass"


def _plain(label: Any) -> Any:
    if isinstance(label, str):
        return label.strip()
    if isinstance(label, Decimal):
        return float(label)
    return label.item() if isinstance(label, np.generic) else label


def _encode(values: NDArray[Any], task: str, name: str) -> tuple[NDArray[Any], tuple[Any, ...]]:
    if not get_task(task).classification:
        numbers = to_number(values)
        bad = ~np.isfinite(numbers)
        if bad.any():
            example = values[np.flatnonzero(bad)[0]]
            raise TargetError(
                f"The target '{name}' holds {int(bad.sum())} value(s) that are not finite numbers, "
                f"such as {example!r}.",
                "For regression every target has to be a finite number (no infinity, no text).",
                "Remove or repair these rows, or ask for a classification task.",
            )
        return numbers, ()
    plain = list(map(_plain, values.tolist()))
    labels = sorted(set(plain), key=lambda label: (str(type(label)), label))
    if any(isinstance(label, float) and not np.isfinite(label) for label in labels):
        raise TargetError(
            f"The target '{name}' holds infinite values.", "Classes have to be finite.", "Remove these rows."
        )
    if len(labels) < 2:
        raise TargetError(
            f"The target '{name}' has one class only: {labels[0]!r}. The number of classes has to be "
            "greater than one; got 1 class.",
            "Classification needs at least two classes.",
            "Choose another target, or rows with other classes.",
        )
    if len(labels) == len(plain) > FEW:
        raise TargetError(
            f"The target '{name}' has another class in each of its {len(plain):,} rows.",
            "A class is learned from its rows: some have to occur more than once.",
            "Choose another target, or task='regression' where these are numbers.",
        )
    if task == "binary" and len(labels) > 2:
        raise TargetError(
            f"The target '{name}' has {len(labels)} classes.", "binary allows 2.", "Use multiclass."
        )
    code = {label: position for position, label in enumerate(labels)}
    return np.array([code[value] for value in plain], dtype=np.int64), tuple(labels)


def refuse_infinite(X: pd.DataFrame, schema: Schema) -> None:
    """Insist on numbers that are finite or missing."""
    for column in schema.used:
        if column.kind == "number":
            values = as_array(X[column.name]) if column.name in X else np.empty(0)
            if values.dtype.kind == "f" and np.isinf(values).any():
                raise InputError(
                    f"'{column.name}' holds {int(np.isinf(values).sum())} infinite value(s) (infinity).",
                    "Numbers have to be finite, or missing (NaN).",
                    "Replace them, for instance with frame.replace([inf, -inf], nan).",
                )


def _check_weights(weight: NDArray[np.float64]) -> None:
    if not np.isfinite(weight).all() or (weight < 0).any() or not weight.sum() > 0:
        raise InputError(
            "The sample weights hold negative, missing or only zero values.",
            "They have to be finite, at least 0, and not all 0.",
            "Correct them, or leave them out.",
        )


def _same_length(extras: Extras, n_rows: int) -> None:
    for role, values in vars(extras).items():
        shape = np.shape(as_array(values)) if hasattr(values, "__len__") else ()
        if values is not None and shape != (n_rows,):
            raise InputError(
                f"The {role} has the shape {shape}, the table has {n_rows} rows.",
                "There is one value for each row.",
                "Give an array of that length.",
            )


def _extras(extras: Extras, known: NDArray[np.bool_]) -> Extras:
    weight = None if extras.weight is None else extras.weight[known]
    groups = time = None
    if extras.groups is not None:
        groups = pd.factorize(pd.Series(as_array(extras.groups)[known]), use_na_sentinel=False)[0].astype(
            np.int64
        )
    if extras.time is not None:
        raw = as_array(extras.time)[known]
        time = to_date(raw) if raw.dtype.kind not in "iuf" else to_number(raw)
        if np.isnan(time).all() and raw.dtype.kind not in "iufM":
            schema = infer_schema(pd.DataFrame({"time": raw}))
            time = to_date(raw, schema["time"].format)
        if np.isnan(time).any():
            raise InputError(
                f"{int(np.isnan(time).sum())} value(s) of the time cannot be read as a time.",
                "Numbers, dates and date strings are allowed, in every row.",
                "Repair them, or leave time out.",
            )
    return Extras(weight, groups, time)
