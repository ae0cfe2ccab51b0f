"""ByteTrack (Zhang et al. 2022), a run of frames at a time.

A track is a slot (slots.py) with a filter (kalman.py), on one of two lists: those that had a box in the frame before,
and the lost ones, each in the order in which the assignment sees them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.kalman import advance, begin, correct, stretch, turn
from optotype.kernels.slots import ALIVE, BORN, BOX, CLOCK, FRAME, ID, LAST, OUT, ROW, SLOT, WHO, free, take
from optotype.kernels.track_pairs import iou, pair_up

Array: TypeAlias = NDArray[Any]

TRACKED, LOST = 4, 5
"""``head``: the lengths of the lists."""

MODE, START, ACTIVE, DOOMED, IN_TRACKED, IN_LOST = range(4, 10)
"""``book``: mode, clock of the first box, whether it is let out, whether it was once removed; then the lists."""

FOLLOWED, MISSING, GONE = range(3)
"""``book[MODE]``."""

HIGH, LOW, NEW, LIMIT, LIMIT_LOW, LIMIT_NEW, BUFFER, AREA, RATIO, FUSED, DUPLICATE, REFERENCE = range(12)
"""``settings``: as the fields of ``association.ByteTrack``; buffer in frames; REFERENCE 1: the authors' code."""

POOL, PARTNER, HIGHS, LOWS, REST, FRESH, FOUND, COUNTS = range(8)
"""Rows of ``work``: lists of slots and of boxes, and in the last how long each is."""

SCORE = 20
"""``state``: the score of the last box, after the filter's numbers (kalman.py)."""


@jit("void(float64[:, ::1], int64, float64[:, ::1], int64, float64[::1])")
def _start(state: Array, i: int, box: Array, d: int, score: Array) -> None:
    """The filter of a new track: centre, width over height, height."""
    h = box[d, 3]
    for k in (0, 1, 3):
        begin(state, i, k, 0.0, (2 * h / 20) ** 2, (10 * h / 160) ** 2)
    begin(state, i, 2, box[d, 2] / h, 1e-2**2, 1e-5**2)
    state[i, 0], state[i, 1], state[i, 3] = box[d, 0] + box[d, 2] / 2, box[d, 1] + h / 2, h
    state[i, SCORE] = score[d]


@jit("void(float64[:, ::1], int64)")
def _predict(state: Array, i: int) -> None:
    h = state[i, 3]
    for k in (0, 1, 3):
        advance(state, i, k, (h / 20) ** 2, (h / 160) ** 2)
    advance(state, i, 2, 1e-2**2, 1e-5**2)


@jit("void(float64[:, ::1], int64, float64[:, ::1], int64)")
def _warp(state: Array, i: int, motion: Array, f: int) -> None:
    """The camera moved: the centre goes along, the height by the root of the change of area."""
    turn(state, i, motion, f)
    stretch(state, i, 3, np.sqrt(abs(motion[f, 0] * motion[f, 4] - motion[f, 1] * motion[f, 3])))


@jit("void(float64[:, ::1], int64[:, ::1], int64, float64[:, ::1], int64, float64[::1], int64)")
def _take(state: Array, book: Array, i: int, box: Array, d: int, score: Array, clock: int) -> None:
    """Track i continues with box d."""
    h = state[i, 3]
    correct(state, i, 0, box[d, 0] + box[d, 2] / 2, (h / 20) ** 2)
    correct(state, i, 1, box[d, 1] + box[d, 3] / 2, (h / 20) ** 2)
    correct(state, i, 2, box[d, 2] / box[d, 3], 1e-1**2)
    correct(state, i, 3, box[d, 3], (h / 20) ** 2)
    state[i, SCORE] = score[d]
    book[i, LAST], book[i, MODE], book[i, ROW] = clock, FOLLOWED, d


@jit("void(float64[:, ::1], int64, float64[:, ::1], int64)")
def _corners(state: Array, i: int, corners: Array, p: int) -> None:
    w, h = state[i, 2] * state[i, 3], state[i, 3]
    x, y = state[i, 0] - w / 2, state[i, 1] - h / 2
    corners[p, 0], corners[p, 1], corners[p, 2], corners[p, 3] = x, y, x + w, y + h


@jit("void(float64[:, ::1], int64, float64[::1], float64[:, ::1], int64, float64[::1])")
def _corners_of_box(box: Array, d: int, score: Array, corners: Array, p: int, scores: Array) -> None:
    corners[p, 0], corners[p, 1] = box[d, 0], box[d, 1]
    corners[p, 2], corners[p, 3] = box[d, 0] + box[d, 2], box[d, 1] + box[d, 3]
    scores[p] = score[d]


@jit("void(int64[::1], int64[:, ::1], int64)")
def _confirm(head: Array, book: Array, i: int) -> None:
    """Track i is let out from now on; one that has no identity yet gets it."""
    book[i, ACTIVE] = 1
    if book[i, ID] < 0:
        head[BORN] += 1
        book[i, ID] = head[BORN]


@jit("void(float64[:, ::1], int64, int64, float64[::1], float64[::1], int64[:, ::1])")
def _split(box: Array, first: int, last: int, score: Array, settings: Array, work: Array) -> None:
    """The boxes first … last − 1 with high scores into HIGHS, those with low ones into LOWS."""
    highs, lows = 0, 0
    for d in range(first, last):
        s = score[d]
        if box[d, 3] <= 0:
            continue
        if s > settings[HIGH] or (s == settings[HIGH] and settings[REFERENCE] == 0):
            work[HIGHS, highs] = d
            highs += 1
        elif s > settings[LOW] and s < settings[HIGH]:
            work[LOWS, lows] = d
            lows += 1
    work[COUNTS, HIGHS], work[COUNTS, LOWS] = highs, lows


@jit("void(int64[::1], int64[:, ::1], int64, int64, int64[::1])")
def _strike(head: Array, book: Array, length: int, listed: int, marked: Array) -> None:
    """Free the ``marked`` tracks of the list in column ``listed``, whose length is ``head[length]``."""
    kept = 0
    for p in range(head[length]):
        i = book[p, listed]
        if marked[p]:
            free(head, book, i)
        else:
            book[kept, listed] = i
            kept += 1
    head[length] = kept


@jit("void(int64[::1], int64[:, ::1], float64[:, ::1], float64[::1], float64, int64[:, ::1], float64[:, :, ::1])")
def _drop_duplicates(
    head: Array, book: Array, state: Array, settings: Array, extra: float, work: Array, corners: Array
) -> None:
    """Of a tracked and a lost track on one another, the one with the longer span between its boxes stays.

    All pairs are looked at before any goes; of equal ones the tracked one goes.
    """
    tracked, lost = head[TRACKED], head[LOST]
    if tracked == 0 or lost == 0:
        return
    for p in range(tracked):
        work[POOL, p] = 0
        _corners(state, book[p, IN_TRACKED], corners[0], p)
    for q in range(lost):
        work[REST, q] = 0
        _corners(state, book[q, IN_LOST], corners[1], q)
    any_pair = False
    for p in range(tracked):
        i = book[p, IN_TRACKED]
        for q in range(lost):
            if 1 - iou(corners[0], p, corners[1], q, extra) < settings[DUPLICATE]:
                any_pair = True
                j = book[q, IN_LOST]
                if book[i, LAST] - book[i, START] > book[j, LAST] - book[j, START]:
                    work[REST, q] = 1
                else:
                    work[POOL, p] = 1
    if any_pair:
        _strike(head, book, TRACKED, IN_TRACKED, work[POOL])
        _strike(head, book, LOST, IN_LOST, work[REST])


@jit("void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], int64, int64[:, ::1], float64[:, ::1])")
def _gather(head: Array, book: Array, state: Array, motion: Array, f: int, work: Array, corners: Array) -> None:
    """The tracks that are let out, then the lost ones, predicted, into POOL, with their corners; the others into FRESH.

    Those not yet confirmed are not predicted.
    """
    pool, fresh = 0, 0
    for p in range(head[TRACKED]):
        i = book[p, IN_TRACKED]
        if book[i, ACTIVE]:
            work[POOL, pool] = i
            pool += 1
        else:
            work[FRESH, fresh] = i
            fresh += 1
            if len(motion):
                _warp(state, i, motion, f)
    for p in range(head[LOST]):
        work[POOL, pool] = book[p, IN_LOST]
        pool += 1
    work[COUNTS, POOL], work[COUNTS, FRESH] = pool, fresh
    for p in range(pool):
        i = work[POOL, p]
        if book[i, MODE] != FOLLOWED:
            state[i, 7] = 0.0
        _predict(state, i)
        if len(motion):
            _warp(state, i, motion, f)
        _corners(state, i, corners, p)


@jit(
    "void(float64[:, ::1], float64[::1], int64[:, ::1], int64, int64, float64[:, :, ::1], float64[::1], float64,"
    " boolean, float64, int64[::1], int64[::1], float64[::1])"
)
def _assign(
    box: Array, score: Array, work: Array, tracks: int, boxes: int, corners: Array, scores: Array, extra: float,
    fused: bool, limit: float, row: Array, column: Array, weight: Array,
) -> None:  # fmt: skip
    """PARTNER becomes the place in the list ``boxes`` for each of the list ``tracks``, whose corners are known."""
    for p in range(work[COUNTS, boxes]):
        _corners_of_box(box, work[boxes, p], score, corners[1], p, scores)
    pair_up(
        corners[0], work[COUNTS, tracks], corners[1], work[COUNTS, boxes], extra, scores, fused, limit, row, column,
        weight, work[PARTNER],
    )  # fmt: skip


@jit("void(int64[:, ::1])")
def _close_up(work: Array) -> None:
    """HIGHS without the boxes that are taken (−1)."""
    left = 0
    for p in range(work[COUNTS, HIGHS]):
        if work[HIGHS, p] >= 0:
            work[HIGHS, left] = work[HIGHS, p]
            left += 1
    work[COUNTS, HIGHS] = left


@jit("void(int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], int64, int64[:, ::1], float64[:, ::1])")
def _first(book: Array, state: Array, box: Array, score: Array, clock: int, work: Array, corners: Array) -> None:
    """The pool takes its boxes. FOUND: those that were lost; REST, with corners: those followed so far, without one."""
    rest, found = 0, 0
    for p in range(work[COUNTS, POOL]):
        i, q = work[POOL, p], work[PARTNER, p]
        if q >= 0:
            if book[i, MODE] != FOLLOWED:
                work[FOUND, found] = i
                found += 1
            _take(state, book, i, box, work[HIGHS, q], score, clock)
            work[HIGHS, q] = -1
        elif book[i, MODE] == FOLLOWED:
            work[REST, rest] = i
            for k in range(4):
                corners[rest, k] = corners[p, k]
            rest += 1
    work[COUNTS, REST], work[COUNTS, FOUND] = rest, found
    _close_up(work)


@jit("void(int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], int64, int64[:, ::1])")
def _second(book: Array, state: Array, box: Array, score: Array, clock: int, work: Array) -> None:
    """The rest takes its boxes of low score; REST: those that have none are missing from now on."""
    missed = 0
    for p in range(work[COUNTS, REST]):
        i, q = work[REST, p], work[PARTNER, p]
        if q >= 0:
            _take(state, book, i, box, work[LOWS, q], score, clock)
        else:
            book[i, MODE] = MISSING
            work[REST, missed] = i
            missed += 1
    work[COUNTS, REST] = missed


@jit("void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], int64[:, ::1])")
def _third(head: Array, book: Array, state: Array, box: Array, score: Array, work: Array) -> None:
    """Those not yet confirmed take their boxes, and are; or go."""
    for p in range(work[COUNTS, FRESH]):
        i, q = work[FRESH, p], work[PARTNER, p]
        if q >= 0:
            _take(state, book, i, box, work[HIGHS, q], score, head[CLOCK])
            _confirm(head, book, i)
            work[HIGHS, q] = -1
        else:
            book[i, MODE] = GONE
    _close_up(work)


@jit("int64(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], int64, float64[::1], boolean)")
def _new(head: Array, book: Array, state: Array, box: Array, d: int, score: Array, reference: bool) -> int:
    """The slot of a track that begins with box d; it is let out at once in the first frame only."""
    i, clock = take(head, book), head[CLOCK]
    _start(state, i, box, d, score)
    book[i, ID], book[i, MODE], book[i, DOOMED] = -1, FOLLOWED, 0
    book[i, START], book[i, LAST], book[i, ROW] = clock, clock, d
    if reference or clock == 1:
        _confirm(head, book, i)
    book[i, ACTIVE] = clock == 1
    return i


@jit("void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], int64[:, ::1])")
def _list_tracked(
    head: Array, book: Array, state: Array, box: Array, score: Array, settings: Array, work: Array
) -> None:  # fmt: skip
    """The followed tracks of the next frame: those that are still here, new ones, and those found again."""
    tracked = 0
    for p in range(head[TRACKED]):
        i = book[p, IN_TRACKED]
        if book[i, MODE] == FOLLOWED:
            book[tracked, IN_TRACKED] = i
            tracked += 1
        elif book[i, MODE] == GONE:
            free(head, book, i)
    for p in range(work[COUNTS, HIGHS]):
        d = work[HIGHS, p]
        if score[d] >= settings[NEW]:
            book[tracked, IN_TRACKED] = _new(head, book, state, box, d, score, settings[REFERENCE] > 0)
            tracked += 1
    for p in range(work[COUNTS, FOUND]):
        book[tracked, IN_TRACKED] = work[FOUND, p]
        tracked += 1
    head[TRACKED] = tracked


@jit("void(int64[::1], int64[:, ::1], float64[::1], int64[:, ::1])")
def _list_lost(head: Array, book: Array, settings: Array, work: Array) -> None:
    """The lost tracks of the next frame: those that are not found again or too old, and those that are new to it.

    The authors strike an old track off a frame after they decide to. Until then it can be found again, but is doomed:
    the next time that it is lost it is gone at once.
    """
    lost, clock, reference = 0, head[CLOCK], settings[REFERENCE] > 0
    for p in range(head[LOST]):
        i = book[p, IN_LOST]
        if book[i, MODE] == FOLLOWED:
            continue
        late = clock - book[i, LAST] > settings[BUFFER]
        if book[i, DOOMED] or (late and not reference):
            free(head, book, i)
            continue
        if late:
            book[i, MODE], book[i, DOOMED] = GONE, 1
        book[lost, IN_LOST] = i
        lost += 1
    for p in range(work[COUNTS, REST]):
        i = work[REST, p]
        if book[i, DOOMED]:
            free(head, book, i)
        else:
            book[lost, IN_LOST] = i
            lost += 1
    head[LOST] = lost


@jit(
    "void(int64[::1], int64[:, ::1], float64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64[:, ::1],"
    " int64, int64[:, ::1], float64[:, :, ::1], float64[::1], int64[::1], int64[::1], float64[::1], int64, int64)"
)
def _frame(
    head: Array, book: Array, state: Array, box: Array, score: Array, settings: Array, motion: Array, f: int,
    work: Array, corners: Array, scores: Array, row: Array, column: Array, weight: Array, first: int, last: int,
) -> None:  # fmt: skip
    """Bring the tracks to the frame with the boxes first … last − 1."""
    extra = 1.0 if settings[REFERENCE] > 0 else 0.0
    head[CLOCK] += 1
    _split(box, first, last, score, settings, work)
    _gather(head, book, state, motion, f, work, corners[0])
    limits = (settings[LIMIT], settings[LIMIT_LOW], settings[LIMIT_NEW])
    for stage in range(3):
        tracks, boxes = ((POOL, HIGHS), (REST, LOWS), (FRESH, HIGHS))[stage]
        fused = settings[FUSED] > 0 and stage != 1
        if stage == 2:
            for p in range(work[COUNTS, FRESH]):
                _corners(state, work[FRESH, p], corners[0], p)
        _assign(
            box, score, work, tracks, boxes, corners, scores, extra, fused, limits[stage], row, column, weight
        )  # fmt: skip
        if stage == 0:
            _first(book, state, box, score, head[CLOCK], work, corners[0])
        elif stage == 1:
            _second(book, state, box, score, head[CLOCK], work)
        else:
            _third(head, book, state, box, score, work)
    _list_tracked(head, book, state, box, score, settings, work)
    _list_lost(head, book, settings, work)
    _drop_duplicates(head, book, state, settings, extra, work, corners)


@jit("void(int64[::1], int64[:, ::1], float64[:, ::1], float64[::1], int64, float64[:, ::1], int64[:, ::1])")
def _let_out(head: Array, book: Array, state: Array, settings: Array, f: int, out: Array, who: Array) -> None:
    """Put out the tracks that have a box in this frame and are confirmed."""
    k = head[OUT]
    for p in range(head[TRACKED]):
        i = book[p, IN_TRACKED]
        w, h = state[i, 2] * state[i, 3], state[i, 3]
        if not book[i, ACTIVE] or w * h <= settings[AREA] or (settings[RATIO] > 0 and w / h > settings[RATIO]):
            continue
        out[k, 0], out[k, 1], out[k, 2], out[k, 3] = state[i, 0] - w / 2, state[i, 1] - h / 2, w, h
        out[k, 4] = state[i, SCORE]
        who[k, FRAME], who[k, WHO], who[k, BOX], who[k, SLOT] = f, book[i, ID], book[i, ROW], i
        k += 1
    head[OUT] = k


@jit(
    "int64(int64, int64[::1], int64[:, ::1], float64[:, ::1], int64[::1], float64[:, ::1], float64[::1],"
    " float64[::1], float64[:, ::1], float64[:, ::1], int64[:, ::1])"
)
def run(
    f: int, head: Array, book: Array, state: Array, start: Array, box: Array, score: Array, settings: Array,
    motion: Array, out: Array, who: Array,
) -> int:  # fmt: skip
    """Track from frame f of this call on; returns the frame that there was no room for, or the number of frames.

    Frame f has the boxes ``start[f]`` … ``start[f + 1]`` − 1 of ``box`` (n, 4) x, y, w, h and ``score`` (n,);
    ``motion`` (frames, 6), or (0, 6) for none. Rows of ``out`` (k, 5) are box and score, of ``who`` (k, 4) as slots.py
    names them.
    """
    frames = len(start) - 1
    most = 0
    for g in range(f, frames):
        most = max(most, start[g + 1] - start[g])
    size = max(len(state), most)
    work, corners, scores = np.empty((8, size), np.int64), np.empty((2, size, 4)), np.empty(size)
    room = 8 * size
    row, column, weight = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    while f < frames:
        boxes = start[f + 1] - start[f]
        if head[ALIVE] + boxes > len(state) or head[OUT] + head[ALIVE] + boxes > len(out):
            break
        if boxes or settings[REFERENCE] == 0:
            _frame(
                head, book, state, box, score, settings, motion, f, work, corners, scores, row, column, weight,
                start[f], start[f + 1],
            )  # fmt: skip
            _let_out(head, book, state, settings, f, out, who)
        f += 1
    return f
