"""A candidate: a named plan for a workflow, and the family that follows from its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from twofold.core.capabilities import Capabilities
from twofold.core.trial import Family
from twofold.features.extractor import make_extractor
from twofold.features.reading import WORDS
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
    reads : tuple of str
        Extractors that it reads text, pictures, clips and series with (see `twofold.features.reading`).
    without : tuple of str
        Kinds of columns that it does not see: what a kind brings shows when it is left out.

    Examples
    --------
    >>> Plan("lines", "linear").family
    'ml'
    >>> Plan("deep lines", "linear", network="a network").family
    'hybrid'
    >>> Plan("lines over a network", "linear", reads=("minilm",)).family
    'hybrid'
    """

    name: str
    model: str
    params: Mapping[str, Any] = field(default_factory=dict)
    network: str = ""
    reads: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

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
        """The family, derived: networks alone are dl, none is ml, both joined are a hybrid.

        A network over features made by hand is a hybrid, so is any other model over features that a network
        made, and so is a model that joins both by itself. Counts of words and raw cells are made by neither.
        """
        declared = self.capabilities
        if declared.view == "none":
            return "baseline"
        if declared.joins:
            return "hybrid"
        makers = [make_extractor(name) for name in self.reads if name != WORDS]
        makers = [maker for maker in makers if maker.reads not in self.without]
        by_network = bool(self.network) or any(maker.network for maker in makers)
        if declared.network:
            by_hand = any(not maker.network and not maker.raw for maker in makers)
            return "hybrid" if by_hand else "dl"
        return "hybrid" if by_network else "ml"

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a job or a run folder."""
        return {
            "name": self.name,
            "model": self.model,
            "params": dict(self.params),
            "network": self.network,
            "reads": list(self.reads),
            "without": list(self.without),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """Read what `to_json` wrote."""
        listed = {key: tuple(data.get(key, ())) for key in ("reads", "without")}
        return cls(**{**data, **listed})
