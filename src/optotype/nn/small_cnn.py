"""The beginner's network: three convolutions, three poolings, one linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from optotype.errors import InputError

LEAST_SIZE = 16
"""The poolings shrink the side by 4 · 2 · 2."""


class SmallCNN(nn.Module):
    """Convolutions 3×3, stride and padding 1, with 32, 64 and 128 maps, each followed by ReLU and max pooling
    (4×4/4, then 2×2/2 twice); flattened into a linear head.

    Images (b, 3, s, s) → logits (b, K). The head has 128 · ⌊⌊⌊s/4⌋/2⌋/2⌋² inputs, so a model fits one size.
    """

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=1, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(4, 4),
            nn.Conv2d(32, 64, 3, stride=1, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(64, 128, 3, stride=1, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2, 2),
        )
        side = size // 16
        self.head = nn.Linear(128 * side * side, classes)

    def get_classifier(self) -> nn.Module:
        """The head (timm's name for it)."""
        return self.head

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K) of images (b, 3, s, s)."""
        logits: Tensor = self.head(torch.flatten(self.features(images), 1))
        return logits


def small_cnn(classes: int, size: int) -> SmallCNN:
    """A randomly initialised ``SmallCNN``."""
    if size < LEAST_SIZE:
        raise InputError("--size", f"{LEAST_SIZE} or more for small_cnn", str(size), "Choose a greater size.")
    return SmallCNN(classes, size)
