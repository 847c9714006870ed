"""The contract of an extractor: from one column of text, pictures, clips or series to features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, cast

from twofold.core.registry import Registry
from twofold.core.schema import Kind
from twofold.core.table import Table
from twofold.steps.extraction import Extraction

EXTRACTORS = Registry(
    "twofold.extractors",
    {
        "colours": "twofold.features.image:ColourFeatures",
        "edges": "twofold.features.image:EdgeFeatures",
        "efficientnet": "twofold.features.image_network:EfficientNetFeatures",
        "hf": "twofold.features.text_network:HubEncoder",
        "hog": "twofold.features.image:HogFeatures",
        "lbp": "twofold.features.image:LocalPatternFeatures",
        "log_mel": "twofold.features.audio:LogMelFrames",
        "mfcc": "twofold.features.audio:MfccFeatures",
        "minilm": "twofold.features.text_network:MiniLM",
        "minirocket": "twofold.features.series:MiniRocketFeatures",
        "pixels": "twofold.features.pixels:RawPixels",
        "quant": "twofold.features.series:QuantFeatures",
        "regular_series": "twofold.features.series:RegularSeriesFeatures",
        "series_summary": "twofold.features.series:SeriesSummaryFeatures",
        "speaker": "twofold.features.audio_network:Speaker",
        "speech_embedding": "twofold.features.audio_network:SpeechEmbedding",
        "tokens": "twofold.features.word_numbers:NumberedWords",
        "word_pieces": "twofold.features.text_network:NumberedPieces",
        "wordllama": "twofold.features.text_network:WordLlama",
    },
)


class Extractor(ABC):
    """Makes the step that reads one column.

    Parameters
    ----------
    size : int
        How finely it reads, in its own unit (side of the picture in pixels, words, bins); 0 for its default.
        ``"name@96"`` stands for an extractor of size 96.
    """

    reads: ClassVar[Kind]
    """The kind of column that it reads."""
    network: ClassVar[bool]
    """Whether a network made its features: then a plan that uses it is not `ml` alone."""
    fitted: ClassVar[bool] = False
    """Whether `make` learns from the rows. Such a step is made for each part from its training rows alone;
    one that is not fitted is made once, and its features of all rows are kept on disk."""
    raw: ClassVar[bool] = False
    """Whether it only brings the cell into a shape that a network can read; then it makes no family."""
    suits: ClassVar[frozenset[str]] = frozenset({"trees", "linear", "network"})
    """Views that its features are put into."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Optional packages that `make` needs."""
    seconds: ClassVar[float] = 1e-3
    """Rough seconds for a cell of default size on one core; measured before it is used."""
    sizes: ClassVar[Sequence[int]] = ()
    """Sizes to choose from, finest first, where the time shall decide; empty where there is but one."""

    def __init__(self, size: int = 0) -> None:
        self.size = size

    @abstractmethod
    def make(self, column: str, table: Table, seed: int) -> Extraction:
        """Return the step for a column.

        Parameters
        ----------
        column : str
        table : Table
            Training rows of the part for a fitted extractor; a sample of all rows for another.
        seed : int
        """

    @abstractmethod
    def names(self, step: Extraction) -> tuple[str, ...]:
        """Return a name for each of the step's features."""


HUB = "hf:"
"""Names that begin with it are those of encoders of the Hugging Face hub, or of folders that hold one."""


def make_extractor(name: str) -> Extractor:
    """Return the extractor that a name stands for.

    Such as ``"hog"``, ``"efficientnet@96"`` or ``"hf:sentence-transformers/all-MiniLM-L6-v2"``.
    """
    word = base_name(name)
    size = int(name.removeprefix(word).removeprefix("@") or 0)
    if word.startswith(HUB):
        return cast(Extractor, EXTRACTORS.load("hf")(size, word.removeprefix(HUB)))
    return cast(Extractor, EXTRACTORS.load(word)(size))


def base_name(name: str) -> str:
    """Return the name of an extractor without its size.

    Examples
    --------
    >>> base_name("efficientnet@96"), base_name("hf:/models@v2/x")
    ('efficientnet', 'hf:/models@v2/x')
    """
    word, at, size = name.rpartition("@")
    return word if at and size.isdigit() else name
