"""Segmentation: training images per second, Optotype's loop against a plain one, in one run.

The plain loop is what a course or a README shows: PIL and NumPy in a torch DataLoader, float32, Adam; its number of
workers is 0 or the number of cores, whichever is faster. Both train the same network on the same JPEG photos and PNG
label maps at the same size and batch, on the same device, after one epoch to warm up. What the steps alone take is
shown too. On a processor with bf16 matrix units the goal is 4×; without them there is none.

    python benchmarks/bench_training_segment.py [--model unet] [--size 360 480] [--images 12] [--batch-size 4]
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import training_loops
from optotype.machine import usable_cores
from optotype.nn.hardware import bf16_unit, choose
from optotype.nn.models import create
from optotype.tables import VOID, Items, Masks
from optotype.training.config import Augment, TrainConfig

MEAN, STD = np.array((0.485, 0.456, 0.406), np.float32), np.array((0.229, 0.224, 0.225), np.float32)
CLASSES = 11
SIDES = (360, 480)


class Maps(Sequence[NDArray[np.uint8]]):
    """Label maps in PNG files."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: Any) -> Any:
        with Image.open(self.files[i]) as image:
            return np.array(image)


def scenes(folder: Path, n: int) -> Masks:
    """``n`` photos of smooth noise with label maps of blocks, and two more for validation."""
    draw = np.random.default_rng(0)
    keys, splits = [], []
    for i in range(n + 2):
        rough = draw.integers(0, 256, (12, 16, 3)).astype(np.uint8)
        labels = draw.integers(0, CLASSES, (12, 16)).astype(np.uint8).repeat(30, 0).repeat(30, 1)
        keys.append(f"{i:05}")
        splits.append("train" if i < n else "val")
        Image.fromarray(rough).resize(SIDES[::-1], Image.Resampling.BICUBIC).save(folder / f"{i:05}.jpg", quality=90)
        Image.fromarray(labels).save(folder / f"{i:05}.png")
    items = Items.of(keys, path=[f"{key}.jpg" for key in keys], split=splits, root=folder)
    colours = draw.integers(0, 256, (CLASSES, 3)).astype(np.uint8)
    return Masks(items, tuple(map(str, range(CLASSES))), Maps([folder / f"{key}.png" for key in keys]), colours)


class Folder(torch.utils.data.Dataset[Any]):
    """What everybody writes."""

    def __init__(self, masks: Masks, size: tuple[int, int]) -> None:
        self.masks, self.size = masks, size
        self.rows = np.flatnonzero(masks.items.split == "train").tolist()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        row = self.rows[i]
        with Image.open(self.masks.items.file(row)) as image:
            pixels = np.asarray(image.convert("RGB").resize(self.size[::-1], Image.Resampling.BILINEAR), np.float32)
        label = Image.fromarray(self.masks.maps[row]).resize(self.size[::-1], Image.Resampling.NEAREST)
        labels = np.asarray(label, np.int64)
        pixels = ((pixels / 255 - MEAN) / STD).astype(np.float32)
        if random.random() < 0.5:
            pixels, labels = pixels[:, ::-1].copy(), labels[:, ::-1].copy()
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous(), torch.from_numpy(labels)


def plain(masks: Masks, options: argparse.Namespace, device: str, workers: int) -> float:
    """Images per second of the plain loop, best epoch after the first."""
    torch.manual_seed(0)
    module = create(options.model, CLASSES, tuple(options.size), task="segment").module.to(device).train()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-4)
    loader = torch.utils.data.DataLoader(
        Folder(masks, tuple(options.size)), batch_size=options.batch_size, shuffle=True, num_workers=workers,
        persistent_workers=workers > 0,
    )  # fmt: skip
    loss = partial(torch.nn.functional.cross_entropy, ignore_index=VOID)
    return training_loops.plain(loader, module, optimizer, loss, epochs=options.epochs, device=device)


def ours(masks: Masks, options: argparse.Namespace, folder: Path, precision: str) -> tuple[float, str, str]:
    """Images per second of a whole training run, its device line and its split."""
    height, width = options.size
    config = TrainConfig(
        task="segment", data="scenes", model=options.model, epochs=options.epochs, batch_size=options.batch_size,
        size=f"{height}x{width}", device=options.device, precision=precision, lr=1e-4, augment=Augment(flip=0.5),
    )  # fmt: skip
    return training_loops.ours(masks, config, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="unet")
    parser.add_argument("--size", type=int, nargs=2, default=SIDES, help="height and width")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    device, cores = choose(options.device).device, usable_cores()
    torch.set_num_threads(cores)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scenes").mkdir()
        masks = scenes(folder / "scenes", options.images)
        print(f"{options.model} at {options.size[0]}×{options.size[1]}, batch {options.batch_size}, {options.images} "
              f"images, {cores} cores, torch {torch.__version__}")  # fmt: skip
        faster, _ = training_loops.compare(
            lambda workers: plain(masks, options, device, workers),
            lambda precision: ours(masks, options, folder, precision),
            cores,
        )
        matrix = device != "cpu" or "amx" in bf16_unit()
        goal = "goal ≥ 4×" if matrix else "no bf16 matrix units: no goal"
        print(f"{goal}, reached {faster:.2f}×")


if __name__ == "__main__":
    main()
