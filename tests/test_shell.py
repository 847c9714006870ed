"""The command as a stranger runs it: what it prints, writes and returns, and how it fails."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

QUICK = ("--max-trials", "2", "--folds", "2", "--jobs", "1")


def twofold(*words, cwd, timeout=120, **environment):
    command = [sys.executable, "-m", "twofold", *map(str, words)]
    env = {**os.environ, **environment}
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=timeout, env=env, check=False
    )


@pytest.fixture(scope="module")
def frame():
    g = np.random.default_rng(0)
    n = 240
    frame = pd.DataFrame({"size": g.normal(size=n), "town": g.choice(["Bern", "Rome", "Oslo"], n)})
    frame["sold"] = np.where(frame["size"] + (frame["town"] == "Rome") + g.normal(size=n) > 0.4, "yes", "no")
    return frame


@pytest.fixture(scope="module")
def place(tmp_path_factory, frame):
    folder = tmp_path_factory.mktemp("place")
    frame.to_csv(folder / "train.csv", index=False)
    done = twofold("fit", "train.csv", "--target", "sold", *QUICK, "--out", "house", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "fit.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def tree(folder):
    return {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*") if p.is_file()}


def test_fit_says_what_it_found_and_writes_model_report_and_run(place):
    text = (place / "fit.txt").read_text(encoding="utf-8")
    for words in ("town", "category", "lightgbm", "Not compared", "twofold predict house"):
        assert words in text
    assert (place / "house" / "model" / "manifest.json").exists()
    assert "<html" in (place / "house" / "report.html").read_text(encoding="utf-8")


def test_predict_writes_answers_and_probabilities(place, frame):
    frame.drop(columns="sold").iloc[::-1].to_csv(place / "new.csv", index=False)
    done = twofold("predict", "house", "new.csv", "--out", "answers.csv", "--json", cwd=place)
    assert json.loads(done.stdout)["rows"] == len(frame)
    answers = pd.read_csv(place / "answers.csv")
    assert answers.columns.tolist() == ["prediction", "proba_no", "proba_yes"]
    np.testing.assert_allclose(answers[["proba_no", "proba_yes"]].sum(axis=1), 1.0)
    assert np.mean(answers["prediction"] == frame["sold"].iloc[::-1].to_numpy()) > 0.7


@pytest.mark.parametrize("command", ["leaderboard", "inspect", "replay"])
def test_a_program_can_read_the_answer(place, command):
    done = twofold(command, "house", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert {"leaderboard": "rows", "inspect": "whole", "replay": "same"}[command] in data
    if command == "replay":
        assert data["same"]
    plain = twofold(command, "house", cwd=place)
    assert plain.returncode == 0
    assert plain.stdout.strip()


def test_report_is_written_again(place):
    done = twofold("report", "house", "--out", "again.html", cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / "again.html").read_text() == (place / "house" / "report.html").read_text()


def test_every_command_has_help_with_an_example_and_exit_codes(place):
    done = twofold("--help", cwd=place)
    commands = ("fit", "predict", "demo", "leaderboard", "report", "inspect", "replay", "datasets")
    for command in commands:
        assert command in done.stdout
        text = twofold(command, "--help", cwd=place).stdout
        assert "Example: twofold" in text
        assert "5 package missing" in " ".join(text.split())


def rows(*lines):
    return "\n".join(lines) + "\n"


def long(n=60):
    return [f"{i % 7}.5,{'ab'[i % 2]},{i % 2}" for i in range(n)]


BAD = {
    "missing target column": (rows("a,b,y", *long()), ("--target", "nope"), "nope"),
    "doubled target column": (rows("a,y,y", *long()), ("--target", "y"), "2 times"),
    "empty file": ("", ("--target", "y"), "empty"),
    "header only": ("a,b,y\n", ("--target", "y"), "no row below its header"),
    "one class": (rows("a,b,y", *[f"{i},{i % 3},1" for i in range(50)]), ("--target", "y"), "one class only"),
    "one row": (rows("a,b,y", "1,2,3"), ("--target", "y"), "1 sample"),
    "infinite values": (rows("a,b,y", *long(), "inf,a,1", "-inf,b,0"), ("--target", "y"), "infinite"),
    "not UTF-8": (b"a,b,y\n\xff\xfe\xfa,1,2\n\xe9,2,3\n", ("--target", "y"), "UTF"),
    "unknown metric": (rows("a,b,y", *long()), ("--target", "y", "--metric", "luck"), "luck"),
    "unknown preference": (rows("a,b,y", *long()), ("--target", "y", "--prefer", "luck"), "luck"),
    "bad budget": (rows("a,b,y", *long()), ("--target", "y", "--budget", "soon"), "soon"),
    "missing file": (None, ("--target", "y"), "does not exist"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_is_told_in_three_parts_and_leaves_nothing(name, tmp_path):
    content, options, words = BAD[name]
    if content is not None:
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "t.csv").write_bytes(data)
    before = tree(tmp_path)
    options = options if "--budget" in options else (*options, *QUICK)
    done = twofold("fit", "t.csv", *options, "--out", "house", cwd=tmp_path)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error:")
    assert "to do:" in done.stderr
    assert done.stdout == ""
    assert tree(tmp_path) == before


GOOD = {
    "all-missing column": rows("a,b,c,y", *[f"{i % 9},,{i % 4},{i % 2}" for i in range(80)]),
    "mixed types": rows(
        "a,b,y", *[f"{[i % 5, 'x', '2020-01-01'][i % 3]},{i % 4},{i % 2}" for i in range(80)]
    ),
    "more columns than rows": rows(
        ",".join([f"c{j}" for j in range(60)] + ["y"]),
        *[",".join([str((i * j) % 11) for j in range(60)] + [str(i % 2)]) for i in range(40)],
    ),
    "constant column": rows("a,b,y", *[f"1,{i % 4},{i % 2}" for i in range(80)]),
}


@pytest.mark.parametrize("name", list(GOOD))
def test_odd_tables_are_learned(name, tmp_path):
    (tmp_path / "t.csv").write_text(GOOD[name])
    done = twofold("fit", "t.csv", "--target", "y", *QUICK, "--out", "house", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "house" / "model" / "manifest.json").exists()


def test_prediction_tables_may_be_odd_but_not_wrong(place, frame):
    X = frame.drop(columns="sold")
    X.assign(more=1)[["more", "town", "size"]].to_csv(place / "odd.csv", index=False)
    assert twofold("predict", "house", "odd.csv", "--out", "o.csv", cwd=place).returncode == 0
    X.assign(town="Atlantis").to_csv(place / "unseen.csv", index=False)
    assert twofold("predict", "house", "unseen.csv", "--out", "u.csv", cwd=place).returncode == 0
    X.drop(columns="town").to_csv(place / "short.csv", index=False)
    done = twofold("predict", "house", "short.csv", "--out", "s.csv", cwd=place)
    assert done.returncode == 2
    assert "town" in done.stderr
    assert not (place / "s.csv").exists()


def test_a_damaged_model_is_refused_with_its_own_exit_code(place, frame, tmp_path):
    import shutil

    shutil.copytree(place / "house", tmp_path / "house")
    blob = next((tmp_path / "house" / "model" / "blobs").iterdir())
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.write_bytes(bytes(data))
    frame.to_csv(tmp_path / "new.csv", index=False)
    done = twofold("predict", "house", "new.csv", "--out", "a.csv", cwd=tmp_path)
    assert done.returncode == 4
    assert not (tmp_path / "a.csv").exists()
    assert twofold("inspect", "house", cwd=tmp_path).returncode == 4


def test_an_earlier_run_is_not_overwritten_but_taken_up(place):
    again = ("fit", "train.csv", "--target", "sold", *QUICK, "--out", "house")
    done = twofold(*again, cwd=place)
    assert done.returncode == 2
    assert "--resume" in done.stderr
    began = (place / "house" / "run" / "trials" / "linear" / "0" / "result.json").stat().st_mtime_ns
    done = twofold(*again, "--resume", cwd=place)
    assert done.returncode == 0, done.stderr
    kept = (place / "house" / "run" / "trials" / "linear" / "0" / "result.json").stat().st_mtime_ns
    assert kept == began


def big(folder):
    g = np.random.default_rng(0)
    X = pd.DataFrame(g.normal(size=(6_000, 12)), columns=[f"x{j}" for j in range(12)])
    X.assign(y=(X["x0"] * X["x1"] + g.normal(size=6_000) > 0).astype(int)).to_csv(
        folder / "t.csv", index=False
    )


def test_ctrl_c_keeps_the_best_so_far_and_says_so(tmp_path):
    big(tmp_path)
    options = ("--target", "y", "--budget", "60s", "--folds", "4")
    command = [sys.executable, "-m", "twofold", "fit", "t.csv", *options]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    trials = tmp_path / "twofold-out" / "run" / "trials" / "linear"
    until = time.monotonic() + 40
    while time.monotonic() < until and len(list(trials.glob("*/result.json"))) < 4:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "Stopped by the user" in errors
    assert "Traceback" not in errors
    assert (tmp_path / "twofold-out" / "model" / "manifest.json").exists(), out


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_any_moment_it_resumes_to_the_same_answer(seed, tmp_path):
    g = np.random.default_rng(seed)
    X = pd.DataFrame({"a": g.normal(size=300), "b": g.choice(list("xyz"), 300)})
    X.assign(y=(X["a"] + (X["b"] == "x") + g.normal(size=300) > 0).astype(int)).to_csv(
        tmp_path / "t.csv", index=False
    )
    options = ("fit", "t.csv", "--target", "y", "--max-trials", "3", "--folds", "3", "--jobs", "2")
    command = [sys.executable, "-m", "twofold", *options, "--out", "killed"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.0 + 9.0 * g.random())
    process.kill()
    process.wait()
    resumed = twofold(*options, "--out", "killed", "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    whole = twofold(*options, "--out", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    X.to_csv(tmp_path / "new.csv", index=False)
    for name in ("killed", "whole"):
        twofold("predict", name, "new.csv", "--out", f"{name}.csv", cwd=tmp_path)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "killed.csv"), pd.read_csv(tmp_path / "whole.csv"))


def test_it_starts_quickly_and_loads_nothing_heavy():
    code = (
        "import sys, time; began = time.perf_counter(); import twofold;"
        "seconds = time.perf_counter() - began;"
        "heavy = {'torch', 'sklearn', 'pandas', 'lightgbm', 'numpy', 'scipy'} & set(sys.modules);"
        "print(sorted(heavy), seconds)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.startswith("[]")
    assert float(out.split()[-1]) < 0.3
