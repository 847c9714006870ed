"""Small pictures, clips and series whose classes can be told apart."""

import io

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
