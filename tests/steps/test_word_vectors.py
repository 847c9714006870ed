"""Means of word vectors: equal to the library they come from, and of any text there is one."""

import numpy as np
import pytest

pytest.importorskip("tokenizers")

from tests.steps.tiny_encoder import WORDS, column, tokenizer, tokenizer_file
from twofold.core.table import Table
from twofold.core.weights import WEIGHTS, find
from twofold.features.extractor import make_extractor
from twofold.steps.word_vectors import WordVectors

VECTORS = np.random.default_rng(0).normal(size=(len(WORDS), 4)).astype(np.float16)
TEXTS = ["good", "the film", "a very very bad film", "the film", "", "good good film 🙂", "שלום", "bad"]
needs_wordllama = pytest.mark.skipif(
    find(WEIGHTS["wordllama"].sha256) is None, reason="the package wordllama is not installed"
)


def step(**fields):
    return WordVectors("t", **{"tokenizer": tokenizer_file(), "vectors": VECTORS} | fields)


def embed(words, values):
    return words.extract(Table({"t": column(values)}, len(values)))


def test_means_are_those_of_the_tokens_without_the_ends():
    made = embed(step(normalise=False), TEXTS)
    for row, text in enumerate(TEXTS):
        ids = tokenizer().encode(text, add_special_tokens=False).ids
        mean = VECTORS[ids].astype(np.float64).mean(axis=0) if ids else np.zeros(4)
        np.testing.assert_allclose(made[row], mean, atol=1e-6)


def test_a_text_gets_the_same_numbers_alone_and_among_others():
    together = embed(step(), TEXTS)
    for row, text in enumerate(TEXTS):
        np.testing.assert_array_equal(embed(step(), [text])[0], together[row])


@pytest.mark.parametrize("values", [[], [None], ["good"], [None, "good", ""]])
def test_missing_texts_are_missing_and_others_are_not(values):
    made = embed(step(), values)
    assert made.shape == (len(values), 4)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(made).any(axis=1), [value is None for value in values])


@pytest.mark.parametrize("text", ["🙂🏽‍🚀", "שלום", "half \ud83d", "\0", "word " * 200_000])
def test_strange_texts_are_read(text):
    assert np.isfinite(embed(step(), [text])).all()


@needs_wordllama
@pytest.mark.parametrize("normalise", [False, True])
def test_embeddings_are_those_of_wordllama(normalise):
    inference = pytest.importorskip("wordllama.inference")
    from tokenizers import Tokenizer

    made = make_extractor("wordllama").make("t", Table({}, 0), 0)
    words = WordVectors("t", made.tokenizer, made.vectors, normalise)
    theirs = inference.WordLlamaInference(made.vectors, Tokenizer.from_buffer(made.tokenizer.tobytes()))
    texts = ["Cats chase mice.", "Große Häuser, kleine Preise!", "🙂 שלום", "one two " * 300]
    np.testing.assert_allclose(embed(words, texts), theirs.embed(texts, norm=normalise), atol=1e-5)
