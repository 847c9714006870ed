"""The house keeps its rules: every registered line resolves, files and functions stay small."""

import ast
from pathlib import Path

import pytest

import twofold
from twofold.cli import app
from twofold.models import MODELS
from twofold.steps import STEPS
from twofold.steps.base import Step

SOURCES = sorted(Path(twofold.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("name", list(STEPS))
def test_a_registered_step_resolves_and_knows_its_kind(name):
    step = STEPS.load(name)
    assert issubclass(step, Step)
    assert step.kind == name


@pytest.mark.parametrize("name", list(MODELS))
def test_a_registered_model_declares_its_capabilities(name):
    assert MODELS.load(name).capabilities.tasks


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: "/".join(path.parts[-2:]))
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name


def test_the_readme_example_runs(capsys, tmp_path, monkeypatch):
    readme = Path(__file__).parents[1] / "README.md"
    code = readme.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README", "exec"), {})
    assert "join" in capsys.readouterr().out.lower()
    assert (tmp_path / "report.html").exists()


def test_the_readme_names_every_command_that_there_is():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    for line in [line.split() for line in text.splitlines() if line.startswith("twofold ")]:
        assert line[1] in known
