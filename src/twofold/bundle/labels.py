"""Labels and the class codes of a model: what is known to be true, and what is answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About
from twofold.core.errors import InputError
from twofold.steps.conform import as_array, to_number, to_text


def objects_of(classes: Sequence[Any]) -> NDArray[np.object_]:
    """Return labels as an object array, each as it is.

    Examples
    --------
    >>> objects_of([1, "two"])[[1, 0]].tolist()
    ['two', 1]
    """
    labels = np.empty(len(classes), dtype=object)
    labels[:] = classes
    return labels


def answered_codes(about: About, probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the class codes that a model answers: the second of two classes from its threshold on.

    Parameters
    ----------
    about : About
    probabilities : array of shape (n, n_classes)
    """
    if about.threshold is None or len(about.classes) != 2:
        return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)
    return (probabilities[:, 1] >= about.threshold).astype(np.intp)


def known_targets(about: About, y: Any) -> NDArray[Any]:
    """Return true labels as class codes, -1 where missing; or true values as floats, NaN where missing.

    Labels are compared as text, so that 3, 3.0 and "3" are the same one however a table was read.

    Raises
    ------
    InputError
        When a label is none of the model's classes.

    Examples
    --------
    >>> from twofold.core.schema import Schema
    >>> known_targets(About("binary", "paid", (0, 1), Schema(())), ["1", None, 0.0]).tolist()
    [1, -1, 0]
    """
    values = as_array(y)
    if not about.classes:
        return to_number(values)
    known = to_text(objects_of(about.classes)).tolist()
    code: dict[str | None, int] = {word: place for place, word in enumerate(known)}
    code[None] = -1
    words = to_text(values).tolist()
    strange = sorted(set(words) - set(code), key=str)
    if strange:
        raise InputError(
            f"'{about.target}' holds {', '.join(map(repr, strange[:5]))}, which the model does not know.",
            f"Its classes are: {', '.join(map(str, about.classes[:30]))}.",
            "Correct these rows, or leave them out.",
        )
    return np.array([code[word] for word in words], dtype=np.int64)
