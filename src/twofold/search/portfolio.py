"""Which plans to try, in which order, and what each is expected to cost.

The order begins with what is cheapest for its strength, and mixes the families so that every prefix of
it is a fair comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twofold.core import optional
from twofold.core.capabilities import Capabilities
from twofold.core.errors import InputError
from twofold.core.optional import available
from twofold.data.dataset import Dataset
from twofold.data.split import choose_fold_count
from twofold.models import MODELS
from twofold.workflow.plan import Plan

PORTFOLIO: tuple[tuple[Plan, float], ...] = (
    (Plan("linear", "linear"), 0.08),
    (Plan("lightgbm", "lightgbm"), 0.12),
    (Plan("realmlp", "realmlp"), 0.20),
    (Plan("catboost", "catboost"), 0.15),
    (Plan("realmlp + lightgbm", "lightgbm", network="realmlp"), 0.15),
    (Plan("extra_trees", "extra_trees"), 0.06),
    (Plan("tabm", "tabm"), 0.18),
    (Plan("realmlp + linear", "linear", network="realmlp"), 0.15),
    (Plan("random_forest", "random_forest"), 0.06),
    (Plan("realmlp + extra_trees", "extra_trees", network="realmlp"), 0.15),
    (Plan("svm", "svm"), 0.05),
    (Plan("knn", "knn"), 0.03),
    (Plan("naive_bayes", "naive_bayes"), 0.02),
    (Plan("tree", "tree"), 0.02),
    (Plan("linear_svm", "linear_svm"), 0.04),
    (Plan("ft_transformer", "ft_transformer"), 0.20),
)
"""Plans in order, each with the share of the search time that all its folds together may take."""

CORE = 7
"""So many plans of the portfolio shall have their folds before the time is over ..."""
FOR_FOLDS = 0.6
"""... in this share of it; joins, refit and checks need the rest."""
SMALL = 5_000
TOO_DEAR = 2.5
"""A plan that is expected to need so many times its share is tried last."""
DEEP_FROM_SECONDS = 20.0
"""Below this budget networks are not started: their imports and folds would eat the run."""


@dataclass(frozen=True)
class Portfolio:
    """What will be tried, and what was left out with its reason."""

    plans: tuple[Plan, ...]
    shares: Mapping[str, float]
    skipped: tuple[tuple[str, str], ...]


def _unfit(plan: Plan, dataset: Dataset, seconds: float, timed: bool) -> str:
    """Say why a plan cannot be tried on this data, or nothing."""
    declared = plan.capabilities
    missing = [package for package in plan.packages if not available(package)]
    if missing:
        return f"{', '.join(missing)} is not installed"
    if dataset.task not in declared.tasks:
        return f"it does not do {dataset.task}"
    n, classes = len(dataset.y), len(dataset.classes)
    if declared.max_rows is not None and n > declared.max_rows:
        return f"{n:,} rows are more than its {declared.max_rows:,}"
    if declared.max_classes is not None and classes > declared.max_classes:
        return f"{classes} classes are more than its {declared.max_classes}"
    if timed and seconds < DEEP_FROM_SECONDS and (declared.network or plan.network):
        return f"a budget under {DEEP_FROM_SECONDS:.0f} s is too short for a network"
    return ""


def named_plan(name: str) -> Plan:
    """Return the plan that a name stands for: of the portfolio, a registered model, or ``module:Class``."""
    for plan, _ in PORTFOLIO:
        if plan.name == name:
            return plan
    if (name in MODELS or ":" in name) and isinstance(_capabilities(name), Capabilities):
        return Plan(name.replace(":", "."), name)
    raise InputError(
        f"'{name}' is not a known candidate.",
        f"Known are: {', '.join(plan.name for plan, _ in PORTFOLIO)}.",
        "Use these names, or 'module:Class' for a model of your own (see twofold.models.base).",
    )


def _capabilities(name: str) -> Any:
    return getattr(MODELS.load(name), "capabilities", None)


def make_portfolio(
    dataset: Dataset,
    seconds: float,
    *,
    cores: int = 1,
    candidates: Sequence[str] = (),
    max_trials: int | None = None,
) -> Portfolio:
    """Choose the plans for a data set.

    Parameters
    ----------
    dataset : Dataset
    seconds : float
        The budget; short ones leave networks out.
    cores : int
    candidates : sequence of str
        Names given by the user; empty for the whole portfolio.
    max_trials : int or None
        Keep only the first so many.

    Raises
    ------
    InputError, MissingExtraError
        When no candidate that the user named can be tried.
    """
    named = dict.fromkeys(candidates)
    lines = [(named_plan(name), 1.0 / len(named)) for name in named] if named else list(PORTFOLIO)
    shares = {plan.name: share for plan, share in lines}
    for plan, _ in list(lines):
        if plan.network and plan.network not in shares:
            lines.insert(0, (named_plan(plan.network), shares[plan.name]))
            shares[plan.network] = shares[plan.name]
    plans: list[Plan] = []
    skipped: list[tuple[str, str]] = []
    for plan, _ in lines:
        reason = _unfit(plan, dataset, seconds, timed=max_trials is None)
        reason = reason if dataset.schema.used else "no column tells anything"
        if reason:
            skipped.append((plan.name, reason))
        else:
            plans.append(plan)
    if named and not plans:
        for package in (package for plan, _ in lines for package in plan.packages if not available(package)):
            optional.load(package, "A named candidate")
        raise InputError(
            "None of the candidates can be tried: " + "; ".join(f"{n}: {why}" for n, why in skipped) + ".",
            "At least one of the named candidates has to suit the data and the installation.",
            "Name others, or leave candidates out.",
        )
    if max_trials is None and not named:
        plans.sort(key=lambda plan: _too_dear(plan, dataset, shares[plan.name] * seconds * cores))
    kept = tuple(plans[:max_trials]) if max_trials is not None else tuple(plans)
    return Portfolio(kept, shares, tuple(skipped))


def _too_dear(plan: Plan, dataset: Dataset, share: float) -> bool:
    """Whether a plan cannot be brought to an end in its share; networks fit their epochs to the time."""
    deep = plan.capabilities.network or bool(plan.network)
    return not deep and expected_seconds(plan, dataset) > TOO_DEAR * share


def expected_seconds(plan: Plan, dataset: Dataset) -> float:
    """Guess what one fit on all rows takes on one core, from what the models declare."""
    width = max(1.0, len(dataset.table.columns) / 20)
    classes = len(dataset.classes) if dataset.task == "multiclass" else 1
    parts = [plan, named_plan(plan.network)] if plan.network else [plan]
    costs = [part.capabilities.seconds for part in parts]
    return sum(
        fixed + len(dataset.y) * width * (per_row + per_row_and_class * classes)
        for fixed, per_row, per_row_and_class in costs
    )


def affordable_folds(portfolio: Portfolio, dataset: Dataset, seconds: float) -> int:
    """Return the number of folds on which the first plans can be fitted without being cut short.

    Parameters
    ----------
    portfolio : Portfolio
    dataset : Dataset
    seconds : float
        Of all processes together; infinite leaves the number of rows to decide.
    """
    most = choose_fold_count(len(dataset.y))
    need = sum(expected_seconds(plan, dataset) for plan in portfolio.plans[:CORE])
    means = FOR_FOLDS * seconds
    fewest = 3 if len(dataset.y) <= SMALL else 1  # the scores of a small hold-out would say little
    return next((k for k in (8, 5, 4, 3) if k <= most and k * need <= means), min(fewest, most))
