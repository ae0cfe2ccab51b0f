"""Training images per second: Optotype's loop against a plain one, in one run.

The plain loop is what a course or a README shows: PIL and torchvision transforms in a torch DataLoader, float32, Adam;
its number of workers is 0 or the number of cores, whichever is faster. Both train the same timm model on the same JPEG
photos from disk at the same size and batch, on the same device, after one epoch to warm up (ours decodes once; the
plain loop decodes every time, which is part of what is compared). The bare steps without loading are shown too.

    python benchmarks/bench_train.py [--model resnet18] [--size 224] [--batch-size 32] [--device auto] [--epochs 3]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

import training_loops
from optotype.machine import usable_cores
from optotype.nn.hardware import choose
from optotype.nn.models import create
from optotype.tables import Items, Labels
from optotype.training.config import Augment, TrainConfig

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLASSES = 10


def photos(folder: Path, n: int, side: int) -> Labels:
    """``n`` JPEG photos of smooth noise, of ``side`` pixels; a few more for validation."""
    draw = np.random.default_rng(0)
    keys, splits = [], []
    for i in range(n + CLASSES):
        rough = draw.integers(0, 256, (16, 16, 3)).astype(np.uint8)
        image = Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)
        keys.append(f"{i % CLASSES}/{i:05}.jpg")
        splits.append("train" if i < n else "val")
        (folder / keys[-1]).parent.mkdir(exist_ok=True)
        image.save(folder / keys[-1], quality=90)
    label = np.array([i % CLASSES for i in range(n + CLASSES)], np.int32)
    return Labels(Items.of(keys, path=keys, split=splits, root=folder), tuple(map(str, range(CLASSES))), label)


class Folder(torch.utils.data.Dataset[Any]):
    """What everybody writes."""

    def __init__(self, labels: Labels, size: int, augment: bool) -> None:
        from torchvision import transforms as t

        rows = np.flatnonzero(labels.items.split == "train")
        self.files = [(labels.items.file(i), int(labels.label[i])) for i in rows]
        changes = [
            t.RandomResizedCrop(size, scale=(0.8, 1.0)),
            t.RandomHorizontalFlip(),
            t.RandomRotation(15),
            t.ColorJitter(0.2, 0.2, 0.2),
        ]
        self.transform = t.Compose(
            [*(changes if augment else [t.Resize((size, size))]), t.ToTensor(), t.Normalize(MEAN, STD)]
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        path, label = self.files[i]
        with Image.open(path) as image:
            return self.transform(image.convert("RGB")), label


def plain(labels: Labels, options: argparse.Namespace, device: str, workers: int) -> float:
    """Images per second of the plain loop, best epoch after the first."""
    torch.manual_seed(0)
    module = create(options.model, CLASSES, options.size).module.to(device).train()
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, weight_decay=1e-4)
    loader = torch.utils.data.DataLoader(
        Folder(labels, options.size, options.augment), batch_size=options.batch_size, shuffle=True,
        num_workers=workers, persistent_workers=workers > 0,
    )  # fmt: skip
    loss = torch.nn.functional.cross_entropy
    return training_loops.plain(loader, module, optimizer, loss, epochs=options.epochs, device=device)


def ours(labels: Labels, options: argparse.Namespace, folder: Path, precision: str) -> tuple[float, str, str]:
    """Images per second of a whole training run, its device line and its split."""
    augment = Augment(crop=0.8, flip=0.5, rotation=15, brightness=0.2, contrast=0.2, saturation=0.2)
    config = TrainConfig(
        data="photos", model=options.model, epochs=options.epochs, batch_size=options.batch_size, size=options.size,
        device=options.device, precision=precision, augment=augment if options.augment else Augment(),
    )  # fmt: skip
    return training_loops.ours(labels, config, folder)


def bare(options: argparse.Namespace, precision: str, *, plainly: bool) -> float:
    """Images per second of the step alone, on images that are there."""
    hardware = choose(options.device, precision)
    module = create(options.model, CLASSES, options.size).module.train()
    shape = (options.batch_size, 3, options.size, options.size)
    images, targets = torch.randn(shape), torch.zeros(shape[0], dtype=torch.int64).to(hardware.device)
    if plainly:
        module, images = module.to(hardware.device), images.to(hardware.device)
    else:
        hardware.place(module)
        images = images.to(hardware.device, hardware.dtype, memory_format=hardware.memory_format)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=not plainly and hardware.kind != "mps")
    times = []
    for _ in range(8):
        hardware.synchronize()
        start = time.perf_counter()
        with hardware.autocast():
            outputs = module(images)
        torch.nn.functional.cross_entropy(outputs.float(), targets).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        hardware.synchronize()
        times.append(time.perf_counter() - start)
    return float(options.batch_size / min(times[2:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--side", type=int, default=400, help="of the photos on disk, pixels")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--augment", action="store_true")
    options = parser.parse_args()
    device = choose(options.device).device
    cores = usable_cores()
    torch.set_num_threads(cores)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "photos").mkdir()
        labels = photos(folder / "photos", options.images, options.side)
        print(f"{options.model} at {options.size}, batch {options.batch_size}, {options.images} photos of "
              f"{options.side} px, {cores} cores, torch {torch.__version__}")  # fmt: skip
        faster, line = training_loops.compare(
            lambda workers: plain(labels, options, device, workers),
            lambda precision: ours(labels, options, folder, precision),
            cores,
        )
        print(f"bare step, plain float32  {bare(options, 'float32', plainly=True):8.1f} images/s")
        print(f"bare step, optotype       {bare(options, 'auto', plainly=False):8.1f} images/s")
        unit = "bf16 matrix units" if "amx" in line or device != "cpu" else "no bf16 matrix units"
        goal = 2.5 if "amx" in line or device != "cpu" else 1.2
        print(f"{unit}: goal ≥ {goal}×, reached {faster:.2f}×")


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
