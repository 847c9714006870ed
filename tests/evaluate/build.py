"""Trials made of noise around the truth, so that it is known which is better and by how much."""

import numpy as np

from twofold.core.trial import Trial
from twofold.data.target import make_dataset
from twofold.evaluate.entrants import line_up
from twofold.metrics import get_metric
from twofold.search.trials import make_baseline


def truth(n=1_500, seed=0, task="binary"):
    import pandas as pd

    g = np.random.default_rng(seed)
    signal = g.normal(size=n)
    frame = pd.DataFrame({"x": signal, "z": g.normal(size=n)})
    if task == "regression":
        return make_dataset(frame, signal + 0.5 * g.normal(size=n), task=task), signal, g
    y = (signal + g.normal(size=n) > 0).astype(int)
    return make_dataset(frame, y, task=task), signal, g


def guess(signal, noise, g, task="binary"):
    score = signal + noise * g.normal(size=len(signal))
    if task == "regression":
        return score[:, None]
    p = 1 / (1 + np.exp(-2 * score / (1 + noise)))
    return np.column_stack([1 - p, p])


def entrants(dataset, predictions, metric=None, costs=None, **options):
    """Line up ``{name: (family, predictions)}``."""
    from twofold.data.split import make_folds

    folds = make_folds(dataset, 5, seed=0)
    trials = [
        Trial(name, family, predictions=p, row_seconds=(costs or {}).get(name, 1e-6))
        for name, (family, p) in predictions.items()
    ]
    metric = get_metric(metric, dataset.task)
    base = make_baseline(dataset, folds)
    options = {"readable": {}, "native": {}, "timed": True, **options}
    return line_up(trials, base, dataset, metric, folds, seed=0, **options)
