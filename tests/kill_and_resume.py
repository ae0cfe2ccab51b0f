"""Train undisturbed, then train with real SIGKILLs and resume after each; compare everything, bit for bit.

Run as a program of its own: it forks a process for every attempt, so that torch is imported once. Arguments: work
folder, number of kills at random moments, threads. Prints 'equal' and exits 0, or says what differs.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch

from optotype.nn import checkpoints
from optotype.nn.models import MODELS
from optotype.runs import RunFolder
from optotype.tables import Labels
from optotype.training import keeping, log
from optotype.training.config import Augment
from optotype.training.train import train
from training_tools import Tiny, photos, settings

MODELS["tiny"] = lambda classes, size: Tiny(classes)


def main(root: Path, kills: int, threads: int) -> None:
    data = photos(root / "photos", 48)
    draw = random.Random(kills)
    started = time.monotonic()
    assert attempt(root, data, "undisturbed", threads) == 0
    usual = time.monotonic() - started
    died = sum(attempt(root, data, "killed", threads, after=draw.uniform(0.1, 0.9) * usual) != 0 for _ in range(kills))
    for place in PLACES:
        died += attempt(root, data, "killed", threads, hook=place) != 0
    assert attempt(root, data, "killed", threads) == 0
    differences = list(compare(root / "undisturbed", root / "killed"))
    print(f"{died} of {kills + len(PLACES)} attempts died")
    if differences or died < len(PLACES):
        sys.exit("different: " + "; ".join(differences)[:2000])
    print("equal")


def attempt(
    root: Path, data: Labels, name: str, threads: int, *, after: float = 0.0, hook: Callable[[], None] | None = None
) -> int:
    """Train or go on in a process of its own, killed after some seconds or where the hook says; its wait status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if hook:
                hook()
            config = settings(
                model="tiny", epochs=4, threads=threads, checkpoint_seconds=0.0, ema=0.9, mixup=0.2, cutmix=0.5,
                accumulate=2, clip_norm=1.0, label_smoothing=0.1, lr=3e-3, backbone_lr=1e-3, optimizer="adamw",
                augment=Augment(flip=0.5, rotation=15, crop=0.8, brightness=0.2),
            )  # fmt: skip
            folder = RunFolder(root / name)
            train(data, config, folder, resume=folder.config.is_file(), cache=root / "cache", on_step=slowly)
            status = 0
        finally:
            os._exit(status)
    if after:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def slowly(*_: object) -> None:
    """Give the killer time."""
    time.sleep(0.01)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(module: Any, name: str, call: int, *, before: bool) -> None:
    """Replace a function by one that kills the process before or after its ``call``-th call."""
    original, left = getattr(module, name), [call]

    def replaced(*args: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] == 0 and before:
            die()
        result = original(*args, **options)
        if left[0] == 0:
            die()
        return result

    setattr(module, name, replaced)


def half_written() -> None:
    """Die when half of a checkpoint's bytes are in its temporary file."""
    original, left = checkpoints.replacing, [3]

    class Half:
        def __init__(self, path: Path) -> None:
            self.context = original(path)

        def __enter__(self) -> Any:
            self.stream = self.context.__enter__()
            return self

        def __exit__(self, *error: Any) -> Any:
            return self.context.__exit__(*error)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.stream, name)

        def write(self, content: Any) -> None:
            left[0] -= 1
            if left[0]:
                self.stream.write(content)
                return
            self.stream.write(bytes(content)[: len(content) // 2])
            self.stream.flush()
            die()

    checkpoints.replacing = Half  # type: ignore[assignment]


PLACES: list[Callable[[], None]] = [
    half_written,
    lambda: dying(Path, "replace", 2, before=False),  # the old one moved aside, the new one not yet in its place
    lambda: dying(log.Log, "append", 1, before=False),  # a row that no checkpoint counts
    lambda: dying(keeping.Keeper, "keep_best", 1, before=True),  # a checkpoint that counts a best model not written
]


def compare(a: Path, b: Path) -> list[str]:
    found = []
    for file in ("predictions.npz", "predictions_val.npz", "data.csv", "config.yaml"):
        if (a / file).read_bytes() != (b / file).read_bytes():
            found.append(file)
    rows = [[msgspec.json.decode(line) for line in (f / "log.jsonl").read_bytes().splitlines()] for f in (a, b)]
    for row in (*rows[0], *rows[1]):
        del row["time"]
    if rows[0] != rows[1]:
        found.append(f"log rows {rows}")
    for file in ("last.pt", "best.pt"):
        states = [checkpoints.load(f / "checkpoints" / file) for f in (a, b)]
        for state in states:
            state.get("position", {}).pop("elapsed", None)
        found += [f"{file} {where}" for where in unequal(*states)]
    return found


def unequal(a: Any, b: Any, where: str = "") -> list[str]:
    if isinstance(a, torch.Tensor):
        return [] if torch.equal(a, b) else [where]
    if isinstance(a, dict):
        return [d for key in {*a, *b} for d in unequal(a.get(key), b.get(key), f"{where}/{key}")]
    if isinstance(a, (list, tuple)) and len(a) == len(b):
        return [d for i, (x, y) in enumerate(zip(a, b, strict=True)) for d in unequal(x, y, f"{where}/{i}")]
    return [] if a == b else [f"{where}: {a!r} ≠ {b!r}"]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
