"""A candidate: a named plan for a workflow, and the family that follows from its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from twofold.core.capabilities import Capabilities
from twofold.core.trial import Family
from twofold.models import MODELS
from twofold.models.base import Model


@dataclass(frozen=True)
class Plan:
    """A model on its view of the columns, perhaps beside the embedding of a network.

    Parameters
    ----------
    name : str
        Unique in a run.
    model : str
        A name in `MODELS`, or ``module:Class``.
    params : mapping
        What differs from the model's defaults; plain data.
    network : str
        Name of the plan whose network's embedding is put beside the columns; empty for none.

    Examples
    --------
    >>> Plan("lines", "linear").family
    'ml'
    >>> Plan("deep lines", "linear", network="a network").family
    'hybrid'
    """

    name: str
    model: str
    params: Mapping[str, Any] = field(default_factory=dict)
    network: str = ""

    def make(self) -> Model:
        """Return a fresh model with the plan's parameters."""
        return cast(Model, MODELS.load(self.model)(**self.params))

    @property
    def capabilities(self) -> Capabilities:
        """What the model declares."""
        return cast(Capabilities, MODELS.load(self.model).capabilities)

    @property
    def packages(self) -> tuple[str, ...]:
        """Optional packages that a fit needs."""
        return self.capabilities.packages + (("torch",) if self.network else ())

    @property
    def family(self) -> Family:
        """The family, derived: a network alone is dl, none is ml, both joined are a hybrid."""
        declared = self.capabilities
        if declared.view == "none":
            return "baseline"
        if declared.network:
            return "dl"
        return "hybrid" if self.network else "ml"

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a job or a run folder."""
        return {
            "name": self.name,
            "model": self.model,
            "params": dict(self.params),
            "network": self.network,
        }
