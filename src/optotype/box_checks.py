"""Boxes from files: finding the rows that ids name, ordering them by item, and saying what is unusual about them."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError, and_more
from optotype.tables import Array, Boxes, Floats, Items, Strings

_TABLE = 1 << 22  # ids of a range up to this are looked up in a table
_LARGEST = 1e15  # pixels; products of such sides are far from overflow
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,18}")
_XYXY_SHARE, _BEYOND_SHARE = 0.99, 0.2

BEYOND = 1.0
"""Pixels by which a box may reach beyond its image, or fall short of covering it: annotators round."""


def index_of(ids: Array, known: Array) -> NDArray[np.int64]:
    """Row of each id (n,) among ``known`` (m,), distinct int64; −1 where it is none of them. Shape (n,).

    >>> index_of(np.array([7, 3, 9]), np.array([9, 3])).tolist()
    [-1, 1, 0]
    """
    if not len(known):
        return np.full(len(ids), -1, np.int64)
    low, top = int(known.min()), int(known.max())
    if top - low >= _TABLE:
        order = np.argsort(known)
        place = np.minimum(np.searchsorted(known[order], ids), len(known) - 1)
        found = order[place]
        return np.where(known[found] == ids, found, -1)
    table = np.full(top - low + 2, -1, np.int64)  # the last entry is for all others
    table[known - low] = np.arange(len(known))
    inside = (ids >= low) & (ids <= top)
    return table[np.where(inside, ids - low, top - low + 1)]


def whole(key: str) -> int | None:
    """The number of at most 64 bits that a key is, as COCO would write it; None for any other key.

    >>> whole("139"), whole("0139"), whole("9223372036854775808")
    (139, None, None)
    """
    if not _WHOLE.fullmatch(key):
        return None
    number = int(key)
    return number if -(1 << 63) <= number < 1 << 63 else None


def items_of(ids: Array, key: Strings) -> NDArray[np.int64]:
    """Row of the item that each id (n,), whole numbers or text, names by its key; −1 for none.

    >>> items_of(np.array([12, 7]), np.array(["7", "012"])).tolist()
    [-1, 0]
    """
    if ids.dtype.kind == "U":
        words, at = np.unique(ids, return_inverse=True)
        rows = {name: row for row, name in enumerate(key.tolist())}
        return np.array([rows.get(word, -1) for word in words.tolist()], np.int64)[at]
    numbers = {row: number for row, name in enumerate(key.tolist()) if (number := whole(name)) is not None}
    found = index_of(ids, np.array(list(numbers.values()), np.int64))
    if len(numbers) == len(key):
        return found
    return np.where(found >= 0, np.array([*numbers, -1])[found], -1)


def order_by(item: Array, items: int) -> Array | None:
    """Stable order of rows by item (n,) in 0 … items − 1; None where they are in order already."""
    if bool((item[1:] >= item[:-1]).all()):
        return None
    small = item.astype(np.uint16) if items <= 1 << 16 else item  # NumPy sorts 16 bits by counting
    return np.argsort(small, kind="stable")


def check_numbers(box: Floats, where: Callable[[int], str]) -> None:
    """Raise InputError for the first box (n, 4) that is not finite, too large for any image or has a negative side."""
    if not len(box) or (box.min() >= -_LARGEST and box.max() <= _LARGEST and box[:, 2:].min() >= 0):
        return
    rows = np.flatnonzero(~((np.abs(box) <= _LARGEST).all(axis=1) & (box[:, 2:] >= 0).all(axis=1)))
    more = and_more(len(rows) - 1, "such boxes")
    raise InputError(f"{where(int(rows[0]))}, 'bbox'", "finite x, y, w, h in pixels with w ≥ 0 and h ≥ 0",
                     f"{box[rows[0]].tolist()}{more}", "Correct or drop the box.")  # fmt: skip


def unusual(boxes: Boxes, what: str) -> list[str]:
    """Sentences that count boxes without an area and boxes beyond their images; ``what`` names them in the plural."""
    w, h = boxes.box[:, 2], boxes.box[:, 3]
    said = []
    if flat := int(np.count_nonzero((w == 0) | (h == 0))):
        said.append(f"{flat:,} of {len(boxes):,} {what} have no width or no height; they are kept and overlap nothing.")
    if out := _beyond(boxes):
        text = f"{out:,} of {len(boxes):,} {what} reach more than a pixel beyond their image; they are kept."
        if looks_like_corners(boxes):
            text += " Their numbers look like x1, y1, x2, y2, but COCO's bbox is x, y, width, height."
        said.append(text)
    if unknown := int(np.count_nonzero((boxes.items.width <= 0) | (boxes.items.height <= 0))):
        said.append(
            f"{unknown:,} of {len(boxes.items):,} images have no width or height, so that boxes beyond them go unseen."
        )
    return said


def looks_like_corners(boxes: Boxes) -> bool:
    """Whether x, y, w, h look like x1, y1, x2, y2: nearly all w ≥ x and h ≥ y, and many reach beyond their images."""
    x, y, w, h = boxes.box.T
    if np.count_nonzero((w >= x) & (h >= y)) < _XYXY_SHARE * len(boxes):
        return False
    return 0 < _BEYOND_SHARE * len(boxes) <= _beyond(boxes)


def _beyond(boxes: Boxes) -> int:
    """How many boxes reach beyond their image."""
    x, y, w, h = np.ascontiguousarray(boxes.box.T)
    limits = _limits(boxes.items)[boxes.item].T
    return int(np.count_nonzero((x < -BEYOND) | (y < -BEYOND) | (x + w > limits[0]) | (y + h > limits[1])))


def _limits(items: Items) -> Floats:
    """Greatest x and y of a box, (items, 2) float64; infinite where an image's size is not known."""
    sides = np.column_stack([items.width, items.height]).astype(np.float64)
    return np.where(sides > 0, sides + BEYOND, np.inf)


def sorted_boxes(
    items: Items, classes: tuple[str, ...], columns: tuple[Array, ...], score: Floats | None = None
) -> Boxes:
    """Boxes from columns (item, label, box, area, crowd, id) in any order; rows of an item are put together."""
    order = order_by(columns[0], len(items))
    if order is not None:
        columns, score = tuple(values[order] for values in columns), None if score is None else score[order]
    item, label, box, area, crowd, number = columns
    return Boxes(items, classes, item.astype(np.int32), label.astype(np.int32), box, area, crowd, number, score)
