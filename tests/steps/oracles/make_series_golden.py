"""Write series_golden.npz: what aeon 1.6 makes of a few random series.

Run it in an environment of its own, because aeon wants an older pandas than twofold:

    python -m venv /tmp/aeon && /tmp/aeon/bin/pip install aeon==1.6.0 torch
    /tmp/aeon/bin/python tests/steps/oracles/make_series_golden.py

The values are multiples of 1/64, so that the sums of MiniRocket are exact in float32 in any order.
Its features are shares of a known number of time points and are stored as they are, for every 7th feature.
"""

from pathlib import Path

import numpy as np
from aeon.transformations.collection.convolution_based import MiniRocket
from aeon.transformations.collection.interval_based import QUANTTransformer

EVERY = 7


def main():
    generator = np.random.default_rng(0)
    found = {}
    for name, shape in {"one": (8, 1, 61), "three": (8, 3, 40), "short": (4, 1, 9)}.items():
        X = np.round(np.cumsum(generator.normal(size=shape), axis=-1) * 64) / 64
        rocket = MiniRocket(random_state=3).fit(X)
        sizes, members, dilations, counts, biases = rocket.parameters
        found |= {
            f"{name}/X": X.astype(np.float32),
            f"{name}/sizes": sizes.astype(np.int8),
            f"{name}/members": members.astype(np.int8),
            f"{name}/dilations": dilations.astype(np.int8),
            f"{name}/counts": counts.astype(np.int16),
            f"{name}/biases": biases.astype(np.float32),
            f"{name}/minirocket": rocket.transform(X)[:, ::EVERY].astype(np.float32),
            f"{name}/quant": np.asarray(QUANTTransformer().fit_transform(X), dtype=np.float32),
        }
    X = generator.normal(size=(3, 1, 128)).astype(np.float32)
    found |= {"long/X": X, "long/quant": np.asarray(QUANTTransformer().fit_transform(X), dtype=np.float32)}
    np.savez_compressed(Path(__file__).with_name("series_golden.npz"), **found)


if __name__ == "__main__":
    main()
