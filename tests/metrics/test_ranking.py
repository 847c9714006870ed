"""Our AUC equals scikit-learn's, ties and weights included."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from twofold.core.errors import InputError
from twofold.metrics import get_metric
from twofold.metrics.ranking import ROC_AUC

G = np.random.default_rng(0)


@pytest.mark.parametrize("weight", [None, G.random(200)])
def test_binary_with_ties(weight):
    y, p = G.integers(0, 2, 200), G.integers(0, 12, 200) / 12
    oracle = roc_auc_score(y, p, sample_weight=weight)
    np.testing.assert_allclose(ROC_AUC(y, np.column_stack([1 - p, p]), weight), oracle)


def test_many_classes_against_the_rest():
    y, p = G.integers(0, 4, 300), G.dirichlet(np.ones(4), 300)
    np.testing.assert_allclose(ROC_AUC(y, p), roc_auc_score(y, p, multi_class="ovr", average="weighted"))


def test_one_class_alone_is_not_defined():
    assert np.isnan(ROC_AUC(np.ones(5, dtype=int), np.full((5, 2), 0.5)))


def test_whole_weights_equal_repeated_rows():
    y, p, w = G.integers(0, 2, 60), G.random(60), G.integers(0, 4, 60)
    P = np.column_stack([1 - p, p])
    np.testing.assert_allclose(
        ROC_AUC(y, P, w.astype(float)), ROC_AUC(np.repeat(y, w), np.repeat(P, w, axis=0))
    )


def test_a_metric_of_another_task_is_refused():
    with pytest.raises(InputError, match=r"'rmse' does not judge binary.*log_loss, roc_auc.*Choose"):
        get_metric("rmse", "binary")
