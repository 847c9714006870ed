"""Without torch the ml family works alone, and it is said plainly; so without CatBoost."""

import json
import os
import subprocess
import sys

import pytest

from tests.faults.conftest import make_table

BLOCKER = """
import importlib.abc, importlib.machinery, os, sys

class Hidden(importlib.abc.MetaPathFinder):
    names = set(os.environ["HIDDEN"].split())
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""
DEEP = {
    "realmlp",
    "tabm",
    "ft_transformer",
    "realmlp + lightgbm",
    "realmlp + linear",
    "realmlp + extra_trees",
}


@pytest.fixture
def without(tmp_path):
    """Run the shell where packages are hidden from it and from its workers."""
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(BLOCKER)
    make_table(90).to_csv(tmp_path / "train.csv", index=False)

    def run(packages, *words):
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "hide"), "HIDDEN": packages}
        return subprocess.run(
            [sys.executable, "-m", "twofold", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_ml_family_works_alone_and_says_so(without, tmp_path):
    fit = ("fit", "train.csv", "--target", "sold", "--max-trials", "2", "--folds", "2", "--json")
    done = without("torch tabm rtdl_num_embeddings catboost", *fit)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["family"] == "ml"
    told = json.loads((tmp_path / "twofold-out" / "run" / "result.json").read_text())
    rows = {row["name"]: row for row in told["rows"]}
    for name in DEEP:
        assert "not tried: torch" in rows[name]["reason"]
    assert "catboost is not installed" in rows["catboost"]["reason"]
    assert {row["family"] for row in told["rows"] if row["status"] == "complete"} == {"ml", "baseline"}
    assert "Not compared" in told["verdict"]["sentence"]
    predict = ("predict", "twofold-out", "train.csv", "--out", "answers.csv")
    assert without("torch catboost sklearn lightgbm", *predict).returncode == 0


def test_a_named_network_says_how_to_install_it(shell, train, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    fit = ("fit", "train.csv", "--target", "sold", "--max-trials", "1")
    shell(*fit, "--candidates", "realmlp").refused(5, "A named candidate needs the package 'torch'")
    assert "pip install 'twofold[deep]'" in shell(*fit, "--candidates", "realmlp + linear").err
