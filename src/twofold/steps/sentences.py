"""Sentence embeddings: a transformer reads a text, and the mean of its tokens' vectors stands for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.steps.extraction import Extraction
from twofold.steps.onnx_session import open_session
from twofold.steps.strings import different
from twofold.steps.threads import thread_count
from twofold.steps.token_ids import LETTERS_A_TOKEN, TokenIds, load_tokenizer, token_ids

TOKENS_A_RUN = 1_024
"""Tokens that go through the network together: more gain nothing, and fall out of the cache."""
INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids", "position_ids"})
"""What an encoder may ask for."""
_INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


@dataclass(frozen=True)
class SentenceNetwork(Extraction):
    """Embed the texts of a column with a transformer encoder (Reimers and Gurevych 2019).

    Only texts of the same number of tokens go through the network together, so none is padded and a text's
    numbers do not depend on those beside it. A network that quantises its activations by the range of all
    that it is given (``DynamicQuantizeLinear``) reads texts one by one for the same reason.

    Parameters
    ----------
    column : str
        The text column. Missing texts give NaN; an empty one is read as any other.
    tokenizer : uint8 array
        The bytes of a ``tokenizer.json``.
    model : bytes
        An ONNX encoder, from tokens to float32 vectors of all tokens (n, tokens, width) or of the texts
        (n, width).
    length : int
        The most tokens that are read of a text.
    pooling : str
        ``"mean"`` of the tokens, or ``"cls"``: the first one alone.
    normalise : bool
        Whether embeddings are scaled to length one.
    """

    kind = "sentence_network"
    requires = ("onnxruntime", "tokenizers")
    tokenizer: NDArray[np.uint8]
    model: bytes
    length: int = 128
    pooling: str = "mean"
    normalise: bool = True

    @cached_property
    def session(self) -> Any:
        """The onnxruntime session, made at first use, with one thread: batches are shared out instead."""
        return open_session(self.model)

    @property
    def width(self) -> int:
        declared = self._output[1][-1] if self._output[1] else None
        return declared if isinstance(declared, int) else self._probed_width

    def extract(self, table: Any) -> NDArray[np.float32]:
        found = different(table, self.column)
        here = np.array([place for place, text in enumerate(found.values) if text is not None], dtype=np.intp)
        embedded = np.full((len(found.values), self.width), np.nan, dtype=np.float32)
        embedded[here] = self.embed([text for text in found.values if text is not None])
        return embedded if found.place is None else embedded[found.place]

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return float32 of shape (n, width), one row for each text."""
        tokens = token_ids(self._reader, texts, self.length * LETTERS_A_TOKEN)
        most = 1 if self._one_by_one else TOKENS_A_RUN
        return in_runs(tokens.counts, lambda rows: self._vectors(tokens, rows), self.width, most)

    def _vectors(self, tokens: TokenIds, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        count = int(tokens.counts[rows[0]])
        vectors = self._run(tokens.ids[tokens.starts[rows][:, None] + np.arange(count)])
        if vectors.ndim == 3:
            vectors = vectors[:, 0] if self.pooling == "cls" else vectors.mean(axis=1)
        if self.normalise:
            vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return np.asarray(vectors, dtype=np.float32)

    def _run(self, ids: NDArray[np.int64]) -> NDArray[Any]:
        """Run the network on tokens of shape (n, count)."""
        values = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
            "position_ids": np.broadcast_to(np.arange(ids.shape[1]), ids.shape),
        }
        feed = {
            item.name: np.ascontiguousarray(values[item.name], _INTEGERS[item.type])
            for item in self.session.get_inputs()
        }
        return np.asarray(self.session.run([self._output[0]], feed)[0])

    @cached_property
    def _reader(self) -> Any:
        return load_tokenizer(self.tokenizer, self.length)

    @cached_property
    def _one_by_one(self) -> bool:
        return b"DynamicQuantizeLinear" in self.model

    @cached_property
    def _output(self) -> tuple[str, list[Any]]:
        """Name and shape of the output that is read: that of texts if one is named so, else of tokens."""
        outputs = [(item.name, item.shape) for item in self.session.get_outputs()]
        best = [item for item in outputs if item[0] == "sentence_embedding"]
        return (best + [item for item in outputs if len(item[1]) == 3] + outputs)[0]

    @cached_property
    def _probed_width(self) -> int:
        return int(self._run(np.zeros((1, 2), dtype=np.int64)).shape[-1])


def in_runs(
    counts: NDArray[np.int64],
    vectors: Callable[[NDArray[np.intp]], NDArray[np.float32]],
    width: int,
    most: int | None = None,
) -> NDArray[np.float32]:
    """Embed texts in runs of equal length, the longest first; texts without a token stay zero.

    Parameters
    ----------
    counts : integer array of shape (n,)
        Tokens of each text.
    vectors : callable (places of a run's texts) -> float32 array of shape (texts, width)
    width : int
    most : int or None
        Tokens of a run, `TOKENS_A_RUN` where nothing is said; a run has one text at least.
    """
    most = most or TOKENS_A_RUN
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    _, starts = np.unique(-counts[order], return_index=True)
    runs = []
    for group in np.split(order, starts[1:]) if len(order) else []:
        size = max(1, most // int(counts[group[0]]))
        runs += [group[start : start + size] for start in range(0, len(group), size)]
    embedded = np.zeros((len(counts), width), dtype=np.float32)
    threads = min(thread_count(), len(runs))
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            made = list(pool.map(vectors, runs))
    else:
        made = [vectors(rows) for rows in runs]
    for rows, found in zip(runs, made, strict=True):
        embedded[rows] = found
    return embedded
