"""Small pictures, clips and series whose classes can be told apart."""

import io
import wave

import numpy as np
import pandas as pd


def stripes(upright, generator, side=16):
    """Return a picture of stripes, upright or lying, with noise."""
    wave = np.sin(np.arange(side) * generator.uniform(0.8, 1.2) + generator.uniform(0, 6)) * 80 + 128
    picture = np.tile(wave, (side, 1)) if upright else np.tile(wave[:, None], (1, side))
    noisy = picture + generator.normal(0, 20, picture.shape)
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def png(array):
    """Return a picture as the bytes of a file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(array).save(file, format="PNG")
    return file.getvalue()


def picture_table(n=60, seed=0):
    """Return a frame with a picture, a number that tells nothing, and what is to be told."""
    generator = np.random.default_rng(seed)
    upright = np.arange(n) % 2 == 0
    cells = [png(stripes(up, generator)) for up in upright]
    return pd.DataFrame(
        {
            "photo": pd.Series(cells, dtype=object),
            "size": generator.normal(size=n),
            "way": np.where(upright, "upright", "lying"),
        }
    )


def series_table(n=60, seed=0):
    """Return a frame with a series of one of two frequencies."""
    generator = np.random.default_rng(seed)
    fast = np.arange(n) % 2 == 0
    cells = [
        np.sin(np.arange(40 + row % 5) * (0.9 if quick else 0.3) + generator.uniform(0, 6))
        + generator.normal(0, 0.3, 40 + row % 5)
        for row, quick in enumerate(fast)
    ]
    return pd.DataFrame({"wave": pd.Series(cells, dtype=object), "fast": fast})


def wav(samples, rate=16_000):
    """Return samples of shape (n,) or (n, channels), within -1..1, as the bytes of a 16-bit file."""
    samples = np.asarray(samples, dtype=float)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def tone(high, generator, rate=16_000, seconds=0.4):
    """Return a tone of one of two pitches, with noise."""
    time = np.arange(int(rate * seconds)) / rate
    pitch = generator.uniform(900, 1_100) if high else generator.uniform(250, 350)
    return 0.4 * np.sin(2 * np.pi * pitch * time) + generator.normal(0, 0.02, len(time))


def tone_table(n=60, seed=0):
    """Return a frame with a clip, a number that tells nothing, and what is to be told."""
    generator = np.random.default_rng(seed)
    high = np.arange(n) % 2 == 0
    cells = [wav(tone(one, generator)) for one in high]
    return pd.DataFrame(
        {
            "clip": pd.Series(cells, dtype=object),
            "size": generator.normal(size=n),
            "pitch": np.where(high, "high", "low"),
        }
    )


def text_table(n=60, seed=0):
    """Return a frame with a remark, a number that tells nothing, and what is to be told."""
    generator = np.random.default_rng(seed)
    glad = np.arange(n) % 2 == 0
    words = {True: ["splendid", "wonderful", "lovely", "bright"], False: ["dreary", "dull", "awful", "grim"]}
    remarks = [
        f"a {generator.choice(words[bool(one)])} day of our stay, number {row}, it was "
        f"{generator.choice(words[bool(one)])} for all {generator.integers(99)} of us"
        for row, one in enumerate(glad)
    ]
    return pd.DataFrame(
        {"remark": remarks, "size": generator.normal(size=n), "mood": np.where(glad, "glad", "sad")}
    )
