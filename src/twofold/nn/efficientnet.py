"""EfficientNet-Lite0, a small network for photographs that others trained."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from twofold.core.weights import load_weights
from twofold.nn.onnx_images import ImageGraph

WIDTH = 1280
"""Features of a picture."""
MEAN = (127 / 255,) * 3
SCALE = (128 / 255,) * 3
"""What pictures (red, green and blue, 0 to 1) were normalised with when it was trained."""
STEM = 32
STAGES = (
    # blocks, kernel, stride of the first block, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
EPSILON, MOMENTUM = 1e-3, 0.01
WEIGHTS = "efficientnet-lite0"


class SameConv(nn.Conv2d):  # type: ignore[misc]
    """A convolution whose output has ``ceil(size / stride)`` pixels a side, padded as TensorFlow does.

    Where the padding is odd, the right and the bottom get one pixel more.

    Parameters
    ----------
    channels_in, channels_out, kernel : int
    stride, groups : int
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Any) -> Any:
        kernel, stride = self.kernel_size[0], self.stride[0]
        missing = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:]]
        if any(missing):
            down, across = missing
            x = F.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2))
        return super().forward(x)


class Layer(nn.Module):  # type: ignore[misc]
    """A convolution, its batch norm, and ReLU6 unless the layer is linear.

    Parameters
    ----------
    conv : SameConv
    linear : bool
    """

    def __init__(self, conv: SameConv, *, linear: bool = False) -> None:
        super().__init__()
        self.conv, self.linear = conv, linear
        self.norm = nn.BatchNorm2d(conv.out_channels, eps=EPSILON, momentum=MOMENTUM)

    def forward(self, x: Any) -> Any:
        x = self.norm(self.conv(x))
        return x if self.linear else F.relu6(x)

    def write(self, graph: ImageGraph, x: str) -> str:
        """Write the layer with its batch norm folded into the convolution."""
        norm = self.norm
        gain = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
        weight = self.conv.weight.detach().double() * gain[:, None, None, None]
        bias = norm.bias.detach().double() - gain * norm.running_mean.double()
        x = graph.convolution(x, weight.numpy(), bias.numpy(), self.conv.stride[0], self.conv.groups)
        return x if self.linear else graph.relu6(x)


class Block(nn.Module):  # type: ignore[misc]
    """Inverted residual: expand, filter each channel by itself, project (Sandler et al. 2018).

    Parameters
    ----------
    channels_in, channels_out, kernel, stride, expansion : int
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels_in * expansion
        layers = [
            Layer(SameConv(inner, inner, kernel, stride, groups=inner)),
            Layer(SameConv(inner, channels_out, 1), linear=True),
        ]
        if expansion > 1:
            layers.insert(0, Layer(SameConv(channels_in, inner, 1)))
        self.layers = nn.ModuleList(layers)
        self.skips = stride == 1 and channels_in == channels_out

    def forward(self, x: Any) -> Any:
        y = x
        for layer in self.layers:
            y = layer(y)
        return x + y if self.skips else y

    def write(self, graph: ImageGraph, x: str) -> str:
        """Write the block's layers and the way around them."""
        y = x
        for layer in self.layers:
            y = layer.write(graph, y)
        return graph.add("Add", x, y) if self.skips else y


class EfficientNetLite(nn.Module):  # type: ignore[misc]
    """EfficientNet-Lite0 (Tan and Le 2019) without its last layer: 3.4 million weights.

    Compared with EfficientNet-B0 it has no squeeze-and-excitation, and ReLU6 in the place of swish.

    - Input: float32 (n, 3, height, width), normalised by `MEAN` and `SCALE`, of any size from 32 pixels.
    - Output: float32 (n, 1280), not negative.

    Examples
    --------
    >>> EfficientNetLite().eval().features(torch.zeros(2, 3, 64, 64)).shape
    torch.Size([2, 1280])
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Layer(SameConv(3, STEM, 3, stride=2))
        blocks, channels = [], STEM
        for count, kernel, first_stride, expansion, wanted in STAGES:
            for position in range(count):
                stride = 1 if position else first_stride
                blocks.append(Block(channels, wanted, kernel, stride, expansion))
                channels = wanted
        self.blocks = nn.ModuleList(blocks)
        self.head = Layer(SameConv(channels, WIDTH, 1))

    def features(self, x: Any) -> Any:
        """Return what the network sees in pictures, averaged over all places."""
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x).mean(dim=(2, 3))

    def forward(self, x: Any) -> Any:
        return self.features(x)

    def parameter_groups(self) -> list[list[Any]]:
        """Return the weights in groups from the first layer to the last: the stem, 16 blocks, the head."""
        return [list(part.parameters()) for part in (self.stem, *self.blocks, self.head)]

    def thaw(self, n_groups: int) -> None:
        """Let the last groups learn and freeze the others; 0 freezes all, 18 none."""
        groups = self.parameter_groups()
        for position, group in enumerate(groups):
            for weight in group:
                weight.requires_grad_(position >= len(groups) - n_groups)

    def onnx(self) -> bytes:
        """Return the network as an ONNX graph: ``X`` (n, 3, height, width) to ``embedding`` (n, 1280)."""
        graph = ImageGraph()
        x = self.stem.write(graph, graph.x)
        for block in self.blocks:
            x = block.write(graph, x)
        return graph.finish_features(graph.pooled(self.head.write(graph, x)), WIDTH)


def load_network() -> EfficientNetLite:
    """Return the network with the weights that were learned from ImageNet (Russakovsky et al. 2015).

    Raises
    ------
    MissingExtraError
        When no installed package carries the weights.
    InputError
        When the package carries other weights than those that are known.
    """
    stored = torch.load(io.BytesIO(load_weights(WEIGHTS)), map_location="cpu", weights_only=True)
    network = EfficientNetLite()
    network.load_state_dict(dict(zip(network.state_dict(), _in_order(stored), strict=True)))
    network.eval()
    return network


def _in_order(stored: dict[str, Any]) -> list[Any]:
    """Return the stored arrays in the order of our module: each layer's convolution, then its norm."""
    kept = {name: value for name, value in stored.items() if not name.startswith("_fc.")}

    def place(name: str) -> tuple[int, int]:
        """Return a layer's place: stem, blocks in their order, head."""
        if name.startswith("_blocks."):
            return 1, int(name.split(".")[1])
        return (2, 0) if name.startswith(("_conv_head.", "_bn1.")) else (0, 0)

    return [kept[name] for name in sorted(kept, key=place)]


@cache
def pretrained_onnx() -> bytes:
    """Return the pretrained network as an ONNX graph, made once in a process."""
    return load_network().onnx()
