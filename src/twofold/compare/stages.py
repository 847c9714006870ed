"""What each stage of a workflow gives for one row: the picture, its HOG, activations, the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.compare.activations import Activation, first_and_middle, strongest
from twofold.compare.anatomy import Stage
from twofold.compare.architectures import amount
from twofold.compare.case import Case
from twofold.compare.deciding import deciding_views
from twofold.compare.picture_views import colour_bars, edge_map, hog_strokes, pattern_map
from twofold.compare.records import Study, Workflow
from twofold.compare.step_costs import cost_of_step, is_raw
from twofold.compare.views import (
    Bars,
    Drawing,
    Facts,
    Passage,
    View,
    curve_of,
    map_of,
    maps_of,
    picture,
    shortened,
    strip_of,
    wave_of,
)
from twofold.core.table import Table
from twofold.report.number_format import per_row
from twofold.steps.base import FEATURES, INPUT, PREDICTION, Node, Step
from twofold.steps.cells import CellError
from twofold.steps.clips import decode as clips_of
from twofold.steps.extraction import Extraction
from twofold.steps.pictures import decode, sizes
from twofold.steps.series_cells import numbers_of

RATE = 8_000
"""Samples a second in which a clip is drawn."""
MOST_SIDE, LEAST_SIDE = 96, 16
MOST_FACTS = 8


def input_view(study: Study, row: Table) -> View:
    """Return the row itself: its first picture, clip, series or text; else its numbers."""
    for kind, draw in _INPUTS.items():
        for column, own in study.kinds.items():
            if own == kind:
                return View(column, kind, draw(row, column))
    facts = [(name, _said(row.columns[name][0])) for name in list(study.kinds)[:MOST_FACTS]]
    more = len(study.kinds) - len(facts)
    return View("the row", f"{more} more columns" if more > 0 else "all columns", Facts(tuple(facts)))


def _said(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "missing"
    return f"{float(value):.4g}" if isinstance(value, (float, np.floating)) else shortened(str(value), 40)


def show_picture(row: Table, column: str) -> Drawing:
    """Show the picture of a row, as large as it is and no larger than `MOST_SIDE`."""
    found = sizes(row, column)
    side = int(np.clip(found.mean() if len(found) else 32, LEAST_SIDE // 2, MOST_SIDE))
    pixels, _ = decode(row, column, side)
    return picture(pixels[0], "the picture")


def _show_text(row: Table, column: str) -> Drawing:
    return Passage(shortened(str(row.columns[column][0] or "")))


def _show_series(row: Table, column: str) -> Drawing:
    try:
        values = np.atleast_2d(np.asarray(numbers_of(row.columns[column][0]), dtype=np.float64))
    except (CellError, TypeError) as error:
        return Passage(f"it cannot be read: {error}")
    return curve_of(values, "the series")


def _show_clip(row: Table, column: str) -> Drawing:
    for clips in clips_of(row, column, RATE):
        if len(clips.rows):
            return wave_of(clips.samples, "the clip")
    return Passage("it cannot be read")


_INPUTS: dict[str, Callable[[Table, str], Drawing]] = {
    "image": show_picture,
    "audio": _show_clip,
    "series": _show_series,
    "text": _show_text,
}


@dataclass(frozen=True)
class Phase:
    """What a workflow does between the row and the answer, in one of the textbook's steps."""

    name: str
    views: tuple[View, ...]


PHASES = ("what it reads", "features", "classifier", "answer")


def phases_of(study: Study, workflow: Workflow, row: Table) -> tuple[Phase, ...]:
    """Return what the stages of a workflow give for one row, by the steps of the textbook."""
    names = [node.output for node in workflow.graph.nodes]
    values = {INPUT: row, **workflow.graph.run_many({INPUT: row}, names)}
    stages = {stage.output: stage for stage in workflow.anatomy.stages}
    features: list[View] = []
    for node in workflow.graph.nodes:
        views = list(_views_of_node(node, values, row))
        if views and node.output in stages:
            views[-1] = replace(views[-1], price=_price(stages[node.output]))
        features += views
    if not features:
        features += _encoded(workflow, values)
    answer = answer_view(study.case, study, np.asarray(values[PREDICTION])[0])
    read = tuple(_reading_views(study, workflow, row))
    heads = tuple(deciding_views(workflow, values))
    return tuple(
        Phase(name, views)
        for name, views in zip(PHASES, (read, tuple(features), heads, (answer,)), strict=True)
    )


def _encoded(workflow: Workflow, values: dict[str, Any]) -> Iterator[View]:
    """Show the matrix that a classifier reads, where no stage before it makes features."""
    for node in workflow.graph.nodes:
        if node.output == FEATURES:
            value = values[FEATURES]
            row = np.asarray(value.toarray() if hasattr(value, "toarray") else value)[0]
            yield View("the columns, encoded", f"{row.size:,} numbers", strip_of(row, "encoded columns"))


def _price(stage: Stage) -> str:
    """Say what a stage holds and costs for one row."""
    parts = []
    if stage.cost.parameters:
        parts.append(f"{amount(stage.cost.parameters)} parameters")
    if stage.cost.multiply_adds:
        about = "about " if stage.cost.estimated else ""
        parts.append(f"{about}{amount(stage.cost.multiply_adds)} {stage.cost.unit}")
    return " · ".join([*parts, per_row(stage.seconds)])


def _reading_views(study: Study, workflow: Workflow, row: Table) -> Iterator[View]:
    """Show pictures in the sizes in which they are read; of other rows, say how many columns."""
    seen: set[tuple[str, int]] = set()
    raw: list[View] = []
    for node in workflow.graph.nodes:
        column, side = getattr(node.step, "column", ""), getattr(node.step, "side", 0)
        if side and (column, side) not in seen:
            seen.add((column, side))
            pixels, _ = decode(row, column, side)
            yield View("the picture", f"{side}×{side} pixels", picture(pixels[0], "the picture"))
        elif isinstance(node.step, Extraction) and is_raw(node.step):
            raw += _raw(node.step, np.asarray(node.step.run(row))[0])
    yield from raw
    if not seen and not raw:
        told = ", ".join(f"{n} {kind}" for kind, n in Counter(study.kinds.values()).items())
        yield View("the columns", told, Passage(shortened(", ".join(study.kinds), 120)))


def _views_of_node(node: Node, values: dict[str, Any], row: Table) -> Iterator[View]:
    step, value = node.step, values[node.output]
    draw = BY_KIND.get(step.kind)
    if draw is not None:
        yield draw(step, np.asarray(value)[0], row)
    elif isinstance(step, Extraction) and is_raw(step):
        return  # shown as what is read
    elif cost_of_step(step).network:
        yield from _network(step, node, values, row)
    elif isinstance(step, Extraction):
        yield View(_plain(step.kind), f"{step.width:,} numbers", strip_of(np.asarray(value)[0], step.kind))
    elif INPUT in node.inputs and hasattr(value, "toarray"):
        yield from _counts(step, value)


def _plain(kind: str) -> str:
    return kind.replace("_", " ")


def _raw(step: Any, value: NDArray[Any]) -> Iterator[View]:
    """Show a cell as a network reads it, where it looks otherwise than the cell itself."""
    if len(step.shape) == 2:
        shaped = np.nan_to_num(value).reshape(step.shape)
        if step.kind == "log_mel":
            yield View("log-mel spectrum", "×".join(map(str, step.shape)), map_of(shaped[::-1], "spectrum"))


def _counts(step: Any, value: Any) -> Iterator[View]:
    """Show the words or letters that weigh most in a row."""
    words = getattr(step, "vocabulary", None)
    dense = np.asarray(value.toarray())[0]
    if words is None or not dense.any():
        return
    best = np.argsort(-dense[: len(words)], kind="stable")[:6]
    top = float(dense[best[0]]) or 1.0
    bars = tuple((str(words[at]), float(dense[at]) / top, "", f"{dense[at]:.2f}") for at in best if dense[at])
    yield View("words that weigh most", f"of {dense.size:,}", Bars(bars, "words with their weights"))


def _network(step: Step, node: Node, values: dict[str, Any], row: Table) -> Iterator[View]:
    for activation in _activations(step, node, values, row):
        shape = "×".join(map(str, activation.values.shape))
        title = f"layer {activation.place} of {activation.of}: {activation.word}"
        yield View(title, shape, _draw_activation(activation))
    embedding = np.asarray(values[node.output])[0]
    yield View(
        "what the network has made of it", f"{embedding.size:,} numbers", strip_of(embedding, "embedding")
    )


def _draw_activation(activation: Activation) -> Drawing:
    values = activation.values
    if values.ndim == 3 and values.shape[1] == 1:
        values = values[:, 0]  # channels over time
    if values.ndim == 3:
        return maps_of(strongest(values), "activations")
    if values.ndim == 2:
        return map_of(values[:64, :128], "activations")
    return strip_of(values, "activations")


def _activations(step: Any, node: Node, values: dict[str, Any], row: Table) -> tuple[Activation, ...]:
    """Return the inner outputs of a network that reads a matrix or pictures; of others none are shown."""
    models = [
        getattr(step, item.name) for item in fields(step) if isinstance(getattr(step, item.name), bytes)
    ]
    if len(models) != 1:
        return ()
    if not isinstance(step, Extraction):
        return first_and_middle(models[0], {"X": np.asarray(values[node.inputs[0]], dtype=np.float32)})
    if not {"side", "mean", "scale"} <= {item.name for item in fields(step)}:
        return ()
    side: int = step.side  # type: ignore[attr-defined]
    pixels, _ = decode(row, step.column, side)
    mean, scale = (np.array(part, dtype=np.float32) for part in (step.mean, step.scale))  # type: ignore[attr-defined]
    scaled = (pixels.astype(np.float32) / 255 - mean) / scale
    planes = np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)
    return first_and_middle(models[0], {"X": planes}, side)


def answer_view(case: Case, study: Study, answer: NDArray[np.float64]) -> View:
    """Return the answer of a workflow: the probabilities of the classes, or the value."""
    if not study.classes:
        return View("the answer", study.case.target, Facts(((study.case.target, f"{answer[0]:.4g}"),)))
    best = np.argsort(-answer, kind="stable")[:4]
    bars = tuple(
        (case.call(study.classes[at]), float(answer[at]), "own", f"{100 * answer[at]:.0f} %") for at in best
    )
    return View(f"the answer: {case.call(study.classes[int(best[0])])}", "", Bars(bars, "answer"))


BY_KIND: dict[str, Callable[[Any, NDArray[Any], Table], View]] = {
    "hog": hog_strokes,
    "colours": colour_bars,
    "edges": edge_map,
    "lbp": pattern_map,
}
"""How the features of some steps are drawn; all others are shown as a strip of numbers."""
