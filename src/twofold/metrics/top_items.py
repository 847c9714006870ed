"""Metrics of the first items of a ranking, over all items.

Metrics over a sample of the items may order methods differently from those over all (Krichene and Rendle
2020), so there is none here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def first_places(scores: NDArray[Any], k: int) -> NDArray[np.intp]:
    """Return the places of the k largest scores of each row, the largest first; ties by place.

    Examples
    --------
    >>> first_places(np.array([[0.1, 0.9, 0.5]]), 2).tolist()
    [[1, 2]]
    """
    k = min(k, scores.shape[1])
    near = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(scores, near, axis=1), axis=1, kind="stable")
    return np.take_along_axis(near, order, axis=1)


def hits(scores: NDArray[Any], wanted: Any, k: int) -> NDArray[np.float64]:
    """Return 1 where one of the first k items of a row is wanted, of shape (n, k).

    Parameters
    ----------
    scores : array of shape (n, m)
    wanted : CSR of shape (n, m)
        Positive at the wanted items.
    """
    places = first_places(scores, k)
    rows = np.repeat(np.arange(len(places)), places.shape[1])
    found = np.asarray(wanted[rows, places.ravel()]).reshape(places.shape)
    return np.asarray(found > 0, dtype=np.float64)


def ndcg_by_row(scores: NDArray[Any], wanted: Any, k: int = 10) -> NDArray[np.float64]:
    """Return the normalised discounted cumulative gain of the first k items (Järvelin and Kekäläinen 2002).

    Rows that want nothing give NaN.

    Examples
    --------
    >>> from scipy import sparse
    >>> wanted = sparse.csr_array(np.array([[0, 1, 0]]))
    >>> ndcg_by_row(np.array([[0.1, 0.9, 0.5]]), wanted, 2).tolist()
    [1.0]
    """
    found = hits(scores, wanted, k)
    discount = 1.0 / np.log2(np.arange(found.shape[1]) + 2.0)
    most = np.concatenate([[np.nan], np.cumsum(discount)])
    sizes = np.minimum(np.diff(wanted.indptr), found.shape[1])
    return np.asarray(found @ discount / most[sizes])


def recall_by_row(scores: NDArray[Any], wanted: Any, k: int = 20) -> NDArray[np.float64]:
    """Return the share of the wanted items that are among the first k; of k where more are wanted.

    Rows that want nothing give NaN.
    """
    found = hits(scores, wanted, k)
    sizes = np.minimum(np.diff(wanted.indptr), found.shape[1]).astype(np.float64)
    sizes[sizes == 0] = np.nan
    return np.asarray(found.sum(axis=1) / sizes)
