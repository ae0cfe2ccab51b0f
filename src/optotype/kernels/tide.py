"""What kind of error each detection is, after TIDE (Bolya et al. 2020), and the curves with one kind fixed.

A detection meets the objects of its image once, and every variant of the rules then decides from the few that overlap
at least a little. Only the last step, which detection would be fixed for an object that was missed, waits until the
image is done.

The curves of a class share one ranking of entries of ten kinds; what each curve counts is a row of ``SUMS``.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.overlap import overlap
from optotype.kernels.sweep import LANES, RECALLS, ROUNDING

Array: TypeAlias = NDArray[Any]

NOT_LOOKED_AT, TP, CLS, LOC, BOTH, DUPE, BKG = range(7)
"""What a detection is; ``IGNORED`` is added where it leaves the AP."""
IGNORED = 8
ABSENT, FOUND, POINTED_AT, MISSED, REGION = range(5)
"""What became of an object: not of this variant; matched; unmatched, but an error points at it; unmatched; ignored."""
POSITIVE, BACKGROUND = 0.5, 0.1
"""The IoU from which a detection is right, and up to which it shows nothing."""

RIGHT, FIXED_CLS, FIXED_LOC, RIGHT_FIRST, RIGHT_LATE = 0, 6, 7, 8, 9
"""Kinds of entries beside the five types of false positives, 1 (Cls) … 5 (Bkg): right in all curves; a detection that
would be fixed, where it would then count; right at this place in the first curve alone, or in all others alone."""
_FALSE, _NONE = 10, 11
"""Beyond the kinds, in ``SUMS``: all false positives, and nothing."""
SUMS = np.array([
    # right beside RIGHT, fixed, false, left out
    [RIGHT_FIRST, _NONE, _FALSE, _NONE],  # as it is
    [RIGHT_LATE, FIXED_CLS, _FALSE, 1],
    [RIGHT_LATE, FIXED_LOC, _FALSE, 2],
    [RIGHT_LATE, _NONE, _FALSE, 3],
    [RIGHT_LATE, _NONE, _FALSE, 4],
    [RIGHT_LATE, _NONE, _FALSE, 5],
    [RIGHT_LATE, _NONE, _FALSE, _NONE],  # Miss: other objects
    [RIGHT_LATE, _NONE, _NONE, _NONE],  # FP
    [RIGHT_LATE, _NONE, _FALSE, _NONE],  # FN: other objects
], np.int64)  # fmt: skip
"""What each of the nine curves counts."""
DIVISORS = np.array([0, 0, 0, 0, 0, 0, 1, 0, 2], np.int64)
"""Which of a class's three counters of objects each curve divides by."""


@jit(
    "void(int64, int64, int64[::1], int32[::1], int32[::1], float64[:, ::1], uint8[:, ::1], int64[::1], int32[::1],"
    " float64[:, ::1], boolean[::1], boolean[::1], uint8[:, ::1], boolean[::1], int64[::1], int64, int64[::1],"
    " uint8[:, ::1], int32[:, ::1], uint8[:, ::1], int32[:, ::1])"
)
def err(
    first: int, last: int, start: Array, order: Array, label: Array, box: Array, inside: Array, truth_start: Array,
    truth_label: Array, truth_box: Array, truth_crowd: Array, truth_lost: Array, counts: Array, coco: Array,
    caps: Array, classes: int, noted: Array, error: Array, partner: Array, status: Array, winner: Array,
) -> None:  # fmt: skip
    """Match the detections of the items first … last − 1 in V variants, and say what each error is.

    ``order`` (n,) lists detections by item (``start`` (items + 1,)) and falling score; ``label``, ``box`` (n, 4) and
    ``inside`` (n, V: 0 not of the variant, 1 inside, 2 leaves the AP unless matched) are by row, as are the results.
    The truth is sorted by item (``truth_start``), its rows in the order of the file; ``counts`` (m, V): 0 not of the
    variant, 1 an object, 2 ignored; one that is ``truth_lost`` takes its detection and leaves it unmatched.
    ``coco`` (V,): of equal IoUs the last, not the first, and a crowd's share of 0.5 is enough; ``caps`` (V,) count an
    image's detections of each class there, of all classes elsewhere.

    ``error`` (n, V) and ``status`` (m, V) are the codes above; ``partner`` (n, P) the position in the item of the
    object that a detection is about, −1 for none, in the variants ``noted`` (P,); ``winner`` (m, V) that of the
    detection that would be fixed for an object, −1 for none.
    """
    V = error.shape[1]
    most, longest = 1, 1
    for i in range(first, last):
        most = max(most, truth_start[i + 1] - truth_start[i])
        longest = max(longest, start[i + 1] - start[i])
    taken = np.empty((most, V), np.bool_)
    aim = np.empty((longest, V), np.int32)
    near, ious = np.empty(most, np.int64), np.empty(most)
    seen = np.zeros((classes + 1, V), np.int64)
    for i in range(first, last):
        base = truth_start[i]
        taken[:] = False
        for place in range(start[i], start[i + 1]):
            seen[label[order[place]]] = 0
        seen[classes] = 0
        for place in range(start[i], start[i + 1]):
            d = order[place]
            k, at = label[d], place - start[i]
            count = 0
            for g in range(base, truth_start[i + 1]):
                iou = overlap(box, d, truth_box, g, truth_crowd[g])
                if iou >= BACKGROUND:
                    near[count], ious[count] = g, iou
                    count += 1
            for v in range(V):
                error[d, v], aim[at, v] = NOT_LOOKED_AT, -1
                if inside[d, v] == 0:
                    continue
                of = k if coco[v] else classes
                seen[of, v] += 1
                if seen[of, v] > caps[v]:
                    continue
                best, match = POSITIVE, -1
                same, iou_same, other, iou_other = -1, 0.0, -1, 0.0
                for c in range(count):
                    g, iou = near[c], ious[c]
                    if counts[g, v] != 1:
                        continue
                    if truth_label[g] != k:
                        if iou > iou_other:
                            other, iou_other = g, iou
                        continue
                    if iou > iou_same:
                        same, iou_same = g, iou
                    if not taken[g - base, v] and iou >= best and (match < 0 or coco[v] or iou > best):
                        best, match = iou, g
                away = inside[d, v] == 2
                if match >= 0:
                    taken[match - base, v] = True
                    if not truth_lost[match]:
                        error[d, v], aim[at, v] = TP, match - base
                        continue
                else:
                    for c in range(count):
                        g, iou = near[c], ious[c]
                        if counts[g, v] != 2 or truth_label[g] != k or iou < best:
                            continue
                        free = coco[v] or iou > POSITIVE if truth_crowd[g] else not taken[g - base, v]
                        if free and (match < 0 or coco[v] or iou > best):
                            best, match = iou, g
                    if match >= 0:
                        away = True
                        taken[match - base, v] = True
                # Below, whatever of the class overlaps by more than 0.5 is taken: else it had been matched.
                if BACKGROUND <= iou_same <= POSITIVE:
                    what, about = LOC, same
                elif iou_other >= POSITIVE:
                    what, about = CLS, other
                elif iou_same > POSITIVE:
                    what, about = DUPE, same
                elif iou_other <= BACKGROUND:
                    what, about = BKG, -1
                else:
                    what, about = BOTH, -1
                error[d, v] = what + IGNORED if away else what
                if about >= 0:
                    aim[at, v] = about - base
        for g in range(base, truth_start[i + 1]):
            for v in range(V):
                winner[g, v] = -1
                if counts[g, v] != 1:
                    status[g, v] = ABSENT if counts[g, v] == 0 else REGION
                else:
                    status[g, v] = FOUND if taken[g - base, v] and not truth_lost[g] else MISSED
        for place in range(start[i], start[i + 1]):
            d = order[place]
            at = place - start[i]
            for p in range(len(noted)):
                partner[d, p] = aim[at, noted[p]]
            for v in range(V):
                what = error[d, v] & 7
                if CLS <= what <= LOC and not taken[aim[at, v], v]:
                    g = base + aim[at, v]
                    status[g, v] = POINTED_AT
                    if winner[g, v] < 0:
                        winner[g, v] = d - start[i]


@jit(
    "void(int64[::1], uint8[::1], int64[:, ::1], int64[:, ::1], float64[::1], float64, float64[:, :, ::1],"
    " int64[:, ::1])"
)
def once(
    class_start: Array, kind: Array, sums: Array, positives: Array, grid: Array, spacing: float, precision: Array,
    counted: Array,
) -> None:  # fmt: skip
    """The curves of each class with every detection counted once.

    ``kind`` (E,) are entries by class (``class_start`` (K + 1,)) and rank, ``sums`` is ``SUMS``, ``positives`` (K, 9)
    the objects. Fills ``precision`` (K, 9, 101) at the recalls of ``grid``, 0 where one is not reached, tp / (n +
    ``spacing``), and the detections ``counted`` (K, 9); without objects the precision stays as it was.
    """
    longest = 0
    for k in range(len(class_start) - 1):
        longest = max(longest, class_start[k + 1] - class_start[k])
    height = np.empty(longest)
    for k in range(len(class_start) - 1):
        for c in range(len(sums)):
            tp, n, total = 0, 0, positives[k, c]
            for e in range(class_start[k], class_start[k + 1]):
                what = kind[e]
                if what == RIGHT or what == sums[c, 0] or what == sums[c, 1]:
                    tp += 1
                    n += 1
                    height[tp - 1] = tp / (n + spacing)
                elif what < FIXED_CLS and sums[c, 2] == _FALSE and what != sums[c, 3]:
                    n += 1
            counted[k, c] = n
            if total == 0:
                continue
            i, highest = RECALLS - 1, 0.0
            for p in range(tp - 1, -1, -1):
                while i >= 0 and (p + 1) / total < grid[i]:
                    precision[k, c, i] = highest
                    i -= 1
                highest = max(highest, height[p])
            while i >= 0:
                precision[k, c, i] = highest
                i -= 1


@jit(
    "void(float64[:, ::1], int64[::1], int32[::1], uint8[::1], int64[:, ::1], int64[::1], int32[::1], int32[::1],"
    " float64[:, :, ::1], float64[:, :, ::1], float64[:, :, ::1])"
)
def resampled(
    weights: Array, class_start: Array, group: Array, kind: Array, sums: Array, divisors: Array, total_group: Array,
    total_counter: Array, totals: Array, ap: Array, counted: Array,
) -> None:  # fmt: skip
    """The curves of each class under LANES sets of whole weights of the groups (groups, LANES), one a lane.

    ``group`` and ``kind`` (E,) are entries by class and rank; each object adds its weight to the counter (class × 3 +
    0 … 2) of ``total_counter``. Fills ``totals`` (K, 9, LANES) objects, ``ap`` (NaN without objects; recalls at i / 100
    in exact arithmetic) and the weight of the detections ``counted``.

    Where right ones follow each other precision only rises, so that a curve need only be looked at after the last.
    """
    K, C = len(class_start) - 1, len(sums)
    objects = np.zeros((K * 3, LANES))
    for i in range(len(total_group)):
        for lane in range(LANES):
            objects[total_counter[i], lane] += weights[total_group[i], lane]
    most = 1
    for k in range(K):
        runs = 0
        for e in range(class_start[k], class_start[k + 1]):
            risen = kind[e] == RIGHT or kind[e] >= FIXED_CLS
            if risen and (e + 1 == class_start[k + 1] or 0 < kind[e + 1] < FIXED_CLS):
                runs += 1
        most = max(most, runs)
    seen = np.zeros((most + 1, _NONE + 1, LANES))
    acc = np.zeros((_NONE + 1, LANES))
    inverse, top, area, level = np.empty(LANES), np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for k in range(K):
        acc[:] = 0.0
        runs = 0
        for e in range(class_start[k], class_start[k + 1]):
            row, to = weights[group[e]], acc[kind[e]]
            for lane in range(LANES):
                to[lane] += row[lane]
            risen = kind[e] == RIGHT or kind[e] >= FIXED_CLS
            last = e + 1 == class_start[k + 1]
            if last or (risen and 0 < kind[e + 1] < FIXED_CLS):
                for lane in range(LANES):
                    acc[_FALSE, lane] = acc[1, lane] + acc[2, lane] + acc[3, lane] + acc[4, lane] + acc[5, lane]
                for r in range(_NONE):
                    for lane in range(LANES):
                        seen[runs, r, lane] = acc[r, lane]
                if risen:
                    runs += 1
        for c in range(C):
            total, last_tp = objects[k * 3 + divisors[c]], acc[sums[c, 0]]
            fixed, false, left_out = acc[sums[c, 1]], acc[sums[c, 2]], acc[sums[c, 3]]
            for lane in range(LANES):
                counted[k, c, lane] = acc[0, lane] + last_tp[lane] + fixed[lane] + false[lane] - left_out[lane]
                totals[k, c, lane] = total[lane]
                inverse[lane] = 100.0 / total[lane] if total[lane] > 0 else 0.0
                top[lane], area[lane], level[lane] = 0.0, 0.0, 0.0
            for s in range(runs - 1, -1, -1):
                always, right, fixed = seen[s, RIGHT], seen[s, sums[c, 0]], seen[s, sums[c, 1]]
                false, left_out = seen[s, sums[c, 2]], seen[s, sums[c, 3]]
                for lane in range(LANES):
                    tp = always[lane] + right[lane] + fixed[lane]
                    n = tp + false[lane] - left_out[lane]
                    # A whole number of hundredths may come out a little low; the next lies 1 / total above.
                    now = np.floor(tp * inverse[lane] + ROUNDING)
                    area[lane] += top[lane] * (level[lane] - now)
                    level[lane] = now
                    here = tp / (n if n > 1.0 else 1.0)
                    top[lane] = here if here > top[lane] else top[lane]
            for lane in range(LANES):
                all_of = area[lane] + top[lane] * (level[lane] + 1.0)
                ap[k, c, lane] = all_of / 101.0 if total[lane] > 0 else np.nan
