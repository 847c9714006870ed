"""Strings read once give what each row gives alone, and what plain expressions say."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twofold.core.table import Table
from twofold.steps.linear import Linear
from twofold.steps.numbers import Pick
from twofold.steps.sparse_rows import FEW
from twofold.steps.stack_columns import StackColumns
from twofold.steps.strings import BETWEEN, split_words
from twofold.steps.tfidf import Letters, Lexical, Project, Words

TEXTS = st.lists(
    st.none() | st.text(max_size=40) | st.text("aB 1_-é\n\0Σ", max_size=20), min_size=1, max_size=20
)


def column(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def steps():
    vocabulary = np.array(["ab", "aa", "b1", "éa", "aé", "11"])
    words = Words("t", vocabulary, np.array([1, 6, 8, 20]), np.linspace(1, 2, 10, dtype=np.float32))
    kept = np.arange(0, 512, 3)
    return words, Letters("t", 512, kept, np.linspace(1, 3, len(kept), dtype=np.float32))


@given(TEXTS)
@settings(deadline=None)
def test_words_are_those_of_the_plain_expression(values):
    found = [word for word in split_words(values) if len(word) > 1 or word == BETWEEN]
    expected = []
    for place, value in enumerate(values):
        expected += [BETWEEN] * (place > 0) + re.findall(r"\w\w+", (value or "").lower())
    assert found == expected


@given(TEXTS)
@settings(deadline=None)
def test_a_row_gets_the_same_numbers_alone_among_others_and_while_learning(values):
    g = np.random.default_rng(0)
    for step in steps():
        learned = step.run(Table({"t": column(values)}, len(values)))
        answered = step.run(Table({"t": column(values)}, len(values), {}))
        directions = g.normal(size=(learned.shape[1], 5)).astype(np.float32)
        picked = Pick(np.array([7, 0, 3]))
        np.testing.assert_array_equal(answered.toarray(), learned.toarray())
        np.testing.assert_array_equal(answered.tocsr().toarray(), learned.toarray())
        whole = Project(directions).run(learned)
        np.testing.assert_array_equal(Project(directions).run(answered), whole)
        np.testing.assert_array_equal(picked.run(answered), picked.run(learned))
        for row, value in enumerate(values):
            for _ in range(2):
                alone = step.run(Table({"t": column([value])}, 1, {}))
                np.testing.assert_array_equal(Project(directions).run(alone), whole[row : row + 1])


@pytest.mark.parametrize("n", [1, 3, FEW, FEW + 1, 40])
def test_sparse_and_dense_side_by_side_answer_like_a_dense_matrix(n):
    g = np.random.default_rng(n)
    values = [" ".join(g.choice(["ab", "aa", "b1", "x"], 5)) for _ in range(n)]
    parts = [step.run(Table({"t": column(values)}, n, {})) for step in steps()]
    parts.insert(1, np.where(g.random((n, 4)) < 0.5, 0.0, g.normal(size=(n, 4))))
    dense = [part if isinstance(part, np.ndarray) else part.toarray() for part in parts]
    stacked = StackColumns().run(*parts)
    np.testing.assert_array_equal(stacked.toarray(), StackColumns().run(*dense))
    head = Linear(g.normal(size=(2, stacked.shape[1])), np.ones(2), "softmax")
    np.testing.assert_allclose(head.run(stacked), head.run(stacked.toarray()), rtol=1e-12)


@given(TEXTS)
@settings(deadline=None)
def test_counts_of_a_text_are_those_of_its_letters(values):
    counts = Lexical("t").run(Table({"t": column(values)}, len(values)))
    for value, row in zip(values, counts, strict=True):
        text = value or ""
        digits = sum("0" <= letter <= "9" for letter in text)
        capitals = sum("A" <= letter <= "Z" for letter in text)
        marks = text.count("!") + text.count("?")
        letters = len(text) - text.count("\0")
        assert row.tolist() == [letters, text.count(" "), digits, capitals, marks, value is None]
