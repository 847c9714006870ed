"""Our losses equal scikit-learn's."""

import numpy as np
from sklearn.metrics import log_loss, root_mean_squared_error

from twofold.metrics.losses import LOG_LOSS, RMSE

G = np.random.default_rng(0)


def test_losses_equal_scikit_learn_with_and_without_weights():
    p = G.dirichlet(np.ones(4), 100)
    y, w = G.integers(0, 4, 100), G.random(100)
    for weight in (None, w):
        np.testing.assert_allclose(
            LOG_LOSS(y, p, weight), log_loss(y, p, sample_weight=weight, labels=range(4))
        )
        oracle = root_mean_squared_error(p[:, 1], p[:, 0], sample_weight=weight)
        np.testing.assert_allclose(RMSE(p[:, 1], p[:, :1], weight), oracle)


def test_a_weight_of_zero_leaves_a_row_out_and_gain_turns_the_sign():
    p, y = G.dirichlet(np.ones(3), 50), G.integers(0, 3, 50)
    keep = (np.arange(50) < 30).astype(float)
    np.testing.assert_allclose(LOG_LOSS(y, p, keep), LOG_LOSS(y[:30], p[:30]))
    assert LOG_LOSS.gain(y, p) == -LOG_LOSS(y, p)
