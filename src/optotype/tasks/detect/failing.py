"""Which objects a detector misses, and what it makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.evidence import Evidence
from optotype.metrics import operating
from optotype.tables import Array, Floats, Ints

NOTHING = -1
"""Of an object that no detection is near to."""
BADLY_PLACED = "badly placed"
"""What the position after the classes stands for."""

_FOUND, _NEAR = 0.5, 0.1
"""IoU of a box that is on an object, and of one that is meant for it but lies badly."""


@dataclass(frozen=True, eq=False)
class Failing:
    """The objects that count, in the order of the truth's rows.

    ``row`` (r,) of the table ``truth``; ``failed`` (r,) bool: missed at the threshold. ``said`` (r,) int32 is what a
    detection at or above the threshold makes of it: its own class where it is found, else another class, K of K classes
    where the box lies badly (``BADLY_PLACED``), or ``NOTHING``.
    """

    row: NDArray[np.intp]
    failed: NDArray[np.bool_]
    said: Ints


def failing(evidence: Evidence) -> Failing:
    """What becomes of each object at the threshold of the best F1 (all are missed where there is none).

    Missed: no detection of its class at or above the threshold is matched to it at IoU 0.5. It is taken for another
    class where such a detection of that class, itself wrong, lies on it (IoU ≥ 0.5, the highest decides); its box is
    badly placed where, else, a wrong one of its class lies near (IoU from 0.1 to below 0.5).
    """
    point = operating.best_f1(evidence)
    threshold = 0.0 if point is None else point.score
    truth, found = evidence["truth"], evidence["detections"]
    row = np.flatnonzero(operating.judged(evidence))
    failed = operating.found_score(evidence)[row] < threshold
    said = truth["label"][row].astype(np.int32)
    wrong = operating.counts(evidence) & ~operating.right(evidence) & (found["score"] >= threshold)
    said[failed] = _taken(evidence, row[failed], np.flatnonzero(wrong))
    return Failing(row, failed, said)


def _taken(evidence: Evidence, objects: Array, wrong: Array) -> Ints:
    """What each of the ``objects``, rows of the truth, is taken for by the ``wrong`` rows of the detections."""
    truth, found, K = evidence["truth"], evidence["detections"], len(evidence.classes)
    said = np.full(len(objects), NOTHING, np.int32)
    a, b = _together(truth.item[objects], found.item[wrong])
    overlap = iou(truth["box"][objects[a]], found["box"][wrong[b]])
    label = found["label"][wrong[b]]
    own = label == truth["label"][objects[a]]
    for chosen, kind in ((own & (overlap >= _NEAR) & (overlap < _FOUND), K), (~own & (overlap >= _FOUND), None)):
        rows = np.flatnonzero(chosen)
        rows = rows[np.argsort(overlap[rows], kind="stable")]  # the last one written, the highest, stays
        said[a[rows]] = label[rows] if kind is None else kind
    return said


def _together(a: Array, b: Array) -> tuple[Array, Array]:
    """Positions of every pair of rows of the same item; ``a`` and ``b`` hold items in ascending order."""
    first, last = np.searchsorted(b, a, "left"), np.searchsorted(b, a, "right")
    n = last - first
    start = np.repeat(first - (np.cumsum(n) - n), n)
    return np.repeat(np.arange(len(a)), n), start + np.arange(int(n.sum()))


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union (n,) of boxes x, y, w, h, row by row; 0 for two without an area.

    >>> iou(np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0, 10, 10]])).round(3).tolist()
    [0.333]
    """
    wide = np.minimum(a[:, 0] + a[:, 2], b[:, 0] + b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    high = np.minimum(a[:, 1] + a[:, 3], b[:, 1] + b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    shared = np.clip(wide, 0, None) * np.clip(high, 0, None)
    union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros(len(a)), where=union > 0))
