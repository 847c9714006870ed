"""The prediction kernels: pure functions of arrays, and the closed list of their kinds.

Every kind of step that a bundle may hold stands in `STEPS`; a loader looks kinds up here and nowhere
else, so a file can never name code of its own.
"""

from __future__ import annotations

from twofold.core.registry import Registry
from twofold.steps.base import EMBEDDING, FEATURES, INPUT, PREDICTION, Graph, Node, Step

STEPS = Registry(
    "twofold.steps",
    {
        "calendar": "twofold.steps.calendar:Calendar",
        "cascade": "twofold.steps.cascade:Cascade",
        "clip_network": "twofold.steps.clip_network:ClipNetwork",
        "code_tables": "twofold.steps.codes:CodeTables",
        "codes": "twofold.steps.codes:Codes",
        "colours": "twofold.steps.colours:Colours",
        "condition": "twofold.steps.conditions:Condition",
        "constant": "twofold.steps.constant:Constant",
        "doubt": "twofold.steps.open_set:Doubt",
        "edges": "twofold.steps.edges:Edges",
        "gaussian_bayes": "twofold.steps.gaussian_bayes:GaussianBayes",
        "gate": "twofold.steps.gate:Gate",
        "hinges": "twofold.steps.numbers:Hinges",
        "histories": "twofold.steps.histories:Histories",
        "hoeffding_tree": "twofold.steps.hoeffding_tree:HoeffdingTree",
        "hog": "twofold.steps.hog:Hog",
        "isotonic": "twofold.steps.calibrate:Isotonic",
        "item_links": "twofold.steps.item_links:ItemLinks",
        "kernel_machine": "twofold.steps.kernel_machine:KernelMachine",
        "known": "twofold.steps.extraction:Known",
        "lbp": "twofold.steps.lbp:LocalPatterns",
        "letters": "twofold.steps.tfidf:Letters",
        "lexical": "twofold.steps.tfidf:Lexical",
        "linear": "twofold.steps.linear:Linear",
        "log_mel": "twofold.steps.log_mel:LogMel",
        "log_scores": "twofold.steps.log_scores:LogScores",
        "mfcc": "twofold.steps.clip_features:Mfcc",
        "minirocket": "twofold.steps.minirocket:MiniRocket",
        "native_catboost": "twofold.steps.native_catboost:NativeCatBoost",
        "native_lightgbm": "twofold.steps.native_lightgbm:NativeLightGBM",
        "neighbour_distance": "twofold.steps.neighbour_distance:NeighbourDistance",
        "neighbours": "twofold.steps.neighbours:Neighbours",
        "numbers": "twofold.steps.numbers:Numbers",
        "one_hot": "twofold.steps.codes:OneHot",
        "online_bayes": "twofold.steps.normals:OnlineBayes",
        "online_logistic": "twofold.steps.online_logistic:OnlineLogistic",
        "onnx": "twofold.steps.onnx_graph:OnnxGraph",
        "open_set": "twofold.steps.open_set:OpenSet",
        "pick": "twofold.steps.numbers:Pick",
        "picture_network": "twofold.steps.picture_network:PictureNetwork",
        "pixels": "twofold.steps.pixels:Pixels",
        "pool": "twofold.steps.pool:Pool",
        "pooled_items": "twofold.steps.pooled_items:PooledItems",
        "post_edit": "twofold.steps.post_edit:PostEdit",
        "project": "twofold.steps.tfidf:Project",
        "quant": "twofold.steps.quant:Quant",
        "ranks": "twofold.steps.ranks:Ranks",
        "regular_series": "twofold.steps.regular_series:RegularSeries",
        "rerank": "twofold.steps.rerank:Rerank",
        "rule": "twofold.steps.rules:Rule",
        "rules": "twofold.steps.rules:Rules",
        "scale": "twofold.steps.numbers:Scale",
        "sentence_network": "twofold.steps.sentences:SentenceNetwork",
        "series_summary": "twofold.steps.series_summary:SeriesSummary",
        "speaker": "twofold.steps.speaker:SpeakerNetwork",
        "stack_columns": "twofold.steps.stack_columns:StackColumns",
        "standard": "twofold.steps.numbers:Standard",
        "temperature": "twofold.steps.calibrate:Temperature",
        "translate": "twofold.steps.translate:Translate",
        "unseen_shares": "twofold.steps.unseen_shares:UnseenShares",
        "weighted_mean": "twofold.steps.blend:WeightedMean",
        "word_numbers": "twofold.steps.word_numbers:WordNumbers",
        "word_tables": "twofold.steps.word_tables:WordTables",
        "word_vectors": "twofold.steps.word_vectors:WordVectors",
        "words": "twofold.steps.tfidf:Words",
    },
    closed=True,
)

__all__ = ["EMBEDDING", "FEATURES", "INPUT", "PREDICTION", "STEPS", "Graph", "Node", "Step"]
