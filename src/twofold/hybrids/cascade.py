"""Cheap models answer; rows that they are unsure of, or disagree on, go on to dearer ones.

When it helps: most rows are easy and the last model is many times dearer than the first. When not: the
cheap models do not know when they are wrong, or all cost alike. Cost: the first stage for every row, each
further one for the rows that it is passed.

A stage is a model, or a committee that answers with the mean of its members. Its answer stands when it is
sure enough (Viola and Jones 2001), or when its members agree (Wang, Kondratyuk, Christiansen, Kitani,
Alon and Eban 2020; Kolawole, Dennis, Talwalkar and Smith 2024), or both. Without a floor the cheapest
cascade is kept that holds nearly all of the last stage's lead; with one, the cheapest that provably gives
the last stage's answers in at least this share of the rows (see `twofold.hybrids.floor`). A promise is
one about answers, so nothing that comes after such a cascade may change them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twofold.hybrids.base import Evidence, Joined
from twofold.hybrids.floor import DOUBT, Bounds, Means, Pair, Proof, Stages, combinations, halves, promise
from twofold.hybrids.threshold import learn_threshold
from twofold.steps.base import INPUT, PREDICTION, Graph, Node
from twofold.steps.cascade import Cascade as CascadeStep
from twofold.steps.cascade import opinion

Chain = tuple[tuple[int, ...], ...]
"""Members of each stage, from cheap to dear."""
LEVELS = (0.1, 0.2, 0.35, 0.5)
"""Shares of the rows, the least sure ones, that a stage may pass on."""
KEPT = 0.9
"""Share of the last stage's lead over the first one that a cascade without a floor has to keep."""
WORTH = 0.9
"""It may cost so much of what its last stage alone costs."""


@dataclass(frozen=True)
class Cascade(Joined):
    """A learned cascade.

    Parameters
    ----------
    members : tuple of int
        Of all stages, from cheap to dear.
    bounds : Bounds
        When a stage's answer stands. 0 lets every answer stand, above 1 none.
    reached : tuple of float
        Share of the rows that each stage is asked for.
    sizes : tuple of int
        Members of each stage; one each when left out.
    proof : Proof or None
        Of its floor.
    fixed : float or None
        Threshold of two classes that its proof is about.
    names : tuple of str
        Of the members.
    """

    members: tuple[int, ...]
    bounds: Bounds
    reached: tuple[float, ...]
    sizes: tuple[int, ...] = ()
    proof: Proof | None = None
    fixed: float | None = None
    names: tuple[str, ...] = ()
    name: str = "cascade"
    together: ClassVar[bool] = False

    @property
    def chain(self) -> Chain:
        """Members of each stage."""
        return _cut(self.members, self.sizes or (1,) * len(self.members))

    def combine(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        told = [opinion(predictions[list(stage)]) for stage in self.chain]
        answer = told[-1][0]
        asked = zip(told[:-1], self.bounds.sure, self.bounds.agreed, strict=True)
        for (mean, shared), sure, agreed in reversed(list(asked)):
            stands = (mean.max(axis=1) >= sure) & (shared >= agreed)
            answer = np.where(stands[:, None], mean, answer)
        return np.asarray(answer)

    def lower(self, graphs: Sequence[Graph]) -> Graph:
        sizes = tuple(len(stage) for stage in self.chain)
        names = tuple(" & ".join(stage) for stage in _cut(self.names, sizes)) if self.names else ()
        sure, agreed = np.array(self.bounds.sure), np.array(self.bounds.agreed)
        step = CascadeStep(_cut(tuple(graphs), sizes), sure, agreed, names, self.note)
        return Graph((Node(step, (INPUT,), PREDICTION),))

    def row_seconds(self, costs: NDArray[np.float64]) -> float:
        each = [float(costs[list(stage)].sum()) for stage in self.chain]
        return float(np.dot(self.reached, each))

    def placed(self, positions: Sequence[int]) -> Joined:
        return replace(self, members=tuple(positions[member] for member in self.members))

    def named(self, names: Sequence[str]) -> Joined:
        return replace(self, names=tuple(names))

    @property
    def note(self) -> str:
        """What is known of it, in a sentence."""
        ends = -np.diff([*self.reached, 0.0])
        told = ", ".join(f"{share:.0%} at stage {place}" for place, share in enumerate(ends, 1))
        return f"Rows end: {told}" + (f"; {self.proof.sentence}." if self.proof else ".")


def _cut(items: tuple[Any, ...], sizes: Sequence[int]) -> tuple[tuple[Any, ...], ...]:
    ends = np.cumsum(sizes)
    return tuple(items[end - size : end] for end, size in zip(ends, sizes, strict=True))


def look(chain: Chain, evidence: Evidence, threshold: float = 0.5) -> Stages:
    """Return what the stages of a chain say of the rows.

    Parameters
    ----------
    chain : Chain
    evidence : Evidence
    threshold : float
        From which the second of two classes is answered.
    """
    told = [opinion(evidence.predictions[list(stage)]) for stage in chain]
    return Stages(
        np.stack([_answered(mean, threshold) for mean, _ in told]),
        np.stack([mean.max(axis=1) for mean, _ in told]),
        np.stack([shared for _, shared in told]),
        tuple(map(len, chain)),
        np.array([float(evidence.row_seconds[list(stage)].sum()) for stage in chain]),
        np.ones(len(evidence.y)) if evidence.weight is None else evidence.weight,
    )


def _answered(p: NDArray[np.float64], threshold: float) -> NDArray[np.intp]:
    if p.shape[1] == 2:
        return (p[:, 1] >= threshold).astype(np.intp)
    return np.asarray(p.argmax(axis=1))


def learn_cascade(
    evidence: Evidence,
    chains: Sequence[Chain],
    floor: float | None = None,
    means: Means = "last",
    doubt: float = DOUBT,
) -> Cascade | None:
    """Find the cheapest cascade that is good enough; None when none is worth it.

    Parameters
    ----------
    evidence : Evidence
    chains : sequence of Chain
        Positions in `Evidence.predictions`.
    floor : float or None
        Share of the answers that has to be proven; None asks for most of the last stage's lead instead. Only
        chains with the last stage of the first one are looked at.
    means : Means
        What a floor counts.
    doubt : float
        Chance that the floor does not hold.

    Returns
    -------
    Cascade or None
    """
    if floor is not None:
        return _with_floor(evidence, chains, floor, means, doubt)
    best: Cascade | None = None
    cost = np.inf
    ends = {stage for chain in chains for stage in (chain[0], chain[-1])}
    gains = {stage: _gain(stage, evidence) for stage in ends}
    for chain in chains:
        own, other = gains[chain[0]], gains[chain[-1]]
        if not other > own:
            continue
        stages = look(chain, evidence)
        most = min(cost, WORTH * stages.seconds[-1])
        for bounds, price in _by_price(stages):
            if price >= most:
                break
            join = _joined(chain, stages, bounds)
            gain = evidence.metric.gain(evidence.y, join.combine(evidence.predictions), evidence.weight)
            if gain >= own + KEPT * (other - own):
                best, cost = join, price
                break
    return best


def _gain(stage: tuple[int, ...], evidence: Evidence) -> float:
    mean, _ = opinion(evidence.predictions[list(stage)])
    return evidence.metric.gain(evidence.y, mean, evidence.weight)


def _by_price(stages: Stages) -> list[tuple[Bounds, float]]:
    """Return the few bounds that are tried without a floor, the cheapest first."""
    tried: list[list[Pair]] = []
    levels = LEVELS if len(stages.sizes) == 2 else LEVELS[1:3]  # bounds of several stages multiply
    for place, size in enumerate(stages.sizes[:-1]):
        tops = np.quantile(stages.sureness[place], levels, method="higher")
        tried.append([*((float(top), 0.0) for top in tops), *([(0.0, 1.0)] if size > 1 else [])])
    price = stages.price(tried)
    bounds = combinations(tried)
    return [(bounds[place], float(price[place])) for place in np.argsort(price, kind="stable")]


def _joined(chain: Chain, stages: Stages, bounds: Bounds) -> Cascade:
    members = tuple(member for stage in chain for member in stage)
    asked = np.tri(len(chain)).T  # whoever ends at stage t was asked by each s <= t
    reached = tuple(float(stages.mean(row[:, None], bounds.pairs)[0]) for row in asked)
    return Cascade(members, bounds, reached, stages.sizes)


def _with_floor(
    evidence: Evidence, chains: Sequence[Chain], floor: float, means: Means, doubt: float
) -> Cascade | None:
    """Return the cheapest cascade whose floor is proven, if it is worth its while."""
    chains = [chain for chain in chains if chain[-1] == chains[0][-1]]
    if not chains:
        return None
    threshold = 0.5
    if evidence.metric.decides and evidence.predictions.shape[2] == 2:
        rows, _ = halves(len(evidence.y))  # no row that tests a promise has a say in what is promised
        last = evidence.predictions[list(chains[0][-1])].mean(axis=0)[rows]
        weight = None if evidence.weight is None else evidence.weight[rows]
        threshold = learn_threshold(last, evidence.y[rows], weight, evidence.metric)
    looks = [look(chain, evidence, threshold) for chain in chains]
    found = promise(looks, evidence.y, floor, means, doubt)
    if found is None:
        return None
    stages = looks[found.chain]
    join = replace(_joined(chains[found.chain], stages, found.bounds), proof=found.proof, fixed=threshold)
    return join if stages.price(found.bounds.pairs)[0] < WORTH * stages.seconds[-1] else None
