"""Rules over a model, against boosted trees alone and a network alone.

python benchmarks/hybrids/rules.py --out hybrids.jsonl

Rules are learned from answers out of fold of the training rows; the rows that are scored are seen once. Three
lines for each table: rules over the trees and over the network, which weigh an answer or send a row to the
other model (log loss); and certain rules, short ones whose precision on labels was proved, over the trees
(accuracy). One more line lays a policy that was not learned over the trees: what it costs. The note tells, on
the mean of the divisions, how many rules there are and in what share of the scored rows they were heard; of
certain rules, how often they were right there with the interval of Clopper and Pearson (1934) over all
divisions together.

The connections of nsl-kdd are divisions of its training part: they tell of attacks that are known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pandas as pd
from common import HOME, Line, Outcome, divided, main, score, table_rows, time_rows
from numpy.typing import NDArray

from twofold.bundle.about import About, Bundle
from twofold.core.budget import Budget, count_cores
from twofold.data.dataset import Dataset
from twofold.data.split import make_folds
from twofold.hybrids.rules.book import RuleBook, parse_rules
from twofold.hybrids.rules.laying import decide, find_rules, lay_over
from twofold.hybrids.rules.learning import Effort, Unseen, learn_certain_rules, learn_rules
from twofold.hybrids.rules.standing import share_interval
from twofold.workflow.fitting import fit_plan, predict_out_of_fold
from twofold.workflow.plan import Plan

SECONDS, ROWS, FOLDS = 300.0, 1_000, 3
TABLES = ("german-credit", "adult-income", "mammography", "nsl-kdd")
PLANS = {"ml": Plan("lightgbm", "lightgbm"), "dl": Plan("tabm", "tabm")}
TREES, NETWORK, CERTAIN = "rules over trees", "rules over a network", "certain rules over trees"
POLICY = "a policy over trees"
POLICIES = {
    "german-credit": """
rules:
  - name: no large loan for a long time
    if: {duration: {above: 24}, credit-amount: {above: 5000}}
    then: {forbid: 1}
  - name: no loan without a reserve
    if:
      - checking-account: {is: "<0 DM"}
      - savings-account: {is: "<100 DM"}
      - property: {is: unknown / no property}
    then: {forbid: 1}
"""
}


@dataclass(frozen=True)
class Division:
    """Both models on one division: fitted on its training rows, and out of fold on them.

    Parameters
    ----------
    learn, test : Dataset
    bundles : dict of str to Bundle
    said : dict of str to array of shape (n, k)
        Answers out of fold.
    seconds, all_seconds : dict of str to float
        Of the one fit, and of the fits out of fold.
    """

    learn: Dataset
    test: Dataset
    bundles: dict[str, Bundle]
    said: dict[str, NDArray[np.float64]]
    seconds: dict[str, float]
    all_seconds: dict[str, float]


def rows_of(table: str) -> tuple[pd.DataFrame, str, str]:
    """Return a table, its target and its task."""
    if table != "nsl-kdd":
        return table_rows(table)
    frame = pd.read_csv(HOME / table / "nsl_kdd_train20.csv.gz").drop(columns=["attack", "difficulty"])
    return frame, "is_attack", "binary"


@cache
def division(table: str, seed: int) -> Division:
    """Fit both models once for all lines of a table."""
    learn, test = divided(*rows_of(table), seed, ROWS)
    folds = make_folds(learn, FOLDS, seed)
    bundles, said, seconds, all_seconds = {}, {}, {}, {}
    for family, plan in PLANS.items():
        fitted = fit_plan(plan, learn, budget=Budget(SECONDS, cores=count_cores()), seed=seed)
        about = About(learn.task, learn.target, learn.classes, learn.schema, model=family, family=family)
        bundles[family], seconds[family] = Bundle(about, fitted.graph), fitted.seconds
        began = time.perf_counter()
        said[family] = predict_out_of_fold(
            plan, learn, folds, budget=Budget(FOLDS * SECONDS, cores=count_cores()), seed=seed
        )
        all_seconds[family] = time.perf_counter() - began
    return Division(learn, test, bundles, said, seconds, all_seconds)


def ruled(one: Division, table: str, kind: str, seed: int) -> tuple[Bundle, float]:
    """Return a model under the rules of a line, and the seconds that both took."""
    base, other = ("dl", "ml") if kind == NETWORK else ("ml", "dl")
    bundle, seconds = one.bundles[base], one.seconds[base]
    if kind == POLICY:
        return lay_over(bundle, parse_rules(POLICIES[table], bundle.about)), seconds
    began = time.perf_counter()
    learn = learn_certain_rules if kind == CERTAIN else learn_rules
    unseen = Unseen(one.learn.table, bundle.about, one.learn.y, one.said[base], one.said[other])
    rules = learn(unseen, Effort(seed=seed)).rules
    seconds += one.all_seconds[base] + time.perf_counter() - began
    seconds += 0.0 if kind == CERTAIN else one.all_seconds[other]
    if not rules:
        return bundle, seconds
    if all(rule.action != "route" for rule in rules):
        return lay_over(bundle, RuleBook(rules)), seconds
    return lay_over(bundle, RuleBook(rules, ((other, other),)), [one.bundles[other]]), (
        seconds + one.seconds[other]
    )


@dataclass(frozen=True)
class Heard:
    """What rules were heard in scored rows: how many rules, in what share of the rows, right how often."""

    rules: int
    share: float
    hits: int
    rows: int


def line(table: str, kind: str, seeds: int) -> Line:
    """Score a line of a table on divisions."""
    found: dict[str, list[Outcome]] = {"ml": [], "dl": [], "hybrid": []}
    heard = []
    metric = "accuracy" if kind in (CERTAIN, POLICY) else "log_loss"
    for seed in range(seeds):
        one = division(table, seed)
        laid, seconds = ruled(one, table, kind, seed)
        for family, bundle, taken in (
            *((family, one.bundles[family], one.seconds[family]) for family in PLANS),
            ("hybrid", laid, seconds),
        ):
            told = score(bundle.graph, one.test, metric)
            found[family].append(Outcome(told, taken, time_rows(bundle.graph, one.test)))
        heard.append(judged(laid, one.test))
    n = len(one.learn.y)
    return Line(kind, table, metric, n, *found.values(), len(one.test.y) / n, note(heard, kind))


def judged(laid: Bundle, test: Dataset) -> Heard:
    """Count the scored rows in which a rule was heard, and where the answer was right there."""
    if find_rules(laid.graph) is None:
        return Heard(0, 0.0, 0, 0)
    _, decisions, step = decide(laid.graph, test.table)
    rows = decisions.spoke.any(axis=0)
    hits = int((decisions.answer.argmax(axis=1) == test.y)[rows].sum())
    return Heard(len(step.rules), float(rows.mean()), hits, int(rows.sum()))


def note(heard: Sequence[Heard], kind: str) -> str:
    """Say how many rules were heard how often, and how often the answer was right there."""
    rules, share = (np.mean([getattr(one, name) for one in heard]) for name in ("rules", "share"))
    told = f"{rules:.1f} rules heard in {share:.0%} of the rows"
    hits, rows = (sum(getattr(one, name) for one in heard) for name in ("hits", "rows"))
    if kind in (CERTAIN, POLICY) and rows:
        low, high = share_interval(hits, rows)
        told += f", right in {hits / rows:.1%} [{low:.1%}, {high:.1%}]"
    return told


def make(seeds: int) -> Sequence[Callable[[], Line]]:
    """Return the scenario's lines."""
    kinds = (TREES, NETWORK, CERTAIN)
    lines = [partial(line, table, kind, seeds) for table in TABLES for kind in kinds]
    return [*lines, *(partial(line, table, POLICY, seeds) for table in POLICIES)]


if __name__ == "__main__":
    main(make)
