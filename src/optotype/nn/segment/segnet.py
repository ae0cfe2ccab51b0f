"""SegNet: the decoder puts each value back where max pooling took it from."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from optotype.nn.segment.parts import Segmenter, conv_bn_relu, he_normal

ENCODER = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
DECODER = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64,))


class SegNet(Segmenter):
    """The network of Badrinarayanan, Kendall and Cipolla (2017), arXiv:1511.00561.

    Encoder: the 13 convolutions of VGG-16 with batch norm (Simonyan and Zisserman 2015, arXiv:1409.1556), whose five
    poolings keep the places of their maxima; decoder: the same backwards, unpooling to these places. The last of its 13
    convolutions is the classifier. Poolings round up, so every size works. Images (b, 3, h, w) → logits (b, K, h, w).
    29.4 M parameters; 26 G multiply-accumulates at 176×240. The encoder's weights are ImageNet's if asked for, from
    timm, or from a file of timm's or torchvision's vgg16_bn.
    """

    pretrained: ClassVar[str] = "vgg16_bn"
    encoder: nn.Sequential

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.encoder = _encoder()
        starts = [ENCODER[-1][-1], *(widths[-1] for widths in DECODER)]
        self.decoder = nn.ModuleList(_level(maps, widths) for maps, widths in zip(starts, DECODER, strict=False))
        self.head = nn.Conv2d(DECODER[-1][-1], classes, 3, padding=1)
        he_normal(self)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K, h, w) of images (b, 3, h, w)."""
        maps, pooled = images, []
        for layer in self.encoder:
            if isinstance(layer, nn.MaxPool2d):
                size = maps.shape[-2:]
                maps, places = layer(maps)
                pooled.append((places, size))
            else:
                maps = layer(maps)
        for level, (places, size) in zip(self.decoder, reversed(pooled), strict=True):
            maps = level(unpool(maps, places, size))
        logits: Tensor = self.head(maps)
        return logits

    def translated(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """A classifier's file gives the encoder, whose layers are numbered as in VGG."""
        if "features.0.weight" not in state:
            return state
        found = {name: value for name, value in state.items() if name.startswith("features.")}
        return {name.replace("features.", "encoder.", 1): value for name, value in found.items()}


def unpool(maps: Tensor, places: Tensor, size: torch.Size) -> Tensor:
    """Each value of ``maps`` (b, c, h, w) at its place in a plane of ``size``, zeros elsewhere: undoes max pooling.

    ``places`` count along the plane's rows. A scatter to places that differ: unlike torch's ``max_unpool2d`` the
    same on every run, so that a resumed training is exact.
    """
    b, c = maps.shape[:2]
    plane = maps.new_zeros(b, c, size[0] * size[1])
    return plane.scatter(2, places.flatten(2), maps.flatten(2)).view(b, c, *size)


def segnet(classes: int) -> SegNet:
    """A ``SegNet`` with random weights."""
    return SegNet(classes)


def _encoder() -> nn.Sequential:
    layers: list[nn.Module] = []
    maps = 3
    for widths in ENCODER:
        for width in widths:
            layers += [nn.Conv2d(maps, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            maps = width
        layers.append(nn.MaxPool2d(2, ceil_mode=True, return_indices=True))
    return nn.Sequential(*layers)


def _level(maps: int, widths: tuple[int, ...]) -> nn.Sequential:
    pairs = zip((maps, *widths), widths, strict=False)
    return nn.Sequential(*(conv_bn_relu(a, b) for a, b in pairs))
