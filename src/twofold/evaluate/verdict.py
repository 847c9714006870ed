"""Whether joining was worth it: the best hybrid against the best single family given the same means."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twofold.evaluate.bootstrap import Resampled, known_mean
from twofold.evaluate.records import Answer, Interval, Verdict
from twofold.metrics.base import Metric

Z = 1.96
FAMILIES = ("ml", "dl", "hybrid")


def best_of_family(gains: NDArray[np.float64], families: NDArray[np.str_], wanted: tuple[str, ...]) -> int:
    """Return the position of the best line of these families, -1 when there is none."""
    usable = np.where(np.isin(families, wanted) & np.isfinite(gains), gains, -np.inf)
    return int(np.argmax(usable)) if np.isfinite(usable).any() else -1


def corrected(
    resampled: Resampled, gains: NDArray[np.float64], wanted: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose the best line of some families in each bootstrap; return its gains inside and outside."""
    families = np.array(resampled.families)
    fallback = best_of_family(gains, families, wanted)
    picks = [best_of_family(row, families, wanted) for row in resampled.inside]
    columns = np.array([fallback if pick < 0 else pick for pick in picks])
    rows = np.arange(len(columns))
    return resampled.inside[rows, columns], resampled.outside[rows, columns]


def reach_verdict(resampled: Resampled, gains: NDArray[np.float64], metric: Metric) -> Verdict:
    """Compare the families.

    Parameters
    ----------
    resampled : Resampled
    gains : array of shape (L,)
        Of the lines on all rows.
    metric : Metric
    """
    families = np.array(resampled.families)
    present = [family for family in FAMILIES if (families == family).any()]
    scores: dict[str, Interval] = {}
    reference = int(np.argmax(gains[families != "hybrid"])) if (families != "hybrid").any() else 0
    anchor = gains[reference] - known_mean(resampled.outside[:, reference])
    for family in present:
        inside, outside = corrected(resampled, gains, (family,))
        scores[family] = in_unit(known_mean(outside) + anchor, resampled.error(inside), metric)
    if not {"hybrid"} < set(present):
        return _not_compared(present, metric, scores)
    hybrid = best_of_family(gains, families, ("hybrid",))
    single = best_of_family(gains, families, ("ml", "dl"))
    ours, theirs = corrected(resampled, gains, ("hybrid",)), corrected(resampled, gains, ("ml", "dl"))
    gain = known_mean(ours[1] - theirs[1])
    error = resampled.error(ours[0] - theirs[0])
    winner = ours if gain > 0 else theirs
    smallest = 0.5 * resampled.error(winner[0])
    interval = Interval(gain, gain - Z * error, gain + Z * error)
    price = float(resampled.row_seconds[hybrid] / max(resampled.row_seconds[single], 1e-12))
    learned = known_mean(winner[1]) - Z * resampled.error(winner[0]) > resampled.baseline
    answer = _answer(interval, smallest, learned)
    notes = _notes(learned, present)
    return Verdict(
        answer,
        _sentence(answer, interval, price, metric, resampled, hybrid, single),
        metric.name,
        interval,
        smallest,
        price,
        resampled.names[hybrid],
        resampled.names[single],
        scores,
        notes,
    )


def in_unit(gain: float, error: float, metric: Metric) -> Interval:
    """Turn a gain (more is better) and its error into the score's own unit."""
    centre = gain if metric.greater_is_better else -gain
    return Interval(centre, centre - Z * error, centre + Z * error)


def _answer(gain: Interval, smallest: float, learned: bool) -> Answer:
    if not learned or gain.centre <= 0 or gain.high < smallest:
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
        f"'{resampled.names[single]}', at {price:.2g} times the prediction cost."
    )


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
