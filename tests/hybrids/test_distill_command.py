"""`twofold distill`: what it prints and writes; rows that the teacher knows are answered out of fold."""

import json

import numpy as np
import pandas as pd
import pytest

import twofold as package
from tests.hybrids.test_distill import FAST
from tests.test_shell import QUICK, twofold
from twofold import shell
from twofold.core.errors import InputError
from twofold.data.leakage import row_hashes
from twofold.hybrids.distill import Distilled
from twofold.shell.kept_run import remember
from twofold.steps.conform import columns_of, conform

N = 600


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distill")
    g = np.random.default_rng(0)
    frame = pd.DataFrame({"size": g.normal(size=N), "town": g.choice(["Bern", "Rome", "Oslo"], N)})
    sign = np.where(frame["town"] == "Rome", 1, -1)
    frame["sold"] = np.where(frame["size"] * sign + 0.5 * g.normal(size=N) > 0.2, "yes", "no")
    frame[:300].to_csv(folder / "train.csv", index=False)
    frame.to_csv(folder / "all.csv", index=False)
    frame[300:].drop(columns="sold").to_csv(folder / "new.csv", index=False)
    done = twofold("fit", "train.csv", "--target", "sold", *QUICK, "--out", "house", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_tree_is_printed_saved_and_told_in_words(place):
    done = twofold(
        "distill", "house", "train.csv", "--into", "tree", "--leaves", "4", "--out", "a", cwd=place
    )
    assert done.returncode == 0, done.stderr
    for words in ("teacher", "student (tree)", "on labels alone", "out of fold", "smaller", "µs alone"):
        assert words in done.stdout
    rules = (place / "a" / "rules.txt").read_text(encoding="utf-8").splitlines()
    assert len(rules) == 4
    assert all(rule in done.stdout for rule in rules)
    done = twofold("predict", "a", "new.csv", "--out", "answers.csv", cwd=place)
    assert done.returncode == 0, done.stderr
    answers = pd.read_csv(place / "answers.csv")
    assert answers.columns.tolist() == ["prediction", "proba_no", "proba_yes"]
    goal = package.load(place / "house" / "model").predict(pd.read_csv(place / "new.csv"))
    assert np.mean(answers["prediction"] == goal) > 0.8


def distill(place, data, out, student="trees", unlabelled=None):
    options = {
        "student": student,
        "random_state": 0,
        "params": None if student == "forest" else FAST[student],
    }
    more = None if unlabelled is None else str(place / unlabelled)
    return shell.distill(place / "house", str(place / data), place / out, more, options, False).data


def test_rows_that_are_new_to_the_teacher_are_held_out_and_a_program_can_read_all(place):
    told = json.loads(json.dumps(distill(place, "all.csv", "b", unlabelled="new.csv")))
    assert not told["teacher_has_seen_the_held_rows"]
    assert (told["rows"], told["labelled"], told["rows_learned_from"]) == (120, 120, 480)
    assert set(told["lines"]) == {"teacher", "student", "plain"}
    assert told["lines"]["teacher"]["fidelity"]["value"] == 1.0
    assert told["lines"]["student"]["fidelity"]["value"] > 0.85
    assert told["lines"]["student"]["score"]["value"] > 0.8
    assert told["over_plain"]["low"] <= told["over_plain"]["value"] <= told["over_plain"]["high"]
    about = package.load(place / "b" / "model").about
    assert about.metrics == {told["metric"]: told["lines"]["student"]["score"]["value"]}


def test_rows_that_are_held_out_are_not_learned_from_the_other_table_either(place, monkeypatch):
    seen = []
    fit = Distilled.fit_table

    def remember(self, table, known, answers, unlabelled=None):
        seen.append((table, unlabelled))
        return fit(self, table, known, answers, unlabelled)

    monkeypatch.setattr(Distilled, "fit_table", remember)
    told = distill(place, "all.csv", "e", unlabelled="all.csv")
    ((table, more),) = seen
    assert table.n_rows == more.n_rows == told["rows_learned_from"] == N - told["rows"]
    np.testing.assert_array_equal(row_hashes(table), row_hashes(more))


def test_without_labels_fidelity_is_told_alone(place):
    told = distill(place, "new.csv", "c", "tree")
    assert set(told["lines"]) == {"teacher", "student"}
    assert told["lines"]["student"]["score"] is None
    assert told["over_teacher"] is None


def test_rows_of_the_run_are_remembered_with_their_answers_out_of_fold(place):
    schema = package.load(place / "house" / "model").schema
    frame = pd.read_csv(place / "all.csv")
    kept = remember(place / "house", conform(columns_of(frame, schema.names), schema))
    assert kept.metric == "roc_auc"
    np.testing.assert_array_equal(kept.learned, np.arange(N) < 300)
    assert np.isfinite(kept.answers[:300]).all()
    assert np.isnan(kept.answers[300:]).all()
    own = package.load(place / "house" / "model").predict_proba(frame[:300])
    assert np.abs(kept.answers[:300] - own).max() > 1e-3
    nothing = remember(place, conform(columns_of(frame, schema.names), schema))
    assert nothing.answers is None
    assert not nothing.learned.any()


def test_mistakes_are_told_in_three_parts(place):
    frame = pd.read_csv(place / "all.csv")
    frame.head(60).to_csv(place / "few.csv", index=False)
    frame.assign(sold="maybe").to_csv(place / "strange.csv", index=False)
    for data, student, words in (
        ("all.csv", "forest", "student is 'forest'"),
        ("few.csv", "trees", "There are 60 rows"),
        ("strange.csv", "trees", "maybe"),
    ):
        with pytest.raises(InputError, match=words) as told:
            distill(place, data, "d", student)
        assert told.value.allowed
        assert told.value.todo
    assert not (place / "d").exists()
