"""Translations from English to German, drafted by a network and edited by machine learning.

python benchmarks/hybrids/post_editor.py --out hybrids.jsonl

The training pairs of Multi30k (Elliott et al. 2016) are learned from; the test pairs of 2016 are scored once,
in ten blocks of a hundred sentences. Machine learning alone is the better of a translation word by word and
the reference of the most similar source, chosen on training pairs that were put aside. Deep learning alone is
the same network trained on all pairs for as many epochs, which takes about as long as network and editor.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import sacrebleu
from common import HOME, Line, Outcome, main
from sklearn.feature_extraction.text import TfidfVectorizer

from twofold.core.budget import Budget
from twofold.hybrids.post_editor import PostEditor
from twofold.hybrids.translator import fit_translator
from twofold.hybrids.word_counts import count_tables
from twofold.metrics.chrf import chrf, chrf_counts
from twofold.steps.sentence_words import words_of
from twofold.steps.word_tables import WordTables

BLOCK, ASIDE, CORES, DRAWS = 100, 1_000, 2, 2_000
Translator = Callable[[Sequence[str]], list[str]]


def total(told: Sequence[str], wanted: Sequence[str]) -> float:
    return float(chrf(chrf_counts(told, wanted).sum(axis=0)))


def word_by_word(tables: WordTables, sentence: str, trust: float) -> str:
    """Translate each word, in the order of the source, so that all read best together (Viterbi 1967)."""
    paths: dict[str, tuple[float, list[str]]] = {"": (0.0, [])}
    for word in words_of(sentence):
        options = list(tables.translations.get(word.lower(), {word: 1.0}).items())[:6]
        grown: dict[str, tuple[float, list[str]]] = {}
        for option, chance in options:
            for before, (score, told) in paths.items():
                reads = tables.log_chance(option, [before] if before else [])
                found = score + np.log(chance) + trust * reads
                if option not in grown or found > grown[option][0]:
                    grown[option] = (found, [*told, option])
        paths = grown
    return " ".join(max(paths.values())[1]).replace(" .", ".").replace(" ,", ",")


def learn_ml(sources: list[str], references: list[str]) -> Translator:
    """Return the best way without a network on pairs that were put aside."""
    seen, aside = slice(ASIDE, None), slice(0, ASIDE)
    tables = count_tables(sources[seen], references[seen], Counter())
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    known = vectors.fit_transform(sources[seen])

    def nearest(texts: Sequence[str]) -> list[str]:
        place = (vectors.transform(texts) @ known.T).argmax(axis=1)
        return [references[seen][at] for at in np.asarray(place).ravel()]

    def in_order(trust: float) -> Translator:
        return lambda texts: [word_by_word(tables, text, trust) for text in texts]

    ways = [nearest, *map(in_order, (0.2, 0.5, 1.0))]
    return max(ways, key=lambda way: total(way(sources[aside]), references[aside]))


def outcomes(
    way: Translator, seconds: float, texts: list[str], told: list[str], wanted: list[str]
) -> list[Outcome]:
    row = []
    for text in texts[:60]:
        began = time.perf_counter()
        way([text])
        row.append(time.perf_counter() - began)
    blocks = [slice(at, at + BLOCK) for at in range(0, len(texts), BLOCK)]
    return [Outcome(total(told[b], wanted[b]), seconds, float(np.median(row[5:]))) for b in blocks]


def gain(drafts: list[str], edited: list[str], wanted: list[str]) -> str:
    """Return chrF of drafts and the editor's gain with its bootstrap interval over sentences."""
    before, after = chrf_counts(drafts, wanted), chrf_counts(edited, wanted)
    g = np.random.default_rng(0)
    draws = g.integers(0, len(wanted), (DRAWS, len(wanted)))
    gains = [float(chrf(after[d].sum(axis=0)) - chrf(before[d].sum(axis=0))) for d in draws]
    low, high = np.quantile(gains, [0.025, 0.975])
    change = chrf(after) - chrf(before)
    bleu = [sacrebleu.corpus_bleu(told, [wanted]).score for told in (drafts, edited)]
    return (
        f"its own drafts {total(drafts, wanted):.2f}, "
        f"edits {total(edited, wanted) - total(drafts, wanted):+.2f} "
        f"[{low:+.2f}, {high:+.2f}], BLEU {bleu[0]:.2f} to {bleu[1]:.2f}, "
        f"{np.mean(change > 1e-9):.0%} helped, {np.mean(change < -1e-9):.0%} harmed; 10 blocks, one training"
    )


def line(seed: int) -> Line:
    pairs = pd.read_csv(HOME / "multi30k-en-de" / "multi30k_en_de.csv.gz")
    learn, test = pairs[pairs["split"] == "train"], pairs[pairs["split"] == "test_2016_flickr"]
    sources, references = learn["en"].tolist(), learn["de"].tolist()
    texts, wanted = test["en"].tolist(), test["de"].tolist()
    found: dict[str, list[Outcome]] = {}

    def run(family: str, make: Callable[[], Translator]) -> list[str]:
        began = time.perf_counter()
        way = make()
        seconds = time.perf_counter() - began
        told = way(texts)
        found[family] = outcomes(way, seconds, texts, told, wanted)
        print(family, round(seconds), round(total(told, wanted), 2), flush=True)
        return told

    editor = PostEditor(random_state=seed)
    edited = run("hybrid", lambda: editor.fit(sources, references, budget=Budget(cores=CORES)).predict)
    note = gain(editor.draft(texts), edited, wanted)
    print(note, editor.watched_, editor.step_.threshold, flush=True)
    run("ml", lambda: learn_ml(sources, references))

    def learn_dl() -> Translator:
        step = fit_translator(sources, references, budget=Budget(cores=CORES), seed=seed)
        return lambda texts: list(step.run(texts))

    run("dl", learn_dl)
    return Line(
        "post_editor",
        "multi30k-en-de",
        "chrF",
        len(sources),
        found["ml"],
        found["dl"],
        found["hybrid"],
        note=note,
    )


if __name__ == "__main__":
    main(lambda _: [lambda: line(0)])
