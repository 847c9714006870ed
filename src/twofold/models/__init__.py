"""One model, one file: linear, tree, neighbour, kernel, Bayes, boosting and network models on a matrix."""

from __future__ import annotations

from twofold.core.registry import Registry

MODELS = Registry(
    "twofold.models",
    {
        "baseline": "twofold.models.baseline:Baseline",
        "linear": "twofold.models.linear:LinearModel",
        "tree": "twofold.models.tree:DecisionTree",
        "random_forest": "twofold.models.forest:RandomForest",
        "extra_trees": "twofold.models.extra_trees:ExtraTrees",
        "knn": "twofold.models.neighbours:NearestNeighbours",
        "svm": "twofold.models.svm:KernelSVM",
        "linear_svm": "twofold.models.linear_svm:LinearSVM",
        "naive_bayes": "twofold.models.naive_bayes:NaiveBayes",
        "lightgbm": "twofold.models.lightgbm:LightGBM",
        "catboost": "twofold.models.catboost:CatBoost",
        "realmlp": "twofold.models.realmlp:RealMLP",
        "tabm": "twofold.models.tabm:TabM",
        "ft_transformer": "twofold.models.ft_transformer:FTTransformer",
    },
)
"""Name -> class; classes follow `twofold.models.base.Model`."""
