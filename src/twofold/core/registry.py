"""Names that stand for objects which are imported only when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from twofold.core.errors import InputError


class Registry(Mapping[str, str]):
    """A table of ``name -> "module:attribute"`` lines.

    Other packages add lines through the entry-point group of the registry.

    Parameters
    ----------
    group : str
        Entry-point group, for instance ``"twofold.models"``.
    lines : dict of str to str
        The lines that twofold itself ships.
    closed : bool
        Whether other packages, and ``module:attribute`` names, are shut out.

    Examples
    --------
    >>> shapes = Registry("example.shapes", {"join": "posixpath:join"})
    >>> shapes.load("join")("a", "b")
    'a/b'
    """

    def __init__(self, group: str, lines: Mapping[str, str], *, closed: bool = False) -> None:
        self.group = group
        self.closed = closed
        self._own = dict(lines)
        self._all: dict[str, str] | None = None

    def _lines(self) -> dict[str, str]:
        if self._all is None:
            self._all = {**({} if self.closed else _lines_of_others(self.group)), **self._own}
        return self._all

    def __getitem__(self, name: str) -> str:
        return self._lines()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines())

    def __len__(self) -> int:
        return len(self._lines())

    def load(self, name: str) -> Any:
        """Import and return what `name` stands for; `name` may itself be a ``module:attribute`` line."""
        own_line = name if ":" in name and not self.closed else None
        line = self._lines().get(name, own_line)
        if line is None:
            raise InputError(
                f"'{name}' is not a known name in {self.group}.",
                f"Known are: {', '.join(sorted(self))}.",
                "Use one of these, or 'module:Class' for one of your own.",
            )
        module, _, attribute = line.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ModuleNotFoundError, AttributeError) as error:
            if name in self._own:
                raise
            raise InputError(
                f"'{line}' cannot be imported: {error}.",
                "It has to name a class in an importable module.",
                "Check the spelling, and that the module is on the Python path.",
            ) from error


def _lines_of_others(group: str) -> dict[str, str]:
    from importlib.metadata import entry_points  # slow to import, and a loaded model never asks

    return {point.name: point.value for point in entry_points(group=group)}
