"""SORT (Bewley et al. 2016), written from the paper, a run of frames at a time."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.area_filter import corners_of, predict, start, update, warp
from optotype.kernels.slots import (
    ALIVE,
    BORN,
    BOX,
    CLOCK,
    FRAME,
    ID,
    LAST,
    LISTED,
    OUT,
    ROW,
    SLOT,
    TRACKS,
    WHO,
    forget,
    free,
    take,
)  # fmt: skip
from optotype.kernels.track_pairs import pair_by_iou

Array: TypeAlias = NDArray[Any]

STREAK = 5
"""``book``: frames in a row with a box, after the first box."""

THRESHOLD, LOW, MAX_AGE, MIN_HITS = range(4)
"""``settings``: as the fields of ``association.Sort``."""

SCORE = 20
"""``state``: the score of the last box, after the filter's numbers."""


@jit("void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], int64, float64[:, ::1])")
def _go_on(head: Array, book: Array, state: Array, motion: Array, f: int, corners: Array) -> None:
    """Predict the tracks; those that are no longer boxes go."""
    kept = 0
    for p in range(head[TRACKS]):
        i = book[p, LISTED]
        if state[i, 2] + state[i, 6] <= 0:
            state[i, 6] = 0.0
        predict(state, i)
        if len(motion):
            warp(state, i, motion, f)
        if book[i, LAST] < head[CLOCK] - 1:
            book[i, STREAK] = 0
        if corners_of(state, i, corners, kept):
            book[kept, LISTED] = i
            kept += 1
        else:
            free(head, book, i)
    head[TRACKS] = kept


@jit(
    "void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64[:, ::1],"
    " int64, int64, int64, int64[:, ::1], float64[:, :, ::1], int64[::1], int64[::1], float64[::1])"
)
def _frame(
    head: Array, book: Array, state: Array, box: Array, score: Array, settings: Array, motion: Array, f: int,
    first: int, last: int, work: Array, corners: Array, row: Array, column: Array, weight: Array,
) -> None:  # fmt: skip
    """Bring the tracks to the frame with the boxes first … last − 1."""
    head[CLOCK] += 1
    clock = head[CLOCK]
    _go_on(head, book, state, motion, f, corners[1])
    seen, partner = work[0], work[1]
    boxes = 0
    for d in range(first, last):
        if score[d] >= settings[LOW] and box[d, 2] > 0 and box[d, 3] > 0:
            corners[0, boxes, 0], corners[0, boxes, 1] = box[d, 0], box[d, 1]
            corners[0, boxes, 2], corners[0, boxes, 3] = box[d, 0] + box[d, 2], box[d, 1] + box[d, 3]
            seen[boxes] = d
            boxes += 1
    pair_by_iou(corners[0], boxes, corners[1], head[TRACKS], settings[THRESHOLD], True, row, column, weight, partner)
    for q in range(boxes):
        d = seen[q]
        x, y, w, h = box[d, 0] + box[d, 2] / 2, box[d, 1] + box[d, 3] / 2, box[d, 2], box[d, 3]
        if partner[q] >= 0:
            i = book[partner[q], LISTED]
            update(state, i, x, y, w * h, w / h)
            book[i, STREAK] += 1
        else:
            i = take(head, book)
            head[BORN] += 1
            start(state, i, x, y, w * h, w / h)
            book[i, ID], book[i, STREAK] = head[BORN], 0
            book[head[TRACKS], LISTED] = i
            head[TRACKS] += 1
        state[i, SCORE] = score[d]
        book[i, LAST], book[i, ROW] = clock, d
    forget(head, book, settings[MAX_AGE])


@jit(
    "int64(int64, int64[::1], int64[:, ::1], float64[:, ::1], int64[::1], float64[:, ::1], float64[::1],"
    " float64[::1], float64[:, ::1], float64[:, ::1], int64[:, ::1])"
)
def run(
    f: int, head: Array, book: Array, state: Array, begins: Array, box: Array, score: Array, settings: Array,
    motion: Array, out: Array, who: Array,
) -> int:  # fmt: skip
    """Track from frame f of this call on; as ``track_byte.run``."""
    frames = len(begins) - 1
    most = 0
    for g in range(f, frames):
        most = max(most, begins[g + 1] - begins[g])
    size = max(len(state), most)
    work, corners = np.empty((2, size), np.int64), np.empty((2, size, 4))
    row, column, weight = np.empty(8 * size, np.int64), np.empty(8 * size, np.int64), np.empty(8 * size)
    while f < frames:
        boxes = begins[f + 1] - begins[f]
        if head[ALIVE] + boxes > len(state) or head[OUT] + head[ALIVE] + boxes > len(out):
            break
        _frame(
            head, book, state, box, score, settings, motion, f, begins[f], begins[f + 1], work, corners, row, column,
            weight,
        )  # fmt: skip
        k, clock = head[OUT], head[CLOCK]
        for p in range(head[TRACKS]):
            i = book[p, LISTED]
            if book[i, LAST] < clock or (book[i, STREAK] < settings[MIN_HITS] and clock > settings[MIN_HITS]):
                continue
            corners_of(state, i, corners[0], 0)
            out[k, 0], out[k, 1] = corners[0, 0, 0], corners[0, 0, 1]
            out[k, 2], out[k, 3] = corners[0, 0, 2] - out[k, 0], corners[0, 0, 3] - out[k, 1]
            out[k, 4] = state[i, SCORE]
            who[k, FRAME], who[k, WHO], who[k, BOX], who[k, SLOT] = f, book[i, ID], book[i, ROW], i
            k += 1
        head[OUT] = k
        f += 1
    return f
