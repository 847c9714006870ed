"""The commands on a table that names files beside it, one of which is missing."""

import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from tests.cells.build import picture_table, tone_table
from twofold.data.target import make_dataset

pytest.importorskip("PIL")


def run(*words, cwd):
    command = [sys.executable, "-m", "twofold", *map(str, words)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=env, timeout=120, check=False)


def files_beside(folder, table, column, ending):
    """Write the cells of a column as files, and a table that names them; the fourth is not there."""
    (folder / "files").mkdir(parents=True)
    names = [f"files/{row}.{ending}" for row in range(len(table))]
    for name, cell in zip(names, table[column], strict=True):
        (folder / name).write_bytes(cell)
    (folder / names[3]).unlink()
    table.assign(**{column: names}).to_csv(folder / "table.csv", index=False)


@pytest.mark.parametrize(
    ("make", "column", "target", "ending"),
    [
        (picture_table, "photo", "way", "png"),
        pytest.param(tone_table, "clip", "pitch", "wav", marks=pytest.mark.slow),
    ],
)
def test_files_are_found_from_the_table_wherever_the_command_runs(make, column, target, ending, tmp_path):
    files_beside(tmp_path / "data", make(40), column, ending)
    options = ("--max-trials", "1", "--candidates", "linear", "--folds", "2", "--jobs", "1", "--slim")
    done = run("fit", "data/table.csv", "--target", target, *options, "--out", "out", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["score"]["centre"] > 0.9
    for place, table in ((tmp_path, "data/table.csv"), (tmp_path / "data", "table.csv")):
        told = run("predict", tmp_path / "out", table, "--out", "answers.csv", cwd=place)
        assert told.returncode == 0, told.stderr
        (line,) = [line for line in told.stdout.splitlines() if line.startswith("!")]
        assert line.startswith(
            f"! 1 cell(s) of 40 rows could not be read and were taken as missing: row 3, '{column}'"
        )
        assert f"files/3.{ending}" in line.replace("\\", "/")
        assert "Warning" not in told.stdout + told.stderr
        assert ".py" not in told.stdout + told.stderr
        answers = pd.read_csv(place / "answers.csv")
        assert len(answers) == 40
        assert answers.notna().all().all()


def test_a_fit_keeps_the_whole_paths_of_files_named_in_a_frame(tmp_path, monkeypatch):
    files_beside(tmp_path, picture_table(40), "photo", "png")
    monkeypatch.chdir(tmp_path)
    frame = pd.read_csv("table.csv")
    cells = make_dataset(frame[["photo"]], frame["way"]).table.columns["photo"].tolist()
    assert cells[3] == "files/3.png"  # what is not there is told as it was written
    assert cells[4] == str(tmp_path / "files" / "4.png")
