"""New rows go through the very steps that the training rows went through, and targets do not leak."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from twofold.bundle.graph_files import load_graph, save_graph
from twofold.core.control import Problem
from twofold.core.errors import BundleError
from twofold.core.table import Table
from twofold.data.target import make_dataset
from twofold.features.text import words
from twofold.workflow.views import encode


def dataset(n=300, seed=0):
    g = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "number": np.where(g.random(n) < 0.1, np.nan, g.normal(size=n)),
            "few": g.choice(["a", "b", None], n),
            "many": [f"level {v}" for v in g.integers(0, 80, n)],
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(g.integers(0, 900, n), unit="D"),
            "note": [" ".join(g.choice(["bird", "hit", "left", "wing", "at", "dawn"], 7)) for _ in range(n)],
        }
    )
    return make_dataset(X, g.integers(0, 2, n))


@pytest.mark.parametrize("view", ["trees", "linear", "network", "none"])
def test_new_rows_are_encoded_like_training_rows(view, tmp_path):
    data = dataset()
    encoded = encode(view, data.table, data.schema, data.y, Problem("binary", 2), seed=0)
    again = encoded.graph.run({"table": data.table}, "features")
    learned = np.array(["mean target" in name for name in encoded.names], dtype=bool)
    dense = [m.toarray() if hasattr(m, "toarray") else m for m in (encoded.matrix, again)]
    np.testing.assert_allclose(dense[0][:, ~learned], dense[1][:, ~learned], atol=1e-5)
    assert len(encoded.names) == len(encoded.origins)
    save_graph(encoded.graph, tmp_path / "g")
    third = load_graph(tmp_path / "g").run({"table": data.table}, "features")
    np.testing.assert_array_equal(third.toarray() if hasattr(third, "toarray") else third, dense[1])


def test_shuffled_targets_leave_no_trace_in_target_statistics():
    data = dataset(2_000)
    encoded = encode("trees", data.table, data.schema, data.y, Problem("binary", 2), seed=0)
    column = encoded.names.index("mean target of many")
    assert abs(np.corrcoef(encoded.matrix[:, column], data.y)[0, 1]) < 0.15
    # The statistic of new rows does see these targets: without the inner folds it would leak.
    whole = encoded.graph.run({"table": data.table}, "features")[:, column]
    assert np.corrcoef(whole, data.y)[0, 1] > 0.12


def test_words_equal_scikit_learn():
    g = np.random.default_rng(1)
    texts = [" ".join(g.choice(["alpha", "beta", "gamma", "delta", "eps"], 6)) for _ in range(40)]
    part = words(Table({"t": np.array(texts, dtype=object)}, 40), "t")
    single = part.matrix[:, :5].toarray()
    single /= np.linalg.norm(single, axis=1, keepdims=True)
    labels = [name.removeprefix("t: ") for name in part.names[:5]]
    oracle = TfidfVectorizer(sublinear_tf=True, vocabulary=labels).fit_transform(texts).toarray()
    np.testing.assert_allclose(single, oracle, atol=1e-5)


def test_unseen_missing_and_empty_cells_do_not_stop_a_prediction():
    data = dataset()
    odd = {"number": np.array([np.nan]), "day": np.array([np.nan])}
    odd |= {
        name: np.array([value], dtype=object) for name, value in (("few", "?!"), ("many", None), ("note", ""))
    }
    for view in ("trees", "linear", "network"):
        encoded = encode(view, data.table, data.schema, data.y, Problem("binary", 2), seed=0)
        row = encoded.graph.run({"table": Table(odd, 1)}, "features")
        assert row.shape == (1, len(encoded.names))


def test_a_damaged_graph_is_refused(tmp_path):
    data = dataset()
    save_graph(
        encode("trees", data.table, data.schema, data.y, Problem("binary", 2), seed=0).graph, tmp_path / "g"
    )
    path = tmp_path / "g" / "graph.json"
    whole = path.read_text()
    path.write_text(whole.replace('"kind": "numbers"', '"kind": "os.system"'))
    with pytest.raises(BundleError, match=r"unknown kind 'os.system'"):
        load_graph(tmp_path / "g")
    path.write_text(whole)
    (tmp_path / "g" / "arrays.npz").write_bytes(b"rubbish")
    with pytest.raises(BundleError, match="cannot be read"):
        load_graph(tmp_path / "g")


@pytest.mark.parametrize(("length", "read"), [(3, True), (60, False)])
def test_a_linear_model_reads_short_texts_by_their_letters_too(length, read):
    g = np.random.default_rng(0)
    words = np.array([f"word{k}" for k in range(200)])
    texts = [" ".join(g.choice(words, length)) for _ in range(80)]
    data = make_dataset(pd.DataFrame({"said": texts}), g.integers(0, 2, 80), declared={"said": "text"})
    encoded = encode("linear", data.table, data.schema, data.y, Problem("binary", 2), seed=0)
    assert ("said: letters 0" in encoded.names) is read
