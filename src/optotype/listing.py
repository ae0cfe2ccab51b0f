"""What a folder or a manifest lists: the usable items, and what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.mask_classes import MaskClasses
from optotype.tables import Boxes, Labels, Masks, Tracks
from optotype.track_parts import Fault

SPLITS = ("train", "val", "test")

SPLIT_NAMES = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
"""What folders and CSV files call the splits (any case)."""

NO_IMAGE, OUTSIDE, BAD_NAME = "not an image", "outside the class folders", "its name is not valid UTF-8"


@dataclass(frozen=True)
class Skipped:
    """One file that is left out; ``path`` is absolute or relative to the listing's root; all is valid Unicode."""

    key: str
    path: str
    label: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """A data set as found, before any image is decoded.

    ``skipped`` are images that are left out already (excluded in the manifest, names that are no valid text);
    ``ignored`` are files that are no images or lie outside the class folders; ``empty`` are class folders without
    an image; ``notes`` say in sentences what was done; ``declared``: the classes come from a list, not from the
    data.
    """

    labels: Labels
    skipped: tuple[Skipped, ...] = ()
    ignored: tuple[Skipped, ...] = ()
    empty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    declared: bool = False


@dataclass(frozen=True)
class BoxListing:
    """Boxes as a file has them, and in sentences what is unusual, was dropped, or was put right.

    ``category`` (K,) int64 is the file's id of each class. ``of_file`` is about the file and its records, of which
    every one that was left out is counted; ``of_boxes`` about the boxes that were kept.
    """

    boxes: Boxes
    category: NDArray[np.int64]
    of_file: tuple[str, ...] = ()
    of_boxes: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that is to be told."""
        return (*self.of_file, *self.of_boxes)


@dataclass(frozen=True)
class TrackListing:
    """Tracks as the files have them, and in sentences what is unusual, was left out, or was put right.

    ``faults`` are the rows that were left out because they cannot be meant; only ``check`` asks for these, to others
    they are errors. ``zero_based``: the files count frames from 0.
    """

    tracks: Tracks
    warnings: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    zero_based: bool = False


@dataclass(frozen=True, eq=False)
class MaskListing:
    """Label maps as the files have them, none of them decoded yet, and in sentences what is unusual about the files.

    ``layout`` names what was recognised. ``masks`` are the images that have a label map; ``bare`` are images without
    one, ``orphans`` label maps without their image where the layout has images (these are among ``masks``), relative
    to the data's folder.
    """

    masks: Masks
    classes: MaskClasses
    layout: str
    warnings: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
