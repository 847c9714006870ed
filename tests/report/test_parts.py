"""What the parts of the report promise: numbers that agree, no empty sections, names as text, colours."""

import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import twofold.report
from twofold.core.schema import Column
from twofold.evaluate.records import Interval, Row
from twofold.report.course import course
from twofold.report.evidence import family_picture, leaderboard
from twofold.report.metric_table import metric_table
from twofold.report.page import render
from twofold.report.pareto import pareto_picture
from twofold.report.words import headline
from twofold.search.result import Importance

EVIL = "<script>alert('&')</script>"


def _unfinished(result, *rows):
    return replace(result, rows=tuple(row for row in result.rows if row.score is not None) + rows)


def test_the_headline_is_the_answer_and_its_numbers_follow(result):
    told, numbers = headline(result.verdict)
    assert f"<h1>{told}</h1>" in render(result)
    assert not any(letter.isdigit() for letter in told)
    assert "prediction cost" in numbers


def test_a_model_has_one_score_wherever_it_is_shown(result):
    board = {line.row.name: line.score for line in leaderboard(result).lines}
    for line in family_picture(result).lines:
        assert line.score == board[line.model or "baseline"]
    table = metric_table(result, next(row for row in result.rows if row.chosen))
    words = [line for line in table.lines if line.label == leaderboard(result).label]
    assert len(words) == 1
    for head, value in zip(table.heads, words[0].values, strict=True):
        assert float(value.text) == pytest.approx(float(board[head.name]), rel=0.01)


def test_the_best_of_each_metric_is_bold_in_its_own_direction(binary):
    table = metric_table(binary, next(row for row in binary.rows if row.chosen))
    for line in table.lines:
        numbers = [float(value.text) for value in line.values]
        best = max(numbers) if line.better == "higher is better" else min(numbers)
        assert [value.best for value in line.values] == [number == best for number in numbers]


def test_the_time_of_a_join_is_counted_with_its_members(binary):
    rows = (
        Row("a", "ml", "complete", score=Interval(0.8, 0.7, 0.9), seconds=3.0),
        Row("b", "dl", "complete", score=Interval(0.8, 0.7, 0.9), seconds=1.0),
        Row("blend", "hybrid", "complete", score=Interval(0.8, 0.7, 0.9), seconds=4.0, members=("a", "b")),
    )
    slices = course(replace(binary, rows=rows)).slices
    assert [(part.family, part.width) for part in slices] == [("ml", 75.0), ("dl", 25.0)]


def test_models_that_ended_alike_are_told_once(binary):
    late = "the time was over before it could be finished"
    result = replace(
        _unfinished(
            binary,
            Row("knn", "ml", "stopped", late),
            Row("svm", "ml", "stopped", "not tried: too many rows"),
            Row("tree", "ml", "stopped", late),
        ),
        events=((1.0, f"tree stopped: {late}."), (1.0, "knn is slow"), (2.0, "knn is slow")),
    )
    told = course(result)
    assert [(group.what, [row.name for row in group.rows]) for group in told.unfinished] == [
        ("stopped", ["knn", "tree"]),
        ("not tried", ["svm"]),
    ]
    assert [happening.sentence for happening in told.told] == ["knn is slow"]
    assert "2 were stopped, 1 was not tried" in told.summary


def test_labels_lie_beside_each_other(result):
    plot = pareto_picture(result)
    for area, width, height in (("wide", 640, 340), ("narrow", 290, 340)):
        boxes = []
        for mark in plot.marks:
            if mark.shape == "text" and area in mark.style.split():
                long = 6.4 * len(mark.text)
                left = mark.x * width / 100 + mark.dx
                left -= {"start": 0, "middle": long / 2, "end": long}[mark.anchor]
                base = mark.y * height / 100 + mark.dy
                boxes.append((left, base - 10, left + long, base + 3))
        assert boxes
        for a, b in combinations(boxes, 2):
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_the_baseline_alone_leaves_no_empty_section(multiclass):
    rows = tuple(row for row in multiclass.rows if row.family == "baseline" or row.score is None)
    verdict = replace(
        multiclass.verdict, answer="not compared", sentence="Not compared: no model was finished.", gain=None
    )
    choice = replace(multiclass.choice, name="baseline", family="baseline")
    page = render(replace(multiclass, rows=rows, verdict=verdict, choice=choice, importances=()))
    assert "<h1>No model was finished</h1>" in page
    for section in ("cost", "leaderboard", "quality", "confusion", "importance"):
        assert f'id="{section}"' not in page
        assert f'href="#{section}"' not in page
    for section in ("verdict", "model", "columns", "course", "settings"):
        assert f'id="{section}"' in page


def test_every_name_is_text(multiclass):
    columns = tuple(Column(f"{EVIL}{k}", "category", EVIL, unused=EVIL) for k in range(3))
    page = render(
        replace(
            _unfinished(multiclass, Row(EVIL, "dl", "failed", EVIL)),
            target=EVIL,
            classes=tuple(f"{EVIL}{k}" for k in multiclass.classes),
            schema=replace(multiclass.schema, columns=columns),
            importances=tuple(Importance(c.name, 0.1, 0.0, 0.2) for c in columns),
            events=((1.0, EVIL),),
            findings=(replace(multiclass.findings[0], sentence=EVIL),),
            choice=replace(multiclass.choice, reason=EVIL),
        )
    )
    assert page.count("<script>") == 1
    assert "alert('&')" not in page


def test_a_large_run_stays_light(multiclass):
    g = np.random.default_rng(0)
    n, k = 5_000, 200
    rows = tuple(
        Row(
            f"model~{i}",
            ("ml", "dl", "hybrid")[i % 3],
            "complete",
            score=Interval(0.5 + 0.01 * i, 0.48 + 0.01 * i, 0.52 + 0.01 * i),
            metrics={"log_loss": 0.5 + 0.01 * i},
            seconds=1.0 + i,
            row_seconds=1e-6 * (1 + i),
            size=1_000 * (1 + i),
            chosen=i == 0,
        )
        for i in range(50)
    )
    page = render(
        replace(
            multiclass,
            y=g.integers(0, k, n),
            classes=tuple(f"a class with a rather long name, number {i}" for i in range(k)),
            rows=rows,
            choice=replace(
                multiclass.choice, name="model~0", family="ml", predictions=g.dirichlet([0.1] * k, n)
            ),
        )
    )
    assert len(page.encode()) < 2e6


def test_what_needs_a_script_is_hidden_without_it(binary):
    page = render(binary)
    assert ":root:not(.scripted) .live { display: none; }" in page
    for told in ("Click a heading", 'id="theme"', ">Copy<"):
        at = page.index(told)
        assert "live" in page[at - 60 : at + 60]


def _luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "shade"])
def test_text_can_be_read_in_both_themes(theme, ground):
    """WCAG 2.2, success criterion 1.4.3: a contrast of at least 4.5."""
    css = (Path(twofold.report.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", css))
    back = _luminance(colours[ground].split(", ")[theme])
    for name in ("ink", "muted", "ml", "dl", "hybrid", "baseline", "warn", "wrong"):
        front = _luminance(colours[name].split(", ")[theme])
        contrast = (max(front, back) + 0.05) / (min(front, back) + 0.05)
        assert contrast >= 4.5, (name, round(contrast, 2))
