"""Tuned variants with what is left of the budget: Optuna proposes, the folds answer.

The number of proposals is capped by the number of rows, because every further look at the same folds
makes the best of them more optimistic.
"""

from __future__ import annotations

from typing import Any

from twofold.core.random import derive_seed
from twofold.core.space import Choice, Range, Space
from twofold.core.trial import Trial
from twofold.data.dataset import Dataset
from twofold.metrics.base import Metric
from twofold.models import MODELS
from twofold.search.settings import Settings
from twofold.workflow.plan import Plan

TUNED = ("lightgbm", "realmlp", "catboost", "tabm", "extra_trees", "random_forest", "linear")
"""Models that gain most from tuning, in the order in which they take turns."""


class Tuner:
    """Proposes variants of the plans that did well.

    Parameters
    ----------
    dataset : Dataset
    metric : Metric
    settings : Settings
    """

    def __init__(self, dataset: Dataset, metric: Metric, settings: Settings) -> None:
        self.metric = metric
        self.seed = settings.seed
        self.left = 0 if settings.candidates else max(2, min(60, len(dataset.y) // 100))
        self._studies: dict[str, Any] = {}
        self._asked: dict[str, tuple[str, Any]] = {}
        self._turns: dict[str, int] = {}
        self._default_gains: dict[str, float] = {}

    def propose(
        self, trials: dict[str, Trial], seconds_left: float, n_workers: int
    ) -> tuple[Plan, float] | None:
        """Return a plan and its expected seconds a fold, or None when nothing fits into the time."""
        if self.left <= 0:
            return None
        for model in sorted(self._worth_tuning(trials), key=lambda name: self._turns.get(name, 0)):
            default = trials[model]
            folds = max(1, len(default.rounds))
            expected = default.seconds / folds
            if -(-folds // n_workers) * expected * 1.3 > seconds_left:
                continue
            self.left -= 1
            turn = self._turns[model] = self._turns.get(model, 0) + 1
            name = f"{model}~{turn}"
            trial = self._study(model).ask()
            self._asked[name] = (model, trial)
            space: Space = MODELS.load(model).space
            params = {key: _suggest(trial, key, where) for key, where in space.items()}
            return Plan(name, model, params), expected
        return None

    def _worth_tuning(self, trials: dict[str, Trial]) -> list[str]:
        """Return tunable models: per family the best three of those that finished."""
        done = [
            name
            for name in TUNED
            if name in trials and trials[name].status == "complete" and name in self._default_gains
        ]
        ranked = sorted(done, key=lambda name: -self._default_gains[name])
        kept: list[str] = []
        for family in ("ml", "dl"):
            kept += [name for name in ranked if trials[name].family == family][:3]
        return [name for name in TUNED if name in kept]

    def learn(self, trial: Trial, gain: float) -> None:
        """Tell the sampler what a trial achieved (more is better)."""
        if trial.name not in self._asked:
            self._default_gains[trial.name] = gain
            return
        model, asked = self._asked[trial.name]
        self._study(model).tell(asked, gain)

    def _study(self, model: str) -> Any:
        if model not in self._studies:
            import optuna

            optuna.logging.set_verbosity(optuna.logging.WARNING)
            sampler = optuna.samplers.TPESampler(
                seed=derive_seed(self.seed, "tuner", model), n_startup_trials=6
            )
            self._studies[model] = optuna.create_study(direction="maximize", sampler=sampler)
        return self._studies[model]


def _suggest(trial: Any, name: str, where: Range | Choice) -> Any:
    if isinstance(where, Choice):
        return trial.suggest_categorical(name, list(where.options))
    if where.integer:
        return trial.suggest_int(name, int(where.low), int(where.high), log=where.log)
    return trial.suggest_float(name, where.low, where.high, log=where.log)
