"""A network drafts sentences, and machine learning edits them where it is sure to better them.

Automatic post-editing (Simard, Goutte and Isabelle 2007), word by word: a translator writes a draft; edits
are proposed from tables of words counted in the pairs (IBM's first model, Brown et al. 1993, and n-grams),
and boosted trees judge each by what the tables, the source and the network's own doubts say of it.

When it helps: a network that had little time or few pairs writes fluently and invents, repeats or leaves out
words that a table of translations knows. When not: a network that was trained to the end, or what only whole
sentences can mend, their order above all. Cost: the editor's pairs are kept from the network, it takes
minutes to learn, and some milliseconds a sentence.

The network never sees the pairs whose drafts teach the editor. A fifth of them is kept from the judge too: on
these its training ends and the threshold is chosen above which an edit is made. An edit counts as better when
it raises the sentence's chrF and puts in words that the reference has.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from twofold.bundle.step_folder import load_step, save_step
from twofold.core.budget import Budget
from twofold.core.control import Control, Problem, Validation
from twofold.core.errors import BundleError, InputError
from twofold.core.random import make_generator
from twofold.hybrids.translator import fit_translator
from twofold.hybrids.word_counts import count_tables, mistakes_of
from twofold.metrics.chrf import chrf, chrf_counts, runs_of, shared
from twofold.models.baseline import Baseline
from twofold.models.lightgbm import LightGBM
from twofold.steps.edits import DELETE, FEATURES_OF_EDITS, INSERT, Proposals, change
from twofold.steps.post_edit import NEVER, PostEdit, chosen
from twofold.steps.sentence_words import Written, words_of, written
from twofold.steps.translate import Translate

FEWEST = 50
"""Pairs without which nothing can be learned."""
THRESHOLDS = (*np.linspace(0.25, 0.9, 14).round(2).tolist(), NEVER)
NETWORK_SHARE = 0.7
"""Of the time."""
LEAST_WEIGHT = 0.2
"""An edit weighs as much as it changes the score, and this in addition."""
_PROBLEM = Problem("binary", 2)


@dataclass(frozen=True)
class Watched:
    """What the editor came to on pairs that neither the network nor the judge has learned from.

    Parameters
    ----------
    drafted, edited : float
        chrF of the drafts, and after the edits; the threshold was chosen for the latter.
    helped, harmed : float
        Shares of the sentences.
    """

    drafted: float
    edited: float
    helped: float
    harmed: float


class PostEditor(BaseEstimator):  # type: ignore[misc]
    """A translator with an editor behind it.

    Parameters
    ----------
    share : float
        Of the pairs, kept from the network to teach the editor.
    tokens, width, layers, epochs : int
        Of the network, see `twofold.hybrids.translator.fit_translator`.
    random_state : int

    Attributes
    ----------
    step_ : PostEdit
    watched_ : Watched
    """

    step_: PostEdit
    watched_: Watched

    def __init__(
        self,
        share: float = 0.2,
        tokens: int = 2_000,
        width: int = 128,
        layers: int = 2,
        epochs: int = 6,
        random_state: int = 0,
    ) -> None:
        self.share = share
        self.tokens = tokens
        self.width = width
        self.layers = layers
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, sources: Sequence[str], references: Sequence[str], *, budget: Budget | None = None) -> Self:
        """Learn from pairs of sentences.

        Parameters
        ----------
        sources, references : sequences of str
        budget : Budget or None
            None leaves it its time, on one core.

        Raises
        ------
        InputError
            When there are too few pairs, or as many sources as references are not there.
        """
        _check(sources, references, self.share)
        budget = budget or Budget(cores=1)
        order = make_generator(self.random_state, "held out").permutation(len(sources))
        n_held = max(10, int(self.share * len(sources)))
        held, seen = order[:n_held], np.sort(order[n_held:])
        pairs = [sources[row] for row in seen], [references[row] for row in seen]
        translator = fit_translator(
            *pairs,
            tokens=self.tokens,
            width=self.width,
            layers=self.layers,
            epochs=self.epochs,
            budget=budget.share(NETWORK_SHARE),
            seed=self.random_state,
        )
        unseen = [sources[row] for row in held], [references[row] for row in held]
        self.step_, self.watched_ = learn_edits(
            translator, pairs, unseen, budget=budget, seed=self.random_state
        )
        return self

    def predict(self, sources: Sequence[str]) -> list[str]:
        """Translate sentences and edit the drafts."""
        return list(self.step_.run(sources))

    def draft(self, sources: Sequence[str]) -> list[str]:
        """Translate sentences and leave the drafts as they are."""
        return list(self.step_.translator.run(sources))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Save it as data: networks, vocabulary, tables and trees, no code.

        Raises
        ------
        BundleError
            When something lies in the place.
        """
        return save_step(self.step_, folder)


def load_post_editor(folder: str | os.PathLike[str]) -> PostEdit:
    """Load what `PostEditor.save` wrote; it needs neither torch nor scikit-learn.

    Returns
    -------
    PostEdit
        ``run(sources)`` translates.

    Raises
    ------
    BundleError
        When the folder is damaged, or holds something else.
    """
    step = load_step(folder)
    if not isinstance(step, PostEdit):
        raise BundleError(
            f"The folder holds a step '{step.kind}'.", "It has to hold a post-editor.", "Name another folder."
        )
    return step


def _check(sources: Sequence[str], references: Sequence[str], share: float) -> None:
    if len(sources) != len(references):
        raise InputError(
            f"{len(sources):,} sources came with {len(references):,} references.",
            "Each source has one reference.",
            "Give two lists of the same length.",
        )
    if len(sources) < FEWEST:
        raise InputError(
            f"Only {len(sources)} pairs came.", f"At least {FEWEST} are needed.", "Give more pairs."
        )
    if not 0 < share < 1:
        raise InputError(f"share is {share!r}.", "It lies between 0 and 1.", "Leave it out for the default.")
    for text in (*sources, *references):
        if not isinstance(text, str):
            raise InputError(
                f"A sentence is a {type(text).__name__}.", "Sentences are strings.", "Leave such pairs out."
            )


Pairs = tuple[Sequence[str], Sequence[str]]


def learn_edits(
    translator: Translate, seen: Pairs, unseen: Pairs, *, budget: Budget | None = None, seed: int = 0
) -> tuple[PostEdit, Watched]:
    """Learn to edit the drafts of a translator.

    Parameters
    ----------
    translator : Translate
    seen : pair of sequences of str
        Sources and references that the translator was trained on; words are counted in them.
    unseen : pair of sequences of str
        Others: the first four fifths teach the judge, the rest is watched.
    budget : Budget or None
    seed : int
    """
    budget = budget or Budget(cores=1)
    drafts = [written(translator, draft) for draft in translator.drafts(unseen[0])]
    own = [
        Counter(mistakes_of(draft.words, words_of(text)))
        for draft, text in zip(drafts, unseen[1], strict=True)
    ]
    n_teach = len(drafts) - max(2, len(drafts) // 5)
    tables = count_tables(*seen, sum(own[:n_teach], Counter()))
    nothing = Baseline().fit(np.zeros((2, len(FEATURES_OF_EDITS))), np.array([0, 1]), problem=_PROBLEM)
    step = PostEdit(translator, tables, nothing.lower(), NEVER)
    proposed = [
        step.propose(draft, mistakes if at < n_teach else None)
        for at, (draft, mistakes) in enumerate(zip(drafts, own, strict=True))
    ]
    rows = [
        _judged(proposals, draft, truth)
        for proposals, draft, truth in zip(proposed, drafts, unseen[1], strict=True)
    ]
    teach, watch = _together(rows[:n_teach]), _together(rows[n_teach:])
    if not len(watch.y) or len(np.unique(teach.y)) < 2:
        return _with_threshold(step, drafts[n_teach:], proposed[n_teach:], unseen[1][n_teach:])
    control = Control(budget.share(), seed, None, watch)
    judge = LightGBM(learning_rate=0.1).fit(teach.X, teach.y, teach.weight, problem=_PROBLEM, control=control)
    step = replace(step, judge=judge.lower())
    return _with_threshold(step, drafts[n_teach:], proposed[n_teach:], unseen[1][n_teach:])


def _judged(proposals: Proposals, draft: Written, reference: str) -> Validation:
    """Tell of each edit whether it betters the draft, and weigh it by how much it changes the score."""
    truth = runs_of(reference)
    texts = [draft.text, *(change(draft, [edit]) for edit in proposals.edits)]
    scores = np.array([float(chrf(shared(runs_of(text), truth))) for text in texts])
    gain = scores[1:] - scores[0]
    have, want = Counter(draft.words), Counter(words_of(reference))
    better = np.zeros(len(gain), dtype=np.int64)
    for at, edit in enumerate(proposals.edits):
        old = "" if edit.kind == INSERT else draft.words[edit.place]
        right = (have[edit.word] < want[edit.word]) if edit.word else 0
        lost = bool(old) and have[old] <= want[old]
        better[at] = gain[at] > 0 and right - lost >= (edit.kind != DELETE)
    return Validation(proposals.features, better, np.abs(gain) + LEAST_WEIGHT)


def _together(rows: Sequence[Validation]) -> Validation:
    weights = [row.weight for row in rows if row.weight is not None]
    return Validation(
        np.concatenate([row.X for row in rows]),
        np.concatenate([row.y for row in rows]),
        np.concatenate(weights),
    )


def _with_threshold(
    step: PostEdit, drafts: Sequence[Written], proposed: Sequence[Proposals], references: Sequence[str]
) -> tuple[PostEdit, Watched]:
    """Choose the threshold with the best score of all watched sentences together; the highest of equals."""
    before = chrf_counts([draft.text for draft in drafts], references)
    chances = step.chances(proposed)
    found: list[tuple[float, float, NDArray[np.float64]]] = []
    for threshold in THRESHOLDS:
        texts = [
            change(draft, chosen(proposals, chance, threshold))
            for draft, proposals, chance in zip(drafts, proposed, chances, strict=True)
        ]
        counts = chrf_counts(texts, references)
        found.append((float(chrf(counts.sum(axis=0))), threshold, counts))
    score, threshold, counts = max(found, key=lambda one: one[:2])
    change_of = chrf(counts) - chrf(before)
    watched = Watched(
        float(chrf(before.sum(axis=0))),
        score,
        float(np.mean(change_of > 1e-9)),
        float(np.mean(change_of < -1e-9)),
    )
    return replace(step, threshold=threshold), watched
