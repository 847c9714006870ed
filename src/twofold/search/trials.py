"""From finished folds to a trial."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from twofold.core.fold import Fold
from twofold.core.trial import Read, Status, Trial
from twofold.data.dataset import Dataset
from twofold.search.agenda import Progressing
from twofold.search.run_folder import RunFolder


def gather_predictions(
    dataset: Dataset, folds: tuple[Fold, ...], run: RunFolder, name: str, finished: set[int]
) -> NDArray[np.float64]:
    """Lay the predictions of the finished folds side by side; NaN where no fold scored."""
    width = max(1, len(dataset.classes))
    out = np.full((len(dataset.y), width), np.nan)
    for fold in folds:
        if fold.index in finished:
            out[fold.test] = run.prediction(name, fold.index)
    return out


def make_trial(item: Progressing, dataset: Dataset, folds: tuple[Fold, ...], run: RunFolder) -> Trial:
    """Return the record of a plan as far as it came."""
    results = [item.results[index] for index in sorted(item.results)]
    predictions = (
        gather_predictions(dataset, folds, run, item.plan.name, set(item.results)) if results else None
    )
    scored = np.concatenate([fold.test for fold in folds])
    status, reason = item.status, item.reason
    if status == "complete" and predictions is not None and not np.isfinite(predictions[scored]).all():
        status, reason = "failed", "it predicted values that are not finite"
    return Trial(
        item.plan.name,
        item.plan.family,
        cast(Status, "partial" if status == "open" else status),
        reason,
        predictions,
        params={**item.plan.params},
        rounds=tuple(result.rounds for result in results),
        seconds=sum(result.seconds for result in results),
        row_seconds=float(np.median([result.row_seconds for result in results])) if results else 0.0,
        size=int(np.median([result.size for result in results])) if results else 0,
        reads=tuple(Read(*cell) for cell in results[0].cells) if results else (),
    )


def make_baseline(dataset: Dataset, folds: tuple[Fold, ...]) -> Trial:
    """Return the trivial trial: class shares or the mean of each fold's training rows."""
    width = max(1, len(dataset.classes))
    out = np.full((len(dataset.y), width), np.nan)
    weight = np.ones(len(dataset.y)) if dataset.weight is None else dataset.weight
    for fold in folds:
        y, w = dataset.y[fold.train], weight[fold.train]
        if dataset.classes:
            shares = np.bincount(y, weights=w, minlength=width) + 1e-9
            out[fold.test] = shares / shares.sum()
        else:
            out[fold.test] = np.average(y, weights=w)
    return Trial("baseline", "baseline", "complete", predictions=out)
