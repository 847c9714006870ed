"""The architectures compared in words and numbers: everything is computed from the fitted, lowered graphs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twofold.compare.anatomy import BY_HAND, BY_NETWORK, CLASSIFIER, ENCODING, JOINING, Anatomy, Stage
from twofold.report.number_format import duration, number, share


@dataclass(frozen=True)
class Training:
    """How a workflow came about.

    Parameters
    ----------
    labels, rounds : int
    seconds, reading_seconds : float
        Of the fit, and of reading the training cells.
    candidates : int
        Tried on the folds.
    """

    labels: int
    rounds: int
    seconds: float
    reading_seconds: float
    candidates: int


@dataclass(frozen=True)
class Aspect:
    """A line of the comparison: what each workflow is like in one respect.

    Parameters
    ----------
    name : str
    meaning : str
        What is asked, in a few words.
    said : tuple of str
        One for each workflow.
    """

    name: str
    meaning: str
    said: tuple[str, ...]


def amount(value: float) -> str:
    """Write a large count with about three digits.

    Examples
    --------
    >>> amount(128), amount(12_689_408), amount(324_864), amount(0)
    ('128', '12.7 million', '325 thousand', '0')
    """
    for size, word in ((1e9, " billion"), (1e6, " million"), (1e4, " thousand")):
        if value >= size:
            unit = 1e3 if word == " thousand" else size
            return number(value / unit, 0 if value / unit >= 99.5 else 1) + word
    return f"{value:,.0f}"


def architectures(parts: Sequence[tuple[Anatomy, Training]]) -> tuple[Aspect, ...]:
    """Compare workflows in eight respects.

    Parameters
    ----------
    parts : sequence of (Anatomy, Training)
    """
    asked: Mapping[tuple[str, str], Callable[[Anatomy, Training], str]] = {
        ("Structure", "how many steps, and how they hang together"): _structure,
        ("Data flow", "how many numbers a row is at each stage"): _flow,
        ("Components", "what the steps are"): _components,
        ("Layers", "weighted layers of its networks"): _layers,
        ("Connections", "products of a number with a weight, for one row"): _connections,
        ("Training", "what was learned, where, and from how much"): _training,
        ("Compute", "where the work of one row is done"): _compute,
        ("Interpretability", "what a person can read in it"): _interpretability,
    }
    return tuple(
        Aspect(name, meaning, tuple(say(anatomy, training) for anatomy, training in parts))
        for (name, meaning), say in asked.items()
    )


def _structure(anatomy: Anatomy, training: Training) -> str:
    del training
    outputs = {stage.output for stage in anatomy.stages}
    ways = [stage for stage in anatomy.stages if not outputs & set(stage.reads)]
    beside = (
        "one way from the row to the answer" if len(ways) == 1 else f"{len(ways)} ways side by side, joined"
    )
    return f"{_count(len(anatomy.stages), 'step')}, {anatomy.depth} in a row; {beside}."


def _flow(anatomy: Anatomy, training: Training) -> str:
    del training
    return " → ".join(["the row", *_levels(anatomy)])


def _levels(anatomy: Anatomy) -> list[str]:
    """Return the widths along the way: what is read, the features, and what follows them."""
    found = []
    for role, word in (("reading", "read as they are"), (BY_HAND, "by hand"), (BY_NETWORK, "by a network")):
        width = sum(stage.width for stage in anatomy.of_role(role))
        if width:
            found.append(f"{width:,} {word}")
    joined = [stage.width for stage in anatomy.of_role(ENCODING)]
    if joined and not anatomy.of_role("reading"):
        found.append(f"{joined[-1]:,} side by side")
    last = anatomy.stages[-1]
    found.append(f"{last.width:,} {'answer' if last.width == 1 else 'answers'}")
    return found


def _components(anatomy: Anatomy, training: Training) -> str:
    del training
    by_role: dict[str, list[str]] = {}
    for stage in anatomy.stages:
        by_role.setdefault(stage.role, []).append(_kind(stage))
    parts = []
    for role, kinds in by_role.items():
        counted = [f"{kind} ×{n}" if n > 1 else kind for kind, n in Counter(kinds).items()]
        parts.append(f"{role}: {', '.join(counted)}")
    return "; ".join(parts) + "."


def _kind(stage: Stage) -> str:
    if stage.cost.trees:
        return "trees"
    return "network" if stage.cost.network else stage.kind.replace("_", " ")


def _layers(anatomy: Anatomy, training: Training) -> str:
    del training
    layers = anatomy.layers
    if not layers:
        return "None: between the features and the answer there is no layer of learned features."
    words = ", ".join(_count(n, word) for word, n in Counter(layer.word for layer in layers).items())
    shapes = ["×".join(map(str, layer.shape[1:] or layer.shape)) for layer in layers if layer.shape]
    way = list(dict.fromkeys(shapes))
    shown = way if len(way) <= 6 else [*way[:3], "…", *way[-2:]]
    return f"{words}: {' → '.join(shown)}." if shown else f"{words}."


def _connections(anatomy: Anatomy, training: Training) -> str:
    del training
    parts = []
    networks = [stage for stage in anatomy.stages if stage.cost.network]
    work = sum(stage.cost.multiply_adds or 0 for stage in networks)
    weights = sum(stage.cost.parameters for stage in networks)
    if networks and weights:
        often = work / weights
        used = f"each used about {number(often, 0)} times" if often >= 1.5 else "each used once"
        parts.append(f"{amount(work)} within its networks, over {amount(weights)} weights ({used})")
    heads = anatomy.of_role(CLASSIFIER, JOINING)
    last = sum(stage.cost.multiply_adds or 0 for stage in heads)
    kind = "comparisons and products" if any(stage.cost.trees for stage in heads) else "products"
    parts.append(f"{amount(last)} {kind} from the features to the answer")
    return "; ".join(parts) + "."


def _training(anatomy: Anatomy, training: Training) -> str:
    here, elsewhere = anatomy.learned("learned here"), anatomy.learned("learned elsewhere")
    grown = any(stage.origin == "learned here" and stage.cost.layers for stage in anatomy.stages)
    rounds = f" in {_count(training.rounds, 'round')}" if grown else ""  # of others, rounds are no passes
    parts = [
        f"{amount(here)} numbers learned here from {training.labels:,} labels{rounds}, "
        f"in {duration(training.seconds)}"
    ]
    if elsewhere:
        parts.append(f"{amount(elsewhere)} learned elsewhere before, and kept")
    if training.reading_seconds > 0.05:
        parts.append(f"{duration(training.reading_seconds)} of one core to read the training rows")
    if training.candidates > 1:
        parts.append(f"chosen among {training.candidates} candidates")
    return "; ".join(parts) + "."


def _compute(anatomy: Anatomy, training: Training) -> str:
    del training
    whole = anatomy.multiply_adds
    by_role: Counter[str] = Counter()
    for stage in anatomy.stages:
        by_role[stage.role] += stage.cost.multiply_adds or 0
    parts = [
        f"{share(work / whole)} {role}"
        for role, work in by_role.most_common(3)
        if whole and work / whole >= 0.005
    ]
    about = "about " if anatomy.estimated else ""
    seconds = sum(stage.seconds for stage in anatomy.stages)
    slowest = max(anatomy.stages, key=lambda stage: stage.seconds)
    time = (
        f" Of the time, {share(slowest.seconds / seconds)} goes into {_kind(slowest)}." if seconds > 0 else ""
    )
    return f"{about.capitalize()}{amount(whole)} multiply-adds a row: {', '.join(parts)}.{time}"


def _interpretability(anatomy: Anatomy, training: Training) -> str:
    named = sum(
        stage.width for stage in anatomy.of_role(BY_HAND, "reading") if not _fed_to_network(stage, anatomy)
    )
    nameless = sum(stage.width for stage in anatomy.of_role(BY_NETWORK))
    parts = []
    if named:
        parts.append(f"{named:,} features have a name and a definition")
    if nameless:
        parts.append(f"{nameless:,} features were made by a network and have no name")
    heads = anatomy.of_role(CLASSIFIER, JOINING)
    remembered = [stage for stage in heads if stage.remembers]
    trees = [stage for stage in heads if stage.cost.trees]
    if remembered:
        parts.append(
            f"the answer compares the row with training rows that it keeps "
            f"({amount(sum(stage.cost.parameters for stage in remembered))} numbers)"
        )
    elif trees:
        work = sum(stage.cost.multiply_adds or 0 for stage in trees)
        parts.append(f"the answer is the sum of trees, some {amount(work)} comparisons: too many to follow")
    elif heads and not math.isclose(heads[-1].cost.parameters, 0):
        each = (
            "feature" if named and not nameless else "nameless number" if nameless and not named else "input"
        )
        parts.append(f"the answer is a weighted sum: one weight for each {each}, which can be listed")
    if nameless and not named:
        parts.append("inside, only activations can be looked at")
    del training
    said = "; ".join(parts)
    return said[:1].upper() + said[1:] + "."


def _fed_to_network(stage: Stage, anatomy: Anatomy) -> bool:
    """Whether all ways onward from a stage lead into a network."""
    followers = [other for other in anatomy.stages if stage.output in other.reads]
    if not followers:
        return False
    return all(other.cost.network or _fed_to_network(other, anatomy) for other in followers)


def _count(n: int, word: str) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> _count(1, "step"), _count(3, "step")
    ('1 step', '3 steps')
    """
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
