"""The course's baseline: five strided convolutions down, five transposed ones up, nothing between."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from optotype.nn.segment.parts import Segmenter, halvings

DOWN, UP = (32, 64, 128, 256, 512), (512, 256, 128, 64, 32)


class FCNBasic(Segmenter):
    """Five 3×3 convolutions of stride 2 with 32, 64, 128, 256 and 512 maps, a decoder of five transposed ones back, and
    a 1×1 classifier; each convolution is followed by ReLU, then batch norm. Xavier's initialisation.

    A fully convolutional network (Long, Shelhamer and Darrell 2015, arXiv:1411.4038) without skips. Images (b, 3, h, w)
    → logits (b, K, h, w). 5.5 M parameters; 1.1 G multiply-accumulates at 176×240.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        pairs = zip((3, *DOWN), DOWN, strict=False)
        self.encoder = nn.Sequential(*(_relu_bn(nn.Conv2d(a, b, 3, stride=2, padding=1), b) for a, b in pairs))
        self.decoder = Decoder(DOWN[-1])
        self.head = nn.Conv2d(UP[-1], classes, 1)
        xavier_uniform(self)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K, h, w) of images (b, 3, h, w)."""
        logits: Tensor = self.head(self.decoder(self.encoder(images), halvings(images, len(UP))))
        return logits


class Decoder(nn.Module):
    """Five transposed 3×3 convolutions of stride 2 with 512, 256, 128, 64 and 32 maps, each with ReLU and batch norm.

    Told the sizes to reach, it doubles 23 rows to 45 as well as to 46.
    """

    def __init__(self, maps_in: int) -> None:
        super().__init__()
        pairs = list(zip((maps_in, *UP), UP, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.after = nn.ModuleList(nn.Sequential(nn.ReLU(inplace=True), nn.BatchNorm2d(b)) for _, b in pairs)

    def forward(self, maps: Tensor, sizes: Sequence[tuple[int, int]]) -> Tensor:
        """(b, c, h, w) → (b, 32, H, W); ``sizes`` are heights and widths from (H, W) down."""
        for up, after, size in zip(self.up, self.after, reversed(sizes), strict=True):
            maps = after(up(maps, output_size=size))
        return maps


def fcn_basic(classes: int) -> FCNBasic:
    """A randomly initialised ``FCNBasic``."""
    return FCNBasic(classes)


def xavier_uniform(module: nn.Module) -> None:
    """Weights of all convolutions uniform in ±√(6 / (in + out)), biases 0: Glorot and Bengio (2010)."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _relu_bn(convolution: nn.Conv2d, maps: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.ReLU(inplace=True), nn.BatchNorm2d(maps))
