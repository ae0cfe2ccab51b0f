"""From a data set of label maps to items that can be trained on: each in a split, sequences kept together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from optotype.data.frame_groups import grouped
from optotype.data.prepare import divide
from optotype.data.split import DEFAULT_RATIOS, check_ratios
from optotype.errors import InputError
from optotype.formats import read_masks
from optotype.label_maps import Unknown
from optotype.mask_trees import leaks
from optotype.tables import Labels, Masks


@dataclass(frozen=True)
class PreparedMasks:
    """``masks``: items with images, each in a split; ``notes``: sentences about them."""

    masks: Masks
    notes: tuple[str, ...] = ()


def prepare_masks(
    path: Path,
    *,
    classes: str | Path | None = None,
    unknown: Unknown = "error",
    group: str | None = None,
    ratios: Sequence[float] = DEFAULT_RATIOS,
    keep_split: bool = True,
    seed: int = 0,
) -> PreparedMasks:
    """Read label maps and see that every item is in a split.

    Splits that are given stay with ``keep_split``: a missing validation part is taken from train, and a validation
    part without a test part is taken as test. Otherwise, and where there are no splits, all items are divided by
    ``ratios`` (train, val and test, or train and test). Frames of a sequence stay together, or what ``group`` says (see
    ``frame_groups``). Raises InputError where items have no image, where there are too few sequences to divide, and for
    what the formats refuse.
    """
    found = read_masks(path, classes=classes, unknown=unknown)
    items, told = grouped(found.masks.items, group)
    if bare := np.flatnonzero(items.path == "").tolist():
        got = f"{len(bare):,} of {len(items):,} without one, '{items.key[bare[0]]}' first"
        raise InputError(str(path), "an image for each label map", got, "Put the images beside them.")
    anew = not keep_split or not set(items.split.tolist()) - {""}
    sequences, parts = len(set(items.groups().tolist())), sum(share > 0 for share in check_ratios(ratios))
    if anew and sequences < parts:
        fix = "Give splits (folders or lists), or divide sequences too: --group blocks:100."
        raise InputError(str(path), f"{parts} sequences or more, one for each split", str(sequences), fix)
    frames = Labels(items, ("images",), np.zeros(len(items), np.int32))
    divided, notes = divide(path, frames, np.arange(len(items)), ratios, seed, keep_split=keep_split)
    of_given = set(leaks(found.masks.items)) if anew else set()
    warnings = [text for text in found.warnings if text not in of_given]
    return PreparedMasks(replace(found.masks, items=divided.items), (*warnings, *told, *notes))
