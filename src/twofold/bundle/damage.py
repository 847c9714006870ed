"""The bounds within which a bundle is believed, and the error for one that leaves them."""

from __future__ import annotations

from twofold.core.errors import BundleError

MAX_MANIFEST = 16 * 2**20
"""Bytes of ``manifest.json``: a hundred times what a table of a thousand columns needs."""
MAX_BLOB = 2 * 2**30
"""Bytes of one blob: an ONNX model cannot be larger either."""
MAX_TOTAL = 8 * 2**30
"""Bytes of all blobs, and of all arrays once they are unpacked."""
MAX_GROWTH = 100
"""How many times its stored size a blob may grow when unpacked, beyond `FREE_GROWTH` bytes."""
FREE_GROWTH = 512 * 2**20
"""Bytes that may be unpacked from the smallest file: long strings make wide arrays."""
MAX_STEPS = 10_000
MAX_DEPTH = 8
"""Graphs inside steps inside graphs."""

_TODO = "It is damaged or was not written by twofold; get it again from where it was saved."


def damaged(came: str, allowed: str = "A bundle is read only as it was written.") -> BundleError:
    """Return the error for content that twofold would not have written."""
    return BundleError(came, allowed, _TODO)


class Allowance:
    """Bytes that may still be unpacked.

    Parameters
    ----------
    stored : int
        Bytes of the files that are unpacked; the allowance grows with them.

    Examples
    --------
    >>> allowance = Allowance(stored=1000)
    >>> allowance.take(2**20, "an array")
    >>> allowance.take(2**40, "an array")
    Traceback (most recent call last):
    ...
    twofold.core.errors.BundleError: an array would need 1,099,511,627,776 bytes...
    """

    def __init__(self, stored: int) -> None:
        self.left = min(MAX_TOTAL, max(FREE_GROWTH, MAX_GROWTH * stored))

    def take(self, n_bytes: int, what: str) -> None:
        """Spend some of the allowance before memory is asked for.

        Raises
        ------
        BundleError
            When there is not enough left.
        """
        if n_bytes > self.left:
            raise BundleError(
                f"{what} would need {n_bytes:,} bytes once unpacked.",
                f"No more than {self.left:,} bytes are allowed for what lies in this bundle.",
                "It looks like a decompression bomb: do not trust it.",
            )
        self.left -= n_bytes
