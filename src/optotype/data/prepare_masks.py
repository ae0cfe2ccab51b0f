"""From a data set of label maps to items that can be trained on: each in a split, sequences kept together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from optotype.data.prepare import divide
from optotype.data.split import DEFAULT_RATIOS
from optotype.errors import InputError
from optotype.formats import read_masks
from optotype.label_maps import Unknown
from optotype.tables import Labels, Masks


@dataclass(frozen=True)
class PreparedMasks:
    """``masks``: items with images, each in a split; ``notes``: sentences about them."""

    masks: Masks
    notes: tuple[str, ...] = ()


def prepare_masks(path: Path, *, classes: str | Path | None = None, unknown: Unknown = "error") -> PreparedMasks:
    """Read label maps and see that every item is in a split.

    Splits that are given stay. A missing validation part is taken from train, and a validation part without a test
    part is taken as test; where there are no splits, all items are divided, always with seed 0. Frames of a sequence
    stay together. Raises InputError where items have no image, and for what the formats refuse.
    """
    found = read_masks(path, classes=classes, unknown=unknown)
    items = found.masks.items
    if bare := np.flatnonzero(items.path == "").tolist():
        got = f"{len(bare):,} of {len(items):,} without one, '{items.key[bare[0]]}' first"
        raise InputError(str(path), "an image for each label map", got, "Put the images beside them.")
    frames = Labels(items, ("images",), np.zeros(len(items), np.int32))
    divided, notes = divide(path, frames, np.arange(len(items)), DEFAULT_RATIOS, 0, keep_split=True)
    return PreparedMasks(replace(found.masks, items=divided.items), (*found.warnings, *notes))
