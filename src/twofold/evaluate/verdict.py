"""Whether joining was worth it: the best hybrid against the best single family given the same means."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twofold.evaluate.bootstrap import Resampled
from twofold.evaluate.optimism import Pick, Scores, apart
from twofold.evaluate.records import Answer, Interval, Verdict
from twofold.metrics.base import Metric

Z = 1.96
FAMILIES = ("ml", "dl", "hybrid")


def best_of_family(families: NDArray[np.str_], wanted: tuple[str, ...]) -> Pick:
    """Return the rule that takes the best line of these families."""
    among = np.isin(families, wanted)

    def pick(gains: NDArray[np.float64]) -> int:
        return int(np.argmax(np.where(among & np.isfinite(gains), gains, np.where(among, -1e300, -np.inf))))

    return pick


def reach_verdict(resampled: Resampled, scores: Scores, metric: Metric) -> Verdict:
    """Compare the families.

    Parameters
    ----------
    resampled : Resampled
    scores : Scores
    metric : Metric
    """
    families = np.array(resampled.families)
    present = [family for family in FAMILIES if (families == family).any()]
    best = {family: best_of_family(families, (family,))(scores.fair) for family in present}
    intervals = {
        family: in_unit(float(scores.expected[line]), resampled.error(resampled.inside[:, line]), metric)
        for family, line in best.items()
    }
    if not {"hybrid"} < set(present):
        return _not_compared(present, metric, intervals)
    joined, alone = best_of_family(families, ("hybrid",)), best_of_family(families, ("ml", "dl"))
    hybrid, single = joined(scores.raw), alone(scores.raw)
    gain = apart(resampled, scores, joined, alone)
    error = _error(resampled, joined, alone, hybrid, single)
    interval = Interval(gain, gain - Z * error, gain + Z * error)
    winner = hybrid if gain > 0 else single
    smallest = 0.5 * resampled.error(resampled.inside[:, winner])
    lead = resampled.error(resampled.inside[:, winner] - resampled.trivial)
    learned = bool(scores.expected[winner] - Z * lead > scores.trivial)
    price = float(resampled.row_seconds[hybrid] / max(resampled.row_seconds[single], 1e-12))
    answer = _answer(interval, smallest, learned)
    return Verdict(
        answer,
        _sentence(answer, interval, price, metric, resampled, hybrid, single),
        metric.name,
        interval,
        smallest,
        price,
        resampled.names[hybrid],
        resampled.names[single],
        intervals,
        _notes(learned, present),
    )


def in_unit(gain: float, error: float, metric: Metric) -> Interval:
    """Turn a gain (more is better) and its error into the score's own unit."""
    centre = gain if metric.greater_is_better else -gain
    return Interval(centre, centre - Z * error, centre + Z * error)


def _error(resampled: Resampled, joined: Pick, alone: Pick, hybrid: int, single: int) -> float:
    """Return the larger of two errors: of the two lines compared, and of comparing whichever are best."""
    inside = resampled.inside
    chosen = np.array([row[joined(row)] - row[alone(row)] for row in inside])
    errors = [resampled.error(apart) for apart in (inside[:, hybrid] - inside[:, single], chosen)]
    return float(np.nanmax(errors)) if np.isfinite(errors).any() else float("nan")


def _answer(gain: Interval, smallest: float, learned: bool) -> Answer:
    if not learned or gain.high < smallest:
        return "no worthwhile gain"
    if gain.low > 0 and gain.centre >= smallest:
        return "helps"
    return "undecided"


_WORDS: Mapping[Answer, str] = {
    "helps": "Joining helps",
    "no worthwhile gain": "No worthwhile gain from joining",
    "undecided": "Undecided whether joining helps",
}


def _sentence(
    answer: Answer,
    gain: Interval,
    price: float,
    metric: Metric,
    resampled: Resampled,
    hybrid: int,
    single: int,
) -> str:
    width = max(gain.high - gain.low, 1e-12)
    places = min(9, max(0, 1 - math.floor(math.log10(width / 2)))) if math.isfinite(width) else 4
    # a gain is told in the direction of the better score
    numbers = f"{gain.centre:+.{places}f} {metric.label} [{gain.low:.{places}f}, {gain.high:.{places}f}]"
    better = "" if metric.greater_is_better else " (less is better; + is an improvement)"
    return (
        f"{_WORDS[answer]}: {numbers}{better} for '{resampled.names[hybrid]}' over "
        f"'{resampled.names[single]}', at {_price_words(price)} prediction cost."
    )


def _price_words(price: float) -> str:
    return "the same" if 0.95 <= price < 1.05 else f"{price:.2g} times the"


def _notes(learned: bool, present: list[str]) -> tuple[str, ...]:
    notes = []
    if not learned:
        notes.append(
            "No model is surely better than the trivial baseline; there may be nothing to learn here."
        )
    if "dl" not in present:
        notes.append("No network was finished in the time.")
    if "ml" not in present:
        notes.append("No machine-learning model was finished in the time.")
    return tuple(notes)


def _not_compared(present: list[str], metric: Metric, scores: dict[str, Interval]) -> Verdict:
    if not present:
        sentence = "Not compared: no model was finished, the answer is the trivial baseline."
    else:
        names = {"ml": "machine learning", "dl": "deep learning", "hybrid": "joined models"}
        sentence = f"Not compared: only {names[present[0]]} was finished, so there was nothing to join."
    return Verdict("not compared", sentence, metric.name, families=scores)
