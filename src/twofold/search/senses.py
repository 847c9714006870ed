"""With what the text, pictures, clips and series of a data set are read, by hand and by networks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from twofold.core.optional import available, load, wanted_for
from twofold.core.schema import Schema
from twofold.features.extractor import make_extractor
from twofold.features.reading import WORDS

BY_HAND: dict[str, tuple[str, ...]] = {
    "text": (WORDS,),
    "image": ("colours", "edges", "hog", "lbp"),
    "audio": ("mfcc",),
    "series": ("minirocket", "quant", "series_summary"),
}
BY_NETWORK: dict[str, tuple[str, ...]] = {
    "text": ("minilm", "wordllama"),
    "image": ("efficientnet",),
    "audio": ("speech_embedding",),
}
"""Pretrained networks, best first: of those of a kind the first that the time allows is taken."""
RAW: dict[str, tuple[str, ...]] = {
    "text": ("tokens",),
    "image": ("pixels",),
    "audio": ("log_mel",),
    "series": ("regular_series",),
}


@dataclass(frozen=True)
class Senses:
    """Names of extractors for the kinds of columns that a data set has.

    Parameters
    ----------
    hand, deep, raw : tuple of str
        Features made by hand, by pretrained networks, and cells as networks read them.
    widths : mapping of str to int
        Numbers of features, as far as they are known.
    left_out : tuple of (str, str)
        Extractors that cannot be had, and why.
    """

    hand: tuple[str, ...] = ()
    deep: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the cheapest first."""
        return self.hand + self.raw + self.deep

    def only(self, wanted: Collection[str]) -> Senses:
        """Return those that are wanted."""
        hand, deep, raw = (
            tuple(name for name in names if name in wanted) for names in (self.hand, self.deep, self.raw)
        )
        return replace(self, hand=hand, deep=deep, raw=raw)

    @property
    def read_cells(self) -> bool:
        """Whether there is anything but words to be counted."""
        return any(name != WORDS for name in self.names)

    @property
    def made_by_hand(self) -> bool:
        """Whether something is made by hand that is not a count of words."""
        return any(name != WORDS for name in self.hand)


def senses_of(schema: Schema, *, deep: bool) -> Senses:
    """Return what would read the columns of a schema, before anything was measured.

    Parameters
    ----------
    schema : Schema
    deep : bool
        Whether there is time for networks.
    """
    kinds = [kind for kind in BY_HAND if schema.of_kind(kind)]
    lost: dict[str, str] = {}
    for kind in kinds:
        _demand_readable(kind, schema)

    def usable(table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        found = []
        for name in (name for kind in kinds for name in table.get(kind, ())):
            missing = [] if name == WORDS else [p for p in make_extractor(name).packages if not available(p)]
            if missing:
                lost[name] = f"{missing[0]} is not installed (pip install '{wanted_for(missing[0])}')"
            else:
                found.append(name)
        return tuple(found)

    hand = usable(BY_HAND)
    networks = deep and bool(kinds)
    return Senses(
        hand, usable(BY_NETWORK) if networks else (), usable(RAW) if networks else (), {}, tuple(lost.items())
    )


def _demand_readable(kind: str, schema: Schema) -> None:
    """Insist on the package without which cells of a kind cannot be read at all."""
    makers = [make_extractor(name) for name in BY_HAND[kind] if name != WORDS]
    for package in makers[0].packages if makers else ():
        if not available(package):
            load(package, f"Reading the cells of '{schema.of_kind(kind)[0]}'")
