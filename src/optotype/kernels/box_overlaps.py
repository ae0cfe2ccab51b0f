"""Which boxes of the two sides of a sequence overlap, frame by frame, and which identities meet."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.assignment import assign_sparse

Array: TypeAlias = NDArray[Any]

EPS = np.finfo(np.float64).eps
_HALF = 0.5


@jit()
def widest(start: Array) -> int:
    """The most rows of a frame."""
    most = 0
    for f in range(len(start) - 1):
        most = max(most, start[f + 1] - start[f])
    return most


@jit(
    "int64(int64[::1], int64[::1], float64[:, ::1], float64[:, ::1], int32[::1], int32[::1], boolean, int64[::1],"
    " int32[::1], int32[::1], float64[::1])"
)
def overlaps(
    start: Array, said_start: Array, box: Array, said_box: Array, label: Array, said_label: Array, within: bool,
    pair_start: Array, row: Array, column: Array, iou: Array,
) -> int:  # fmt: skip
    """All pairs of a frame that overlap, by row of the truth and then of the predictions: how many there are.

    ``start`` and ``said_start`` (F + 1,) say where the rows of each frame begin, boxes are x, y, w, h. ``row``,
    ``column`` and ``iou`` are filled as far as they reach, ``pair_start`` (F + 1,) whole. ``within``: only pairs of one
    label. The operations and their order are TrackEval's, which the last bit depends on.
    """
    n, room, count = len(said_box), len(row), 0
    x0, y0, x1, y1, area = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    near = np.empty(widest(said_start) + 1, np.int64)
    for j in range(n):
        x0[j], y0[j] = said_box[j, 0], said_box[j, 1]
        x1[j], y1[j] = x0[j] + said_box[j, 2], y0[j] + said_box[j, 3]
        area[j] = (x1[j] - x0[j]) * (y1[j] - y0[j])
    for f in range(len(start) - 1):
        pair_start[f] = count
        for i in range(start[f], start[f + 1]):
            left, top = box[i, 0], box[i, 1]
            right, bottom = left + box[i, 2], top + box[i, 3]
            own = (right - left) * (bottom - top)
            some = 0
            for j in range(
                said_start[f], said_start[f + 1]
            ):  # without a branch: few overlap, and which is anyone's guess
                near[some] = j
                some += (min(right, x1[j]) > max(left, x0[j])) & (min(bottom, y1[j]) > max(top, y0[j]))
            for k in range(some):
                j = near[k]
                if within and label[i] != said_label[j]:
                    continue
                both = (min(right, x1[j]) - max(left, x0[j])) * (min(bottom, y1[j]) - max(top, y0[j]))
                union = own + area[j] - both
                if own <= EPS or area[j] <= EPS or union <= EPS:
                    continue
                if count < room:
                    row[count], column[count], iou[count] = i, j, both / union
                count += 1
    pair_start[len(start) - 1] = count
    return count


@jit("void(int64[::1], int64[::1], int64[::1], int32[::1], int32[::1], float64[::1], boolean[::1], boolean[::1])")
def drop_distracted(
    start: Array, said_start: Array, pair_start: Array, row: Array, column: Array, iou: Array, distractor: Array,
    kept: Array,
) -> None:  # fmt: skip
    """Clear ``kept`` (n,) of predictions that are assigned to a ``distractor`` (m,) in the assignment of all boxes."""
    size = widest(pair_start)
    i, j, weight = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
    partner = np.empty(widest(start), np.int64)
    for f in range(len(start) - 1):
        first, said, near, of_distractors = start[f], said_start[f], 0, False
        for p in range(pair_start[f], pair_start[f + 1]):
            if iou[p] >= _HALF - EPS:
                i[near], j[near], weight[near] = row[p] - first, column[p] - said, iou[p]
                of_distractors |= distractor[row[p]]
                near += 1
        if not of_distractors:
            continue
        rows = start[f + 1] - first
        assign_sparse(rows, said_start[f + 1] - said, near, i, j, weight, partner)
        for r in range(rows):
            if partner[r] >= 0 and distractor[first + r]:
                kept[said + partner[r]] = False


@jit("int64(int64, int64, int32[::1], int32[::1], int32[::1], int32[::1], int32[::1])")
def meetings(ids: int, said_ids: int, identity: Array, said: Array, meeting: Array, who: Array, said_who: Array) -> int:
    """Number the pairs of identities that meet: how many there are.

    ``identity`` and ``said`` (p,) are those of each pair of boxes, below ``ids`` and ``said_ids``; ``meeting`` (p,)
    becomes the number of their pair, ``who`` and ``said_who`` the two identities of each number.
    """
    begin = np.zeros(ids + 1, np.int64)
    for p in range(len(identity)):
        begin[identity[p] + 1] += 1
    for g in range(ids):
        begin[g + 1] += begin[g]
    order = np.empty(len(identity), np.int64)
    for p in range(len(identity)):
        order[begin[identity[p]]] = p
        begin[identity[p]] += 1
    number, last = np.empty(said_ids, np.int32), np.full(said_ids, -1, np.int32)
    count = 0
    for at in range(len(order)):
        p = order[at]
        g, t = identity[p], said[p]
        if last[t] != g:
            last[t], number[t] = g, count
            who[count], said_who[count] = g, t
            count += 1
        meeting[p] = number[t]
    return count


@jit("int64(int64[::1], int32[::1], int64)")
def second_of_frame(start: Array, identity: Array, ids: int) -> int:
    """The first row whose identity, below ``ids``, was in its frame already; −1 for none."""
    last = np.full(ids, -1, np.int64)
    for f in range(len(start) - 1):
        for i in range(start[f], start[f + 1]):
            if last[identity[i]] == f:
                return i
            last[identity[i]] = f
    return -1
