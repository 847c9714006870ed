"""A translator from pairs of sentences: a vocabulary, a network, and the step that they become."""

from __future__ import annotations

from collections.abc import Sequence

from twofold.core.budget import Budget
from twofold.core.optional import load
from twofold.features.subwords import learn_subwords
from twofold.steps.token_ids import load_tokenizer
from twofold.steps.translate import Translate


def fit_translator(
    sources: Sequence[str],
    references: Sequence[str],
    *,
    tokens: int = 2_000,
    width: int = 128,
    layers: int = 2,
    epochs: int = 6,
    budget: Budget | None = None,
    seed: int = 0,
) -> Translate:
    """Train a transformer on pairs of sentences.

    Parameters
    ----------
    sources, references : sequences of str
    tokens : int
        Of the vocabulary that both languages share.
    width, layers : int
        Of the network.
    epochs : int
        At most; fewer when the time is short.
    budget : Budget or None
        None leaves it its time, on one core.
    seed : int

    Returns
    -------
    Translate

    Raises
    ------
    MissingExtraError
        When torch or tokenizers is not installed.
    """
    load("torch", "Training a translator")
    from twofold.nn.translator import Sizes
    from twofold.nn.translator_loop import Schedule, learn_translator

    file = learn_subwords([*sources, *references], tokens)
    tokenizer = load_tokenizer(file)

    def read(sentences: Sequence[str]) -> list[list[int]]:
        return [found.ids for found in tokenizer.encode_batch_fast(list(sentences), add_special_tokens=False)]

    sizes = Sizes(tokenizer.get_vocab_size(), width, layers)
    graphs = learn_translator(
        read(sources),
        read(references),
        sizes,
        Schedule(epochs=epochs),
        budget=budget or Budget(cores=1),
        seed=seed,
    )
    return Translate(*graphs, file, sizes.places)
