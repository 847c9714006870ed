"""Which plans to try, in which order, and what each is expected to cost.

The order begins with what is cheapest for its strength, and mixes the families so that every prefix of
it is a fair comparison.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twofold.core import optional
from twofold.core.capabilities import Capabilities
from twofold.core.errors import InputError
from twofold.core.optional import available
from twofold.data.dataset import Dataset
from twofold.data.split import choose_fold_count
from twofold.features.extractor import make_extractor
from twofold.hybrids import HYBRIDS
from twofold.models import MODELS
from twofold.search.senses import Senses
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

RECURRENT = {"text": "transformer", "series": "gru", "audio": "crnn"}
"""The other networks for kinds that have several: those that read in order."""
_HAND, _DEEP, _BOTH, _RAW, _PIECES = "hand", "deep", "both", "raw", "pieces"
CELL_PORTFOLIO: tuple[tuple[Plan, str, float], ...] = (
    (Plan("linear", "linear"), _HAND, 0.08),
    (Plan("lightgbm", "lightgbm"), _HAND, 0.10),
    (Plan("discriminant (deep)", "discriminant"), _DEEP, 0.06),
    (Plan("linear (deep)", "linear"), _DEEP, 0.10),
    (Plan("few_label_text", HYBRIDS["few_label_text"]), _PIECES, 0.20),
    (Plan("towers", "towers"), _RAW, 0.30),
    (Plan("linear (both)", "linear"), _BOTH, 0.12),
    (Plan("realmlp (deep)", "realmlp"), _DEEP, 0.12),
    (Plan("extra_trees", "extra_trees"), _HAND, 0.06),
    (Plan("svm (deep)", "svm"), _DEEP, 0.08),
    (Plan("svm", "svm"), _HAND, 0.08),
    (Plan("lightgbm (both)", "lightgbm"), _BOTH, 0.12),
    (Plan("realmlp", "realmlp"), _HAND, 0.12),
    (Plan("realmlp (both)", "realmlp"), _BOTH, 0.12),
    (Plan("towers + linear", "linear", network="towers"), _HAND, 0.25),
    (Plan("svm (both)", "svm"), _BOTH, 0.08),
    (Plan("towers (fine-tuned)", "towers", {"image": "efficientnet_last"}), _RAW, 0.35),
    (Plan("towers (recurrent)", "towers", RECURRENT), _RAW, 0.30),
    (Plan("towers + lightgbm", "lightgbm", network="towers"), _HAND, 0.25),
    (Plan("extra_trees (both)", "extra_trees"), _BOTH, 0.08),
    (Plan("catboost", "catboost"), _HAND, 0.12),
    (Plan("catboost (both)", "catboost"), _BOTH, 0.15),
    (Plan("knn (deep)", "knn"), _DEEP, 0.03),
    (Plan("naive_bayes (deep)", "naive_bayes"), _DEEP, 0.02),
    (Plan("knn", "knn"), _HAND, 0.03),
    (Plan("naive_bayes", "naive_bayes"), _HAND, 0.02),
    (Plan("tree", "tree"), _HAND, 0.02),
)
"""Plans for data sets with text, pictures, clips or series, and what they read: features made by hand, by
pretrained networks, by both, or cells as they are: for new networks, or for a pretrained one."""

CORE = 7
"""So many plans of the portfolio shall have their folds before the time is over ..."""
FOR_FOLDS = 0.6
"""... in this share of it; joins, refit and checks need the rest."""
SMALL = 5_000
TOO_DEAR = 2.5
"""A plan that is expected to need so many times its share is tried last."""
DEEP_FROM_SECONDS = 20.0
"""Below this budget networks are not started: their imports and folds would eat the run."""


MOST_READ = {"trees": 400, "linear": 600, "network": 20}
"""Features of cells that count for the cost of a fit: trees get fewer, and linear algebra is quick."""
NO_SENSES = Senses()
_BASE = frozenset(plan.name for plan, _ in PORTFOLIO)


def _has_towers(plan: Plan, senses: Senses) -> bool:
    """Whether there is a column for one of the networks that a plan names, and its weights."""
    read = {make_extractor(name).reads for name in senses.raw}
    if plan.model != "towers" or not plan.params:
        return True
    if "image" in plan.params:
        return "image" in read and all(map(available, make_extractor("efficientnet").packages))
    return bool(read & set(plan.params))


@dataclass(frozen=True)
class Portfolio:
    """What will be tried, and what was left out with its reason."""

    plans: tuple[Plan, ...]
    shares: Mapping[str, float]
    skipped: tuple[tuple[Plan, str], ...]
    senses: Senses = NO_SENSES


def lines_for(senses: Senses) -> list[tuple[Plan, float]]:
    """Return the plans for what a data set has to be read with, in order, with their shares of the time."""
    if not senses.read_cells:
        return list(PORTFOLIO)
    reads = {
        _HAND: senses.hand,
        _DEEP: senses.deep,
        _BOTH: senses.hand + senses.deep,
        _RAW: senses.raw,
        _PIECES: senses.pieces,
    }
    lines = []
    for plan, level, share in CELL_PORTFOLIO:
        if reads[level] and (level != _BOTH or senses.deep) and _has_towers(plan, senses):
            lines.append((replace(plan, reads=reads[level]), share))
    kept = {plan.name for plan, _ in lines}
    if not senses.made_by_hand:  # text beside other columns: what is good on tables is tried as well
        lines += [
            (replace(plan, reads=senses.hand), share) for plan, share in PORTFOLIO if plan.name not in kept
        ]
    return [(plan, share) for plan, share in lines if not plan.network or plan.network in kept | _BASE]


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


def named_plan(name: str, senses: Senses = NO_SENSES) -> Plan:
    """Return the plan of a name: of the portfolio, a registered model or join, or ``module:Class``."""
    for plan, _ in lines_for(senses):
        if plan.name == name:
            return plan
    if name in HYBRIDS:
        return replace(named_plan(HYBRIDS[name], senses), name=name)
    if (name in MODELS or ":" in name) and isinstance(_capabilities(name), Capabilities):
        view = _capabilities(name).view
        return Plan(name.replace(":", "."), name, reads=senses.raw if view == "towers" else senses.hand)
    raise InputError(
        f"'{name}' is not a known candidate.",
        f"Known are: {', '.join(plan.name for plan, _ in lines_for(senses))}.",
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
    senses: Senses = NO_SENSES,
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
    senses : Senses
        With what text, pictures, clips and series can be read.

    Raises
    ------
    InputError, MissingExtraError
        When no candidate that the user named can be tried.
    """
    named = dict.fromkeys(candidates)
    lines = [(named_plan(name, senses), 1.0 / len(named)) for name in named] if named else lines_for(senses)
    shares = {plan.name: share for plan, share in lines}
    for plan, _ in list(lines):
        if plan.network and plan.network not in shares:
            lines.insert(0, (named_plan(plan.network, senses), shares[plan.name]))
            shares[plan.network] = shares[plan.name]
    plans: list[Plan] = []
    skipped: list[tuple[Plan, str]] = []
    for plan, _ in lines:
        reason = _unfit(plan, dataset, seconds, timed=max_trials is None)
        reason = reason if dataset.schema.used else "no column tells anything"
        if reason:
            skipped.append((plan, reason))
        else:
            plans.append(plan)
    if named and not plans:
        for package in (package for plan, _ in lines for package in plan.packages if not available(package)):
            optional.load(package, "A named candidate")
        raise InputError(
            "None of the candidates can be tried: "
            + "; ".join(f"{p.name}: {why}" for p, why in skipped)
            + ".",
            "At least one of the named candidates has to suit the data and the installation.",
            "Name others, or leave candidates out.",
        )
    if max_trials is None and not named:
        plans.sort(key=lambda plan: _too_dear(plan, dataset, shares[plan.name] * seconds * cores, senses))
    kept = tuple(plans[:max_trials]) if max_trials is not None else tuple(plans)
    return Portfolio(kept, shares, tuple(skipped), senses)


def _too_dear(plan: Plan, dataset: Dataset, share: float, senses: Senses) -> bool:
    """Whether a plan cannot be brought to an end in its share; networks fit their epochs to the time."""
    deep = plan.capabilities.network or bool(plan.network)
    return not deep and expected_seconds(plan, dataset, senses) > TOO_DEAR * share


def expected_seconds(plan: Plan, dataset: Dataset, senses: Senses = NO_SENSES) -> float:
    """Guess what one fit on all rows takes on one core, from what the models declare."""
    classes = len(dataset.classes) if dataset.task == "multiclass" else 1
    parts = [plan, named_plan(plan.network, senses)] if plan.network else [plan]
    total = 0.0
    for part in parts:
        fixed, per_row, per_row_and_class = part.capabilities.seconds
        columns = len(dataset.table.columns) + min(
            MOST_READ.get(part.capabilities.view, 0), sum(senses.widths.get(name, 0) for name in part.reads)
        )
        width = max(1.0, columns / 20)
        total += fixed + len(dataset.y) * width * (per_row + per_row_and_class * classes)
    return total


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
    need = sum(expected_seconds(plan, dataset, portfolio.senses) for plan in portfolio.plans[:CORE])
    means = FOR_FOLDS * seconds
    fewest = 3 if len(dataset.y) <= SMALL else 1  # the scores of a small hold-out would say little
    return next((k for k in (8, 5, 4, 3) if k <= most and k * need <= means), min(fewest, most))
