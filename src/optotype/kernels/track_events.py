"""What lies on and around each box of a frame: who hides it, what a tracker put near it, what was detected there.

A frame's boxes meet each other once; all that the causes of events are read from is a maximum over the pairs.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]

HIDDEN, MEETS, FREE, WRONG, TAKEN, DETECTED, COVERED = range(7)
"""Columns of ``facts`` of the truth; all but COVERED name a row in ``who``."""
LOOSE, HELD, OTHER, PASSED, SEEN = range(5)
"""Columns of ``facts`` of the predictions, and of ``who``."""
ANY_CLASS = -2
"""Label of a detection that may be of any class."""

_HALF = 0.5


@jit("float64(float64[:, ::1], int64, float64[:, ::1], int64)")
def shared(a: Array, i: int, b: Array, j: int) -> float:
    """Area that row ``i`` of ``a`` and row ``j`` of ``b`` have in common."""
    wide = min(a[i, 0] + a[i, 2], b[j, 0] + b[j, 2]) - max(a[i, 0], b[j, 0])
    high = min(a[i, 1] + a[i, 3], b[j, 1] + b[j, 3]) - max(a[i, 1], b[j, 1])
    if wide <= 0.0 or high <= 0.0:
        return 0.0
    return float(wide * high)


@jit("void(int64[::1], float64[:, ::1], boolean[::1], float64[:, ::1], int32[:, ::1])")
def company(start: Array, box: Array, kept: Array, facts: Array, who: Array) -> None:
    """The truth among itself; ``start`` (F + 1,) says where the rows of each frame begin, ``box`` is (m, 4).

    Writes of ``facts`` (m, 7) and ``who`` (m, 6): HIDDEN, the largest share of the box that one nearer box covers
    (nearer: its foot is lower, of equal feet the later row); COVERED, the sum of such shares, at most 1; MEETS, the
    largest overlap with another ``kept`` box as a share of the smaller of both.
    """
    for f in range(len(start) - 1):
        for i in range(start[f], start[f + 1]):
            area = box[i, 2] * box[i, 3]
            foot = box[i, 1] + box[i, 3]
            for j in range(i + 1, start[f + 1]):
                both = shared(box, i, box, j)
                if both == 0.0:
                    continue
                other = box[j, 2] * box[j, 3]
                behind, before = (i, j) if box[j, 1] + box[j, 3] >= foot else (j, i)
                share = both / (area if behind == i else other)
                facts[behind, COVERED] = min(1.0, facts[behind, COVERED] + share)
                if share > facts[behind, HIDDEN]:
                    facts[behind, HIDDEN], who[behind, HIDDEN] = share, before
                if kept[i] and kept[j]:
                    share = both / min(area, other)
                    if share > facts[i, MEETS]:
                        facts[i, MEETS], who[i, MEETS] = share, j
                    if share > facts[j, MEETS]:
                        facts[j, MEETS], who[j, MEETS] = share, i


@jit(
    "void(int64[::1], float64[:, ::1], int32[::1], boolean[::1], int32[::1], int64[::1], float64[:, ::1], int32[::1],"
    " boolean[::1], int32[::1], float64[:, ::1], int32[:, ::1], float64[:, ::1], int32[:, ::1])"
)
def answers(
    start: Array, box: Array, label: Array, kept: Array, match: Array, said_start: Array, said_box: Array,
    said_label: Array, said_kept: Array, said_match: Array, facts: Array, who: Array, said_facts: Array,
    said_who: Array,
) -> None:  # fmt: skip
    """The truth against what a tracker says, frame by frame, as largest overlaps; of predictions only the kept ones.

    ``match`` (m,) and ``said_match`` (n,) are rows of the other side, −1 for none. Truth, ``kept`` rows: FREE, the IoU
    with an unmatched box of its class, WRONG with one of another class, TAKEN with one that is matched to another
    object. Predictions, unmatched: LOOSE, the IoU with an object of its class that is missed, HELD with one that is
    found, OTHER with an object of another class, PASSED the share of the box on a row that is not kept (or their IoU).
    """
    for f in range(len(start) - 1):
        for i in range(start[f], start[f + 1]):
            area = box[i, 2] * box[i, 3]
            for j in range(said_start[f], said_start[f + 1]):
                if not said_kept[j]:
                    continue
                both = shared(box, i, said_box, j)
                if both == 0.0:
                    continue
                said = said_box[j, 2] * said_box[j, 3]
                iou = both / (area + said - both)
                free, same = said_match[j] < 0, label[i] == said_label[j]
                if not kept[i]:
                    share = max(iou, both / said)
                    if free and share > said_facts[j, PASSED]:
                        said_facts[j, PASSED], said_who[j, PASSED] = share, i
                    continue
                if free:
                    column = OTHER if not same else LOOSE if match[i] < 0 else HELD
                    if iou > said_facts[j, column]:
                        said_facts[j, column], said_who[j, column] = iou, i
                column = TAKEN if not free else FREE if same else WRONG
                if said_match[j] != i and iou > facts[i, column]:
                    facts[i, column], who[i, column] = iou, j


@jit(
    "void(int64[::1], float64[:, ::1], int32[::1], int64[::1], float64[:, ::1], int64[::1], float64[:, ::1],"
    " int32[::1], float64[:, ::1], int32[:, ::1], float64[:, ::1], int32[:, ::1])"
)
def detected(
    start: Array, box: Array, label: Array, said_start: Array, said_box: Array, seen_start: Array, seen_box: Array,
    seen_label: Array, facts: Array, who: Array, said_facts: Array, said_who: Array,
) -> None:  # fmt: skip
    """Which detection is whose: DETECTED, the IoU (≥ 0.5) with the detection that lies best on the object.

    A detection belongs to the object of its class (any, where its label is ``ANY_CLASS``) that it overlaps most. SEEN
    of the predictions is the largest IoU with any detection.
    """
    for f in range(len(start) - 1):
        for d in range(seen_start[f], seen_start[f + 1]):
            area = seen_box[d, 2] * seen_box[d, 3]
            best, owner = 0.0, -1
            for i in range(start[f], start[f + 1]):
                if seen_label[d] != ANY_CLASS and seen_label[d] != label[i]:
                    continue
                both = shared(box, i, seen_box, d)
                if both > 0.0:
                    iou = both / (area + box[i, 2] * box[i, 3] - both)
                    if iou > best:
                        best, owner = iou, i
            if best >= _HALF and best > facts[owner, DETECTED]:
                facts[owner, DETECTED], who[owner, DETECTED] = best, d
            for j in range(said_start[f], said_start[f + 1]):
                both = shared(said_box, j, seen_box, d)
                if both > 0.0:
                    iou = both / (area + said_box[j, 2] * said_box[j, 3] - both)
                    if iou > said_facts[j, SEEN]:
                        said_facts[j, SEEN], said_who[j, SEEN] = iou, d
