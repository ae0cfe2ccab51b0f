"""The baseline's decoder behind a ResNet-34."""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar

from torch import Tensor, nn

from optotype.nn.segment.fcn_basic import UP, Decoder, xavier_uniform
from optotype.nn.segment.parts import Segmenter, halvings


class FCNResNet34(Segmenter):
    """ResNet-34 (He et al. 2016, arXiv:1512.03385) without its pooling and head, then the decoder of ``fcn_basic``.

    Images (b, 3, h, w) → logits (b, K, h, w). 25.2 M parameters; 4.1 G multiply-accumulates at 176×240. The
    encoder's weights are ImageNet's if asked for, from timm, or from a file of timm's or torchvision's resnet34.
    """

    pretrained: ClassVar[str] = "resnet34"

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.encoder = _encoder()
        self.decoder = Decoder(512)
        self.head = nn.Conv2d(UP[-1], classes, 1)
        xavier_uniform(self.decoder)
        xavier_uniform(self.head)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K, h, w) of images (b, 3, h, w)."""
        logits: Tensor = self.head(self.decoder(self.encoder(images), halvings(images, len(UP))))
        return logits

    def translated(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """A classifier's file gives the encoder."""
        if "conv1.weight" not in state:
            return state
        return {f"encoder.{name}": value for name, value in state.items() if not name.startswith("fc.")}


def fcn_resnet34(classes: int) -> FCNResNet34:
    """An ``FCNResNet34`` with random weights."""
    return FCNResNet34(classes)


def _encoder() -> nn.Sequential:
    from torchvision.models import resnet34

    parts = resnet34(weights=None).named_children()
    return nn.Sequential(OrderedDict((name, part) for name, part in parts if name not in ("avgpool", "fc")))
