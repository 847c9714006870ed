"""One way of joining, one file."""

from __future__ import annotations

from twofold.core.registry import Registry

HYBRIDS = Registry(
    "twofold.hybrids",
    {
        "augmented": "twofold.hybrids.augment:Augmented",
        "deep_features": "twofold.hybrids.deep_heads:DeepFeatures",
        "detector": "twofold.hybrids.detector:Detector",
        "distilled": "twofold.hybrids.distilled:DistilledTrees",
        "few_label_text": "twofold.hybrids.few_label_text:FewLabelText",
        "gated_experts": "twofold.hybrids.gated_experts:GatedExperts",
        "leaves": "twofold.hybrids.leaves:Leaves",
        "neighbours": "twofold.hybrids.neighbours:NeighboursNetwork",
        "residual": "twofold.hybrids.residual:Residual",
        "transfer": "twofold.hybrids.transfer:Transfer",
    },
)
"""Name -> class of joins that are models by themselves: they follow `twofold.models.base.Model`."""
