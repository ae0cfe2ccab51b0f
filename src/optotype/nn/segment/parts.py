"""What the segmentation networks share: their interface, a convolution with its neighbours, halving and growing."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class Segmenter(nn.Module):
    """A network whose logits (b, K, h, w) have the height and width of its images (b, 3, h, w), whatever they are.

    ``head`` is the layer that knows the number of classes; ``encoder`` is what shrinks the image, and what is kept as
    it is when the backbone is frozen.
    """

    encoder: nn.Module
    head: nn.Module

    def get_classifier(self) -> nn.Module:
        """The head (timm's name for it)."""
        return self.head

    def get_encoder(self) -> nn.Module:
        """The part that shrinks the image."""
        return self.encoder

    def translated(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tensors of a file by this network's own names; of a classifier's file, the encoder's alone."""
        return state


def conv_bn_relu(maps_in: int, maps_out: int, kernel: int = 3, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """A convolution that keeps the size (at stride 2 halves it, rounded up), batch norm, ReLU."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(maps_in, maps_out, kernel, stride=stride, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm2d(maps_out),
        nn.ReLU(inplace=True),
    )


def he_normal(module: nn.Module) -> None:
    """Weights of all convolutions from N(0, 2 / inputs of a unit), biases 0: He et al. (2015), arXiv:1502.01852."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def crop_like(maps: Tensor, other: Tensor) -> Tensor:
    """The upper left part of ``maps`` that is as high and wide as ``other``: undoes the rounding up of a halving."""
    return maps[..., : other.shape[-2], : other.shape[-1]]


def resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear, to (height, width); corners are not aligned, so any ratio keeps the picture in place."""
    return functional.interpolate(maps, size=list(size), mode="bilinear", align_corners=False)


def halvings(images: Tensor, times: int) -> list[tuple[int, int]]:
    """Heights and widths from the images' own down to the last but one of ``times`` halvings that round up.

    >>> import torch
    >>> halvings(torch.zeros(1, 3, 45, 64), 3)
    [(45, 64), (23, 32), (12, 16)]
    """
    h, w = images.shape[-2:]
    return [(-(-h // 2**i), -(-w // 2**i)) for i in range(times)]
