"""HOTA's counts and sums of one sequence and class (Luiten et al. 2021), bit for bit as TrackEval adds them up."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.assignment import assign_sparse
from optotype.kernels.box_overlaps import EPS, widest

Array: TypeAlias = NDArray[Any]

_BLOCK = 128


@jit()
def _block_sum(values: Array, first: int, n: int) -> float:
    """Sum of up to 128 values from ``first``, in eight strands."""
    if n < 8:
        total = 0.0
        for k in range(first, first + n):
            total += values[k]
        return total
    a, b, c, d = values[first], values[first + 1], values[first + 2], values[first + 3]
    e, g, h, i = values[first + 4], values[first + 5], values[first + 6], values[first + 7]
    for k in range(first + 8, first + n - n % 8, 8):
        a += values[k]
        b += values[k + 1]
        c += values[k + 2]
        d += values[k + 3]
        e += values[k + 4]
        g += values[k + 5]
        h += values[k + 6]
        i += values[k + 7]
    total = ((a + b) + (c + d)) + ((e + g) + (h + i))
    for k in range(first + n - n % 8, first + n):
        total += values[k]
    return float(total)


@jit()
def pairwise_sum(values: Array, n: int) -> float:
    """Sum of the first ``n`` values in the order of NumPy's sum over contiguous ones: halves of more than 128 apart."""
    if n <= _BLOCK:
        return _block_sum(values, 0, n)
    first, size, left, halves = np.zeros(64, np.int64), np.zeros(64, np.int64), np.zeros(64), np.zeros(64, np.int64)
    size[0], total, at = n, 0.0, 0
    while at >= 0:
        if size[at] > _BLOCK:
            half = size[at] // 2
            half -= half % 8
            halves[at], first[at + 1], size[at + 1] = 1, first[at], half
            at += 1
            continue
        total = _block_sum(values, first[at], size[at])
        at -= 1
        while at >= 0 and halves[at] == 2:
            total = left[at] + total
            at -= 1
        if at >= 0:
            left[at], halves[at] = total, 2
            first[at + 1], size[at + 1] = first[at] + size[at + 1], size[at] - size[at + 1]
            at += 1
    return total


@jit()
def _sum_of_line(begin: int, end: int, place: Array, first: int, iou: Array, size: int, spread: Array) -> float:
    """Sum of the overlaps of pairs begin … end − 1, which lie at ``place`` − ``first`` of a line of ``size`` values
    that is 0 elsewhere; ``spread`` is zeros and stays so. Up to two overlaps give the same in any order.
    """
    if size < 8 or end - begin < 3:
        total = 0.0
        for p in range(begin, end):
            total += iou[p]
        return total
    for p in range(begin, end):
        spread[place[p] - first] = iou[p]
    total = pairwise_sum(spread, size)
    for p in range(begin, end):
        spread[place[p] - first] = 0.0
    return float(total)


@jit()
def _share_out(
    start: Array, said_start: Array, pair_start: Array, row: Array, column: Array, iou: Array, meeting: Array,
    shared: Array,
) -> None:  # fmt: skip
    """Add to ``shared`` of each meeting its overlaps, each as a share of all overlaps of the two boxes."""
    spread = np.zeros(max(widest(start), widest(said_start)))
    of_column = np.empty(widest(said_start))
    for f in range(len(start) - 1):
        begin, end = pair_start[f], pair_start[f + 1]
        first, said = start[f], said_start[f]
        rows, columns = start[f + 1] - first, said_start[f + 1] - said
        of_column[:columns] = 0.0
        for p in range(begin, end):
            of_column[column[p] - said] += iou[p]
        if columns == 1:
            of_column[0] = _sum_of_line(begin, end, row, first, iou, rows, spread)
        at = begin
        while at < end:
            after = at + 1
            while after < end and row[after] == row[at]:
                after += 1
            of_row = _sum_of_line(at, after, column, said, iou, columns, spread)
            for p in range(at, after):
                whole = of_column[column[p] - said] + of_row - iou[p]
                if whole > EPS:
                    shared[meeting[p]] += iou[p] / whole
            at = after


@jit(
    "void(int64[::1], int64[::1], int64[::1], int32[::1], int32[::1], float64[::1], int32[::1], int32[::1], int32[::1],"
    " int64[::1], int64[::1], float64[::1], int64, int64[::1], float64[:, ::1], float64[::1])"
)
def hota(
    start: Array, said_start: Array, pair_start: Array, row: Array, column: Array, iou: Array, meeting: Array,
    who: Array, said_who: Array, boxes: Array, said_boxes: Array, alphas: Array, middle: int, hits: Array, sums: Array,
    association: Array,
) -> None:  # fmt: skip
    """True positives at each of ``alphas`` (A,), and the sums behind AssA, AssRe, AssPr and LocA.

    Pairs of boxes as ``box_overlaps.overlaps`` gives them, ``meeting`` (p,), ``who`` and ``said_who`` (number of
    meetings,) as ``box_overlaps.meetings`` does; ``boxes`` and ``said_boxes`` count those of each identity. Fills
    ``hits`` (A,), ``sums`` (4, A), each over the true positives, and ``association`` (m,), A(c) at α number ``middle``
    of the pair that a box is matched to, left as it is where it is not.
    """
    A, met = len(alphas), len(who)
    weight = np.zeros(met)
    _share_out(start, said_start, pair_start, row, column, iou, meeting, weight)
    for c in range(met):
        weight[c] = weight[c] / (boxes[who[c]] + said_boxes[said_who[c]] - weight[c])
    passed = np.zeros((met, A + 1), np.int32)  # matches of a meeting that hold for so many alphas
    reached = np.zeros(len(iou), np.int32)
    size = widest(pair_start)
    i, j, score = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
    partner, located = np.empty(widest(start), np.int64), np.empty(A)
    sums[:] = 0.0
    for f in range(len(start) - 1):
        first, said, near = start[f], said_start[f], 0
        for p in range(pair_start[f], pair_start[f + 1]):
            value = weight[meeting[p]] * iou[p]
            if value > 0.0:
                i[near], j[near], score[near] = row[p] - first, column[p] - said, value
                near += 1
        if near == 0:
            continue
        assign_sparse(start[f + 1] - first, said_start[f + 1] - said, near, i, j, score, partner)
        located[:] = 0.0
        for p in range(pair_start[f], pair_start[f + 1]):
            if partner[row[p] - first] != column[p] - said:
                continue
            a = min(int(iou[p] * (A + 1)), A)  # near enough where alphas are even
            while a > 0 and iou[p] < alphas[a - 1] - EPS:
                a -= 1
            while a < A and iou[p] >= alphas[a] - EPS:
                a += 1
            for b in range(a):
                located[b] += iou[p]
            passed[meeting[p], a] += 1
            reached[p] = a
        for a in range(A):
            sums[3, a] += located[a]
    hits[:] = 0
    at_middle = np.zeros(met)
    for c in range(met):
        count, all_of, said_of = 0, boxes[who[c]], said_boxes[said_who[c]]
        for a in range(A - 1, -1, -1):
            count += passed[c, a + 1]
            if count == 0:
                continue
            alike = count / (all_of + said_of - count)
            hits[a] += count
            sums[0, a] += count * alike
            sums[1, a] += count * (count / all_of)
            sums[2, a] += count * (count / said_of)
            if a == middle:
                at_middle[c] = alike
    for p in range(len(iou)):
        if reached[p] > middle:
            association[row[p]] = at_middle[meeting[p]]
