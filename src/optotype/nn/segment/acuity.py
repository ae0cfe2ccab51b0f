"""Acuity: our own segmentation network, made to learn quickly from few images."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from optotype.nn.segment.parts import Segmenter, conv_bn_relu, resize

WIDTHS, FEATURES = (64, 128, 256, 384), 128
CONTEXT = (1, 2, 4)
"""Dilations of the context's 3×3 convolutions, in cells of 16 pixels; the first is a 1×1 convolution."""


class Acuity(Segmenter):
    """A small residual encoder, context on its coarsest maps, an additive top-down decoder at half the size.

    - Each image is first standardised by its own mean and deviation a channel, so exposure and white balance
      of a sequence cannot be learnt by heart (instance norm; Ulyanov et al. 2016, arXiv:1607.08022).
    - Four stages of two residual blocks (He et al. 2016, arXiv:1512.03385) with 64, 128, 256 and 384 maps at 1/2,
      1/4, 1/8 and 1/16 of the size. Short cuts average before they stride; a block starts as the identity.
    - Context: dilated convolutions and the mean of the whole image (Chen et al. 2017, arXiv:1706.05587), told where in
      the image they are by two maps of coordinates (Liu et al. 2018, arXiv:1807.03247).
    - Decoder: 128 maps throughout; each level adds its own maps to the ones from below and smooths them (Lin et
      al. 2017, arXiv:1612.03144). The logits at 1/2 are interpolated.

    Images (b, 3, h, w) → logits (b, K, h, w). 9.3 M parameters; 7.7 G multiply-accumulates at 176×240.
    """

    encoder: nn.ModuleList

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.adapt = nn.InstanceNorm2d(3)
        stem = nn.Sequential(conv_bn_relu(3, 32, stride=2), conv_bn_relu(32, WIDTHS[0]))
        stages = [_stage(a, b, stride=1 if a == b else 2) for a, b in zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)]
        self.encoder = nn.ModuleList([stem, *stages])
        self.context = Context(WIDTHS[-1], FEATURES)
        self.lateral = nn.ModuleList(conv_bn_relu(width, FEATURES, 1) for width in WIDTHS[:-1])
        self.smooth = nn.ModuleList(conv_bn_relu(FEATURES, FEATURES) for _ in WIDTHS[:-1])
        self.head = nn.Conv2d(FEATURES, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K, h, w) of images (b, 3, h, w)."""
        maps, levels = self.adapt(images.float()), []
        for stage in self.encoder:
            maps = stage(maps)
            levels.append(maps)
        maps = self.context(maps)
        for i in reversed(range(len(self.lateral))):
            own = self.lateral[i](levels[i + 1])
            maps = self.smooth[i](own + resize(maps, own.shape[-2:]))
        return resize(self.head(maps).float(), images.shape[-2:])


class Residual(nn.Module):
    """Two 3×3 convolutions with batch norm, added to the input, or to its 1×1 projection where the shape changes."""

    def __init__(self, maps_in: int, maps_out: int, stride: int) -> None:
        super().__init__()
        self.first = conv_bn_relu(maps_in, maps_out, stride=stride)
        norm = nn.BatchNorm2d(maps_out)
        nn.init.zeros_(norm.weight)
        self.second = nn.Sequential(nn.Conv2d(maps_out, maps_out, 3, padding=1, bias=False), norm)
        self.short = nn.Identity() if maps_in == maps_out and stride == 1 else _project(maps_in, maps_out, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """(b, c, h, w) → (b, c', ⌈h / stride⌉, ⌈w / stride⌉)."""
        return functional.relu(self.second(self.first(maps)) + self.short(maps))


class Context(nn.Module):
    """Looks far around: dilated convolutions and the mean over the image, side by side, mixed by a 1×1 convolution."""

    def __init__(self, maps_in: int, maps_out: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            conv_bn_relu(maps_in + 2, maps_out, 1 if dilation == 1 else 3, dilation=dilation) for dilation in CONTEXT
        )
        # No batch norm here: it would be over as many numbers as there are images, and there may be one.
        self.whole = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(maps_in, maps_out, 1), nn.ReLU(inplace=True))
        self.mix = conv_bn_relu((len(CONTEXT) + 1) * maps_out, maps_out, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """(b, c, h, w) → (b, c', h, w)."""
        placed = torch.cat([maps, coordinates(maps)], 1)
        around = [branch(placed) for branch in self.branches]
        whole = self.whole(maps).expand_as(around[0])
        mixed: Tensor = self.mix(torch.cat([*around, whole], 1))
        return mixed


def coordinates(maps: Tensor) -> Tensor:
    """Row and column of each cell of ``maps`` (b, c, h, w) as two maps (b, 2, h, w), from −1 to 1."""
    b, _, h, w = maps.shape
    y, x = (torch.linspace(-1, 1, n, dtype=maps.dtype, device=maps.device) for n in (h, w))
    return torch.stack([y[:, None].expand(h, w), x.expand(h, w)]).expand(b, 2, h, w)


def acuity(classes: int) -> Acuity:
    """A randomly initialised ``Acuity``."""
    return Acuity(classes)


def _stage(maps_in: int, maps_out: int, *, stride: int) -> nn.Sequential:
    return nn.Sequential(Residual(maps_in, maps_out, stride), Residual(maps_out, maps_out, 1))


def _project(maps_in: int, maps_out: int, stride: int) -> nn.Sequential:
    pool = nn.Identity() if stride == 1 else nn.AvgPool2d(stride, ceil_mode=True)
    return nn.Sequential(pool, nn.Conv2d(maps_in, maps_out, 1, bias=False), nn.BatchNorm2d(maps_out))
