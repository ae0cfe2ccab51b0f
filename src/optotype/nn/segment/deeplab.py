"""DeepLab: torchvision's third version, and the third with a decoder as DeepLabV3Plus-Pytorch trains it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from optotype.nn.segment import deeplab_files
from optotype.nn.segment.parts import Segmenter, conv_bn_relu, he_normal, resize

DILATIONS = (6, 12, 18)
"""Of the pyramid on maps at 1/16 of the size."""


class DeepLabV3(Segmenter):
    """Torchvision's DeepLabV3 (Chen et al. 2017, arXiv:1706.05587) with a ResNet-50 at 1/8 of the size.

    Images (b, 3, h, w) → logits (b, K, h, w). 39.6 M parameters; 26 G multiply-accumulates at 176×240. With ``hub``
    its weights are torchvision's, trained on COCO. Files of torchvision's whole network are read as they are.
    """

    backbone: nn.Module
    classifier: nn.Sequential

    def __init__(self, classes: int) -> None:
        super().__init__()
        from torchvision.models.segmentation import deeplabv3_resnet50 as build

        whole = build(weights=None, weights_backbone=None, num_classes=classes)
        self.backbone, self.classifier = whole.backbone, whole.classifier

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K, h, w) of images (b, 3, h, w)."""
        return resize(self.classifier(self.backbone(images)["out"]), images.shape[-2:])

    def get_classifier(self) -> nn.Module:
        """The last convolution."""
        return self.classifier[-1]

    def get_encoder(self) -> nn.Module:
        """The ResNet."""
        return self.backbone

    def translated(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Torchvision's names without its second classifier, which only helps training."""
        return {name: value for name, value in state.items() if not name.startswith("aux_classifier.")}


class DeepLabV3Plus(Segmenter):
    """DeepLabV3+ (Chen et al. 2018, arXiv:1802.02611) at 1/16 of the size, as DeepLabV3Plus-Pytorch builds it.

    ``encoder`` gives the maps at 1/4, which are projected to 48, and the coarsest, which pass a pyramid of dilated
    convolutions; joined, they are smoothed by one 3×3 convolution and classified. Images (b, 3, h, w) → logits
    (b, K, h, w). Reads checkpoints of that project (``deeplab_files``).
    """

    def __init__(self, classes: int, encoder: nn.Module, fine: int, coarse: int) -> None:
        super().__init__()
        from torchvision.models.segmentation.deeplabv3 import ASPP

        self.encoder = encoder
        self.project = conv_bn_relu(fine, 48, 1)
        self.pyramid = ASPP(coarse, DILATIONS)
        self.pyramid.project[-1].p = 0.1  # of its dropout, as in that project
        self.smooth = conv_bn_relu(48 + 256, 256)
        self.head = nn.Conv2d(256, classes, 1)
        for part in (self.project, self.pyramid, self.smooth, self.head):
            he_normal(part)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K, h, w) of images (b, 3, h, w)."""
        fine, coarse = self.encoder(images)
        fine = self.project(fine)
        joined = torch.cat([fine, resize(self.pyramid(coarse), fine.shape[-2:])], 1)
        return resize(self.head(self.smooth(joined)), images.shape[-2:])

    def translated(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Names of DeepLabV3Plus-Pytorch as ours."""
        return deeplab_files.translated(state)


class ResNetEncoder(nn.Module):
    """A ResNet of bottlenecks without pooling and head, its last stage dilated instead of strided."""

    def __init__(self, name: str) -> None:
        super().__init__()
        from torchvision import models

        net = getattr(models, name)(weights=None, replace_stride_with_dilation=[False, False, True])
        self.conv1, self.bn1, self.relu, self.maxpool = net.conv1, net.bn1, net.relu, net.maxpool
        self.layer1, self.layer2, self.layer3, self.layer4 = net.layer1, net.layer2, net.layer3, net.layer4

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (b, 256, h/4, w/4) and (b, 2048, h/16, w/16)."""
        fine = self.layer1(self.maxpool(self.relu(self.bn1(self.conv1(images)))))
        return fine, self.layer4(self.layer3(self.layer2(fine)))


class MobileNetEncoder(nn.Module):
    """MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) without its head, its last stride dilated.

    Padded as in DeepLabV3Plus-Pytorch, whose weights would mean something else at the border otherwise: each block's
    input instead of its 3×3 convolution's, and the first convolution not at all.
    """

    FINE, LAST = 4, 14
    """Blocks that give the fine maps; the first block of the stage whose stride is left out."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import mobilenet_v2

        first, *blocks = list(mobilenet_v2(weights=None).features)[:-1]
        first[0].padding = (0, 0)
        numbered = enumerate(blocks, 1)
        self.blocks = nn.Sequential(
            first, *(PaddedBlock(b, 2 if i > self.LAST else 1, strided=i < self.LAST) for i, b in numbered)
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (b, 24, h/4, w/4) and (b, 320, h/16, w/16)."""
        fine = self.blocks[: self.FINE](images)
        return fine, self.blocks[self.FINE :](fine)


class PaddedBlock(nn.Module):
    """An inverted residual block of torchvision that is padded before it widens, dilated, and perhaps not strided."""

    def __init__(self, block: Any, dilation: int, *, strided: bool) -> None:
        super().__init__()
        self.conv, self.pad, self.adds = block.conv, dilation, bool(block.use_res_connect)
        for layer in self.conv.modules():
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
                layer.padding, layer.dilation = (0, 0), (dilation, dilation)
                layer.stride = layer.stride if strided else (1, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """(b, c, h, w) → (b, c', h, w), or half of it."""
        found: Tensor = self.conv(functional.pad(maps, (self.pad,) * 4))
        return maps + found if self.adds else found


def deeplabv3_resnet50(classes: int) -> DeepLabV3:
    """A ``DeepLabV3`` with random weights."""
    return DeepLabV3(classes)


def deeplabv3plus_resnet101(classes: int) -> DeepLabV3Plus:
    """A ``DeepLabV3Plus`` with a ResNet-101: 58.8 M parameters; 12.7 G multiply-accumulates at 176×240."""
    return DeepLabV3Plus(classes, ResNetEncoder("resnet101"), 256, 2048)


def deeplabv3plus_mobilenet(classes: int) -> DeepLabV3Plus:
    """A ``DeepLabV3Plus`` with a MobileNetV2: 5.2 M parameters; 2.7 G multiply-accumulates at 176×240."""
    return DeepLabV3Plus(classes, MobileNetEncoder(), 24, 320)
