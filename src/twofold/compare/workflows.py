"""Which plans stand for the two textbook workflows and for the third way between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twofold.core import optional
from twofold.core.errors import InputError
from twofold.core.optional import available
from twofold.core.trial import Family
from twofold.data.dataset import Dataset
from twofold.search.portfolio import lines_for
from twofold.search.senses import Senses
from twofold.workflow.plan import Plan

FAMILIES: tuple[Family, ...] = ("ml", "dl", "hybrid")
WANTED: dict[str, tuple[str, ...]] = {
    "ml": ("linear", "lightgbm", "svm"),
    "dl": ("towers", "realmlp"),
    "hybrid": (
        "discriminant (deep)",
        "linear (deep)",
        "linear (both)",
        "lightgbm (both)",
        "towers + linear",
        "towers + lightgbm",
        "realmlp + linear",
        "realmlp + lightgbm",
    ),
}
"""Names in the portfolio, best known first: by hand, one network alone, its features under a classifier."""
MOST = {"ml": 3, "dl": 1, "hybrid": 4}
"""So many candidates stand for a workflow; among several the folds choose."""
SHORT, FEW = 30.0, 2
"""Below so many seconds of all cores there is no time for more than so many candidates."""


@dataclass(frozen=True)
class Candidates:
    """The plans of one workflow, in order."""

    family: Family
    plans: tuple[Plan, ...]


def choose_candidates(dataset: Dataset, senses: Senses, seconds: float) -> tuple[Candidates, ...]:
    """Return the candidates of the three workflows for a data set.

    Parameters
    ----------
    dataset : Dataset
    senses : Senses
        With what its text, pictures, clips and series can be read.
    seconds : float
        Of all cores together.

    Raises
    ------
    MissingExtraError
        When networks cannot be trained here.
    InputError
        When a workflow has no candidate for this data.
    """
    optional.load("torch", "Comparing with networks")
    plans = {plan.name: plan for plan, _ in lines_for(senses)}
    found: list[Candidates] = []
    for family in FAMILIES:
        usable = [plans[name] for name in WANTED[family] if name in plans]
        usable = [plan for plan in usable if plan.family == family and _suits(plan, dataset)]
        if family == "hybrid":
            usable = _hybrids(usable, found[-1].plans)
        if not usable:
            raise InputError(
                f"There is no plan for the workflow '{family}' on this data.",
                "The columns have to be such that features by hand and a network can read them.",
                "See which packages are missing: pip install 'twofold[deep,image,text,audio]'.",
            )
        most = min(MOST[family], FEW) if seconds < SHORT else MOST[family]
        found.append(Candidates(family, tuple(usable[:most])))
    return tuple(found)


def _suits(plan: Plan, dataset: Dataset) -> bool:
    declared = plan.capabilities
    fits = declared.max_rows is None or len(dataset.y) <= declared.max_rows
    return fits and dataset.task in declared.tasks and all(available(package) for package in plan.packages)


def _hybrids(usable: Sequence[Plan], networks: Sequence[Plan]) -> list[Plan]:
    """Return plans over a pretrained network; without one, those over the network of the workflow ``dl``."""
    trained = [plan for plan in usable if not plan.network]
    return trained or [plan for plan in usable if plan.network in {network.name for network in networks}]
