"""Which objects a detector misses, and what it makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.box_geometry import iou, pairs_within
from optotype.evidence import Evidence
from optotype.metrics import operating
from optotype.tables import Array, Ints

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
    a, b = pairs_within(truth.item[objects], found.item[wrong])
    overlap = iou(truth["box"][objects[a]], found["box"][wrong[b]])
    label = found["label"][wrong[b]]
    own = label == truth["label"][objects[a]]
    for chosen, kind in ((own & (overlap >= _NEAR) & (overlap < _FOUND), K), (~own & (overlap >= _FOUND), None)):
        rows = np.flatnonzero(chosen)
        rows = rows[np.argsort(overlap[rows], kind="stable")]  # the last one written, the highest, stays
        said[a[rows]] = label[rows] if kind is None else kind
    return said
