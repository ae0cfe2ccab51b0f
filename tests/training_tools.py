"""A tiny data set and a tiny model for the tests of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from optotype.runs import RunFolder
from optotype.tables import Items, Labels
from optotype.training.config import Augment, TrainConfig
from optotype.training.train import Trained, train

CLASSES = ("red", "green", "blue")


class Tiny(nn.Module):
    """Convolution, batch normalisation, dropout, head: one of each thing that has a state."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.3), nn.AdaptiveAvgPool2d(2)
        )
        self.head = nn.Linear(32, classes)

    def get_classifier(self) -> nn.Module:
        return self.head

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.flatten(self.features(images), 1))


def photos(
    root: Path, n: int = 30, size: int = 24, *, val: float = 0.2, test: float = 0.2, write: bool = True
) -> Labels:
    """``n`` noisy squares of three colours as PNG files, in splits; without ``write`` the files are there."""
    draw = np.random.default_rng(0)
    key, label, split = [], [], []
    for i in range(n):
        colour = i % 3
        pixels = draw.integers(0, 180, (size, size, 3)).astype(np.uint8)
        pixels[..., colour] += 40
        key.append(f"{CLASSES[colour]}/{i:03}.png")
        label.append(colour)
        split.append("test" if i < n * test else "val" if i < n * (test + val) else "train")
        if write:
            (root / key[-1]).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / key[-1])
    items = Items.of(key, path=key, split=split, root=root)
    return Labels(items, CLASSES, np.array(label, np.int32))


def settings(**changes: object) -> TrainConfig:
    """Fast settings."""
    values: dict[str, object] = {
        "data": "photos", "model": "small_cnn", "epochs": 2, "batch_size": 4, "size": 16, "threads": 1,
        "device": "cpu", "augment": Augment(),
    }  # fmt: skip
    return TrainConfig(**{**values, **changes})  # type: ignore[arg-type]


def run(root: Path, data: Labels, name: str = "run", *, resume: bool = False, **changes: object) -> Trained:
    """Train with fast settings in ``root/name``."""
    return train(data, settings(**changes), RunFolder(root / name), resume=resume, cache=root / "cache")
