"""A text's embedding is its own: not its neighbours', not its place's, and of any text there is one."""

import numpy as np
import pytest

pytest.importorskip("tokenizers")

from tests.steps.tiny_encoder import WIDTH, column, encoder, tokenizer, tokenizer_file
from twofold.core.table import Table
from twofold.steps.sentences import SentenceNetwork

TEXTS = ["good", "the film", "a very very bad film", "the film", "", "good good film 🙂", "שלום", "bad"]


def step(**fields):
    return SentenceNetwork("t", **{"tokenizer": tokenizer_file(), "model": encoder(), "length": 16} | fields)


def embed(network, values, **table):
    return network.extract(Table({"t": column(values)}, len(values), **table))


def test_embeddings_are_the_means_of_the_networks_vectors():
    network = step(normalise=False)
    for text in TEXTS:
        ids = np.array([tokenizer().encode(text).ids])
        (vectors,) = network.session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        np.testing.assert_allclose(embed(network, [text])[0], vectors[0].mean(axis=0), atol=1e-6)


def test_the_first_token_stands_for_a_text_where_asked():
    network = step(normalise=False, pooling="cls")
    ids = np.array([tokenizer().encode("the film").ids])
    (vectors,) = network.session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    np.testing.assert_allclose(embed(network, ["the film"])[0], vectors[0, 0], atol=1e-6)


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_text_gets_the_same_numbers_alone_and_among_others(monkeypatch, quantised, threads):
    monkeypatch.setenv("TWOFOLD_THREADS", threads)
    network = step(model=encoder(quantised=quantised))
    together = embed(network, TEXTS)
    for row, text in enumerate(TEXTS):
        np.testing.assert_array_equal(embed(network, [text])[0], together[row])
    order = np.random.default_rng(0).permutation(len(TEXTS))
    np.testing.assert_array_equal(embed(network, [TEXTS[row] for row in order]), together[order])


def test_many_texts_of_one_length_are_shared_out_and_come_back_in_order(monkeypatch):
    monkeypatch.setattr("twofold.steps.sentences.TOKENS_A_RUN", 8)
    network = step()
    values = [f"{first} {second}" for first in ("good", "bad", "film") for second in ("a", "the", "very")]
    alone = np.concatenate([embed(network, [value]) for value in values])
    np.testing.assert_array_equal(embed(network, values), alone)


def test_equal_texts_are_embedded_once(monkeypatch):
    network, rows = step(), []
    plain = SentenceNetwork._run
    monkeypatch.setattr(SentenceNetwork, "_run", lambda self, ids: rows.append(len(ids)) or plain(self, ids))
    assert network.width == WIDTH
    rows.clear()
    embed(network, ["good", "bad", "good", "good"])
    assert sum(rows) == 2


def test_missing_texts_are_missing_and_empty_ones_are_not():
    made = embed(step(), ["good", None, "", None])
    np.testing.assert_array_equal(np.isnan(made).all(axis=1), [False, True, False, True])
    assert np.isfinite(made[[0, 2]]).all()
    assert made.dtype == np.float32


@pytest.mark.parametrize("values", [[], [None], ["good"]])
def test_small_tables_keep_their_shape(values):
    assert embed(step(), values).shape == (len(values), WIDTH)


def test_a_text_without_any_token_is_zero():
    network = step(tokenizer=tokenizer_file(ends=False))
    np.testing.assert_array_equal(embed(network, ["", "good"])[0], np.zeros(WIDTH))


def test_a_novel_is_cut_before_it_is_read():
    network = step()
    start = "the film very good bad " * 40
    novel = start + "words " * 200_000
    np.testing.assert_array_equal(embed(network, [novel]), embed(network, [start]))


@pytest.mark.parametrize("text", ["🙂🙂🏽‍🚀", "שלום עולם", "half \ud83d", "\0", "a\u202eb", "very" * 5_000])
def test_strange_texts_are_read(text):
    assert np.isfinite(embed(step(), [text, "good"])).all()


def test_known_words_of_any_script_count():
    made = embed(step(), ["שלום", "🙂", "good"])
    assert len(np.unique(made.round(4), axis=0)) == 3


def test_embeddings_have_length_one():
    np.testing.assert_allclose(np.linalg.norm(embed(step(), TEXTS), axis=1), 1, atol=1e-6)


def test_a_network_may_answer_with_vectors_of_texts_and_ask_for_places():
    network = step(model=encoder(pooled=True, extra_input="position_ids"), normalise=False)
    expected = embed(step(normalise=False), ["the film", "good"])
    np.testing.assert_allclose(embed(network, ["the film", "good"]), expected, atol=1e-6)


def test_a_table_that_knows_the_features_is_not_asked_again():
    network = step()
    table = Table({"t": column(["good"])}, 1, {})
    assert network.run(table) is network.run(table)
