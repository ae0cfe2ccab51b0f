"""CLEAR of one sequence and class (Bernardin and Stiefelhagen 2008): matches, counts and sum as TrackEval has them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.assignment import assign_sparse
from optotype.kernels.box_overlaps import EPS, widest

Array: TypeAlias = NDArray[Any]

IOU = 0.5
KEEPING = 1000.0
"""Bonus of a pair that goes on from the frame before."""
MOSTLY, PARTLY = 0.8, 0.2
"""A track is mostly tracked above, and partly from, this share of its boxes."""


@jit(
    "float64(int64[::1], int64[::1], int64[::1], int32[::1], int32[::1], float64[::1], int32[::1], int32[::1], int64,"
    " int32[::1], int64[::1])"
)
def clear(
    start: Array, said_start: Array, pair_start: Array, row: Array, column: Array, iou: Array, identity: Array,
    said: Array, ids: int, match: Array, counts: Array,
) -> float:  # fmt: skip
    """Sum of the matches' overlaps; ``match`` (m,) becomes the matched row of the predictions, −1 for none.

    Pairs of boxes as ``box_overlaps.overlaps`` gives them; ``identity`` (m,) below ``ids`` and ``said`` (n,) are those
    of the boxes. ``counts`` becomes TP, IDSW, Frag, MT, PT, ML. The frame before is the last in which both sides had
    boxes.
    """
    size = widest(pair_start)
    i, j, weight = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size)
    partner = np.empty(widest(start), np.int64)
    last, when = np.full(ids, -1, np.int64), np.full(ids, -2, np.int64)
    present, found, starts = np.zeros(ids, np.int64), np.zeros(ids, np.int64), np.zeros(ids, np.int64)
    match[:] = -1
    counts[:] = 0
    total, turn = 0.0, 0
    for f in range(len(start) - 1):
        first, said_first, near = start[f], said_start[f], 0
        rows, columns = start[f + 1] - first, said_start[f + 1] - said_first
        for r in range(first, start[f + 1]):
            present[identity[r]] += 1
        if rows == 0 or columns == 0:
            continue
        turn += 1
        for p in range(pair_start[f], pair_start[f + 1]):
            if iou[p] >= IOU - EPS:
                g = identity[row[p]]
                kept = when[g] == turn - 1 and last[g] == said[column[p]]
                i[near], j[near] = row[p] - first, column[p] - said_first
                weight[near] = KEEPING + iou[p] if kept else iou[p]
                near += 1
        assign_sparse(rows, columns, near, i, j, weight, partner)
        located = 0.0
        for p in range(pair_start[f], pair_start[f + 1]):
            if partner[row[p] - first] != column[p] - said_first:
                continue
            g, t = identity[row[p]], said[column[p]]
            match[row[p]] = column[p]
            counts[0] += 1
            counts[1] += last[g] >= 0 and last[g] != t
            starts[g] += when[g] != turn - 1
            found[g] += 1
            last[g], when[g] = t, turn
            located += iou[p]
        total += located
    for g in range(ids):
        counts[2] += max(starts[g] - 1, 0)
        share = found[g] / present[g]
        counts[3 if share > MOSTLY else 4 if share >= PARTLY else 5] += 1
    return total
