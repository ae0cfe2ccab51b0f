"""A tiny data set of coloured rectangles with label maps, and a tiny network for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor, nn

from optotype.nn.segment.parts import Segmenter, conv_bn_relu, resize
from optotype.runs import RunFolder
from optotype.tables import VOID, Items, Masks
from optotype.training.config import Augment, TrainConfig
from optotype.training.train import Trained, train

CLASSES = ("ground", "red", "blue")
COLOURS = np.array([[90, 90, 90], [220, 40, 40], [40, 40, 220]], np.uint8)


class TinySegmenter(Segmenter):
    """Strided convolution with batch normalisation and dropout, a head, interpolation."""

    def __init__(self, classes: int, *, drop: float = 0.2) -> None:
        super().__init__()
        self.encoder = nn.Sequential(conv_bn_relu(3, 8, stride=2), nn.Dropout2d(drop))
        self.head = nn.Conv2d(8, classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        return resize(self.head(self.encoder(images)), images.shape[-2:])


def scenes(root: Path, n: int = 20, size: tuple[int, int] = (20, 28), *, write: bool = True) -> Masks:
    """``n`` frames of two rectangles each, with a border of no class; PNG files of the images."""
    draw = np.random.default_rng(0)
    maps, key, split = [], [], []
    for i in range(n):
        labels = np.zeros(size, np.uint8)
        for k in (1, 2):
            top, left = draw.integers(0, size[0] - 8), draw.integers(0, size[1] - 8)
            labels[top : top + 8, left : left + 8] = k
        pixels = np.clip(COLOURS[labels] + draw.integers(-30, 30, (*size, 3)), 0, 255).astype(np.uint8)
        labels[0] = VOID
        maps.append(labels)
        key.append(f"frame_{i:02}")
        split.append("test" if i < n * 0.2 else "val" if i < n * 0.4 else "train")
        if write:
            root.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / f"{key[-1]}.png")
    items = Items.of(
        key, path=[f"{k}.png" for k in key], split=split, root=root, width=[size[1]] * n, height=[size[0]] * n
    )
    return Masks(items, CLASSES, maps, COLOURS.copy())


def settings(**changes: object) -> TrainConfig:
    """Fast settings."""
    values: dict[str, object] = {
        "task": "segment", "data": "scenes", "model": "tiny", "epochs": 2, "batch_size": 4, "size": "16x24",
        "threads": 1, "device": "cpu", "augment": Augment(),
    }  # fmt: skip
    return TrainConfig(**{**values, **changes})  # type: ignore[arg-type]


def run(root: Path, data: Masks, name: str = "run", *, resume: bool = False, **changes: object) -> Trained:
    """Train with fast settings in ``root/name``."""
    return train(data, settings(**changes), RunFolder(root / name), resume=resume, cache=root / "cache")
