"""Boxes x, y, w, h as such: their overlap, which lie in the same item, and COCO's sizes."""

from __future__ import annotations

import numpy as np

from optotype.tables import Array, Floats

SIZES = ("small", "medium", "large")
SMALL, MEDIUM = 32.0**2, 96.0**2
"""COCO's borders of area between the sizes, in square pixels."""


def size_of(area: float) -> str:
    """COCO's name for an area in square pixels; one on a border is called by the smaller.

    >>> size_of(1024.0), size_of(9217.0)
    ('small', 'large')
    """
    return SIZES[int(area > SMALL) + int(area > MEDIUM)]


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union (n,) of boxes (n, 4), row by row; 0 for two without an area.

    >>> iou(np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0, 10, 10]])).round(3).tolist()
    [0.333]
    """
    wide = np.minimum(a[:, 0] + a[:, 2], b[:, 0] + b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    high = np.minimum(a[:, 1] + a[:, 3], b[:, 1] + b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    shared = np.clip(wide, 0, None) * np.clip(high, 0, None)
    union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros(len(a)), where=union > 0))


def pairs_within(a: Array, b: Array) -> tuple[Array, Array]:
    """Positions of every pair of rows of the same item, by ``a`` and then by ``b``.

    ``a`` (n,) and ``b`` (m,) hold the rows' items, those of ``b`` in ascending order.

    >>> [side.tolist() for side in pairs_within(np.array([3, 1]), np.array([1, 1, 2, 3]))]
    [[0, 1, 1], [3, 0, 1]]
    """
    first, last = np.searchsorted(b, a, "left"), np.searchsorted(b, a, "right")
    n = last - first
    start = np.repeat(first - (np.cumsum(n) - n), n)
    return np.repeat(np.arange(len(a)), n), start + np.arange(int(n.sum()))
