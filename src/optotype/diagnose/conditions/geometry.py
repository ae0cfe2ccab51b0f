"""Conditions that boxes and areas support: size, shape, place, and the company of other objects.

Each function takes what is known of n objects and returns float64 (n,), NaN where the value does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optotype.diagnose.conditions.known import Known
from optotype.tables import Floats

BORDER = 1.0
"""A side of a box within so many pixels of the image's border lies on it."""
NEAR = 0.25
"""How far a component looks for others of its class, as a share of √(w h)."""


def size(known: Known) -> Floats:
    """√(w h) in pixels of the object's box, or of the whole image; √ of the number of pixels of a component."""
    if known.objects.regions is not None:
        return np.sqrt(known.objects.regions.area)
    return np.sqrt(known.box[:, 2] * known.box[:, 3])


def fill(known: Known) -> Floats:
    """Share of its box that a component fills: little of what is thin and slanting, bent, or full of holes."""
    regions = known.objects.regions
    assert regions is not None, "components of label maps"
    return np.asarray(regions.area / (known.box[:, 2] * known.box[:, 3]))


def rim(known: Known) -> Floats:
    """Share of a component's pixels that lie near another class."""
    regions = known.objects.regions
    assert regions is not None, "components of label maps"
    return np.asarray(regions.rim / regions.area)


def pieces(known: Known) -> Floats:
    """How many other components of its class lie beside it: their boxes meet when its own is grown by √(w h) / 4.

    Label maps do not say what hides what; something that is partly hidden often lies in pieces.
    """
    found = np.zeros(len(known.objects))
    label = known.objects.label
    for rows in _images(known):
        box = known.box[rows]
        reach = np.sqrt(box[:, 2:3] * box[:, 3:]) * NEAR
        low, high = box[:, :2] - reach, box[:, :2] + box[:, 2:] + reach
        stop = box[:, :2] + box[:, 2:]
        meet = ((low[:, None] <= stop) & (high[:, None] >= box[:, :2])).all(axis=2)
        meet &= label[rows][:, None] == label[rows]
        found[rows] = meet.sum(axis=1) - 1
    return found


def aspect(known: Known) -> Floats:
    """Width / height."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(known.box[:, 2] / known.box[:, 3])


def position(known: Known) -> Floats:
    """Distance of the box's centre from the image's, as a share of half the diagonal; only for boxes."""
    offset = known.box[:, :2] + known.box[:, 2:] / 2 - known.size / 2
    distance = np.hypot(*offset.T) / (np.hypot(*known.size.T) / 2)
    return np.where(known.boxed, distance, np.nan)


def height(known: Known) -> Floats:
    """Height of the box's centre above the image's lower edge, as a share of the image's height; only for boxes."""
    share = 1 - (known.box[:, 1] + known.box[:, 3] / 2) / known.size[:, 1]
    return np.where(known.boxed, share, np.nan)


def truncation(known: Known) -> Floats:
    """Share of the box's outline that lies on the image's border or beyond it; only for boxes.

    Works alike for boxes that were cut at the border and for those that reach beyond it.
    """
    x0, y0, w, h = known.box.T
    width, height_ = known.size.T
    inside_w = np.clip(np.minimum(x0 + w, width) - np.maximum(x0, 0), 0, None)
    inside_h = np.clip(np.minimum(y0 + h, height_) - np.maximum(y0, 0), 0, None)
    free = inside_h * ((x0 > BORDER).astype(float) + (x0 + w < width - BORDER))
    free += inside_w * ((y0 > BORDER).astype(float) + (y0 + h < height_ - BORDER))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.abs(np.round(1 - free / (2 * (w + h)), 9))  # a box inside is 0 and not what rounding leaves of it
    return np.where(known.boxed & np.isfinite(known.size[:, 0]), share, np.nan)


def overlap(known: Known) -> Floats:
    """Largest share of the object's box that one other box of the image covers; 0 for an object alone."""
    found = np.zeros(len(known.objects))
    for rows in _images(known):
        x0, y0 = known.box[rows, 0], known.box[rows, 1]
        x1, y1 = x0 + known.box[rows, 2], y0 + known.box[rows, 3]
        wide = np.minimum(x1[:, None], x1) - np.maximum(x0[:, None], x0)
        high = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
        shared = np.clip(wide, 0, None) * np.clip(high, 0, None)
        np.fill_diagonal(shared, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[rows] = shared.max(axis=1) / (known.box[rows, 2] * known.box[rows, 3])
    return found


def spacing(known: Known) -> Floats:
    """Distance of the box's centre to the nearest other centre in units of √(w h); NaN for an object alone."""
    found = np.full(len(known.objects), np.nan)
    centres = known.box[:, :2] + known.box[:, 2:] / 2
    for rows in _images(known):
        if rows.stop - rows.start > 1:
            apart = np.hypot(*(centres[rows, None] - centres[None, rows]).transpose(2, 0, 1))
            np.fill_diagonal(apart, np.inf)
            found[rows] = apart.min(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(found / size(known))


def others(known: Known) -> Floats:
    """How many other objects the image holds."""
    _, place, counts = np.unique(known.objects.image, return_inverse=True, return_counts=True)
    return (counts[place] - 1).astype(np.float64)


def _images(known: Known) -> Iterator[slice]:
    """The rows of each image's objects."""
    starts = np.flatnonzero(np.diff(known.objects.image, prepend=-1)).tolist()
    for start, stop in zip(starts, [*starts, len(known.objects)][1:], strict=True):
        yield slice(start, stop)
