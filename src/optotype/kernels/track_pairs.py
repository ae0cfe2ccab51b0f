"""Which tracks and boxes overlap: the pairs that an assignment chooses from."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.assignment import assign_sparse

Array: TypeAlias = NDArray[Any]

LEAST = 1e-300
"""Weight of a pair whose cost is the limit itself: it is matched where nothing else wants either."""

FEW = 24
"""So many boxes are looked through faster than they are sorted."""


@jit("void(float64[:, ::1], int64[::1], int64)")
def _sort(corners: Array, order: Array, n: int) -> None:
    """Put the first n of ``order`` in order of the left sides: Shell's sort."""
    step = 1
    while 3 * step + 1 < n:
        step = 3 * step + 1
    while step > 0:
        for p in range(step, n):
            moving, q = order[p], p
            while q >= step and corners[order[q - step], 0] > corners[moving, 0]:
                order[q] = order[q - step]
                q -= step
            order[q] = moving
        step //= 3


@jit("int64(float64[::1], int64, float64)")
def _first_from(values: Array, n: int, least: float) -> int:
    """Where the ascending values reach ``least``, by halving."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if values[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@jit("float64(float64[:, ::1], int64, float64[:, ::1], int64, float64)")
def iou(a: Array, i: int, b: Array, j: int, extra: float) -> float:
    """IoU of the corners (x1, y1, x2, y2) ``a[i]`` and ``b[j]``; ``extra`` 1: lengths include the last pixel."""
    w = min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0]) + extra
    if w <= 0:
        return 0.0
    h = min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1]) + extra
    if h <= 0:
        return 0.0
    ours = (a[i, 2] - a[i, 0] + extra) * (a[i, 3] - a[i, 1] + extra)
    theirs = (b[j, 2] - b[j, 0] + extra) * (b[j, 3] - b[j, 1] + extra)
    return w * h / (ours + theirs - w * h)  # type: ignore[no-any-return]


@jit(
    "int64(float64[:, ::1], int64, float64[:, ::1], int64, float64, float64[::1], boolean, float64, int64[::1],"
    " int64[::1], float64[::1])"
)
def _near(
    a: Array, rows: int, b: Array, columns: int, extra: float, score: Array, fused: bool, limit: float, row: Array,
    column: Array, weight: Array,
) -> int:  # fmt: skip
    """The pairs whose cost is at most the limit; their number, of which as many are written as there is room for.

    The boxes are gone through by their left side, of those that can reach a track.
    """
    room, pairs = len(row), 0
    order, left, widest = np.empty(columns, np.int64), np.empty(columns), 0.0
    for p in range(columns):
        order[p] = p
    if columns > FEW:
        _sort(b, order, columns)
    for p in range(columns):
        j = order[p]
        left[p] = b[j, 0]
        widest = max(widest, b[j, 2] - b[j, 0])
    for i in range(rows):
        first = 0
        if columns > FEW:
            first = _first_from(left, columns, a[i, 0] - widest - extra)
        for p in range(first, columns):
            if left[p] >= a[i, 2] + extra:
                if columns > FEW:
                    break
                continue
            j = order[p]
            overlap = iou(a, i, b, j, extra)
            if overlap <= 0:
                continue
            cost = 1 - overlap
            if fused:
                cost = 1 - (1 - cost) * score[j]
            if cost <= limit:
                if pairs < room:
                    row[pairs], column[pairs], weight[pairs] = i, j, max(limit - cost, LEAST)
                pairs += 1
    return pairs


@jit(
    "void(float64[:, ::1], int64, float64[:, ::1], int64, float64, float64[::1], boolean, float64, int64[::1],"
    " int64[::1], float64[::1], int64[::1])"
)
def pair_up(
    a: Array, rows: int, b: Array, columns: int, extra: float, score: Array, fused: bool, limit: float, row: Array,
    column: Array, weight: Array, partner: Array,
) -> None:  # fmt: skip
    """Assign the first ``columns`` boxes ``b`` to the first ``rows`` boxes ``a`` (corners) at least cost.

    The cost of a pair is 1 − IoU, where ``fused`` 1 − IoU · ``score`` of the box; pairs that cost more than ``limit``
    are not made, and leaving both alone costs the limit. ``row``, ``column`` and ``weight`` are room for pairs;
    ``partner`` (≥ rows,) becomes the column of each row, −1 for none. Boxes that do not overlap are never paired.
    """
    for i in range(rows):
        partner[i] = -1
    if rows == 0 or columns == 0:
        return
    pairs = _near(a, rows, b, columns, extra, score, fused, limit, row, column, weight)
    if pairs > len(row):
        row, column, weight = np.empty(pairs, np.int64), np.empty(pairs, np.int64), np.empty(pairs)
        _near(a, rows, b, columns, extra, score, fused, limit, row, column, weight)
    if pairs:
        assign_sparse(rows, columns, pairs, row, column, weight, partner)


@jit(
    "void(float64[:, ::1], int64, float64[:, ::1], int64, float64, boolean, int64[::1], int64[::1], float64[::1],"
    " int64[::1])"
)
def pair_by_iou(
    a: Array, rows: int, b: Array, columns: int, threshold: float, direct: bool, row: Array, column: Array,
    weight: Array, partner: Array,
) -> None:  # fmt: skip
    """Assign boxes ``b`` to boxes ``a`` (corners), the sum of all IoUs greatest; then drop those below a threshold.

    ``direct``: where no box overlaps more than one other by more than the threshold, those are the pairs; otherwise
    nothing is paired unless some overlap exceeds it. ``row``, ``column``, ``weight`` and ``partner`` as in ``pair_up``.
    """
    for i in range(rows):
        partner[i] = -1
    if rows == 0 or columns == 0:
        return
    pairs = _near(a, rows, b, columns, 0.0, weight, False, 1.0, row, column, weight)
    if pairs > len(row):
        row, column, weight = np.empty(pairs, np.int64), np.empty(pairs, np.int64), np.empty(pairs)
        _near(a, rows, b, columns, 0.0, weight, False, 1.0, row, column, weight)
    of_row, of_column = np.zeros(rows, np.int64), np.zeros(columns, np.int64)
    most = 0
    for p in range(pairs):
        weight[p] = iou(a, row[p], b, column[p], 0.0)
        if weight[p] > threshold:
            of_row[row[p]] += 1
            of_column[column[p]] += 1
            most = max(most, of_row[row[p]], of_column[column[p]])
    if direct and most == 1:
        for p in range(pairs):
            if weight[p] > threshold:
                partner[row[p]] = column[p]
        return
    if pairs == 0 or (not direct and most == 0):
        return
    assign_sparse(rows, columns, pairs, row, column, weight, partner)
    for i in range(rows):
        if partner[i] >= 0 and iou(a, i, b, partner[i], 0.0) < threshold:
            partner[i] = -1
