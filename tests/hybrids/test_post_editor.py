"""Drafts are edited where it helps: without edits they stand, and what was learned is kept as data."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from twofold.bundle.step_folder import load_step, save_step
from twofold.core.errors import BundleError, InputError
from twofold.hybrids.post_editor import PostEditor, learn_edits, load_post_editor
from twofold.hybrids.word_counts import count_tables, mistakes_of, translation_chances
from twofold.metrics.chrf import chrf, chrf_counts
from twofold.steps.edits import DELETE, FEATURES_OF_EDITS, INSERT, REPLACE
from twofold.steps.linear import Linear
from twofold.steps.post_edit import NEVER, chosen
from twofold.steps.sentence_words import words_of, written

pytest.importorskip("torch")
pytest.importorskip("tokenizers")

SIZES = {"tokens": 160, "width": 16, "layers": 1, "epochs": 4, "share": 0.4}


def pairs(n=500, seed=0):
    """Sentences of a small language, and the same in another: word for word, the last two exchanged."""
    g = np.random.default_rng(seed)
    source = [f"{a}{b}" for a in ("ka", "lo", "mi", "su", "re") for b in ("ba", "den", "fi", "gor")]
    target = [f"{a}{b}" for a in ("Zu", "Po", "wa", "xe", "ny") for b in ("mm", "rin", "tok", "ul")]
    rows = [g.integers(0, 20, g.integers(3, 7)).tolist() for _ in range(n)]
    told = [" ".join(source[i] for i in row) + "." for row in rows]
    wanted = [" ".join(target[i] for i in [*row[:-2], row[-1], row[-2]]) + "." for row in rows]
    return told, wanted


@pytest.fixture(scope="module")
def editor():
    return PostEditor(**SIZES).fit(*pairs())


@pytest.fixture(scope="module")
def fresh():
    return pairs(60, seed=9)


def test_without_edits_the_drafts_stand(editor, fresh):
    never = replace(editor.step_, threshold=NEVER)
    assert list(never.run(fresh[0])) == editor.draft(fresh[0])


def test_a_half_trained_network_is_bettered_on_sentences_that_nobody_has_seen(editor, fresh):
    source, wanted = fresh
    before, after = (
        float(chrf(chrf_counts(told, wanted).sum(axis=0)))
        for told in (editor.draft(source), editor.predict(source))
    )
    assert after > before + 3
    assert editor.watched_.edited >= editor.watched_.drafted


def test_edits_that_were_learned_from_shuffled_references_help_nobody(editor):
    source, wanted = pairs(200, seed=4)
    order = np.random.default_rng(0).permutation(200)
    lost = [wanted[row] for row in order]
    step, _ = learn_edits(editor.step_.translator, (source[:100], lost[:100]), (source[100:], lost[100:]))
    truth = pairs(60, seed=9)
    before, after = (
        float(chrf(chrf_counts(list(one.run(truth[0])), truth[1]).sum(axis=0)))
        for one in (step.translator, step)
    )
    assert after < before + 3


def test_each_sentence_is_translated_as_if_it_were_alone(editor, fresh):
    source = fresh[0][:12]
    together = editor.predict(source)
    assert editor.predict(source[::-1])[::-1] == together
    assert [editor.predict([one])[0] for one in source[:4]] == together[:4]


def test_it_is_kept_as_data_and_answers_without_torch(editor, fresh, tmp_path):
    source = fresh[0][:8]
    folder = editor.save(tmp_path / "editor")
    assert list(load_post_editor(folder).run(source)) == editor.predict(source)
    code = (
        "import json, sys; from twofold.bundle.step_folder import load_step\n"
        f"print(json.dumps(list(load_step({str(folder)!r}).run({source!r}))))\n"
        "assert not {'torch', 'sklearn', 'pandas', 'lightgbm'} & set(sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == editor.predict(source)


def test_a_changed_file_or_another_step_is_refused(editor, tmp_path):
    folder = editor.save(tmp_path / "editor")
    with pytest.raises(BundleError, match="already exists"):
        editor.save(folder)
    blob = next((folder / "blobs").glob("translate-*.onnx"))
    blob.write_bytes(blob.read_bytes()[:-1] + b"\0")
    with pytest.raises(BundleError, match="was changed"):
        load_step(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    for damage in ({"steps": []}, {"steps": [{}]}, {"blobs": []}, {"what": "bundle"}, {"format": 2}):
        (folder / "manifest.json").write_text(json.dumps({**manifest, "blobs": {}, **damage}))
        with pytest.raises(BundleError):
            load_step(folder)
    other = save_step(Linear(np.ones((1, 1)), np.zeros(1), "identity"), tmp_path / "lines")
    assert load_step(other).weights.tolist() == [[1.0]]
    with pytest.raises(BundleError, match="holds a step 'linear'"):
        load_post_editor(other)


def test_the_graphs_write_what_the_network_would(fresh):
    import torch

    from twofold.features.subwords import learn_subwords
    from twofold.nn.onnx_translator import write_next, write_reader
    from twofold.nn.translator import BEGIN, END, Sizes, TranslatorNetwork
    from twofold.steps.translate import Translate

    torch.manual_seed(0)
    file = learn_subwords(fresh[0], 60)
    network = TranslatorNetwork(Sizes(70, 16, 2, 30)).eval()
    network.shift.data[END] = 3.0
    step = Translate(write_reader(network), write_next(network), file, 30)
    for draft in step.drafts(fresh[0][:5]):
        with torch.no_grad():
            source = torch.tensor([[*draft.source, END]])
            scores = network(source, torch.tensor([[BEGIN, *draft.tokens]]))[0]
        chances = torch.log_softmax(scores, dim=-1).numpy()
        places = np.arange(len(draft.tokens))
        np.testing.assert_allclose(chances[places, draft.tokens], draft.chances, atol=1e-4)
        np.testing.assert_allclose(draft.others.shape, (len(draft.tokens) + 1, 8))
        assert (draft.shares.sum(axis=1) <= 1 + 1e-5).all()


def test_words_stand_where_the_text_has_them(editor, fresh):
    step = editor.step_.translator
    for draft in (written(step, one) for one in step.drafts(fresh[0][:10])):
        assert [draft.text[a:b] for a, b in draft.spans] == draft.words
        assert draft.look.shape == (len(draft.words), len(draft.source))
        assert len(draft.begins) == len(draft.others) == len(draft.words) + 1


def test_proposals_are_told_in_named_numbers_and_no_place_is_edited_twice(editor, fresh):
    step = editor.step_
    for draft in step.translator.drafts(fresh[0][:10]):
        found = step.propose(written(step.translator, draft))
        assert found.features.shape == (len(found.edits), len(FEATURES_OF_EDITS))
        assert np.isfinite(found.features).all()
        made = chosen(found, np.ones(len(found.edits)), 0.5)
        places = [edit.place for edit in made if edit.kind != INSERT]
        assert len(places) == len(set(places))
        assert not chosen(found, np.zeros(len(found.edits)), 0.5)
        for edit in found.edits:
            assert (edit.word == "") == (edit.kind == DELETE)
            assert edit.kind in (DELETE, REPLACE, INSERT)


def test_a_drafts_own_mistake_is_not_known_when_it_is_learned_from(editor, fresh):
    step = editor.step_
    draft = written(step.translator, step.translator.drafts(fresh[0][:1])[0])
    own = Counter({(draft.words[0], word): 1 for word in words_of(" ".join(fresh[1]))})
    told = replace(step, tables=count_tables(*fresh, own))
    column = FEATURES_OF_EDITS.index("mistaken")
    assert told.propose(draft).features[:, column].max() == 1
    assert told.propose(draft, own).features[:, column].max() == 0


def test_translations_are_found_in_pairs():
    source, wanted = pairs(400)
    found = translation_chances([words_of(one) for one in source], [words_of(one) for one in wanted])
    best = {}
    for (a, b), chance in found.items():
        best[a] = max(best.get(a, (0, "")), (chance, b))
    assert best["kaba"][1] == "Zumm"
    assert best["regor"][1] == "nyul"


def test_mistakes_are_words_in_each_others_place():
    assert mistakes_of(["a", "b", "c"], ["a", "x", "c"]) == [("b", "x")]
    assert mistakes_of(["a", "b"], ["a", "b"]) == []


def test_chrf_is_that_of_sacrebleu():
    sacrebleu = pytest.importorskip("sacrebleu")
    g = np.random.default_rng(0)
    told, wanted = (
        ["".join(g.choice(list("abcde f"), g.integers(0, 25))) for _ in range(60)] for _ in range(2)
    )
    counts = chrf_counts(told, wanted)
    single = [sacrebleu.sentence_chrf(a, [b]).score for a, b in zip(told, wanted, strict=True)]
    np.testing.assert_allclose(chrf(counts), single, atol=1e-9)
    assert float(chrf(counts.sum(axis=0))) == pytest.approx(sacrebleu.corpus_chrf(told, [wanted]).score)


def test_bad_input_is_told_in_three_parts():
    source, wanted = pairs(60)
    for given, words in (
        ((source, wanted[:-1]), "60 sources came with 59"),
        ((source[:9], wanted[:9]), "Only 9 pairs"),
        (([*source[:-1], 3], wanted), "A sentence is a int"),
    ):
        with pytest.raises(InputError, match=words) as told:
            PostEditor(**SIZES).fit(*given)
        assert told.value.allowed
        assert told.value.todo
    with pytest.raises(InputError, match="share is 1"):
        PostEditor(share=1).fit(source, wanted)
