"""The saved model in use: `load` a bundle, then `predict`; numpy and onnxruntime are all it needs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.about import About
from twofold.bundle.damage import damaged
from twofold.bundle.labels import answered_codes, objects_of
from twofold.bundle.manifest import Manifest
from twofold.bundle.read import Trust, is_native, read_graph, read_manifest
from twofold.bundle.simplify import steps_of
from twofold.bundle.source import open_source
from twofold.bundle.stages import Passed, passed
from twofold.core import optional
from twofold.core.errors import BundleError, InputError, MissingExtraError, TwofoldError, UnreadableWarning
from twofold.core.schema import MEDIA, Schema
from twofold.core.table import Table, Unreadable
from twofold.core.task import TASKS
from twofold.steps.base import INPUT, Graph
from twofold.steps.conform import columns_of, conform

CHUNK = 50_000
"""Rows that go through the steps at once: large enough for full speed, small enough for any memory."""
CELLS = 512
"""The same for rows with pictures, clips or series, which are large once they are read."""
TOLD = 3
"""Unreadable cells that a warning names."""


@dataclass(frozen=True)
class Abilities:
    """What a loaded model can do, declared.

    Parameters
    ----------
    task : str
    kinds : frozenset of str
        Kinds of the columns that it reads.
    probabilities : bool
        Has `predict_proba`.
    update : bool
        Was saved to learn from more rows.
    requires : tuple of str
        Packages that its steps use, besides numpy.
    native : bool
        Holds a booster's own file.
    training_rows : bool
        Holds rows that it was trained on.
    """

    task: str
    kinds: frozenset[str]
    probabilities: bool
    update: bool
    requires: tuple[str, ...]
    native: bool
    training_rows: bool


class Predictor:
    """A model that answers for new rows. Threads may share it.

    Made by `load`; or from a graph at hand, for instance before it is saved.

    Parameters
    ----------
    about : About
        What the model is.
    graph : Graph
        From ``table`` to ``prediction``.
    manifest : Manifest or None
        What it was loaded with.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Labels in the order of the probabilities; empty for regression.

    Examples
    --------
    >>> from twofold.core.schema import Column
    >>> from twofold.steps import Node
    >>> from twofold.steps.linear import Linear
    >>> from twofold.steps.numbers import Numbers
    >>> about = About("binary", "rain", ("dry", "wet"), Schema((Column("clouds", "number"),)))
    >>> steps = Numbers(("clouds",)), Linear(np.array([[4.0]]), np.array([-2.0]), "sigmoid")
    >>> graph = Graph((Node(steps[0], ("table",), "X"), Node(steps[1], ("X",), "prediction")))
    >>> Predictor(about, graph).predict({"clouds": [0.1, 0.9]}).tolist()
    ['dry', 'wet']
    """

    def __init__(self, about: About, graph: Graph, manifest: Manifest | None = None) -> None:
        self._about, self._graph, self._manifest = about, graph, manifest
        self._names = about.schema.names
        self._width = max(1, len(about.classes))
        self._cells = bool(about.schema.of_kind(*MEDIA))
        self.classes_ = _as_labels(about.classes)

    def __repr__(self) -> str:
        model = f", model={self._about.model!r}" if self._about.model else ""
        columns = len(self._about.schema.used)
        return f"Predictor(task={self.task!r}, target={self._about.target!r}, columns={columns}{model})"

    @property
    def task(self) -> str:
        """``binary``, ``multiclass`` or ``regression``."""
        return self._about.task

    @property
    def schema(self) -> Schema:
        """The columns of the training data."""
        return self._about.schema

    @property
    def about(self) -> About:
        """What the model says about itself."""
        return self._about

    @property
    def metadata(self) -> Manifest | None:
        """The whole manifest; None for a model that was not loaded from a bundle."""
        return self._manifest

    @property
    def graph(self) -> Graph:
        """The steps, from ``table`` to ``prediction``."""
        return self._graph

    @property
    def capabilities(self) -> Abilities:
        """What it can do."""
        steps = list(steps_of(self._graph))
        return Abilities(
            task=self.task,
            kinds=frozenset(column.kind for column in self.schema.used),
            probabilities=TASKS[self.task].classification,
            update=self._about.updatable,
            requires=tuple(sorted({package for step in steps for package in step.requires})),
            native=any(map(is_native, steps)),
            training_rows=any(step.stores_rows for step in steps),
        )

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer with labels, or values.

        Parameters
        ----------
        X : pandas.DataFrame, pyarrow.Table, dict of arrays, list of dicts, or 2-D array
            The columns of the training data by name, in any order; further ones are ignored. An array
            has them in the order of training.

        Returns
        -------
        array of shape (n_rows,)
            Labels as they were in the training data (by the saved threshold for binary tasks), or
            float64 values.

        Raises
        ------
        SchemaError
            When columns are missing.
        InputError
            When it is no table.
        """
        answer = self.output(X)
        if not self._about.classes:
            return answer[:, 0]
        return self.labels(answer)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Answer with probabilities of shape (n_rows, n_classes), in the order of `classes_`.

        Raises
        ------
        InputError
            When the task has no classes, or `X` is no table.
        """
        if not self._about.classes:
            raise InputError(
                "predict_proba was asked of a model for regression.",
                "Only classification has probabilities.",
                "Use predict.",
            )
        return self.output(X)

    def labels(self, probabilities: NDArray[np.float64]) -> NDArray[Any]:
        """Return what `predict` answers where `predict_proba` gives these probabilities.

        Parameters
        ----------
        probabilities : array of shape (n_rows, n_classes)
        """
        return self.classes_[answered_codes(self._about, probabilities)]

    def predict_batches(self, batches: Iterable[Any]) -> Iterator[NDArray[Any]]:
        """Yield `predict` for each of many tables, so that not all have to be in memory."""
        return map(self.predict, batches)

    def output(self, X: Any) -> NDArray[np.float64]:
        """Return what the last step gives: probabilities (n, n_classes), or values (n, 1)."""
        if isinstance(X, Mapping) and X and all(isinstance(value, _SCALARS) for value in X.values()):
            raise InputError(
                "X is one dict of single values.",
                "A dict has one array for each column; a list has one dict for each row.",
                "For one row write predict([row]).",
            )
        unread: list[Unreadable] = []
        parts = [self._run(table, unread, first) for first, table in self.tables(X)]
        answer = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if unread:
            warnings.warn(_told(unread, len(answer)), UnreadableWarning, stacklevel=3)
        return answer

    def tables(self, X: Any) -> Iterator[tuple[int, Table]]:
        """Yield the rows as canonical tables that fit into memory, each with the number of its first row."""
        columns = columns_of(X, self._names)
        n_rows = max(map(len, columns.values()), default=0)
        chunk = CELLS if self._cells else CHUNK
        for first in range(0, max(n_rows, 1), chunk):
            part = {name: values[first : first + chunk] for name, values in columns.items()}
            yield first, conform(part, self.schema)

    def explain(self, X: Any) -> Passed:
        """Tell which stage of a cascade answered each row, and why the ones before it passed it on.

        Parameters
        ----------
        X
            As of `predict`.

        Raises
        ------
        InputError
            When the model is no cascade.
        """
        tables = (table for _, table in self.tables(X) if table.n_rows)
        return passed(self._graph, (Table(table.columns, table.n_rows, {}) for table in tables))

    def _run(
        self, table: Table, unread: list[Unreadable] | None = None, first: int = 0
    ) -> NDArray[np.float64]:
        if not table.n_rows:
            return np.empty((0, self._width))
        table = Table(table.columns, table.n_rows, {})
        try:
            answer = np.asarray(self._graph.run({INPUT: table}), dtype=np.float64)
        except (TwofoldError, MemoryError):
            raise
        except Exception as error:  # steps run foreign libraries, which raise what they like
            raise damaged(
                f"A step of the model failed: {type(error).__name__}: {str(error)[:300]}.",
                "A graph that was written by twofold answers for every table that fits its schema.",
            ) from error
        if unread is not None:
            unread += [replace(problem, row=problem.row + first) for problem in table.complaints]
        if answer.shape != (table.n_rows, self._width):
            raise damaged(
                f"The model answered {table.n_rows} rows with an array of shape {answer.shape}.",
                f"It should have the shape {(table.n_rows, self._width)}.",
            )
        return answer

    def check(self) -> None:
        """Run one row in which everything is missing; what is made at first use is made now.

        Raises
        ------
        BundleError
            When the steps do not fit each other.
        MissingExtraError
            When a package that a step needs is not installed.
        """
        for package in self.capabilities.requires:
            optional.load(package, f"This model for '{self._about.target}'")
        nothing = {name: np.array([None], dtype=object) for name in self._names}
        try:
            self._run(conform(nothing, self.schema))
        except MemoryError:
            raise damaged("The steps of the bundle ask for more memory than there is.") from None
        except (BundleError, MissingExtraError):
            raise
        except TwofoldError as error:
            raise damaged(f"The steps of the bundle do not fit its schema: {error}") from error


def _told(unread: list[Unreadable], n_rows: int) -> str:
    """Say which cells were taken as missing because they could not be read."""
    named = ", ".join(f"row {one.row}, '{one.column}': {one.name} ({one.reason})" for one in unread[:TOLD])
    more = ", ..." if len(unread) > TOLD else ""
    what = f"{len(unread):,} cell(s) of {n_rows:,} rows could not be read and were taken as missing"
    return f"{what}: {named}{more}. Every row was answered."


_SCALARS = (str, bytes, bool, int, float, type(None), np.generic)


def _as_labels(classes: tuple[Any, ...]) -> NDArray[Any]:
    """Return labels as an array of their own type; strings and mixed ones stay Python objects."""
    kinds = set(map(type, classes))
    small = kinds == {int} and all(-(2**63) <= label < 2**63 for label in classes)
    if small or kinds in ({float}, {bool}):
        return np.array(classes)
    return objects_of(classes)


def load(
    path: str | os.PathLike[str], *, verify: str | bytes | None = None, trust_native: bool = False
) -> Predictor:
    """Load a saved model: no code of the file is run, every byte is checked first.

    Parameters
    ----------
    path : path
        The folder or zip file that `save` wrote.
    verify : str or bytes, optional
        The key it was signed with; then a bundle that is not signed, or was changed, is refused. Without
        it the hashes still detect damage, but not somebody who changes them too.
    trust_native : bool
        Accept booster files (LightGBM, CatBoost) of a bundle that is not verified.

    Returns
    -------
    Predictor

    Raises
    ------
    BundleError
        When the bundle is missing, damaged, unsafe, not signed as wanted, or of a newer format.
    MissingExtraError
        When a package that it needs is not installed.
    """
    source = open_source(path)
    manifest = read_manifest(source, verify)
    graph = read_graph(source, manifest, Trust(verify, trust_native))
    predictor = Predictor(manifest.about, graph, manifest)
    predictor.check()
    return predictor
