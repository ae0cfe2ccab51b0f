"""What cannot be trained on, or not with these settings, said before any work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optotype.errors import InputError
from optotype.training.balance import Frequencies
from optotype.training.config import TrainConfig
from optotype.training.feed import Rows, Truth, rows_of
from optotype.training.stopping import DECIDES, decides


def guard(data: Truth, config: TrainConfig) -> list[str]:
    """Warnings about data that can be trained on; InputError for data or settings that cannot be."""
    _check_settings(config)
    outside = set(data.items.split.tolist()) - {"train", "val", "test"}
    if outside:
        raise InputError("data", "every item in train, val or test", repr(min(outside)), "Use 'optotype split'.")
    train, val, test = (rows_of(data, split) for split in ("train", "val", "test"))
    if not len(train):
        raise InputError("data, split train", "items to learn from", "none", "Use 'optotype split'.")
    if not len(val) and not len(test):
        raise InputError("data", "items in val or test, to judge the model", "none", "Use 'optotype split'.")
    if config.patience and not len(val):
        expected = f"a split val, whose {DECIDES[decides(config)]} decides"
        raise InputError("patience", expected, "none", "Set patience=0, or split again.")
    if len(val):
        return []
    return ["no split val: the last epoch counts as the best, and overfitting cannot be told"]


def guard_classes(classes: Sequence[str], train: Frequencies) -> list[str]:
    """Warnings about classes without training items; InputError where fewer than two have some."""
    counts = train.counts
    if (counts > 0).sum() < 2:
        got = f"those of {(counts > 0).sum()}"
        raise InputError("data, split train", "items of 2 or more classes", got, "Add images, or split again.")
    absent = [name for name, count in zip(classes, counts, strict=True) if not count]
    if not absent:
        return []
    shown = ", ".join(absent[:5]) + (" …" if len(absent) > 5 else "")
    return [f"no training items of {len(absent)} of the {len(counts)} classes: {shown}"]


def guard_judged(split: str, found: Frequencies, rows: Rows) -> None:
    """InputError where a split has items, and none of them says what would be right."""
    if len(rows) and not found.counts.sum():
        fix = "Leave the split out: benchmarks keep the truth of their test frames to themselves."
        raise InputError(f"data, split {split}", "label maps with classes", "no pixel of any class", fix)


ONLY: dict[str, dict[str, Any]] = {
    "classify": {"loss": "cross_entropy", "void": "ignore", "augment.scale": 0.0},
    "segment": {"mixup": 0.0, "cutmix": 0.0},
}
"""What settings must be where they belong to the other task."""


def _check_settings(config: TrainConfig) -> None:
    if config.task == "classify" and decides(config) == "miou":
        raise InputError("best", "loss, of a classifier", "'miou'", "Leave it out.")
    for name, value in ONLY[config.task].items():
        holder, _, field = name.rpartition(".")
        found = getattr(getattr(config, holder) if holder else config, field)
        if found != value:
            raise InputError(name, f"{value!r}, of the task '{config.task}'", repr(found), "Leave it out.")
