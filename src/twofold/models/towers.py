"""Towers: raw pictures, texts, clips and series learned end to end, beside the table's own columns."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.random import make_generator
from twofold.core.space import Choice, Range, Space
from twofold.models.base import infer_problem
from twofold.models.mirroring import mirrored_alike
from twofold.models.network import Network

TABLE_RATES = (0.04, 0.07)
"""Rates of the table's perceptron for classes and for values (Holzmüller, Grinsztajn and Steinwart 2024)."""


class Towers(Network):
    """A network for each raw column and one for the others, joined by a layer, on the ``towers`` view.

    Parameters
    ----------
    image : str
        ``resnet``: residual convolutions; ``resnet_wide`` has twice the channels and wants three times the
        seconds (4,750 pictures of CIFAR-10, 51 seconds of one core: 40 % right against 51 %);
        ``efficientnet``: pretrained, trained further; ``efficientnet_last``: its last layers alone (59 %).
    text : str
        ``cnn``: convolutions over words; or ``transformer``.
    series : str
        ``inception``: convolutions of several lengths; ``gru``, ``lstm`` or ``transformer``.
    audio : str
        ``cnn``, or ``crnn``: convolutions, then a GRU over the frames.
    width : int
        Of the joining layer.
    learning_rate : float
    mixup : float
        Training rows are mixed by a share from Beta(mixup, mixup); 0 for not at all. Rows with codes or
        texts are never mixed.
    epochs : int or None
        At most; None takes some 1,000 batches, but 30 to 300 epochs, at least 60 with pictures or clips.

    Attributes
    ----------
    mirror_ : list of bool
        For each column, whether mirrored pictures are learned from too: not where they mean something else
        (1,000 handwritten digits: 96 % right without, 92 % with mirrored ones).

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = Towers(epochs=20).fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "towers", network=True, iterative=True, seconds=(1.0, 2e-2, 2e-6), packages=("torch",)
    )
    space: ClassVar[Space] = {
        "learning_rate": Range(5e-4, 8e-3, log=True),
        "text": Choice(("cnn", "transformer")),
        "series": Choice(("inception", "gru", "lstm", "transformer")),
        "audio": Choice(("cnn", "crnn")),
        "mixup": Range(0.0, 0.4),
    }

    def __init__(
        self,
        image: str = "resnet",
        text: str = "cnn",
        series: str = "inception",
        audio: str = "cnn",
        width: int = 128,
        learning_rate: float = 2e-3,
        mixup: float = 0.0,
        epochs: int | None = None,
    ) -> None:
        self.image = image
        self.text = text
        self.series = series
        self.audio = audio
        self.width = width
        self.learning_rate = learning_rate
        self.mixup = mixup
        self.epochs = epochs

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        problem, control = problem or infer_problem(y), control or Control()
        X, goals = np.asarray(X, dtype=np.float32), np.asarray(y, dtype=np.float64)[:, None]
        if problem.n_classes:
            goals = (goals == np.arange(problem.n_classes)).astype(np.float64)
        self.mirror_: list[bool] = []
        start = X.shape[1] - sum(tower.places for tower in problem.towers)
        for tower in problem.towers:
            cells, start = X[:, start : start + tower.places], start + tower.places
            generator = make_generator(control.seed, "mirror")
            self.mirror_.append(
                tower.kind == "image" and mirrored_alike(cells, tower.shape, goals, generator)
            )
        return super().fit(X, y, sample_weight, problem=problem, control=control)

    def build(self, X: NDArray[np.float32], n_outputs: int) -> Any:
        from twofold.nn.fusion import Fusion
        from twofold.nn.towers.make import Choice as Networks

        layout = self.layout(X)
        networks = Networks(self.image, self.text, self.series, self.audio)
        towers = [networks.make(tower) for tower in layout.towers]
        for tower, mirror in zip(towers, self.mirror_, strict=True):
            tower.mirror = mirror
        table_rate = TABLE_RATES[not self.problem_.n_classes]
        return Fusion(
            layout,
            towers,
            n_outputs,
            self.width,
            dropout=0.2,
            smooth=not self.problem_.n_classes,
            table_factor=table_rate / self.learning_rate,
        )

    def recipe(self, n_rows: int) -> Any:
        from twofold.nn.loop import Recipe, warm_cosine

        towers = self.problem_.towers
        size = 16 if n_rows < 200 else 32 if n_rows < 1_000 else 64
        whole = not self.problem_.categories and all(tower.kind != "text" for tower in towers)
        # no epoch sees the same picture or clip twice, so that a long schedule is not learned by heart
        changed = any(tower.kind in {"image", "audio"} for tower in towers)
        epochs = self.epochs or int(np.clip(1_000 * size / n_rows, 60 if changed else 30, 300))
        return Recipe(
            self.learning_rate,
            (0.9, 0.999),
            0.02,
            size,
            epochs,
            max(12, epochs // 3),
            warm_cosine,
            mixup=self.mixup if whole and towers else 0.0,
            short_first=not changed,
        )
