"""What conditions are measured from: objects with boxes, the images' sizes and pixels, training data, features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError
from optotype.tables import Array, Floats, Ints, Items

BOX_COLUMNS = ("box_x", "box_y", "box_w", "box_h")
"""Columns of a CSV that say where in the image the object of an item lies: pixels from the top left corner."""


@dataclass(frozen=True, eq=False)
class Tracked:
    """Objects in frames: ``image`` (n,) numbers the frames of all sequences through, so that those of one sequence
    follow each other; ``id`` (n,) the identity within the sequence; ``visibility`` (n,) 0–1, NaN where unknown;
    ``motion`` (frames, 2) the camera's in pixels, None where it was not estimated from images.
    """

    image: NDArray[np.int64]
    id: NDArray[np.int64]
    visibility: Floats
    motion: Floats | None = None


@dataclass(frozen=True, eq=False)
class Regions:
    """Connected parts of label maps, by their pixels: ``area`` (n,), and ``rim`` (n,) those near another class."""

    area: NDArray[np.int64]
    rim: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Objects:
    """What is judged, one row an object (classify: one an item).

    ``item`` (n,) is the row of the items, non-decreasing; ``label`` (n,) the class; ``box`` (n, 4) x, y, w, h in pixels
    of the upright image, which may reach beyond it; a row of NaN stands for the whole image. Where an item is a
    sequence, ``tracked`` tells its frames apart; where an object is part of a label map, ``regions`` knows its pixels.
    """

    item: Ints
    label: Ints
    box: Floats
    tracked: Tracked | None = None
    regions: Regions | None = None

    def __post_init__(self) -> None:
        assert len(self.item) == len(self.label) == len(self.box), "ragged objects"
        assert bool((np.diff(self.item) >= 0).all()), "objects out of item order"
        assert self.tracked is None or len(self.tracked.image) == len(self.item), "ragged objects"
        assert self.regions is None or len(self.regions.area) == len(self.item), "ragged objects"

    @property
    def image(self) -> Array:
        """A number for the image that each object is in, non-decreasing: its item, or its frame of a sequence."""
        return self.item if self.tracked is None else self.tracked.image

    def __len__(self) -> int:
        return len(self.item)

    @classmethod
    def of_items(cls, items: Items, label: Ints) -> Objects:
        """One object an item: the whole image, or its box where the items carry the columns BOX_COLUMNS.

        An InputError names the first box that is no number or has no area; boxes may be left empty.
        """
        n = len(items)
        box = np.full((n, 4), np.nan)
        if all(name in items.columns for name in BOX_COLUMNS):
            for c, name in enumerate(BOX_COLUMNS):
                box[:, c] = _numbers(items, name)
            box[~np.isfinite(box).all(axis=1)] = np.nan
            if len(flat := np.flatnonzero((box[:, 2:] <= 0).any(axis=1))):
                where, got = f"box of '{items.key[flat[0]]}'", f"{box[flat[0], 2]:g} × {box[flat[0], 3]:g}"
                raise InputError(where, "a width and height above 0", got, "Correct the box.")
        return cls(np.arange(n, dtype=np.int32), np.asarray(label, np.int32), box)


@dataclass(frozen=True, eq=False)
class Features:
    """Backbone features of the objects, (n, d), and of the training items, (m, d), with their classes, (m,)."""

    objects: Array
    training: Array
    training_label: Ints


@dataclass(frozen=True, eq=False)
class Known:
    """All that a condition may be computed from; ``size`` (n, 2) is each object's image, NaN where unknown.

    ``box`` (n, 4) has the whole image filled in; ``boxed`` (n,) tells boxes from whole images. ``pixels`` (n, 6), what
    the pixels say, ``quality`` (n,) of the JPEG, ``frequency`` (K,) items of each class in training, and ``nearest``
    (n, 3), distances to training samples, are None where not asked for.
    """

    objects: Objects
    box: Floats
    boxed: Array
    size: Floats
    pixels: Floats | None = None
    quality: Floats | None = None
    frequency: Array | None = None
    nearest: Floats | None = None


def whole_images_filled(objects: Objects, size: Floats) -> tuple[Floats, Array]:
    """Boxes with the whole image in place of NaN, and which objects had a box of their own."""
    boxed = np.isfinite(objects.box.sum(axis=1))
    whole = np.column_stack([np.zeros_like(size), size])
    return np.where(boxed[:, None], objects.box, whole), boxed


def _numbers(items: Items, name: str) -> Floats:
    found = np.full(len(items), np.nan)
    for i, value in enumerate(items.columns[name].tolist()):
        if str(value).strip():
            try:
                found[i] = float(value)
            except ValueError:
                where = f"{name} of '{items.key[i]}'"
                raise InputError(where, "a number of pixels", repr(value), "Correct the box.") from None
    return found
