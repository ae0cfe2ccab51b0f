"""Counts of a data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optotype.listing import SPLITS
from optotype.tables import Labels


def splits_of(labels: Labels) -> tuple[str, ...]:
    """The splits that occur, in the order train, val, test, none (as an empty string)."""
    there = set(labels.items.split.tolist())
    return tuple(name for name in (*SPLITS, "") if name in there)


def class_counts(labels: Labels) -> dict[str, NDArray[np.int64]]:
    """Items of each class in each split that occurs: split → counts, shape (K,)."""
    k = len(labels.classes)
    return {s: np.bincount(labels.label[labels.items.split == s], minlength=k) for s in splits_of(labels)}
