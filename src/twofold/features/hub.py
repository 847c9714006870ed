"""Encoders of the Hugging Face hub, by name: a local folder, the cache of this machine, or a download."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from twofold.core.errors import InputError
from twofold.core.optional import load

ONLINE = "TWOFOLD_ONLINE"
"""Set to 1, it allows downloads; nothing else does."""
MODELS = ("onnx/model.onnx", "model.onnx")
TOKENIZER = "tokenizer.json"
POOLING = "1_Pooling/config.json"
_NAME = re.compile(r"(?:[\w-][\w.-]*/)?[\w-][\w.-]*")


@dataclass(frozen=True)
class Encoder:
    """The files of an encoder.

    Parameters
    ----------
    model : bytes
        ONNX.
    tokenizer : bytes
        ``tokenizer.json``.
    pooling : str
        ``"mean"`` or ``"cls"``, as the encoder's authors declare it.
    """

    model: bytes
    tokenizer: bytes
    pooling: str


def find_encoder(name: str) -> Encoder:
    """Return the encoder that a name stands for.

    Parameters
    ----------
    name : str
        A local folder, or ``owner/name`` on the hub. Of the hub, what the cache of this machine holds is
        taken; only with ``TWOFOLD_ONLINE=1`` is it fetched.

    Raises
    ------
    InputError
        When it is not to be found.
    MissingExtraError
        When it has to be fetched and ``huggingface_hub`` is not installed.
    """
    if not name:
        raise InputError(
            "An encoder of the hub was asked for without its name.",
            "A name is 'hf:owner/name' or 'hf:' and a folder.",
            "For instance: 'hf:sentence-transformers/all-MiniLM-L6-v2'.",
        )
    for folder in _folders(name):
        if encoder := _read(folder):
            return encoder
    if os.environ.get(ONLINE) == "1" and _NAME.fullmatch(name):
        return _fetch(name)
    raise InputError(
        f"The encoder '{name}' is not on this machine.",
        f"A folder, or the cache in {_cache()}, has to hold {TOKENIZER} and {' or '.join(MODELS)}.",
        f"Set {ONLINE}=1 to fetch it from the Hugging Face hub, or give the folder's path.",
    )


def _folders(name: str) -> list[Path]:
    """Return where the encoder may lie, the likeliest first."""
    found = [Path(name)]
    if _NAME.fullmatch(name):
        home = _cache() / f"models--{name.replace('/', '--')}"
        main = home / "refs" / "main"
        if main.is_file():
            found.append(home / "snapshots" / main.read_text(encoding="utf-8").strip())
        snapshots = (home / "snapshots").glob("*/")
        found += sorted(snapshots, key=lambda folder: folder.stat().st_mtime, reverse=True)
    return found


def _cache() -> Path:
    """Return the hub's cache, where its own settings say."""
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()


def _read(folder: Path) -> Encoder | None:
    """Return the encoder in a folder, or None when it does not hold all of it."""
    model = next((folder / path for path in MODELS if (folder / path).is_file()), None)
    if model is None or not (folder / TOKENIZER).is_file():
        return None
    return Encoder(model.read_bytes(), (folder / TOKENIZER).read_bytes(), _pooling(folder / POOLING))


def _pooling(file: Path) -> str:
    if not file.is_file():
        return "mean"
    try:
        declared = dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(
            f"'{file}' is damaged: {error}.",
            "It says in JSON how an encoder's vectors become one.",
            "Fetch the encoder again.",
        ) from error
    return "cls" if declared.get("pooling_mode_cls_token") else "mean"


def _fetch(name: str) -> Encoder:
    hub = load("huggingface_hub", f"Fetching the encoder '{name}'")
    try:
        folder = hub.snapshot_download(name, allow_patterns=[TOKENIZER, POOLING, *MODELS])
    except (OSError, ValueError) as error:
        raise InputError(
            f"The encoder '{name}' could not be fetched: {error}.",
            "It has to be a public repository of the Hugging Face hub, and the hub has to be reachable.",
            "Check the name and the network, or give the path of a folder that holds it.",
        ) from error
    encoder = _read(Path(folder))
    if encoder is None:
        raise InputError(
            f"The repository '{name}' holds no ONNX encoder.",
            f"It has to hold {TOKENIZER} and {' or '.join(MODELS)}.",
            "Choose one that does, or export it as ONNX into a folder and give its path.",
        )
    return encoder
