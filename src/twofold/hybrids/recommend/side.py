"""What is known of items and users besides who had what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twofold.core.control import Problem
from twofold.core.errors import InputError
from twofold.core.schema import Schema
from twofold.data.infer import infer_schema
from twofold.steps.base import FEATURES, INPUT, Graph, Node
from twofold.steps.conform import as_array, conform, to_text
from twofold.steps.numbers import Numbers
from twofold.workflow.views import encode

TOPICS = 32
"""Directions that the words of one column of items are reduced to."""
MOST_LEVELS = 40
"""Columns of users with more different strings are left out."""
_WORDS = r"(?u)\b\w+\b"


@dataclass(frozen=True)
class Side:
    """Features of items and users.

    Parameters
    ----------
    items : float32 array of shape (m, q)
        Standardised numbers, and topics of words.
    content : float32 array of shape (m, c)
        Topics alone, of length 1 or 0.
    users : float32 array of shape (u, p)
    encoder : Graph
        From ``table`` to ``features`` (n, p) of users.
    schema : Schema
        Columns of users that are read.
    """

    items: NDArray[np.float32]
    content: NDArray[np.float32]
    users: NDArray[np.float32]
    encoder: Graph
    schema: Schema


@dataclass(frozen=True)
class About:
    """Tables of what is known of users and items, with a row for each, and the columns that name them."""

    user_key: str = "user"
    item_key: str = "item"
    users: pd.DataFrame | None = None
    items: pd.DataFrame | None = None


def read_side(users: NDArray[np.str_], items: NDArray[np.str_], about: About, seed: int) -> Side:
    """Encode what is known of users and items, in the order of these names.

    Items are described by their numbers and by the leading directions of the TF-IDF of their words; users by
    numbers and by categories with few levels.
    """
    matrix = content = np.zeros((len(items), 0), dtype=np.float32)
    if about.items is not None:
        matrix, content = _item_features(_lined_up(about.items, about.item_key, items), seed)
    nothing = Graph((Node(Numbers(()), (INPUT,), FEATURES),))
    nobody = np.zeros((len(users), 0), dtype=np.float32)
    if about.users is None:
        return Side(matrix, content, nobody, nothing, Schema(()))
    frame = _lined_up(about.users, about.user_key, users)
    schema = _readable(frame)
    if not schema.columns:
        return Side(matrix, content, nobody, nothing, schema)
    table = conform({column.name: as_array(frame[column.name]) for column in schema.columns}, schema)
    encoded = encode("linear", table, schema, np.zeros(len(users)), Problem("regression"), seed=seed)
    found = encoded.matrix.toarray() if hasattr(encoded.matrix, "toarray") else encoded.matrix
    return Side(matrix, content, np.asarray(found, dtype=np.float32), encoded.graph, schema)


def _lined_up(frame: pd.DataFrame, key: str, wanted: NDArray[np.str_]) -> pd.DataFrame:
    """Return one row for each wanted key, missing where the frame has none; the first of several counts."""
    if key not in frame.columns:
        raise InputError(
            f"There is no column '{key}' to join by.",
            f"The columns are: {', '.join(map(str, frame.columns[:30]))}.",
            "Name the key as it is named in the interactions.",
        )
    keys = pd.Index(to_text(as_array(frame[key])))
    found = frame.drop(columns=key).set_index(keys)
    return found[~found.index.duplicated()].reindex(wanted).reset_index(drop=True)


def _readable(frame: pd.DataFrame) -> Schema:
    """Return the numbers and the categories with few levels."""
    if not len(frame.columns):
        return Schema(())
    kept = {"number", "category"}
    columns = [column for column in infer_schema(frame).used if column.kind in kept]
    return Schema(tuple(c for c in columns if c.kind == "number" or c.unique <= MOST_LEVELS))


def _item_features(frame: pd.DataFrame, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    numbers, words = [], []
    for name in frame.columns:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
        known = np.isfinite(values)
        if known.sum() >= 0.5 * frame[name].notna().sum() > 0:
            scale = float(values[known].std()) or 1.0
            even = (values - values[known].mean()) / scale
            numbers.append(np.nan_to_num(np.clip(even, -4, 4))[:, None])
            continue
        texts = [text or "" for text in to_text(as_array(frame[name])).tolist()]
        words += [found for found in [_topics(texts, seed)] if found is not None]
    content = np.hstack(words) if words else np.zeros((len(frame), 0))
    content /= np.maximum(np.linalg.norm(content, axis=1, keepdims=True), 1e-9)
    matrix = np.hstack([*numbers, content])
    return matrix.astype(np.float32), content.astype(np.float32)


def _topics(texts: list[str], seed: int) -> NDArray[Any] | None:
    """Return leading directions of the words' TF-IDF, of shape (m, TOPICS at most); None without words."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        counts = TfidfVectorizer(token_pattern=_WORDS, min_df=2).fit_transform(texts)
    except ValueError:  # no word occurs twice
        return None
    k = min(TOPICS, counts.shape[1] - 1, counts.shape[0] - 1)
    if k < 2:
        return np.asarray(counts.toarray())
    return np.asarray(TruncatedSVD(k, random_state=seed).fit_transform(counts))
