"""From what stands in a column to the tower that reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twofold.core.control import Tower
from twofold.core.errors import InputError
from twofold.nn.efficientnet import load_network
from twofold.nn.towers.audio import AudioTower
from twofold.nn.towers.base import TowerNetwork
from twofold.nn.towers.image import ImageTower
from twofold.nn.towers.inception import InceptionTower
from twofold.nn.towers.pretrained import EfficientNetTower
from twofold.nn.towers.steps import RecurrentSeriesTower, SeriesTransformerTower
from twofold.nn.towers.text import TextCNN, TextTransformer

_MAKERS: dict[str, dict[str, Callable[[Tower], TowerNetwork]]] = {
    "image": {
        "resnet": lambda tower: ImageTower(tower.shape),
        "resnet_wide": lambda tower: ImageTower(tower.shape, (32, 64, 128)),
        "efficientnet": lambda tower: EfficientNetTower(tower.shape, load_network(), last_only=False),
        "efficientnet_last": lambda tower: EfficientNetTower(tower.shape, load_network(), last_only=True),
    },
    "text": {
        "cnn": lambda tower: TextCNN(tower.shape[0], tower.size),
        "transformer": lambda tower: TextTransformer(tower.shape[0], tower.size),
    },
    "series": {
        "inception": lambda tower: InceptionTower(tower.shape),
        "gru": lambda tower: RecurrentSeriesTower(tower.shape, "gru"),
        "lstm": lambda tower: RecurrentSeriesTower(tower.shape, "lstm"),
        "transformer": lambda tower: SeriesTransformerTower(tower.shape),
    },
    "audio": {
        "cnn": lambda tower: AudioTower(tower.shape, recurrent=False),
        "crnn": lambda tower: AudioTower(tower.shape, recurrent=True),
    },
}


@dataclass(frozen=True)
class Choice:
    """Which network reads the columns of each kind.

    Parameters
    ----------
    image : str
        ``resnet``; ``resnet_wide``, which takes three times as long; ``efficientnet``, pretrained, or
        ``efficientnet_last``, whose last layers alone learn.
    text : str
        ``cnn`` or ``transformer``.
    series : str
        ``inception``, ``gru``, ``lstm`` or ``transformer``.
    audio : str
        ``cnn`` or ``crnn``.

    Examples
    --------
    >>> Choice(series="gru").make(Tower("series", (1, 100))).width
    192
    """

    image: str = "resnet"
    text: str = "cnn"
    series: str = "inception"
    audio: str = "cnn"

    def make(self, tower: Tower) -> TowerNetwork:
        """Return the untrained network for a column.

        Raises
        ------
        InputError
            When the kind or the name of the network is not known.
        """
        names = _MAKERS.get(tower.kind)
        if names is None:
            raise InputError(
                f"A tower is of the kind '{tower.kind}'.",
                f"It has to be one of {', '.join(_MAKERS)}.",
                "Leave the column to the view 'network', or name one of these kinds.",
            )
        name: str = getattr(self, tower.kind)
        if name not in names:
            raise InputError(
                f"{tower.kind}={name!r} is not a network for columns of this kind.",
                f"There are {', '.join(names)}.",
                f"Write for instance {tower.kind}={next(iter(names))!r}.",
            )
        return names[name](tower)
