"""Recommending: its parts against what they are defined by, and the whole from a table to a saved model."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from typer.testing import CliRunner

from twofold import shell
from twofold.bundle.predictor import load
from twofold.bundle.save import save
from twofold.cli import app
from twofold.core.errors import InputError
from twofold.core.table import Table
from twofold.hybrids.recommend import methods, retrievers
from twofold.hybrids.recommend.interactions import Columns, read_interactions
from twofold.hybrids.recommend.item_links import linear_directions, neighbours
from twofold.hybrids.recommend.judging import Judged, give_verdict, interval, simplest_within_noise
from twofold.hybrids.recommend.reranking import Groups, blend
from twofold.hybrids.retrieve_rerank import Recommender
from twofold.metrics.top_items import first_places, ndcg_by_row, recall_by_row
from twofold.steps.base import Graph, Node
from twofold.steps.histories import Histories
from twofold.steps.linear import Linear
from twofold.steps.rerank import Rerank

pytest.importorskip("torch")
HOME = Path(os.environ.get("TWOFOLD_DATA_HOME", "/nowhere"))


def tastes(n_users=150, n_items=80, each=16, seed=0, shuffled=False):
    """Users of four tastes, who nearly always take items of theirs, in random order."""
    g = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        liking = np.where(np.arange(n_items) % 4 == user % 4, 12.0, 1.0)
        items = g.choice(n_items, each, replace=False, p=liking / liking.sum())
        rows += [(f"u{user}", f"i{item}", time) for time, item in enumerate(items)]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"])
    if shuffled:
        frame["item"] = g.permutation(frame["item"].to_numpy())
    return frame


def items_table(n_items=80):
    return pd.DataFrame(
        {"item": [f"i{i}" for i in range(n_items)], "kind": [f"sort {'abcd'[i % 4]}" for i in range(n_items)]}
    )


def users_table(n_users=150):
    return pd.DataFrame(
        {"user": [f"u{u}" for u in range(n_users)], "age": np.arange(n_users) % 60 + 0.5, "town": "x"}
    )


def fit(frame, **params):
    options = {"time": "time", "budget": 4, "division": "last"} | params
    return Recommender(**options).fit(frame, items_table(), users_table())


@pytest.fixture(scope="module")
def short_schedule():
    from twofold.nn import two_tower

    patch = pytest.MonkeyPatch()
    patch.setattr(two_tower.TowerRecipe.__init__, "__defaults__", _fewer(two_tower.TowerRecipe, 12))
    yield
    patch.undo()


def _fewer(recipe, epochs):
    names = [name for name in recipe.__dataclass_fields__ if name != "self"]
    return tuple(epochs if name == "epochs" else getattr(recipe(), name) for name in names)


@pytest.fixture(scope="module")
def model(short_schedule):
    return fit(tastes())


def test_the_linear_model_is_the_ridge_regression_of_each_item_on_all_others():
    g = np.random.default_rng(0)
    for shape in ((30, 12), (9, 14)):
        X = (g.random(shape) < 0.4).astype(np.float32)
        directions = linear_directions(sparse.csr_array(X))
        B = np.zeros((shape[1], shape[1]))
        for item in range(shape[1]):
            others = np.delete(np.arange(shape[1]), item)
            A = X[:, others].astype(float)
            B[others, item] = np.linalg.solve(A.T @ A + 5 * np.eye(len(others)), A.T @ X[:, item])
        links = directions.links(5.0, shape[1])._matrix.toarray()
        np.testing.assert_allclose(links, B, atol=1e-5)
        unseen = X == 0
        scores = directions.scores(sparse.csr_array(X), 5.0)
        np.testing.assert_allclose(scores[unseen], (X @ B)[unseen], atol=1e-5)


def test_neighbours_are_linked_by_their_cosine():
    X = (np.random.default_rng(0).random((40, 9)) < 0.4).astype(np.float32)
    X[:, 0] = 1
    cosine = X.T @ X / np.linalg.norm(X, axis=0)[:, None] / np.linalg.norm(X, axis=0)
    np.fill_diagonal(cosine, 0)
    found = neighbours(sparse.csr_array(X), 9, 0.0)._matrix.toarray()
    np.testing.assert_allclose(found, cosine, atol=1e-5)
    assert (np.diff(neighbours(sparse.csr_array(X), 3, 0.0).starts) <= 3).all()


def test_metrics_equal_their_definition():
    g = np.random.default_rng(0)
    scores, wanted = g.random((20, 30)), g.random((20, 30)) < 0.2
    wanted[0] = False
    goal = sparse.csr_array(wanted.astype(np.float32))
    ndcg, recall = ndcg_by_row(scores, goal, 10), recall_by_row(scores, goal, 10)
    assert np.isnan(ndcg[0])
    assert np.isnan(recall[0])
    for row in range(1, 20):
        order = np.argsort(-scores[row])[:10]
        gains = wanted[row][order] / np.log2(np.arange(10) + 2)
        size = min(10, wanted[row].sum())
        assert ndcg[row] == pytest.approx(gains.sum() / (1 / np.log2(np.arange(size) + 2)).sum())
        assert recall[row] == pytest.approx(wanted[row][order].sum() / size)
    np.testing.assert_array_equal(first_places(scores, 4), np.argsort(-scores, axis=1)[:, :4])


def test_nothing_of_a_later_window_is_in_the_past():
    data = read_interactions(tastes(), Columns(time="time"))
    for division in ("time", "last"):
        window = data.windows((0.16, 0.2), division)
        for last in (1, 2):
            stage = methods.make_stage(data, window, last)
            assert not stage.history.multiply(stage.wanted).sum()
            for user in stage.users[:20]:
                own = data.user == user
                assert data.time[own & (window < last)].max() <= data.time[own & (window == last)].min()
    cuts = data.windows((0.2,), "time")
    assert data.time[cuts == 0].max() <= data.time[cuts == 1].min()


def test_it_learns_tastes_and_answers_alike_from_arrays_and_from_disk(model, tmp_path):
    assert model.test_["popularity"].ndcg.mean() < 0.6 * model.test_["re-ranked"].ndcg.mean()
    histories = [["i0", "i4", "i8", "i12"], ["i1", "i5", "i9"], []]
    found = model.recommend(histories, 5, {"age": [20.0, 30.0, None]})
    assert np.mean([int(name[1:]) % 4 == 0 for name in found[0]]) >= 0.8
    assert np.mean([int(name[1:]) % 4 == 1 for name in found[1]]) >= 0.8
    save(model.bundle(), tmp_path / "model")
    loaded = load(tmp_path / "model")
    rows = [
        {"history": model.cell(one), "age": age}
        for one, age in zip(histories, (20.0, 30.0, None), strict=True)
    ]
    np.testing.assert_allclose(
        loaded.predict_proba(rows), model.output(histories, {"age": [20.0, 30.0, None]}), atol=1e-7
    )
    assert "lightgbm" not in loaded.capabilities.requires
    assert "torch" not in loaded.capabilities.requires


def test_every_method_lowers_to_what_it_was_judged_by(model):
    history = model.histories_.run(_table(["i0,i4,i8", "i1,i2"]))
    users = np.zeros((2, model.n_user_features_), dtype=np.float32)
    scores = model.methods_.scores(history, users)
    assert set(scores) == set(methods.FAMILIES)
    for name in scores:
        inputs = {retrievers.HISTORY: history, retrievers.USERS: users}
        own = np.array(model.methods_.graph(name).run(inputs, name), dtype=np.float32)
        unseen = np.isfinite(scores[name])
        np.testing.assert_allclose(own[unseen], scores[name][unseen], atol=1e-5)
        assert (~unseen).sum() == 5


def _table(cells):
    return Table({"history": np.array(cells, dtype=object)}, len(cells))


def test_seen_items_are_left_out_and_unknown_ones_ignored(model):
    seen = ["i0", "i4", "i8"]
    shares = model.output([seen, [*seen, "never heard of"]])
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert shares[0][np.isin(model.items_, seen)].sum() == 0
    np.testing.assert_array_equal(shares[0], shares[1])
    assert model.histories_.unknown(model.cell([*seen, "never heard of"])) == 1


def test_a_new_user_gets_what_is_popular(model):
    counts = np.expm1(model.methods_.retrievers.popular)
    best = model.recommend([[]], 3)[0]
    assert counts[np.isin(model.items_, best)].min() >= np.sort(counts)[-3] - 1e-3
    everything = model.output([list(model.items_)])
    assert np.isfinite(everything).all()


def test_the_same_users_get_the_same_alone_and_among_others(model):
    histories = [["i0", "i4"], ["i1", "i5", "i9"], ["i2"]]
    together = model.output(histories)
    for row, one in enumerate(histories):
        np.testing.assert_allclose(model.output([one])[0], together[row], rtol=1e-5)


def test_the_order_of_rows_changes_nothing(short_schedule):
    frame = tastes(60)
    a = fit(frame, network=False, test_share=0.0)
    b = fit(frame.sample(frac=1.0, random_state=1), network=False, test_share=0.0)
    np.testing.assert_allclose(a.output([["i0", "i4"]]), b.output([["i0", "i4"]]), atol=1e-9)
    assert a.kept_ == b.kept_


def test_shuffled_items_bring_no_gain(short_schedule):
    found = fit(tastes(shuffled=True))
    assert found.verdict_.low < 0.02
    assert not found.verdict_.sentence.startswith("Joining helps") or found.verdict_.gain < 0.03
    assert found.test_["re-ranked"].ndcg.mean() < 2 * found.test_["popularity"].ndcg.mean() + 0.02


def test_without_trees_the_order_is_that_of_the_retriever_that_is_leaned_on():
    g = np.random.default_rng(0)
    history = sparse.csr_array((g.random((6, 50)) < 0.1).astype(np.float32))
    scores = [g.random((6, 50)).astype(np.float32) for _ in range(3)]
    links = neighbours(history, 5, 0.0)
    nothing = Graph((Node(Linear(np.zeros((1, 13)), np.zeros(1), "identity"), ("features",), "prediction"),))
    popular, facts = np.ones(50, dtype=np.float32), np.zeros((50, 3), dtype=np.float32)
    content = np.zeros((50, 0), dtype=np.float32)
    for place, score in enumerate(scores):
        step = Rerank(links, popular, facts, content, 15, 20, np.eye(3)[place], nothing)
        unseen = np.where(history.toarray() > 0, -np.inf, score)
        found = step.run(history, *scores)
        np.testing.assert_array_equal(first_places(found, 5), first_places(unseen, 5))
        assert np.isneginf(found[history.toarray() > 0]).all()


def test_the_blend_finds_the_retriever_that_is_right():
    g = np.random.default_rng(0)
    X = g.normal(size=(30, 20, 6)).astype(np.float32)
    best = X[:, :, 2]
    wanted = (best >= np.sort(best, axis=1)[:, -3:-2]).astype(np.int32)
    np.testing.assert_array_equal(blend(Groups(X, wanted), 3), [0.0, 1.0, 0.0])


def test_the_simplest_within_noise_is_kept_and_the_verdict_is_paired():
    g = np.random.default_rng(0)
    base = g.random(400)
    judged = {
        "a": Judged(base, base),
        "b": Judged(base + g.normal(0, 0.05, 400), base),
        "c": Judged(base + 0.1 + g.normal(0, 0.05, 400), base),
    }
    assert simplest_within_noise(judged, ["a", "b"]) == "a"
    assert simplest_within_noise(judged, ["a", "b", "c"]) == "c"
    assert give_verdict(judged, "c", "a").sentence.startswith("Joining helps: +0.09")
    assert give_verdict(judged, "a", "a").sentence.startswith("No worthwhile gain")
    mean, low, high = interval(base)
    assert low < mean < high


def test_bad_input_is_told_in_three_parts(tmp_path):
    frame = tastes(20)
    for params, table, words in (
        ({"item": "thing"}, frame, "There is no column 'thing'"),
        ({"division": "random"}, frame, "The division is 'random'"),
        ({"test_share": 0.9}, frame, "The test share is 0.9"),
        ({}, frame.head(0), "No interaction is left"),
        ({}, frame[frame["user"] == "u1"], "There are 1 user(s)"),
        ({"time": "text"}, frame.assign(text="soon"), "is no time"),
        ({"time": "since", "division": "time"}, frame.assign(since=range(len(frame))), "Only 1 user(s) have"),
    ):
        with pytest.raises(InputError, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
            Recommender(**({"network": False} | params)).fit(table)
        assert caught.value.allowed
        assert caught.value.todo


def test_histories_keep_the_newest_of_repetitions():
    step = Histories("history", "|", np.array(["a", "b", "c"]))
    rows = step.run(_table(["a|b|a", " c | x ", ""])).toarray()
    assert rows.tolist() == [[1.0, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]


def test_the_commands_learn_and_suggest(tmp_path, monkeypatch, short_schedule):
    tastes(60).to_csv(tmp_path / "had.csv", index=False)
    items_table().to_csv(tmp_path / "items.csv", index=False)
    (tmp_path / "mine.txt").write_text("i0\ni4\nnowhere\n")
    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.exception
        return json.loads(done.stdout)

    names = ("--user", "user", "--item", "item", "--time", "time", "--items", "items.csv")
    told = run("recommend", "had.csv", *names, "--budget", "4s", "--out", "shop", "--json")
    assert {row["method"] for row in told["methods"]} == set(methods.FAMILIES)
    assert told["verdict"]
    told = run("suggest", "shop", "@mine.txt", "--k", "4", "--items", "items.csv", "--json")
    assert len(told["items"]) == 4
    assert told["unknown"] == 1
    assert told["names"] == [f"sort {'abcd'[int(name[1:]) % 4]}" for name in told["items"]]
    assert not {"i0", "i4"} & set(told["items"])
    with pytest.raises(InputError, match="k is 0"):
        shell.suggest(tmp_path / "shop", "i0", 0, [], None, None)
    with pytest.raises(InputError, match="says nothing about a user"):
        shell.suggest(tmp_path / "shop", "i0", 3, ["age=7"], None, None)
    told = shell.suggest(tmp_path / "shop", "what,else", 3, [], None, None)
    assert "is known; these are the most popular" in told.text


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(
    not HOME.joinpath("movielens-latest-small").exists(), reason="TWOFOLD_DATA_HOME is not set"
)
def test_on_films_it_beats_popularity_by_far():
    folder = HOME / "movielens-latest-small"
    ratings, films = pd.read_csv(folder / "ratings.csv.gz"), pd.read_csv(folder / "movies.csv.gz")
    model = Recommender("userId", "movieId", "timestamp", "rating", 4.0).fit(ratings, films)
    assert model.division_ == "last"
    popular, joined = (model.test_[name].ndcg.mean() for name in ("popularity", "re-ranked"))
    assert joined > 1.3 * popular
