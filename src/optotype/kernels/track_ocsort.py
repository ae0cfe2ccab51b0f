"""OC-SORT (Cao et al. 2023), a run of frames at a time.

SORT's filter, and what it is not to be trusted with taken from the boxes that were observed: the direction of motion,
where a track was last seen, and the way it took while it was not.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.area_filter import corners_of, predict, start, update, warp
from optotype.kernels.assignment import assign, assign_sparse
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
from optotype.kernels.track_pairs import LEAST, iou, pair_by_iou, pair_up

Array: TypeAlias = NDArray[Any]

STREAK, START, OBSERVED, HELD, FROZEN = range(5, 10)
"""``book``: frames in a row with a box, after the first box; clock of the first box; boxes since then; whether the
frame before had one of those; whether a filter is kept.
"""

HIGH, THRESHOLD, DELTA, INERTIA, MAX_AGE, MIN_HITS, AREA, RATIO, REFERENCE = range(9)
"""``settings``: as the fields of ``association.OCSort``."""

SCORE, VELOCITY, KEPT, SEEN, RING = 20, 21, 23, 43, 47
"""``state``, after the filter's numbers: score of the last box; unit vector of its motion (y, x); the filter at the
first frame of a gap; corners of the last box observed; from RING on the last of them, each with its age."""

LONGEST = 10
"""The largest delta."""

WIDTH = RING + 5 * (LONGEST + 1)
"""Columns of ``state``."""


@jit("int64(int64[:, ::1], float64[:, ::1], int64, int64, int64)")
def _previous(book: Array, state: Array, i: int, age: int, delta: int) -> int:
    """Column of the corners observed ``delta`` frames ago, or as close to that as there are; −1: none are."""
    if book[i, OBSERVED] == 0:
        return -1
    for back in range(delta, 0, -1):
        column = RING + 5 * ((age - back) % (LONGEST + 1))
        if age >= back and state[i, column + 4] == age - back:
            return column
    return SEEN


@jit("void(float64[:, ::1], int64)")
def _swap(state: Array, i: int) -> None:
    """The filter and the one that is kept change places."""
    for k in range(20):
        state[i, k], state[i, KEPT + k] = state[i, KEPT + k], state[i, k]


@jit("void(float64[:, ::1], int64, float64[:, ::1], int64, int64)")
def _warp_corners(state: Array, i: int, motion: Array, f: int, at: int) -> None:
    """The camera moved: the corners in the columns from ``at`` on go along."""
    a, b, tx, c, d, ty = motion[f, 0], motion[f, 1], motion[f, 2], motion[f, 3], motion[f, 4], motion[f, 5]
    x, y = (state[i, at] + state[i, at + 2]) / 2, (state[i, at + 1] + state[i, at + 3]) / 2
    by = np.sqrt(abs(a * d - b * c)) / 2
    w, h = (state[i, at + 2] - state[i, at]) * by, (state[i, at + 3] - state[i, at + 1]) * by
    x, y = a * x + b * y + tx, c * x + d * y + ty
    state[i, at], state[i, at + 1], state[i, at + 2], state[i, at + 3] = x - w, y - h, x + w, y + h


@jit("void(int64[:, ::1], float64[:, ::1], int64, float64[:, ::1], int64)")
def _warp(book: Array, state: Array, i: int, motion: Array, f: int) -> None:
    """The camera moved: the filter, the one that is kept, what was observed, and the direction of motion go along."""
    warp(state, i, motion, f)
    _warp_corners(state, i, motion, f, SEEN)
    for slot in range(LONGEST + 1):
        _warp_corners(state, i, motion, f, RING + 5 * slot)
    vy, vx = state[i, VELOCITY], state[i, VELOCITY + 1]
    x, y = motion[f, 0] * vx + motion[f, 1] * vy, motion[f, 3] * vx + motion[f, 4] * vy
    length = np.sqrt(x * x + y * y) + 1e-6
    state[i, VELOCITY], state[i, VELOCITY + 1] = y / length, x / length
    if book[i, FROZEN]:
        _swap(state, i)
        warp(state, i, motion, f)
        _swap(state, i)


@jit("void(int64[:, ::1], float64[:, ::1], int64, float64[:, ::1], int64, int64, boolean)")
def _go_back(book: Array, state: Array, i: int, corners: Array, q: int, gap: int, reference: bool) -> None:
    """Observation-centric re-update: from the frame where the track was lost, along a line to the box it is found in.

    Width and height are those of area and ratio as measured, a ratio being over the height + 1e-6.
    """
    _swap(state, i)
    book[i, FROZEN] = 0
    w1, h1 = state[i, SEEN + 2] - state[i, SEEN], state[i, SEEN + 3] - state[i, SEEN + 1]
    x1, y1 = state[i, SEEN] + w1 / 2, state[i, SEEN + 1] + h1 / 2
    w2, h2 = corners[q, 2] - corners[q, 0], corners[q, 3] - corners[q, 1]
    x2, y2 = corners[q, 0] + w2 / 2, corners[q, 1] + h2 / 2
    s1, r1, s2, r2 = w1 * h1, w1 / (h1 + 1e-6), w2 * h2, w2 / (h2 + 1e-6)
    w1, h1, w2, h2 = np.sqrt(s1 * r1), np.sqrt(s1 / r1), np.sqrt(s2 * r2), np.sqrt(s2 / r2)
    dx, dy, dw, dh = (x2 - x1) / gap, (y2 - y1) / gap, (w2 - w1) / gap, (h2 - h1) / gap
    for step in range(1, gap + 1):
        w, h = w1 + step * dw, h1 + step * dh
        if step < gap or reference:  # the authors measure the last box here and once more after it
            update(state, i, x1 + step * dx, y1 + step * dy, w * h, w / h)
        if step < gap:
            predict(state, i)


@jit(
    "void(int64[::1], int64[:, ::1], float64[:, ::1], int64, float64[:, ::1], int64, int64, float64[::1], float64[::1])"
)
def _observe(
    head: Array, book: Array, state: Array, i: int, corners: Array, q: int, d: int, score: Array, settings: Array
) -> None:
    """Track i continues with the corners q, box d of the call."""
    clock = head[CLOCK]
    age = clock - book[i, START]
    w, h = corners[q, 2] - corners[q, 0], corners[q, 3] - corners[q, 1]
    x, y = corners[q, 0] + w / 2, corners[q, 1] + h / 2
    at = _previous(book, state, i, age, int(settings[DELTA]))
    if at >= 0:
        dy = (corners[q, 1] + corners[q, 3]) / 2 - (state[i, at + 1] + state[i, at + 3]) / 2
        dx = (corners[q, 0] + corners[q, 2]) / 2 - (state[i, at] + state[i, at + 2]) / 2
        length = np.sqrt(dy * dy + dx * dx) + 1e-6
        state[i, VELOCITY], state[i, VELOCITY + 1] = dy / length, dx / length
    if not book[i, HELD] and book[i, FROZEN]:
        _go_back(book, state, i, corners, q, clock - book[i, LAST], settings[REFERENCE] > 0)
    update(state, i, x, y, w * h, w / (h + 1e-6))
    ring = RING + 5 * (age % (LONGEST + 1))
    for k in range(4):
        state[i, SEEN + k] = state[i, ring + k] = corners[q, k]
    state[i, ring + 4] = age
    state[i, SCORE] = score[d]
    book[i, OBSERVED] += 1
    book[i, HELD], book[i, LAST], book[i, ROW] = 1, clock, d
    book[i, STREAK] += 1


@jit("void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64, float64[::1])")
def _begin(head: Array, book: Array, state: Array, corners: Array, q: int, d: int, score: Array) -> None:
    """A new track; its first box is no observation."""
    i = take(head, book)
    head[BORN] += 1
    w, h = corners[q, 2] - corners[q, 0], corners[q, 3] - corners[q, 1]
    start(state, i, corners[q, 0] + w / 2, corners[q, 1] + h / 2, w * h, w / (h + 1e-6))
    state[i, VELOCITY], state[i, VELOCITY + 1], state[i, SCORE] = 0.0, 0.0, score[d]
    for k in range(4):
        state[i, SEEN + k] = corners[q, k]
    for slot in range(LONGEST + 1):
        state[i, RING + 5 * slot + 4] = -1.0
    book[i, ID], book[i, STREAK], book[i, START], book[i, LAST] = head[BORN], 0, head[CLOCK], head[CLOCK]
    book[i, OBSERVED], book[i, HELD], book[i, FROZEN], book[i, ROW] = 0, 0, 0, d
    book[head[TRACKS], LISTED] = i
    head[TRACKS] += 1


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
            _warp(book, state, i, motion, f)
        if book[i, LAST] < head[CLOCK] - 1:
            book[i, STREAK] = 0
        if corners_of(state, i, corners, kept):
            book[kept, LISTED] = i
            kept += 1
        else:
            free(head, book, i)
    head[TRACKS] = kept


@jit("float64(int64[::1], int64[:, ::1], float64[:, ::1], int64, float64[:, ::1], int64, float64, float64[::1])")
def _momentum(
    head: Array, book: Array, state: Array, i: int, corners: Array, q: int, score: float, settings: Array
) -> float:
    """Observation-centric momentum: how well the box lies in the direction in which the track was moving."""
    at = _previous(book, state, i, head[CLOCK] - book[i, START], int(settings[DELTA]))
    if at < 0:
        return 0.0
    dx = (corners[q, 0] + corners[q, 2]) / 2 - (state[i, at] + state[i, at + 2]) / 2
    dy = (corners[q, 1] + corners[q, 3]) / 2 - (state[i, at + 1] + state[i, at + 3]) / 2
    length = np.sqrt(dx * dx + dy * dy) + 1e-6
    cosine = state[i, VELOCITY + 1] * (dx / length) + state[i, VELOCITY] * (dy / length)
    angle = np.arccos(min(max(cosine, -1.0), 1.0))
    return (np.pi / 2 - abs(angle)) / np.pi * settings[INERTIA] * score  # type: ignore[no-any-return]


@jit(
    "void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, :, ::1], int64, float64[::1], int64[:, ::1],"
    " float64[::1])"
)
def _pair(
    head: Array, book: Array, state: Array, corners: Array, boxes: int, score: Array, work: Array, settings: Array
) -> None:
    """First round: ``work[1]`` becomes the track (place in the list) of each box, by overlap and momentum.

    The authors assign the sums of both over all pairs, then drop those that overlap too little, unless each box
    overlaps one track alone; here those that overlap too little are not looked at.
    """
    tracks, threshold, partner = head[TRACKS], settings[THRESHOLD], work[1]
    for q in range(boxes):
        partner[q] = -1
    if boxes == 0 or tracks == 0:
        return
    overlap = np.zeros((boxes, tracks))
    pairs, most = 0, 0
    of_row, of_column = np.zeros(boxes, np.int64), np.zeros(tracks, np.int64)
    for q in range(boxes):
        for p in range(tracks):
            overlap[q, p] = iou(corners[0], q, corners[1], p, 0.0)
            pairs += overlap[q, p] >= threshold and overlap[q, p] > 0
            if overlap[q, p] > threshold:
                of_row[q] += 1
                of_column[p] += 1
                most = max(most, of_row[q], of_column[p])
    if settings[REFERENCE] > 0 and most != 1:
        for q in range(boxes):
            for p in range(tracks):
                i = book[p, LISTED]
                overlap[q, p] += _momentum(head, book, state, i, corners[0], q, score[work[0, q]], settings)
        assign(-overlap, partner[:boxes])
    else:
        row, column, weight = np.empty(pairs, np.int64), np.empty(pairs, np.int64), np.empty(pairs)
        pairs = 0
        for q in range(boxes):
            for p in range(tracks):
                value = overlap[q, p]
                if value < threshold or value <= 0 or (settings[REFERENCE] > 0 and value == threshold):
                    continue
                i = book[p, LISTED]
                value += _momentum(head, book, state, i, corners[0], q, score[work[0, q]], settings)
                row[pairs], column[pairs], weight[pairs] = q, p, max(value, LEAST)
                pairs += 1
        assign_sparse(boxes, tracks, pairs, row, column, weight, partner)
    for q in range(boxes):
        if partner[q] >= 0 and iou(corners[0], q, corners[1], partner[q], 0.0) < threshold:
            partner[q] = -1


@jit(
    "void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, :, ::1], int64, float64[::1], int64[:, ::1],"
    " float64[::1], int64[::1], int64[::1], float64[::1])"
)
def _recover(
    head: Array, book: Array, state: Array, corners: Array, boxes: int, score: Array, work: Array, settings: Array,
    row: Array, column: Array, weight: Array,
) -> None:  # fmt: skip
    """Second round, observation-centric recovery: the boxes that are left, where tracks were last observed."""
    left, tracks, threshold = 0, 0, settings[THRESHOLD]
    for q in range(boxes):
        if work[1, q] < 0:
            for k in range(4):
                corners[2, left, k] = corners[0, q, k]
            work[2, left] = q
            left += 1
    for p in range(head[TRACKS]):
        i = book[p, LISTED]
        if book[i, LAST] < head[CLOCK] and book[i, OBSERVED] > 0:
            for k in range(4):
                corners[3, tracks, k] = state[i, SEEN + k]
            work[3, tracks] = i
            tracks += 1
    if settings[REFERENCE] > 0:
        pair_by_iou(corners[2], left, corners[3], tracks, threshold, False, row, column, weight, work[4])
    else:
        pair_up(corners[2], left, corners[3], tracks, 0.0, weight, False, 1 - threshold, row, column, weight, work[4])
    for r in range(left):
        if work[4, r] >= 0:
            q = work[2, r]
            _observe(head, book, state, work[3, work[4, r]], corners[0], q, work[0, q], score, settings)
            work[1, q] = work[4, r]


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
    boxes = 0
    for d in range(first, last):
        high = score[d] > settings[HIGH] or (score[d] == settings[HIGH] and settings[REFERENCE] == 0)
        if high and box[d, 2] > 0 and box[d, 3] > 0:
            corners[0, boxes, 0], corners[0, boxes, 1] = box[d, 0], box[d, 1]
            corners[0, boxes, 2], corners[0, boxes, 3] = box[d, 0] + box[d, 2], box[d, 1] + box[d, 3]
            work[0, boxes] = d
            boxes += 1
    _pair(head, book, state, corners, boxes, score, work, settings)
    for q in range(boxes):
        if work[1, q] >= 0:
            _observe(head, book, state, book[work[1, q], LISTED], corners[0], q, work[0, q], score, settings)
    _recover(head, book, state, corners, boxes, score, work, settings, row, column, weight)
    for p in range(head[TRACKS]):
        i = book[p, LISTED]
        if book[i, LAST] < clock and book[i, HELD]:  # the first frame of a gap
            for k in range(20):
                state[i, KEPT + k] = state[i, k]
            book[i, HELD], book[i, FROZEN] = 0, 1
    forget(head, book, settings[MAX_AGE])
    for q in range(boxes):
        if work[1, q] < 0:
            _begin(head, book, state, corners[0], q, work[0, q], score)


@jit(
    "int64(int64, int64[::1], int64[:, ::1], float64[:, ::1], int64[::1], float64[:, ::1], float64[::1],"
    " float64[::1], float64[:, ::1], float64[:, ::1], int64[:, ::1])"
)
def run(
    f: int, head: Array, book: Array, state: Array, begins: Array, box: Array, score: Array, settings: Array,
    motion: Array, out: Array, who: Array,
) -> int:  # fmt: skip
    """Track from frame f of this call on; as ``track_byte.run``. What is put out is the box that was observed."""
    frames = len(begins) - 1
    most = 0
    for g in range(f, frames):
        most = max(most, begins[g + 1] - begins[g])
    size = max(len(state), most)
    work, corners = np.empty((5, size), np.int64), np.empty((4, size, 4))
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
            w, h = state[i, SEEN + 2] - state[i, SEEN], state[i, SEEN + 3] - state[i, SEEN + 1]
            if w * h <= settings[AREA] or (settings[RATIO] > 0 and w / h > settings[RATIO]):
                continue
            out[k, 0], out[k, 1], out[k, 2], out[k, 3], out[k, 4] = (
                state[i, SEEN],
                state[i, SEEN + 1],
                w,
                h,
                state[i, SCORE],
            )
            who[k, FRAME], who[k, WHO], who[k, BOX], who[k, SLOT] = f, book[i, ID], book[i, ROW], i
            k += 1
        head[OUT] = k
        f += 1
    return f
