"""The contract of a tower: read raw cells of one column, give a vector for each."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import nn

from twofold.nn.onnx_writer import OnnxWriter


class TowerNetwork(nn.Module):  # type: ignore[misc]
    """A network that reads a flattened raw cell.

    Subclasses set `width`, the length of the vector that `forward` gives for each row.

    - Input: (n, places), without missing cells. Output: (n, width).
    """

    mixable: ClassVar[bool] = True
    """Whether the mean of two cells means something, as mixup wants."""
    mirror: bool = True
    """Whether mirrored pictures mean the same, so that some may be learned from."""
    width: int

    def augment(self, cells: Any, generator: Any) -> Any:
        """Return cells changed at random in ways that leave their meaning; each epoch sees others."""
        del generator
        return cells

    def groups(self) -> list[dict[str, Any]]:
        """Return groups of parameters: weights of layers decay, the others do not."""
        return decaying(self)

    def write(self, writer: OnnxWriter, cells: str) -> str:
        """Write it for cells (n, places); return the name of the vectors."""
        raise NotImplementedError


def decaying(module: Any) -> list[dict[str, Any]]:
    """Divide parameters into weights of layers, which decay, and biases, norms and embeddings."""
    single = {id(p) for part in module.modules() if isinstance(part, nn.Embedding) for p in part.parameters()}
    parameters = [p for p in module.parameters() if p.requires_grad]
    layers = [p for p in parameters if p.ndim > 1 and id(p) not in single]
    known = {id(p) for p in layers}
    others = [p for p in parameters if id(p) not in known]
    return [{"params": layers}, {"params": others, "weight_decay": 0.0}]
