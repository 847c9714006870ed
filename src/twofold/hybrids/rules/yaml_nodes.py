"""The nodes of a YAML file, read strictly: every fault names its line and column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import yaml

from twofold.core.errors import InputError


class Nodes:
    """Reads the nodes of one file; plain values are taken as they were written.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def where(self, node: Any) -> str:
        if node is None:
            return f"'{self.name}'"
        return f"'{self.name}', line {node.start_mark.line + 1}, column {node.start_mark.column + 1}"

    def fault(self, node: Any, came: str, allowed: str, todo: str) -> NoReturn:
        raise InputError(f"{self.where(node)}: {came}", allowed, todo)

    def entries(self, node: Any, what: str, known: Sequence[str] | None = None) -> dict[str, tuple[Any, Any]]:
        """Return the entries of a mapping by key, each with the nodes of key and value."""
        if not isinstance(node, yaml.MappingNode):
            allowed = f"Entries are: {', '.join(known)}." if known else "It has entries 'name: value'."
            self.fault(node, f"{what} is not a mapping.", allowed, "Correct this place.")
        found: dict[str, tuple[Any, Any]] = {}
        for key, value in node.value:
            word = self.word(key, "A name")
            if known is not None and word not in known:
                self.fault(
                    key, f"{what} has the entry '{word}'.", f"Known are: {', '.join(known)}.", "Correct it."
                )
            if word in found:
                self.fault(key, f"'{word}' stands there twice.", "Every entry stands once.", "Remove one.")
            found[word] = key, value
        return found

    def one(self, node: Any, what: str, known: Sequence[str] | None = None) -> dict[str, tuple[Any, Any]]:
        entries = self.entries(node, what, known)
        if len(entries) != 1:
            self.fault(node, f"{what} has {len(entries)} entries.", "It has one.", "Write several rules.")
        return entries

    def word(self, node: Any, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.fault(node, f"{what} is not a plain value.", "One word or number is needed.", "Correct it.")
        return str(node.value).strip()

    def items(self, node: Any) -> list[Any]:
        return list(node.value) if isinstance(node, yaml.SequenceNode) else [node]

    def number(self, node: Any, what: str) -> float:
        word = self.word(node, what)
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.fault(node, f"{what} is '{word}'.", "A finite number is needed.", "Write for instance 18.")
        return value
