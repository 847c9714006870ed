"""The hash and the signature of a manifest: damage is found by the first, tampering by the second."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from twofold.bundle.strict_json import canonical
from twofold.core.errors import BundleError, InputError


def hash_of(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest's JSON without its hash and signature."""
    content = {name: value for name, value in data.items() if name not in ("sha256", "signature")}
    return hashlib.sha256(canonical(content)).hexdigest()


def check_hash(data: Mapping[str, Any]) -> None:
    """Insist that a manifest is as it was written.

    Raises
    ------
    BundleError
        When it was changed.
    """
    if data.get("sha256") != hash_of(data):
        raise BundleError(
            "The manifest does not have the content that its own hash says.",
            "A manifest is read only as it was written.",
            "It was damaged or edited; get the bundle again, or save the model again.",
        )


def signature_of(data: Mapping[str, Any], key: str | bytes) -> str:
    """Return the HMAC-SHA256 of a manifest's JSON without its signature, which covers every blob's hash.

    Raises
    ------
    InputError
        When the key is empty.
    """
    secret = key.encode("utf-8") if isinstance(key, str) else key
    if not secret:
        raise InputError(
            "The key is empty.",
            "A signature needs a secret: a string or bytes.",
            "Make one with: python -c 'import secrets; print(secrets.token_hex(32))'",
        )
    content = {name: value for name, value in data.items() if name != "signature"}
    return hmac.new(secret, b"twofold bundle\n" + canonical(content), hashlib.sha256).hexdigest()


def check_signature(data: Mapping[str, Any], key: str | bytes) -> None:
    """Insist that a manifest was signed with `key`.

    Raises
    ------
    BundleError
        When it was not signed, or signed with another key, or changed since.
    """
    signature = data.get("signature")
    if not isinstance(signature, str) or not signature:
        raise BundleError(
            "The bundle is not signed.",
            "With verify= only signed bundles are loaded.",
            "Save it with sign=KEY, or load it without verify= if you trust where it comes from.",
        )
    expected = signature_of(data, key)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise BundleError(
            "The signature of the bundle does not fit its content.",
            "It has to be signed with the key given as verify=, and unchanged since.",
            "Check the key; if it is the right one, somebody changed the bundle: do not trust it.",
        )
