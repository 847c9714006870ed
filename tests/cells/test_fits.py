"""Tables with pictures, clips and series go the whole way: fit, save, load, predict."""

import importlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import twofold
from tests.cells.build import picture_table, png, series_table
from twofold.core.errors import ReadError, SchemaError, UnreadableWarning
from twofold.data.read import read_table
from twofold.estimators.replay import replay
from twofold.search.cells import made_in
from twofold.search.run_folder import RunFolder

pytest.importorskip("PIL")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    table = picture_table()
    model = twofold.fit(
        table, target="way", max_trials=3, folds=2, n_jobs=2, run_dir=str(folder / "run"),
        candidates=["linear", "extra_trees", "towers"],
    )  # fmt: skip
    model.save(folder / "bundle")
    return table, model, folder


def test_every_family_learns_from_pictures(fitted):
    _, model, _ = fitted
    board = model.leaderboard().set_index("model")
    assert board.loc["linear", "family"] == "ml"
    assert board.loc["towers", "family"] == "dl"
    assert board.loc["linear", "roc_auc"] > 0.9


def test_new_pictures_are_told_apart_by_the_loaded_bundle(fitted):
    _, model, folder = fitted
    new = picture_table(20, seed=5)
    loaded = twofold.load(folder / "bundle")
    assert np.mean(loaded.predict(new) == new["way"]) > 0.9
    np.testing.assert_allclose(loaded.predict_proba(new), model.predict_proba(new), atol=1e-6)
    assert loaded.capabilities.kinds >= {"image"}
    assert "PIL" in loaded.capabilities.requires


def test_a_row_gets_the_same_answer_alone_and_among_others(fitted):
    _, model, _ = fitted
    new = picture_table(8, seed=6)
    alone = np.vstack([model.predict_proba(new.iloc[[row]]) for row in range(8)])
    np.testing.assert_allclose(alone, model.predict_proba(new), atol=1e-6)


def test_pictures_that_cannot_be_read_are_named_and_the_rows_answered(fitted, tmp_path):
    _, model, _ = fitted
    whole = picture_table(6, seed=7)
    cut = tmp_path / "cut.png"
    cut.write_bytes(whole["photo"][0][:60])
    (tmp_path / "empty.png").write_bytes(b"")
    gone, empty = str(tmp_path / "gone.png"), str(tmp_path / "empty.png")
    cells = [str(cut), gone, empty, b"no picture", None, whole["photo"][5]]
    whole["photo"] = pd.Series(cells, dtype=object)
    with pytest.warns(UnreadableWarning, match=r"4 cell\(s\) of 6 rows .*cut\.png") as told:
        answers = model.predict_proba(whole)
    assert len(told) == 1
    assert answers.shape == (6, 2)
    assert np.isfinite(answers).all()
    np.testing.assert_allclose(answers[4, 0] - answers[3, 0], 0, atol=0.5)  # both are missing pictures


@pytest.mark.parametrize(
    "values", [[1.5, 2.5], [3, 4], [True, False], pd.to_datetime(["2020-01-01", "2021-01-01"])]
)
def test_a_column_of_pictures_that_holds_something_else_counts_as_missing(fitted, values):
    _, model, _ = fitted
    missing = model.predict_proba(pd.DataFrame({"photo": [None, None], "size": 0.0}))
    with pytest.warns(UnreadableWarning, match=r"2 cell\(s\) of 2 rows .*row 0, 'photo'.*row 1, 'photo'"):
        answers = model.predict_proba(pd.DataFrame({"photo": values, "size": 0.0}))
    np.testing.assert_allclose(answers, missing, atol=1e-6)


def test_a_column_of_pictures_that_is_lost_is_refused(fitted):
    _, model, _ = fitted
    with pytest.raises(SchemaError, match=r"lacks 1 column.*'photo'"):
        model.predict(pd.DataFrame({"size": [0.0]}))


def test_unreadable_training_pictures_are_counted_in_the_events():
    table = picture_table(40)
    table.loc[3, "photo"] = b"rubbish"
    table.loc[8, "photo"] = table.loc[8, "photo"][:50]
    model = twofold.fit(table, target="way", max_trials=1, folds=2, candidates=["linear"])
    told = [sentence for _, sentence in model.result_.events if "could not be read" in sentence]
    assert len(told) == 1
    assert told[0].startswith("2 of 40 cells of 'photo'")


def test_cells_are_read_once_and_kept_with_the_run(fitted):
    _, _, folder = fitted
    made = made_in(RunFolder(folder / "run"))
    assert {"hog", "lbp", "colours", "edges"} <= {one.extractor for one in made}
    assert all(one.row_seconds > 0 and one.size > 0 for one in made)


def test_a_run_with_pictures_is_replayed_to_the_same_answers(fitted):
    _, _, folder = fitted
    again = replay(folder / "run")
    assert again
    assert all(part.difference == 0 for part in again)


def test_a_run_with_pictures_is_taken_up_again_without_reading_anew(fitted):
    table, model, folder = fitted
    run = folder / "run"
    before = {path: path.stat().st_mtime_ns for path in (run / "cells").rglob("*") if path.is_file()}
    options = {"max_trials": 3, "folds": 2, "n_jobs": 2, "candidates": ["linear", "extra_trees", "towers"]}
    second = twofold.fit(table, target="way", run_dir=str(run), **options)
    after = {path: path.stat().st_mtime_ns for path in (run / "cells").rglob("*") if path.is_file()}
    assert before == after
    np.testing.assert_array_equal(second.predict_proba(table), model.predict_proba(table))


def test_the_bundle_answers_without_torch_and_scikit_learn(fitted, tmp_path):
    _, _, folder = fitted
    (tmp_path / "photo.png").write_bytes(picture_table(1)["photo"][0])
    code = (
        "import sys, twofold\n"
        f"model = twofold.load({str(folder / 'bundle')!r})\n"
        f"print(model.predict([{{'photo': {str(tmp_path / 'photo.png')!r}, 'size': 0.0}}])[0])\n"
        "assert not {'torch', 'sklearn', 'pandas'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {"upright", "lying"}


def test_a_folder_with_one_sub_folder_a_class_is_a_table(tmp_path):
    table = picture_table(12)
    for row, (cell, way) in enumerate(zip(table["photo"], table["way"], strict=True)):
        (tmp_path / way).mkdir(exist_ok=True)
        (tmp_path / way / f"{row}.png").write_bytes(cell)
    (tmp_path / "upright" / "notes.txt").write_text("not a picture")
    frame = read_table(str(tmp_path))
    assert frame.columns.tolist() == ["file", "label"]
    assert frame["label"].value_counts().to_dict() == {"upright": 6, "lying": 6}
    with pytest.raises(ReadError, match="no sub-folder"):
        read_table(str(tmp_path / "upright"))


def test_files_named_in_a_table_count_from_its_folder(tmp_path, monkeypatch):
    table = picture_table(4)
    for row, cell in enumerate(table["photo"]):
        (tmp_path / f"{row}.png").write_bytes(cell)
    frame = pd.DataFrame({"photo": [f"{row}.png" for row in range(4)], "way": table["way"]})
    frame.to_csv(tmp_path / "table.csv", index=False)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    read = read_table(str(tmp_path / "table.csv"))
    assert read["photo"].tolist() == [str(tmp_path / f"{row}.png") for row in range(4)]


def test_odd_pictures_take_part(fitted):
    from PIL import Image

    _, model, _ = fitted
    grey = Image.new("L", (30, 20), 77)
    clear = Image.new("RGBA", (9, 9), (10, 20, 30, 0))
    deep = np.full((12, 12), 40_000, dtype=np.uint16)
    dot = np.zeros((1, 1, 3), dtype=np.uint8)
    print_ink = Image.new("CMYK", (16, 16), (0, 90, 90, 10))
    cells = [grey, clear, deep, dot, print_ink, png(np.zeros((5, 70, 3), dtype=np.uint8))]
    frame = pd.DataFrame({"photo": pd.Series(cells, dtype=object), "size": 0.0})
    answers = model.predict_proba(frame)
    assert np.isfinite(answers).all()


def test_series_of_mixed_lengths_are_learned_by_hand_and_end_to_end(tmp_path):
    table = series_table()
    options = {"target": "fast", "folds": 2, "candidates": ["svm", "extra_trees", "towers"]}
    model = twofold.fit(table, max_trials=3, **options)
    board = model.leaderboard().set_index("model")
    assert board.loc["svm", "roc_auc"] > 0.9
    assert board.loc["extra_trees", "roc_auc"] > 0.9
    assert board.loc["towers", "family"] == "dl"
    odd = pd.DataFrame({"wave": pd.Series([[1.0], [np.nan] * 9, None, [2.0] * 50, "1 2 3"], dtype=object)})
    model.save(tmp_path / "bundle")
    loaded = twofold.load(tmp_path / "bundle")
    np.testing.assert_allclose(loaded.predict_proba(odd), model.predict_proba(odd), atol=1e-6)
    assert np.isfinite(loaded.predict_proba(odd)).all()


def test_without_its_package_a_column_of_pictures_is_refused_with_the_remedy(monkeypatch):
    import_module = importlib.import_module

    def refuse(module, package=None):
        if module == "PIL":
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return import_module(module, package)

    monkeypatch.setattr("twofold.search.senses.available", lambda package: package != "PIL")
    monkeypatch.setattr("twofold.core.optional.importlib.import_module", refuse)
    with pytest.raises(ImportError, match=r"twofold\[image\]"):
        twofold.fit(picture_table(20), target="way", max_trials=1, candidates=["linear"])
