"""What the benchmarks of training share: the loop that everybody writes and a run of ours, in images per second."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from optotype.runs import RunFolder
from optotype.training.config import TrainConfig
from optotype.training.train import train

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def plain(
    loader: Any, module: torch.nn.Module, optimizer: torch.optim.Optimizer, loss: Loss, *, epochs: int, device: str
) -> float:
    """Images per second of the plain loop, best epoch after the first."""
    rates = []
    for _ in range(epochs):
        start = time.perf_counter()
        for images, targets in loader:
            found = loss(module(images.to(device)), targets.to(device))
            optimizer.zero_grad()
            found.backward()
            optimizer.step()
            found.item()
        rates.append(len(loader.dataset) / (time.perf_counter() - start))
    return max(rates[1:])


def ours(data: Any, config: TrainConfig, folder: Path) -> tuple[float, str, str]:
    """Images per second of a whole training run, best epoch after the first; its device line and its split."""
    lines: list[str] = []
    run = RunFolder(folder / f"run-{config.precision}")
    done = train(data, config, run, say=lines.append, cache=folder / "cache")
    best = max(done.rows[1:], key=lambda row: row.time.images_per_second)
    step = best.time.step
    split = "  ".join(f"{part} {1000 * getattr(step, part):.1f} ms" for part in step.__struct_fields__)
    return best.time.images_per_second, next(line for line in lines if line.startswith("device")), split


def compare(
    loop: Callable[[int], float], run: Callable[[str], tuple[float, str, str]], cores: int
) -> tuple[float, str]:
    """Print what the plain ``loop`` does with 0 and ``cores`` workers, and ``run`` in both precisions.

    Returns how many times as fast ours is in the precision that it chooses, and its device line.
    """
    rates = {workers: loop(workers) for workers in (0, cores)}
    for workers, rate in rates.items():
        print(f"plain float32 loop, DataLoader with {workers} workers  {rate:8.2f} images/s")
    base = max(rates.values())
    for precision in ("float32", "auto"):
        rate, line, split = run(precision)
        print(f"optotype, {precision:8}  {rate:8.2f} images/s  {rate / base:5.2f}×   a step: {split}")
    print(line)
    return rate / base, line
