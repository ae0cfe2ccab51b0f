"""U-Net: an encoder of five levels, and a decoder that joins each level's own maps to what comes from below."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from optotype.nn.segment.parts import Segmenter, conv_bn_relu, crop_like, he_normal

WIDTHS = (64, 128, 256, 512, 1024)


class UNet(Segmenter):
    """The network of Ronneberger, Fischer and Brox (2015), arXiv:1505.04597, with padded convolutions.

    Two 3×3 convolutions a level, 2×2 max pooling, 2×2 up-convolutions, He's initialisation. What differs: padding,
    so that the output has the input's size; poolings round up, so that every size works; no dropout; and with
    ``norm`` a batch norm after each 3×3 convolution. Images (b, 3, h, w) → logits (b, K, h, w).
    31.0 M parameters; 31 G multiply-accumulates at 176×240, 127 G at 360×480.
    """

    encoder: nn.ModuleList

    def __init__(self, classes: int, *, norm: bool = False) -> None:
        super().__init__()
        pair = _normed_pair if norm else _pair
        below = WIDTHS[1:]
        self.encoder = nn.ModuleList(pair(a, b) for a, b in zip((3, *WIDTHS), WIDTHS, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(WIDTHS, below, strict=False))
        self.decoder = nn.ModuleList(pair(2 * width, width) for width in WIDTHS[:-1])
        self.head = nn.Conv2d(WIDTHS[0], classes, 1)
        he_normal(self)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K, h, w) of images (b, 3, h, w)."""
        maps, levels = images, []
        for i, level in enumerate(self.encoder):
            maps = level(functional.max_pool2d(maps, 2, ceil_mode=True) if i else maps)
            levels.append(maps)
        for i in reversed(range(len(self.up))):
            grown = crop_like(self.up[i](maps), levels[i])
            maps = self.decoder[i](torch.cat([levels[i], grown], 1))
        logits: Tensor = self.head(maps)
        return logits


def unet(classes: int) -> UNet:
    """The paper's network: no normalisation."""
    return UNet(classes)


def unet_bn(classes: int) -> UNet:
    """The same with batch norm after each 3×3 convolution: the form that most call U-Net today."""
    return UNet(classes, norm=True)


def _pair(maps_in: int, maps_out: int) -> nn.Sequential:
    first, second = nn.Conv2d(maps_in, maps_out, 3, padding=1), nn.Conv2d(maps_out, maps_out, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True))


def _normed_pair(maps_in: int, maps_out: int) -> nn.Sequential:
    return nn.Sequential(conv_bn_relu(maps_in, maps_out), conv_bn_relu(maps_out, maps_out))
