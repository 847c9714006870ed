"""One model, one file."""

from __future__ import annotations

from twofold.core.registry import Registry

MODELS = Registry(
    "twofold.models",
    {
        "baseline": "twofold.models.baseline:Baseline",
        "catboost": "twofold.models.catboost:CatBoost",
        "discriminant": "twofold.models.discriminant:Discriminant",
        "extra_trees": "twofold.models.extra_trees:ExtraTrees",
        "ft_transformer": "twofold.models.ft_transformer:FTTransformer",
        "knn": "twofold.models.knn:KNN",
        "lightgbm": "twofold.models.lightgbm:LightGBM",
        "linear": "twofold.models.linear:LinearModel",
        "linear_svm": "twofold.models.linear_svm:LinearSVM",
        "naive_bayes": "twofold.models.naive_bayes:NaiveBayes",
        "random_forest": "twofold.models.random_forest:RandomForest",
        "realmlp": "twofold.models.realmlp:RealMLP",
        "svm": "twofold.models.svm:SVM",
        "tabm": "twofold.models.tabm:TabM",
        "towers": "twofold.models.towers:Towers",
        "transfer_towers": "twofold.models.transfer_towers:TransferTowers",
        "tree": "twofold.models.tree:DecisionTree",
    },
)
"""Name -> class; classes follow `twofold.models.base.Model`."""
