"""Objects that are there twice: boxes that are equal to, or nearly, another of the same image."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.box_geometry import iou
from optotype.tables import Array, Boxes, Floats

Pairs: TypeAlias = tuple[Array, Array]
"""Rows of boxes, and rows of those that are their copies."""

NEARLY = 0.95
"""IoU from which on two boxes count as one drawn twice."""

_TURN = 0.618


class Copies(NamedTuple):
    """Boxes equal to another of the class, nearly so, and nearly so to one of another class; a copy counts once."""

    equal: Pairs
    near: Pairs
    other_class: Pairs


def find(boxes: Boxes) -> Copies:
    """Pairs among the objects, crowds left out. Each step looks at what the steps before left."""
    rows = np.flatnonzero(~boxes.crowd)
    before = _equal_to(boxes, rows)
    equal, rows = _pairs(rows, before), rows[before < 0]
    before = alike_before(group_of(boxes, rows), boxes.box[rows])
    near, rows = _pairs(rows, before), rows[before < 0]
    return Copies(equal, near, _pairs(rows, alike_before(boxes.item[rows], boxes.box[rows], boxes.label[rows])))


def group_of(boxes: Boxes, rows: Array) -> NDArray[np.int64]:
    """A number for each pair of image and class, of the boxes at ``rows``."""
    return boxes.item[rows].astype(np.int64) * len(boxes.classes) + boxes.label[rows]


def _pairs(rows: Array, before: Array) -> Pairs:
    """The rows of boxes and of those that they are like, from positions among ``rows`` (−1: like none)."""
    again = before >= 0
    return rows[before[again]], rows[again]


def _equal_to(boxes: Boxes, rows: Array) -> NDArray[np.int64]:
    """For each of the boxes at ``rows`` the first with the same item, class and numbers, −1 for itself."""
    columns = np.column_stack([boxes.item[rows], boxes.label[rows], boxes.box[rows]])
    order = np.lexsort(columns.T)
    sorted_columns = columns[order]
    new = np.ones(len(rows), bool)
    new[1:] = (sorted_columns[1:] != sorted_columns[:-1]).any(axis=1)
    first = np.maximum.accumulate(np.where(new, np.arange(len(rows)), 0))
    found = np.full(len(rows), -1, np.int64)
    found[order[~new]] = order[first[~new]]
    return found


def alike_before(group: Array, box: Floats, label: Array | None = None) -> NDArray[np.int64]:
    """For each box (n, 4) an earlier one of its group (n,) with IoU ≥ ``NEARLY``, of another ``label``; −1 for none.

    Earlier by x + 0.618 y. Boxes are compared with those before them, nearest first, until a partner is found or x and
    y alone rule out the overlap, so that the time grows with the number of boxes and not with its square.

    >>> alike_before(np.zeros(3), np.array([[0.0, 0, 50, 50], [1, 0, 50, 50], [30, 0, 50, 50]])).tolist()
    [-1, 0, -1]
    """
    along = box[:, 0] + _TURN * box[:, 1]
    order = np.lexsort((along, group))
    group, box, along = group[order], box[order], along[order]
    # IoU ≥ t asks for an overlap of at least t · w in x, so for a start at most (1 − t) / t · w before; and so in y.
    reach = (1 - NEARLY) / NEARLY * (box[:, 2] + _TURN * box[:, 3]) + 1e-9 * np.abs(along)
    found = np.full(len(box), -1, np.int64)
    rows, back = np.flatnonzero((box[:, 2] > 0) & (box[:, 3] > 0)), 0
    while len(rows):
        back += 1
        rows = rows[rows >= back]
        near = (group[rows - back] == group[rows]) & (along[rows] - along[rows - back] <= reach[rows])
        rows = rows[near]
        alike = iou(box[rows], box[rows - back]) >= NEARLY
        if label is not None:
            alike &= label[order[rows]] != label[order[rows - back]]
        found[order[rows[alike]]] = order[rows[alike] - back]
        rows = rows[~alike]
    return found
