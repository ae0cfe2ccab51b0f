"""The IoU tracker: each box continues the unused track that it overlaps most, a run of frames at a time."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
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
    take,
)  # fmt: skip
from optotype.kernels.track_pairs import iou

Array: TypeAlias = NDArray[Any]

THRESHOLD, LOW, MAX_LOST, STALE = range(4)
"""``settings``: as the fields of ``association.IoU``; STALE 1: lost tracks are put out where they were last seen."""

SCORE = 4
"""``state``: x1, y1, x2, y2 and the score of the last box."""


@jit("void(float64[:, ::1], int64, float64[:, ::1], int64)")
def _warp(state: Array, i: int, motion: Array, f: int) -> None:
    """The camera moved: the centre goes along, the sides by the root of the change of area."""
    a, b, tx, c, d, ty = motion[f, 0], motion[f, 1], motion[f, 2], motion[f, 3], motion[f, 4], motion[f, 5]
    x, y = (state[i, 0] + state[i, 2]) / 2, (state[i, 1] + state[i, 3]) / 2
    by = np.sqrt(abs(a * d - b * c)) / 2
    w, h = (state[i, 2] - state[i, 0]) * by, (state[i, 3] - state[i, 1]) * by
    x, y = a * x + b * y + tx, c * x + d * y + ty
    state[i, 0], state[i, 1], state[i, 2], state[i, 3] = x - w, y - h, x + w, y + h


@jit(
    "void(int64, int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], float64[::1],"
    " float64[:, ::1], int64, int64, float64[:, ::1])"
)
def _frame(
    f: int, head: Array, book: Array, state: Array, box: Array, score: Array, settings: Array, motion: Array,
    first: int, last: int, corners: Array,
) -> None:  # fmt: skip
    """Bring the tracks to frame f with the boxes first … last − 1."""
    head[CLOCK] += 1
    clock, known = head[CLOCK], head[TRACKS]
    if len(motion):
        for p in range(known):
            _warp(state, book[p, LISTED], motion, f)
    for d in range(first, last):
        if score[d] < settings[LOW]:
            continue
        corners[0, 0], corners[0, 1] = box[d, 0], box[d, 1]
        corners[0, 2], corners[0, 3] = box[d, 0] + box[d, 2], box[d, 1] + box[d, 3]
        best, most = -1, 0.0
        for p in range(known):
            i = book[p, LISTED]
            if book[i, LAST] < clock:
                overlap = iou(state, i, corners, 0, 0.0)
                if overlap >= settings[THRESHOLD] and overlap > most:
                    best, most = i, overlap
        if best < 0:
            best = take(head, book)
            head[BORN] += 1
            book[best, ID] = head[BORN]
            book[head[TRACKS], LISTED] = best
            head[TRACKS] += 1
        for k in range(4):
            state[best, k] = corners[0, k]
        state[best, SCORE] = score[d]
        book[best, LAST], book[best, ROW] = clock, d
    forget(head, book, settings[MAX_LOST])


@jit(
    "int64(int64, int64[::1], int64[:, ::1], float64[:, ::1], int64[::1], float64[:, ::1], float64[::1],"
    " float64[::1], float64[:, ::1], float64[:, ::1], int64[:, ::1])"
)
def run(
    f: int, head: Array, book: Array, state: Array, start: Array, box: Array, score: Array, settings: Array,
    motion: Array, out: Array, who: Array,
) -> int:  # fmt: skip
    """Track from frame f of this call on; as ``track_byte.run``."""
    frames = len(start) - 1
    corners = np.empty((1, 4))
    while f < frames:
        boxes = start[f + 1] - start[f]
        if head[ALIVE] + boxes > len(state) or head[OUT] + head[ALIVE] + boxes > len(out):
            break
        _frame(f, head, book, state, box, score, settings, motion, start[f], start[f + 1], corners)
        k = head[OUT]
        for p in range(head[TRACKS]):
            i = book[p, LISTED]
            seen = book[i, LAST] == head[CLOCK]
            if not seen and settings[STALE] == 0:
                continue
            out[k, 0], out[k, 1] = state[i, 0], state[i, 1]
            out[k, 2], out[k, 3] = state[i, 2] - state[i, 0], state[i, 3] - state[i, 1]
            out[k, 4] = state[i, SCORE]
            who[k, FRAME], who[k, WHO], who[k, BOX], who[k, SLOT] = f, book[i, ID], book[i, ROW] if seen else -1, i
            k += 1
        head[OUT] = k
        f += 1
    return f
