"""`twofold rules learn|check|apply|explain` as a stranger runs them: what they print, write and return."""

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import twofold
from tests.hybrids.rules_kit import bundle, frame
from twofold.bundle.predictor import Predictor
from twofold.bundle.save import save
from twofold.cli import main
from twofold.core.schema import Column, Schema
from twofold.shell import learn_rules
from twofold.shell.kept_run import Remembered

GOOD = """rules:
  - name: elders
    if: {age: {above: 60}}
    then: {forbid: good}
    because: the law
  - name: late
    if: {note: {word: late}}
    then: {odds: {bad: 3}}
"""
CLASH = (
    GOOD
    + """  - name: a
    if: {age: {below: 40}}
    then: {answer: good}
  - name: b
    if: {age: {above: 35}}
    then: {answer: bad}
"""
)


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command in a folder with a model, rules and rows; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    save(bundle(), tmp_path / "house" / "model")
    save(bundle(slope=-0.2), tmp_path / "other")
    save(bundle("regression"), tmp_path / "values")
    (tmp_path / "rules.yaml").write_text(GOOD)
    (tmp_path / "clash.yaml").write_text(CLASH)
    frame(200).to_csv(tmp_path / "new.csv", index=False)
    known(200).to_csv(tmp_path / "known.csv", index=False)

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["twofold", "rules", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return command


def known(n, seed=0):
    """Return rows whose truth the model knows, but for people of Rome, who are all bad."""
    rows = frame(n, seed)
    p = 1 / (1 + np.exp(-0.1 * (rows["age"].fillna(40) - 40)))
    good = (np.random.default_rng(seed).random(n) < p) & (rows["town"] != "Rome")
    return rows.assign(credit=np.where(good, "good", "bad"), truth=rows["age"].fillna(40) * 1.0)


@pytest.mark.parametrize("command", ["learn", "check", "apply", "explain"])
def test_every_command_has_help_with_an_example_and_exit_codes(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: twofold rules {command}" in out
    assert "5 package missing" in " ".join(out.split())


def test_rules_are_checked_and_said_in_words(run):
    code, out, _ = run("check", "house", "rules.yaml")
    assert code == 0
    assert "elders: if age > 60: forbids 'good'" in out
    assert "late: if note has the word late: odds of 'bad' times 3" in out
    assert "2 rules: they can be laid over the model." in out


def test_with_rows_and_truth_the_price_of_rules_is_told(run):
    code, out, _ = run("check", "house", "rules.yaml", "known.csv", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["good"]
    assert told["rows"]["rows"] == 200
    counted = {rule["rule"]: rule for rule in told["rows"]["rules"]}
    assert counted["elders"]["fires"] == int((frame(200)["age"] > 60).sum())
    assert counted["elders"]["changed"] > 0
    before, after = told["rows"]["scores"]["accuracy"]
    assert after < before, "a policy may cost"
    assert "accuracy" in run("check", "house", "rules.yaml", "known.csv")[1]


def test_disagreements_are_found_in_rows_and_end_with_code_2(run):
    assert run("check", "house", "clash.yaml")[0] == 0, "words alone do not tell"
    code, out, _ = run("check", "house", "clash.yaml", "new.csv", "--json")
    assert code == 2
    told = json.loads(out)
    assert not told["good"]
    assert any("disagrees with 'a'" in remark["sentence"] for remark in told["remarks"])
    code, _, err = run("apply", "house", "clash.yaml", "--data", "new.csv", "--out", "ruled")
    assert code == 2
    assert "disagrees" in err
    assert "give one of the rules a priority" in err


def test_faults_of_the_file_end_with_code_2_and_their_line(run, tmp_path):
    (tmp_path / "rules.yaml").write_text(GOOD.replace("age", "agee"))
    code, out, err = run("check", "house", "rules.yaml")
    assert (code, out) == (2, "")
    assert "'rules.yaml', line 3, column 10: There is no column 'agee'" in err
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "allowed", "to do"]
    assert run("check", "house", "none.yaml")[0] == 2
    assert run("check", "nowhere", "rules.yaml")[0] == 4


@pytest.mark.parametrize("name", ["audit.csv", "audit.jsonl", "audit.parquet"])
def test_a_model_with_rules_predicts_and_explains(run, tmp_path, name):
    code, out, _ = run("apply", "house", "rules.yaml", "--out", "ruled", "--data", "new.csv", "--json")
    assert code == 0
    assert json.loads(out)["rules"] == 2
    rows = frame(200)
    said = twofold.load(tmp_path / "ruled").predict(rows)
    assert set(said[rows["age"] > 60]) == {"bad"}
    assert twofold.load(tmp_path / "ruled").about.model == "a line under 2 rules"
    code, out, _ = run("explain", "ruled", "new.csv", "--out", name, "--json")
    assert code == 0
    told = json.loads(out)
    read = {
        "audit.csv": pd.read_csv,
        "audit.jsonl": lambda path: pd.read_json(path, lines=True),
        "audit.parquet": pd.read_parquet,
    }
    log = read[name](tmp_path / name)
    assert len(log) == sum(told["rules"].values())
    assert told["heard"] == log["row"].nunique()
    assert told["changed"] == log.loc[log["changed"], "row"].nunique()
    assert (said[log["row"]] == log["answered"]).all()
    assert set(log.loc[log["rule"] == "elders", "because"]) == {"the law"}
    assert "Rules were heard in" in run("explain", "ruled", "new.csv", "--out", name, "--all")[1]
    assert len(read[name](tmp_path / name)["row"].unique()) == 200


def test_a_signed_model_with_rules_is_verified(run, tmp_path):
    (tmp_path / "key").write_text("secret")
    assert run("apply", "house", "rules.yaml", "--out", "ruled.zip", "--sign", "key")[0] == 0
    assert run("explain", "ruled.zip", "new.csv", "--verify", "key")[0] == 0
    (tmp_path / "key").write_text("another")
    assert run("explain", "ruled.zip", "new.csv", "--verify", "key")[0] == 4


def test_what_cannot_be_applied_or_explained_is_told(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    assert run("apply", "house", "rules.yaml", "--out", "full")[0] == 4
    assert (tmp_path / "full" / "letter.txt").read_text() == "mine"
    assert "has no rules" in run("explain", "house", "new.csv")[2]
    code, _, err = run("explain", "house", "new.csv", "--out", "audit.txt")
    assert code == 2
    assert ".csv, .jsonl or .parquet" in err


def test_a_route_is_read_checked_and_applied(run, tmp_path):
    (tmp_path / "rules.yaml").write_text(
        "models: {careful: other}\n" + GOOD.replace("forbid: good", "route: careful")
    )
    assert "sends to careful" in run("check", "house", "rules.yaml", "new.csv")[1]
    assert run("apply", "house", "rules.yaml", "--out", "ruled")[0] == 0
    rows = frame(200)
    old = (rows["age"] > 60) & ~rows["note"].str.contains(r"\blate\b", case=False, na=False)
    ruled, other = (twofold.load(tmp_path / name).output(rows[old]) for name in ("ruled", "other"))
    np.testing.assert_array_equal(ruled, other)
    (tmp_path / "rules.yaml").write_text(
        "models: {careful: values}\n" + GOOD.replace("forbid: good", "route: careful")
    )
    code, _, err = run("apply", "house", "rules.yaml", "--out", "ruled")
    assert code == 2
    assert "'careful' answers regression" in err


def test_rules_are_learned_from_errors_written_checked_and_applied(run, tmp_path):
    known(1_500, 1).to_csv(tmp_path / "learn.csv", index=False)
    code, out, _ = run("learn", "house", "learn.csv", "--out", "found.yaml")
    assert code == 0
    assert "town is Rome" in out
    assert "# Rules for 'credit', learned from errors" in (tmp_path / "found.yaml").read_text()
    assert run("apply", "house", "found.yaml", "--out", "ruled")[0] == 0
    known(3_000, 2).to_csv(tmp_path / "fresh.csv", index=False)
    before, after = json.loads(run("check", "house", "found.yaml", "fresh.csv", "--json")[1])["rows"][
        "scores"
    ]["log_loss"]
    assert after < before - 0.03


def test_rules_are_learned_from_labels_from_answers_and_between_models(run, tmp_path):
    known(1_500, 1).to_csv(tmp_path / "learn.csv", index=False)
    told = {}
    for source in ("labels", "answers"):
        words = ("--from", source, "--precision", "0.9", "--json")
        code, out, _ = run("learn", "house", "learn.csv", "--out", f"{source}.yaml", *words)
        assert code == 0
        told[source] = json.loads(out)["rules"]
        assert told[source]
        assert all(rule["low"] >= 0.9 for rule in told[source])
        assert run("check", "house", f"{source}.yaml")[0] == 0
    assert "town" in (tmp_path / "labels.yaml").read_text()
    assert "town" not in (tmp_path / "answers.yaml").read_text(), "the model reads the age alone"
    code, out, _ = run("learn", "other", "learn.csv", "--other", "house", "--actions", "route")
    assert code == 0
    assert "sends to other" in out
    assert run("apply", "other", "rules.yaml", "--out", "ruled")[0] == 0


@pytest.mark.parametrize(
    "command", [("check", "house", "rules.yaml", "gaps.csv"), ("learn", "house", "gaps.csv")]
)
def test_rows_without_an_answer_are_left_out(run, tmp_path, command):
    rows = known(240)
    rows.loc[:29, "credit"] = ["?", "", None] * 10
    rows.to_csv(tmp_path / "gaps.csv", index=False)
    code, out, _ = run(*command)
    assert code == 0
    assert "210 rows of gaps.csv" in out


def test_rules_are_learned_for_values(run, tmp_path):
    rows = known(800, 1)
    rows["credit"] = 0.1 * (rows["age"].fillna(40) - 40) + 3.0 * (rows["town"] == "Rome")
    rows.to_csv(tmp_path / "learn.csv", index=False)
    code, out, _ = run("learn", "values", "learn.csv")
    assert code == 0
    assert "town is Rome: adds 2." in out
    code, _, err = run("learn", "values", "learn.csv", "--from", "labels")
    assert code == 2
    assert "Use --from errors" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new.csv",), "has no column 'credit'"),
        (("known.csv", "--target", "nope"), "has no column 'nope'"),
        (("known.csv", "--target", "town"), "which the model does not know"),
        (("few.csv",), "has 20 rows that the model has not learned from"),
        (("known.csv", "--from", "dreams"), "--from is 'dreams'"),
        (("known.csv", "--actions", "veto"), "--actions is 'veto'"),
        (("known.csv", "--actions", ""), "--actions is ''"),
        (("--other", "other"), "Another model was named, but no table"),
        ((), "'house' holds no finished run"),
    ],
)
def test_what_cannot_be_learned_is_told_in_three_parts(run, tmp_path, words, said):
    known(20).to_csv(tmp_path / "few.csv", index=False)
    code, _, err = run("learn", "house", *words)
    assert code == 2
    assert said in err
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "allowed", "to do"]
    assert (tmp_path / "rules.yaml").read_text() == GOOD


def test_where_no_rule_is_proved_nothing_is_written(run, tmp_path):
    rows = known(300)
    rows["credit"] = np.where(rows["age"].fillna(40) > 40, "good", "bad")
    rows.to_csv(tmp_path / "right.csv", index=False)
    code, out, _ = run("learn", "house", "right.csv", "--actions", "override", "--out", "none.yaml")
    assert code == 0
    assert "Nothing was written" in out
    assert not (tmp_path / "none.yaml").exists()


def test_a_kept_run_is_asked_for_files_as_it_names_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    plain = bundle()
    schema = Schema((*plain.about.schema.columns, Column("photo", "image")))
    model = Predictor(replace(plain.about, schema=schema), plain.graph)
    known(150).assign(photo="a.png").to_csv("rows.csv", index=False)
    asked = []

    def remember(folder, table):
        asked.append(table.columns["photo"][0])
        return Remembered(np.zeros(table.n_rows, dtype=bool))

    monkeypatch.setattr(learn_rules, "remember", remember)
    learn_rules._unseen(model, None, tmp_path, "rows.csv", None)
    assert asked == [str(tmp_path / "a.png")]


@pytest.mark.slow
def test_a_kept_run_teaches_from_answers_out_of_fold_and_its_rows_count_as_known(run, tmp_path):
    rows = known(600, 1)
    model = twofold.fit(
        rows.drop(columns="truth"),
        target="credit",
        candidates=["linear"],
        max_trials=1,
        folds=2,
        n_jobs=1,
        run_dir=str(tmp_path / "fitted" / "run"),
    )
    model.save(tmp_path / "fitted" / "model")
    code, out, _ = run("learn", "fitted", "--out", "found.yaml")
    assert code == 0
    assert "600 rows, each answered by a model that had not seen it" in out
    pd.concat([rows, known(300, 2)]).to_csv(tmp_path / "both.csv", index=False)
    out = run("learn", "fitted", "both.csv", "--out", "found.yaml")[1]
    assert "600 that the model has learned from were left out" in out
