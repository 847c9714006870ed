"""Clips read by a network that others trained on speech."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twofold.core.table import Table
from twofold.core.weights import load_weights
from twofold.features.extractor import Extractor
from twofold.nn.tflite import read_tflite
from twofold.nn.tflite_to_onnx import convert_spectral_network
from twofold.steps.clip_network import BANDS, NUMBERS, SIZE, ClipNetwork
from twofold.steps.extraction import Extraction
from twofold.steps.speaker import BANDS as SPEAKER_BANDS
from twofold.steps.speaker import FRAMES, SpeakerNetwork

SUMMARIES = ("mean", "highest", "deviation")


class SpeechEmbedding(Extractor):
    """288 numbers a clip: mean, maximum and deviation of a speech embedding over its windows.

    The network is that of Lin, Kilgour, Roblek and Sharifi (2020), "Training keyword spotters with limited
    and synthesized speech data", as the package ``pyopen-wakeword`` carries it.
    """

    reads = "audio"
    network = True
    packages = ("pyopen_wakeword",)
    seconds = 5e-3

    def make(self, column: str, table: Table, seed: int) -> ClipNetwork:
        del table, seed  # nothing is learned
        return ClipNetwork(column, *speech_network())

    def names(self, step: Extraction) -> tuple[str, ...]:
        del step
        return tuple(f"{time} of speech embedding {n + 1}" for time in SUMMARIES for n in range(NUMBERS))


class Speaker(Extractor):
    """256 numbers a clip that tell who speaks: the generalised end-to-end loss of Wan et al. (2018).

    The weights are those of the package ``Resemblyzer``. What is said, it hardly tells, and the speech
    embedding tells better; so it is taken only where it is named.
    """

    reads = "audio"
    network = True
    packages = ("resemblyzer", "torch")
    seconds = 5e-2

    def make(self, column: str, table: Table, seed: int) -> SpeakerNetwork:
        del table, seed  # nothing is learned
        return SpeakerNetwork(column, speaker_network())

    def names(self, step: Extraction) -> tuple[str, ...]:
        return tuple(f"speaker {place + 1}" for place in range(step.width))


@lru_cache(maxsize=1)
def speaker_network() -> bytes:
    """Return the network as ONNX, see `Speaker`."""
    from twofold.nn.speaker import read_speaker_weights, write_speaker_network

    return write_speaker_network(read_speaker_weights(load_weights("speaker")), FRAMES, SPEAKER_BANDS)


@lru_cache(maxsize=1)
def speech_network() -> tuple[NDArray[np.float32], bytes]:
    """Return the mel bands that the network was trained with, and the network as ONNX.

    The package's first graph is a Fourier transform in the guise of a convolution, then these bands.

    Raises
    ------
    MissingExtraError
        When the package is not installed.
    """
    constants = read_tflite(load_weights("speech-mels")).constants.values()
    (filters,) = (values for values in constants if values.shape == (SIZE // 2 + 1, BANDS))
    return filters.copy(), convert_spectral_network(load_weights("speech"), BANDS, NUMBERS)
