"""A vocabulary of parts of words, learned from sentences: byte pairs (Sennrich, Haddow and Birch 2016)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from twofold.core.optional import load

MARKS = ("[PAD]", "[UNK]", "[BEGIN]", "[END]")
"""The first tokens, which stand for no letters."""


def learn_subwords(sentences: Iterable[str], most: int) -> NDArray[np.uint8]:
    """Learn a vocabulary.

    Parameters
    ----------
    sentences : iterable of str
        Of all languages that share it.
    most : int
        Tokens at most.

    Returns
    -------
    uint8 array
        The content of a ``tokenizer.json``.

    Raises
    ------
    MissingExtraError
        When the package ``tokenizers`` is not installed.
    """
    load("tokenizers", "Learning a vocabulary")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=MARKS[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=most, special_tokens=list(MARKS), show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(sentences, trainer)
    return np.frombuffer(tokenizer.to_str().encode(), dtype=np.uint8)
