"""Images/s of our loader beside a plain DataLoader (PIL + torchvision, 2 worker processes), interleaved.

    python benchmarks/bench_loader.py [--photos 192] [--rounds 3]

Recipe of both: RandomResizedCrop 0.8–1 to 224, flip, colour jitter 0.2, normalised batches of 32. The first
epoch of ours decodes; each round has its own cache. 1080p photos are made up, seeded; 250 px photos are those
of ``monkeys10`` where OPTOTYPE_DATA is set. One JSON line a measurement; ratios are of the best rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from optotype.training.cache import ImageCache
from optotype.training.config import Augment
from optotype.training.loader import IMAGENET_MEAN, IMAGENET_STD, Batches

SIZE, BATCH, WORKERS = 224, 32, 2
AUGMENT = Augment(crop=0.8, flip=0.5, brightness=0.2, contrast=0.2, saturation=0.2)


class Photos(Dataset):
    """What a tutorial writes."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        self.transform = transforms.Compose([
            transforms.RandomResizedCrop(SIZE, scale=(0.8, 1.0)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(0.2, 0.2, 0.2),
            transforms.ToTensor(),
            transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.open(self.paths[i]).convert("RGB")), 0


def make_photos(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """1080p JPEGs with the 1/f spectrum of natural images, about 300–600 kB each."""
    random = np.random.default_rng(seed)
    fy, fx = np.fft.fftfreq(1080)[:, None], np.fft.rfftfreq(1920)[None]
    falloff = 1 / np.maximum(np.hypot(fy, fx), 1 / 1920)
    paths = []
    for i in range(count):
        noise = random.standard_normal((2, *falloff.shape)) * falloff
        shared = np.fft.irfft2(noise[0] + 1j * noise[1], (1080, 1920))
        tint = np.asarray(Image.fromarray(random.integers(0, 90, (9, 16, 3), np.uint8)).resize((1920, 1080), 3))
        grain = random.standard_normal((1080, 1920, 1)) * 3
        pixels = 100 + 34 * (shared / shared.std())[..., None] + tint - 45 + grain
        paths.append(folder / f"{i:04}.jpg")
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(paths[-1], quality=75)
    return paths


def rate(batches: Iterable[object], count: int) -> float:
    """Images per second of one pass."""
    start = time.perf_counter()
    for _ in batches:
        pass
    return count / (time.perf_counter() - start)


def ours(cache: ImageCache, epoch: int, dtype: torch.dtype) -> Batches:
    n = len(cache)
    return Batches(
        cache, np.arange(n), np.zeros(n, np.int64), batch_size=BATCH, epoch=epoch, augment=AUGMENT, shuffle=True,
        dtype=dtype, threads=WORKERS,
    )  # fmt: skip


def measure(name: str, paths: list[Path], rounds: int, scratch: Path) -> None:
    best: dict[str, float] = {}
    warm = ImageCache.build(paths[:BATCH], SIZE, folder=None)
    rate(ours(warm, 0, torch.float32), BATCH)  # compiles or loads the kernels
    for r in range(rounds):
        cache = ImageCache.build(paths, SIZE, folder=scratch / f"{name}-{r}")
        plain = DataLoader(Photos(paths), BATCH, shuffle=True, num_workers=WORKERS)
        row = {
            "plain": rate(plain, len(paths)),
            "first": rate(ours(cache, 0, torch.float32), len(paths)),
            "second": rate(ours(cache, 1, torch.float32), len(paths)),
            "second_bfloat16": rate(ours(cache, 2, torch.bfloat16), len(paths)),
        }
        print(json.dumps({"photos": name, "round": r, **{k: round(v, 1) for k, v in row.items()}}), flush=True)
        best = {k: max(v, best.get(k, 0.0)) for k, v in row.items()}
    ratios = {f"ratio_{k}": round(v / best["plain"], 2) for k, v in best.items() if k != "plain"}
    kb = round(sum(p.stat().st_size for p in paths) / len(paths) / 1000)
    print(json.dumps({"photos": name, "images": len(paths), "kB_each": kb, **ratios}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=192)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        measure("1080p", make_photos(scratch, given.photos), given.rounds, scratch)
        if data := os.environ.get("OPTOTYPE_DATA"):
            paths = sorted(p for p in (Path(data) / "monkeys10" / "training").rglob("*") if p.is_file())
            measure("monkeys10", paths, given.rounds, scratch)


if __name__ == "__main__":
    main()
