"""The command as it is typed: what it asks for, and how it refuses."""

import json

import pandas as pd
import pytest

from twofold import shell
from twofold.cli import main


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """Type a command in an empty folder; return its exit code and what it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["twofold", *words])
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return left.value.code, told.out, told.err

    return run


def test_without_a_target_the_columns_are_named(typed, tmp_path):
    pd.DataFrame({"a": range(90), "b": range(90)}).to_csv(tmp_path / "t.csv", index=False)
    code, _, told = typed("compare", "t.csv")
    assert code == 2
    assert "No target is named." in told
    assert "a, b" in told
    assert "--target" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("compare", "nowhere.csv", "--target", "y"), "nowhere.csv"),
        (("compare", "cars", "--budget", "never"), "budget"),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_work(typed, words, told):
    code, _, said = typed(*words)
    assert code == 2
    assert told in said


def test_help_has_an_example_and_the_exit_codes(typed):
    code, told, _ = typed("compare", "--help")
    assert code == 0
    assert "twofold compare cars" in told
    assert "Exit codes" in told


def test_the_answer_is_one_json_object_for_programs(typed, monkeypatch, tmp_path):
    asked = {}

    def compare(data, target, budget, metric, seed, jobs, out, *, quiet):
        asked.update(data=data, target=target, budget=budget, seed=seed, out=out.name, quiet=quiet)
        return shell.Told("in words", {"page": "x"})

    monkeypatch.setattr(shell, "compare", compare)
    code, told, _ = typed("compare", "cars", "--budget", "5m", "--seed", "3", "--out", "here", "--json")
    assert code == 0
    assert json.loads(told) == {"page": "x"}
    wanted = {"data": "cars", "target": None, "budget": "5m", "seed": 3, "out": "here", "quiet": True}
    assert asked == wanted
