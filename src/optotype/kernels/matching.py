"""Detections to objects, as COCO's evaluation does it: greedy by score, for all thresholds and area ranges at once.

What is decided for one (area range, threshold) never touches another, so that a detection meets its image's objects
once and the decisions are bits. Only objects that overlap enough for the lowest threshold are looked at. The overlap
of a crowd is over the detection's area.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.overlap import overlap

Array: TypeAlias = NDArray[Any]


@jit(
    "void(int64, int64, int64[::1], int32[::1], int32[::1], float64[:, ::1], int64[::1], int32[::1], float64[:, ::1],"
    " boolean[::1], uint8[::1], boolean[::1], float64[::1], float64[:, ::1], int64, int64, int32[::1], uint16[:, ::1],"
    " uint16[:, ::1], int32[::1], int32[:, ::1])"
)
def match(
    first: int, last: int, start: Array, order: Array, label: Array, box: Array, truth_start: Array,
    truth_label: Array, truth_box: Array, truth_crowd: Array, truth_ignored: Array, truth_lost: Array,
    thresholds: Array, ranges: Array, cap: int, noted: int, rank: Array, hit: Array, out: Array, partner: Array,
    loose: Array,
) -> None:  # fmt: skip
    """Match the detections of the items first … last − 1.

    ``order`` (n,) lists detections by item (``start`` (items + 1,)), class and falling score; ``label`` and ``box``
    (n, 4) are by row, as are the results. The truth is sorted by item (``truth_start``) and class; ``truth_ignored``
    (m,) has a bit for each area range in which the object is ignored; one that is ``truth_lost`` takes its detection
    and leaves it unmatched (pycocotools and id 0). ``thresholds`` (T ≤ 16,) ascend; ``ranges`` (A, 2) are inclusive.

    ``rank`` (n,) counts better detections of the class in the item; from ``cap`` on a detection is ``out`` everywhere.
    Bit t of ``hit`` (n, A): matched to an object that counts at threshold t; of ``out``: neither right nor wrong.
    ``partner`` (n,): truth row matched at threshold ``noted`` in the first range, −1 for none; ``loose`` (n, A): that
    of a ``hit`` at the lowest threshold.
    """
    T, A = len(thresholds), len(ranges)
    every = np.uint16((1 << T) - 1)
    reaches = np.minimum(thresholds, 1 - 1e-10)
    most = 1
    for i in range(first, last):
        most = max(most, truth_start[i + 1] - truth_start[i])
    taken = np.empty((most, A), np.uint16)
    near, ious = np.empty(most, np.int64), np.empty(most)
    for i in range(first, last):
        here, end = truth_start[i], truth_start[i]
        base = here
        taken[:] = 0
        place_in_class = 0
        for place in range(start[i], start[i + 1]):
            d = order[place]
            k = label[d]
            if place > start[i] and label[order[place - 1]] == k:
                place_in_class += 1
            else:
                place_in_class, here = 0, end
                while here < truth_start[i + 1] and truth_label[here] < k:
                    here += 1
                end = here
                while end < truth_start[i + 1] and truth_label[end] == k:
                    end += 1
            rank[d] = place_in_class
            partner[d] = -1
            if place_in_class >= cap:
                for a in range(A):
                    hit[d, a], out[d, a], loose[d, a] = 0, every, -1
                continue
            area = box[d, 2] * box[d, 3]
            count, best = 0, 0.0
            for g in range(here, end):
                iou = overlap(box, d, truth_box, g, truth_crowd[g])
                if iou >= reaches[0]:
                    near[count], ious[count] = g, iou
                    best = max(best, iou)
                    count += 1
            top = 0
            while top < T and reaches[top] <= best:
                top += 1
            for a in range(A):
                bit = np.uint8(1 << a)
                loose[d, a] = -1
                hits, outs = np.uint16(0), np.uint16(0) if ranges[a, 0] <= area <= ranges[a, 1] else every
                for t in range(top):
                    now = np.uint16(1 << t)
                    reach, m = reaches[t], -1
                    for c in range(count):
                        g = near[c]
                        if not truth_ignored[g] & bit and not taken[g - base, a] & now and ious[c] >= reach:
                            reach, m = ious[c], g
                    if m >= 0:
                        if not truth_lost[m]:
                            hits |= now
                            outs &= every ^ now
                            if t == 0:
                                loose[d, a] = m
                    else:
                        for c in range(count):
                            g = near[c]
                            free = truth_crowd[g] or not taken[g - base, a] & now
                            if truth_ignored[g] & bit and free and ious[c] >= reach:
                                reach, m = ious[c], g
                        if m >= 0:
                            outs |= now
                    if m >= 0:
                        taken[m - base, a] |= now
                    if a == 0 and t == noted:
                        partner[d] = m
                hit[d, a], out[d, a] = hits, outs
