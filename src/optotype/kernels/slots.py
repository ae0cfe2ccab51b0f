"""The tracks that a tracker holds: rows (slots) of two tables, taken and freed as tracks come and go.

``head`` holds the counters and ``book`` (slots, columns) what a track is in whole numbers. A run of frames stops where
a frame could need more slots, or more rows of output, than there are; the floor above makes room and goes on.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]

CLOCK, BORN, OUT, ALIVE, TRACKS = range(5)
"""``head``: frames on the tracker's clock, identities given, rows put out in this call, slots in use, tracks listed (of
trackers with one list).
"""

FREE, ID, LAST, ROW, LISTED = range(5)
"""The first columns of ``book``: free slots, from row ``head[ALIVE]`` on; identity; clock of the last box; that box;
and of trackers with one list, that: slots in the order in which their tracks began, in rows 0 … ``head[TRACKS]`` − 1.
"""

FRAME, WHO, BOX, SLOT = range(4)
"""Columns of what is put out: frame of the call, identity, box of the call (−1 for none), slot."""


@jit("int64(int64[::1], int64[:, ::1])")
def take(head: Array, book: Array) -> int:
    """A slot that was free."""
    i = book[head[ALIVE], FREE]
    head[ALIVE] += 1
    return i  # type: ignore[no-any-return]


@jit("void(int64[::1], int64[:, ::1], int64)")
def free(head: Array, book: Array, i: int) -> None:
    """Slot i can be taken again."""
    head[ALIVE] -= 1
    book[head[ALIVE], FREE] = i


@jit("void(int64[::1], int64[:, ::1], float64)")
def forget(head: Array, book: Array, most: float) -> None:
    """Strike from the list, and free, what has had no box for more than ``most`` frames of the clock."""
    kept = 0
    for p in range(head[TRACKS]):
        i = book[p, LISTED]
        if head[CLOCK] - book[i, LAST] > most:
            free(head, book, i)
        else:
            book[kept, LISTED] = i
            kept += 1
    head[TRACKS] = kept


@jit("boolean(float64[:, ::1], float64[::1])")
def sound(box: Array, score: Array) -> bool:
    """Whether all numbers are finite and no side is negative."""
    for d in range(len(score)):
        total = score[d] + box[d, 0] + box[d, 1] + box[d, 2] + box[d, 3]
        if not np.isfinite(total) or box[d, 2] < 0 or box[d, 3] < 0:
            return False
    return True


@jit("void(int64[:, ::1], int64[::1], int64[:, ::1], int64[::1], int64[::1])")
def vote(who: Array, label: Array, votes: Array, owner: Array, chosen: Array) -> None:
    """The class of each row that is put out: what most boxes of its track were until then, the latest of equal ones.

    ``who`` (k, 4) are rows in order of frames, ``label`` (k,) the class of their boxes (−1 without one). ``votes``
    (slots, classes + 1) counts, its last column the class before; ``owner`` (slots,) is whose votes they are (−1).
    """
    classes = votes.shape[1] - 1
    for k in range(len(who)):
        i, own = who[k, SLOT], label[k]
        if owner[i] != who[k, WHO]:
            owner[i] = who[k, WHO]
            votes[i] = 0
        best = votes[i, classes]
        if own >= 0:
            votes[i, own] += 1
            if votes[i, own] >= votes[i, best]:
                best = own
        votes[i, classes] = best
        chosen[k] = best
