"""The shell without a new process: what a command returns, says and leaves behind."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from twofold import cli

QUICK = ("--max-trials", "2", "--folds", "2", "--jobs", "1")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str
    new: frozenset[str]

    def refused(self, code, words=""):
        """Three parts are said, in order, without a traceback, and nothing was left."""
        assert self.code == code, (self.code, self.err)
        assert re.fullmatch(r"(! .*\n)*error: .*\nallowed: .*\nto do: .*\n", self.err, re.DOTALL), self.err
        assert "Traceback" not in self.err
        assert words in self.err
        assert self.out == ""
        assert not self.new

    def went_well(self):
        assert self.code == 0, self.err
        assert "Traceback" not in self.err
        return self


def state(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def shell(tmp_path, monkeypatch, capsys):
    """Run a command in a fresh folder; `new` is what differs in it afterwards."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        before = state(tmp_path)
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["twofold", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        after = state(tmp_path)
        new = {path for path in {*before, *after} if before.get(path, 0) != after.get(path, 0)}
        return Done(end.value.code or 0, said.out, said.err, frozenset(new))

    return run


def make_table(n=120, seed=0):
    g = np.random.default_rng(seed)
    frame = pd.DataFrame({"size": g.normal(size=n), "town": g.choice(["Bern", "Rome", "Oslo"], n)})
    signal = frame["size"] + (frame["town"] == "Rome") + 0.5 * g.normal(size=n)
    return frame.assign(sold=np.where(signal > 0.4, "yes", "no"))


@pytest.fixture
def train(tmp_path):
    """A table in the folder of the shell."""
    frame = make_table()
    frame.to_csv(tmp_path / "train.csv", index=False)
    return frame


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    """The folder of a finished fit."""
    import twofold

    place = tmp_path_factory.mktemp("fitted") / "house"
    model = twofold.fit(
        make_table(), target="sold", max_trials=2, folds=2, n_jobs=1, run_dir=str(place / "run")
    )
    model.save(place / "model")
    return place
