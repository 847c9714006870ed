"""What a model says about itself, for the floors above to read instead of its class name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

View = Literal["trees", "linear", "network", "towers", "none"]
"""How a model wants the columns encoded: see `twofold.workflow.views`."""

ALL_TASKS = frozenset({"binary", "multiclass", "regression"})


@dataclass(frozen=True)
class Capabilities:
    """Declared properties of a model class.

    Parameters
    ----------
    view : View
        The encoding it reads: ``trees`` (dense, NaN kept, codes and target statistics), ``linear``
        (CSR or dense, imputed, scaled, one-hot, TF-IDF), ``network`` (dense, scaled, trailing code
        columns), ``towers`` (that of ``network`` without text, then raw cells), ``none`` (the target
        alone).
    network : bool
        Whether it is a neural network; the family of a workflow follows from this.
    joins : bool
        Whether it holds models of both families and is a hybrid by itself, whatever it reads. One that
        trains a network declares `network` too.
    tasks : frozenset of str
    sample_weight : bool
    sparse : bool
        Accepts CSR matrices.
    iterative : bool
        Has rounds (trees, epochs): stops early on `Control.validation`, obeys `Control.budget`,
        reports `rounds_`, and repeats exactly `Control.rounds` when told.
    stores_rows : bool
        The fitted model carries training rows (neighbours, support vectors).
    readable : bool
        A person can read the fitted model.
    max_rows, max_classes : int or None
        Beyond these a candidate is not planned.
    seconds : tuple (fixed, per_row, per_row_and_class)
        Rough single-core cost of one fit with 20 columns; corrected by what is measured.
    packages : tuple of str
        Optional packages that it needs to be fitted.
    """

    view: View
    network: bool = False
    joins: bool = False
    tasks: frozenset[str] = ALL_TASKS
    sample_weight: bool = True
    sparse: bool = False
    iterative: bool = False
    stores_rows: bool = False
    readable: bool = False
    max_rows: int | None = None
    max_classes: int | None = None
    seconds: tuple[float, float, float] = (0.1, 1e-5, 0.0)
    packages: tuple[str, ...] = ()
