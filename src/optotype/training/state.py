"""Everything that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from optotype.errors import InputError
from optotype.tables import Items
from optotype.training.optimize import MovingAverage


@dataclass
class Position:
    """How far a run is: ``epoch`` finished ones, ``batch`` done in the current one, ``step`` in all; what was
    minimised in the current epoch (``objective``, summed over ``items``); the best epoch so far (from 1, 0 =
    none) and its loss (or 1 − mean IoU, where that decides), epochs since then, and the seconds used.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    objective: float = 0.0
    items: int = 0
    best_epoch: int = 0
    best_loss: float = math.inf
    stale: int = 0
    elapsed: float = 0.0


def capture(
    module: nn.Module, optimizer: torch.optim.Optimizer, average: MovingAverage | None, position: Position
) -> dict[str, Any]:
    """Weights, optimizer, moving average, position and random states, as what a checkpoint may hold.

    The schedule is a function of the position, and bfloat16 needs no gradient scaler, so neither has a state.
    """
    return {
        "model": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": None if average is None else {"model": average.module.state_dict(), "updates": average.updates},
        "position": asdict(position),
        "random": _random_states(),
    }


def restore(
    state: dict[str, Any], module: nn.Module, optimizer: torch.optim.Optimizer, average: MovingAverage | None
) -> Position:
    """Put back what ``capture`` took; returns the position."""
    module.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if average is not None:
        average.module.load_state_dict(state["average"]["model"])
        average.updates = state["average"]["updates"]
    _set_random_states(state["random"])
    return Position(**state["position"])


def fingerprint(classes: Sequence[str], items: Items, marks: Iterable[str]) -> str:
    """Hash of classes, keys, splits and what is aimed at: a run goes on with the data it was begun with."""
    digest = hashlib.sha256("\0".join(classes).encode("utf-8", "surrogateescape"))
    for key, split, mark in zip(items.key.tolist(), items.split.tolist(), marks, strict=True):
        digest.update(f"\0{key}\0{split}\0{mark}".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def same_data(state: dict[str, Any], found: str) -> None:
    """Raise InputError where a checkpoint was made with other data than those of this fingerprint."""
    if state["data"] != found:
        raise InputError(
            "--resume", "the items, splits and labels that the run was begun with", "others",
            "Restore the data, or begin a new run with another --name.",
        )  # fmt: skip


def _random_states() -> dict[str, Any]:
    version, numbers, gauss = random.getstate()
    name, keys, place, has_gauss, cached = np.random.get_state(legacy=True)  # noqa: NPY002 — a model may draw from it
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), place, has_gauss, cached],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def _set_random_states(states: dict[str, Any]) -> None:
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, place, has_gauss, cached = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), place, has_gauss, cached))  # noqa: NPY002
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count() > 0:
        torch.cuda.set_rng_state_all(states["cuda"])
