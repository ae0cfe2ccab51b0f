"""Label maps small enough for a page."""

from __future__ import annotations

import numpy as np

from optotype.label_maps import LabelMap
from optotype.tables import OTHER
from optotype.views import NO_CLASS, Areas

SIDES = (320, 240, 160, 120)
"""Longer side of a map in a page, in pixels: the first at which runs are few enough, the last in any case."""

MOST_RUNS = 8_000


def reduced(truth: LabelMap, said: LabelMap) -> tuple[Areas, Areas]:
    """Both maps, equally reduced: every pixel kept is one of the map, in rows and columns evenly spread.

    >>> both = reduced(np.array([[0, 0, 255]], np.uint8), np.array([[0, 1, 1]], np.uint8))
    >>> [(one.label, one.length) for one in both]
    [([0, -1], [2, 1]), ([0, 1], [1, 2])]
    """
    for side in SIDES:
        found = tuple(_areas(_sampled(labels, side)) for labels in (truth, said))
        if max(len(one.label) for one in found) <= MOST_RUNS:
            break
    return found[0], found[1]


def _sampled(labels: LabelMap, side: int) -> LabelMap:
    h, w = labels.shape
    scale = min(1.0, side / max(h, w))
    rows, columns = (_spread(n, max(1, round(n * scale))) for n in (h, w))
    return labels[rows[:, None], columns]


def _spread(n: int, kept: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return ((2 * np.arange(kept) + 1) * n // (2 * kept)).astype(np.int64)


def _areas(labels: LabelMap) -> Areas:
    flat = np.where(labels >= OTHER, NO_CLASS, labels.astype(np.int64)).ravel()
    starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
    length = np.diff(np.append(starts, len(flat)))
    return Areas(labels.shape[1], labels.shape[0], flat[starts].tolist(), length.tolist())
