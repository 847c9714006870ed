"""The report: one file, whole, the same for the same run, and it says what the run found."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from twofold.core.errors import TwofoldError
from twofold.report.page import render, write_report

VOID = {"meta", "link", "br", "img", "input", "hr", "col", "path", "line", "rect", "circle", "use"}


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open.pop() == tag


def test_it_is_one_well_formed_file_that_loads_nothing(result):
    page = render(result)
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
    assert "@import" not in page
    assert "url(http" not in page


def test_the_same_run_gives_the_same_bytes(result):
    assert render(result) == render(result)


def test_it_says_what_the_run_found(result):
    page = render(result)
    answer = {"helps": "helps", "no worthwhile gain": "No worthwhile gain", "undecided": "Undecided"}
    assert answer[result.verdict.answer] in page
    for row in result.rows:
        assert row.name in page
        if row.reason:
            assert row.reason[:20] in page
    for column in result.schema.columns:
        assert str(column.name) in page
    for finding in result.findings:
        assert finding.sentence.split("'")[0].strip() in page


def test_names_of_the_user_are_text_and_never_markup(binary):
    columns = tuple(replace(c, name=f"<script>{c.name}") for c in binary.schema.columns)
    page = render(replace(binary, schema=replace(binary.schema, columns=columns), target="<b>t</b>"))
    assert "<script>mean" not in page
    assert "<b>t</b>" not in page


def test_a_run_with_the_baseline_alone_has_a_report(binary):
    rows = tuple(row for row in binary.rows if row.family == "baseline")
    choice = replace(binary.choice, name="baseline", family="baseline", threshold=None)
    verdict = replace(binary.verdict, answer="not compared", gain=None, price=float("nan"), families={})
    page = render(replace(binary, rows=rows, choice=choice, verdict=verdict, importances=()))
    assert "baseline" in page


def test_it_is_written_whole_or_not_at_all(binary, tmp_path):
    path = write_report(binary, tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8") == render(binary)
    with pytest.raises((OSError, TwofoldError)):
        write_report(binary, tmp_path / "new" / "report.html" / "below.html")
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["report.html"]
