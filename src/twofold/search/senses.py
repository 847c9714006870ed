"""With what the text, pictures, clips and series of a data set are read, by hand and by networks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twofold.core.errors import InputError
from twofold.core.optional import available, load, wanted_for
from twofold.core.schema import Schema
from twofold.features.extractor import base_name, make_extractor
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
PIECES: dict[str, tuple[str, ...]] = {"text": ("word_pieces",)}
"""Cells as a pretrained network reads them that is trained further."""
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
    hand, deep, raw, pieces : tuple of str
        Features made by hand, by pretrained networks, and cells as networks read them: new ones, and those
        that others trained.
    widths : mapping of str to int
        Numbers of features, as far as they are known.
    left_out : tuple of (str, str)
        Extractors that cannot be had, and why.
    wanted : mapping of str to str
        Networks that the user named, without and with their size.
    """

    hand: tuple[str, ...] = ()
    deep: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    widths: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = ()
    wanted: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, the cheapest first."""
        return self.hand + self.raw + self.pieces + self.deep

    def only(self, wanted: Collection[str]) -> Senses:
        """Return those that are wanted."""
        hand, deep, raw, pieces = (
            tuple(name for name in names if name in wanted)
            for names in (self.hand, self.deep, self.raw, self.pieces)
        )
        return replace(self, hand=hand, deep=deep, raw=raw, pieces=pieces)

    @property
    def read_cells(self) -> bool:
        """Whether there is anything but words to be counted."""
        return any(name != WORDS for name in self.names)

    @property
    def made_by_hand(self) -> bool:
        """Whether something is made by hand that is not a count of words."""
        return any(name != WORDS for name in self.hand)


def senses_of(schema: Schema, *, deep: bool, encoders: Sequence[str] = ()) -> Senses:
    """Return what would read the columns of a schema, before anything was measured.

    Parameters
    ----------
    schema : Schema
    deep : bool
        Whether there is time for networks.
    encoders : sequence of str
        Pretrained networks that the user named: they take the place of those for their kinds of columns.

    Raises
    ------
    InputError
        When one of them is not known, is no network, or has no column to read.
    MissingExtraError
        When its package is not installed.
    """
    wanted = {base_name(name): name for name in encoders}
    by_network = {**BY_NETWORK, **_by_kind(wanted, schema)}
    kinds = [kind for kind in BY_HAND if schema.of_kind(kind)]
    lost: dict[str, str] = {}
    for kind in kinds:
        _demand_readable(kind, schema)

    def usable(table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        found = []
        for name in (name for kind in kinds for name in table.get(kind, ())):
            missing = [] if name == WORDS else [p for p in make_extractor(name).packages if not available(p)]
            if missing:
                lost[name] = f"{missing[0]} is not installed (pip install {wanted_for(missing[0])})"
            else:
                found.append(name)
        return tuple(found)

    hand = usable(BY_HAND)
    networks = deep and bool(kinds)
    return Senses(
        hand,
        usable(by_network) if networks else tuple(wanted),
        usable(RAW) if networks else (),
        pieces=usable(PIECES) if networks else (),
        left_out=tuple(lost.items()),
        wanted=wanted,
    )


def _by_kind(wanted: Mapping[str, str], schema: Schema) -> dict[str, tuple[str, ...]]:
    """Return the networks that a user named for each kind of column, or say what is wrong with them."""
    found: dict[str, tuple[str, ...]] = {}
    for word, name in wanted.items():
        extractor = make_extractor(name)
        if not extractor.network:
            raise InputError(
                f"'{name}' is not a network that others trained.",
                f"Known are: {', '.join(other for names in BY_NETWORK.values() for other in names)}, "
                "speaker, and 'hf:owner/name' for an encoder of texts.",
                "Name one of these, or leave the encoders out.",
            )
        if not schema.of_kind(extractor.reads):
            raise InputError(
                f"'{name}' reads columns of the kind {extractor.reads}, and there is none.",
                f"The kinds of this table are: {', '.join(sorted({one.kind for one in schema.columns}))}.",
                f"Leave it out, or declare a column to be {extractor.reads} in the schema.",
            )
        for package in extractor.packages:
            load(package, f"'{name}'")
        found[extractor.reads] = (*found.get(extractor.reads, ()), word)
    return found


def untried_reads(schema: Schema) -> tuple[str, ...]:
    """Return with what cells are read where nothing is tried: the best network of each kind, or by hand."""
    senses = senses_of(schema, deep=True)
    network = {make_extractor(name).reads: name for name in reversed(senses.deep)}
    hand = [name for name in senses.hand if _kind(name) not in network]
    return (*network.values(), *hand)


def _kind(name: str) -> str:
    return "text" if name == WORDS else make_extractor(name).reads


def _demand_readable(kind: str, schema: Schema) -> None:
    """Insist on the package without which cells of a kind cannot be read at all."""
    makers = [make_extractor(name) for name in BY_HAND[kind] if name != WORDS]
    for package in makers[0].packages if makers else ():
        if not available(package):
            load(package, f"Reading the cells of '{schema.of_kind(kind)[0]}'")
