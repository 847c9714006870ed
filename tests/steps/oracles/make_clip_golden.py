"""Write clip_golden.npz: what librosa 0.11 makes of a few clips.

Run it in an environment of its own, because librosa drags a compiler along:

    python -m venv /tmp/librosa && /tmp/librosa/bin/pip install librosa==0.11.0
    /tmp/librosa/bin/python tests/steps/oracles/make_clip_golden.py
"""

from pathlib import Path

import librosa
import numpy as np

RATE = 16_000
CUT = {"n_fft": 512, "win_length": 400, "hop_length": 160}
FRAME = {"frame_length": 512, "hop_length": 160}


def clips():
    """Return a gliding tone with noise, the same shorter, noise alone, five frames, one sample, silence."""
    generator = np.random.default_rng(0)
    seconds = np.arange(12_000) / RATE
    glide = 0.3 * np.sin(2 * np.pi * (200 + 1_500 * seconds) * seconds) * np.exp(-2 * seconds)
    glide += 0.01 * generator.normal(size=len(glide))
    noise = 0.1 * generator.normal(size=4_321)
    return [glide, glide[:5_003], noise, noise[:700], np.array([0.25]), np.zeros(2_000)]


def described(y):
    S = np.abs(librosa.stft(y, pad_mode="constant", **CUT))
    mels = librosa.feature.melspectrogram(S=S**2, sr=RATE, n_mels=64, n_fft=512)
    levels = librosa.power_to_db(mels, top_db=80)
    cepstra = librosa.feature.mfcc(S=levels, n_mfcc=20)
    curves = [
        librosa.feature.spectral_centroid(S=S, sr=RATE, n_fft=512),
        librosa.feature.spectral_bandwidth(S=S, sr=RATE, n_fft=512),
        librosa.feature.spectral_rolloff(S=S, sr=RATE, n_fft=512),
        librosa.feature.spectral_flatness(S=S),
        librosa.feature.rms(y=y, **FRAME),
        librosa.feature.zero_crossing_rate(y, **FRAME),
        librosa.onset.onset_strength(S=levels, sr=RATE, center=False)[None],
    ]
    return {
        "levels": levels,
        "cepstra": cepstra,
        "curves": np.concatenate(curves),
        "slopes": librosa.feature.delta(cepstra, mode="nearest"),
        "second": librosa.feature.delta(cepstra, order=2, mode="nearest"),
    }


def main():
    found = {"filters": librosa.filters.mel(sr=RATE, n_fft=512, n_mels=40).T}
    for number, clip in enumerate(clips()):
        y = clip.astype(np.float32)
        found[f"{number}/samples"] = y
        found |= {f"{number}/{name}": values.T for name, values in described(y).items()}
    path = Path(__file__).with_name("clip_golden.npz")
    np.savez_compressed(path, **{name: np.asarray(v, dtype=np.float32) for name, v in found.items()})


if __name__ == "__main__":
    main()
