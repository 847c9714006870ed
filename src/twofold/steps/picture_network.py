"""Pictures through a network that others trained."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.steps.base import EMBEDDING
from twofold.steps.extraction import Extraction
from twofold.steps.onnx_session import open_session
from twofold.steps.pictures import decode
from twofold.steps.threads import thread_count


@dataclass(frozen=True)
class PictureNetwork(Extraction):
    """Run an ONNX network on the pictures of a column.

    Parameters
    ----------
    column : str
    side : int
        Pixels to which pictures are brought.
    model : bytes
        Its input ``X`` has shape (n, 3, side, side), float32; its output ``embedding`` (n, `n_features`).
    mean, scale : tuple of 3 floats
        Of red, green and blue from 0 to 1: the network sees ``(pixel / 255 - mean) / scale``.
    n_features : int
    batch : int
        Pictures that run together.
    """

    kind = "picture_network"
    requires = ("PIL", "onnxruntime")
    side: int
    model: bytes
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    n_features: int
    batch: int = 16

    @property
    def width(self) -> int:
        return self.n_features

    @cached_property
    def session(self) -> Any:
        """The onnxruntime session, made at first use; it has one thread, `extract` has several of it."""
        return open_session(self.model)

    def extract(self, table: Table) -> NDArray[np.float32]:
        pixels, present = decode(table, self.column, self.side)
        out = np.full((table.n_rows, self.width), np.nan, dtype=np.float32)
        rows = np.flatnonzero(present)
        session = self.session  # made before threads ask for it
        batches = [rows[start : start + self.batch] for start in range(0, len(rows), self.batch)]

        def run(batch: NDArray[np.intp]) -> None:
            out[batch] = session.run([EMBEDDING], {"X": self._normalised(pixels[batch])})[0]

        workers = min(thread_count(), len(batches))
        if workers > 1:
            with ThreadPoolExecutor(workers) as threads:
                list(threads.map(run, batches))
        else:
            for batch in batches:
                run(batch)
        return out

    def _normalised(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, 3, side, side) as the network wants it."""
        gain = (1 / (255 * np.array(self.scale))).astype(np.float32)
        shift = (np.array(self.mean) / np.array(self.scale)).astype(np.float32)
        planes = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)
        planes *= gain[:, None, None]
        planes -= shift[:, None, None]
        return planes
