"""Every error twofold raises on purpose.

::

    TwofoldError
    ├── InputError          also ValueError     the data or an argument cannot be used
    │   ├── SchemaError                         columns differ from what was fitted
    │   ├── TargetError                         the target cannot be learned
    │   └── ReadError                           a file cannot be read as a table
    ├── FitError            also RuntimeError   nothing could be fitted
    ├── BundleError         also ValueError     a bundle is damaged, unsafe or too new
    ├── MissingExtraError   also ImportError    an optional package is not installed
    └── StoppedError                            Ctrl-C, before there was a model to keep

Each carries three sentences: what came, what is allowed, what to do.
"""

from __future__ import annotations

from typing import ClassVar


class TwofoldError(Exception):
    """Base of all deliberate errors.

    Parameters
    ----------
    came : str
        What was found, with names and numbers.
    allowed : str
        What would have been accepted.
    todo : str
        The next thing to try.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, came: str, allowed: str = "", todo: str = "") -> None:
        self.came, self.allowed, self.todo = came, allowed, todo
        super().__init__(" ".join(part for part in (came, allowed, todo) if part))

    def __reduce__(self) -> tuple[type[TwofoldError], tuple[str, str, str]]:
        return type(self), (self.came, self.allowed, self.todo)


class InputError(TwofoldError, ValueError):
    """The data or an argument cannot be used."""

    exit_code = 2


class SchemaError(InputError):
    """Columns differ from what was fitted, or a declared kind does not fit the values."""


class TargetError(InputError):
    """The target column cannot be learned."""


class ReadError(InputError):
    """A file cannot be read as a table."""


class FitError(TwofoldError, RuntimeError):
    """Nothing could be fitted."""

    exit_code = 3


class BundleError(TwofoldError, ValueError):
    """A bundle is damaged, unsafe or too new."""

    exit_code = 4


class MissingExtraError(TwofoldError, ImportError):
    """An optional package is not installed."""

    exit_code = 5


class StoppedError(TwofoldError):
    """The user stopped a command before it had anything to keep."""

    exit_code = 130


class UnreadableWarning(UserWarning):
    """Pictures, clips or series could not be read, and were taken as missing."""
