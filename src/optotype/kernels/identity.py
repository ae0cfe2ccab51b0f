"""The most boxes that one-to-one pairs of identities can share (Ristani et al. 2016)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.assignment import assign, settle

Array: TypeAlias = NDArray[Any]


@jit()
def _root(parent: Array, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@jit("float64(int64, int64, int64[::1], int64[::1], float64[::1])")
def heaviest(rows: int, columns: int, row: Array, column: Array, weight: Array) -> float:
    """Greatest sum of ``weight`` (p,), whole numbers above 0, of pairs (``row``, ``column``) that share neither.

    Only the sum counts, so that equal pairs may be settled at once and what is left solved piece by piece.
    """
    pairs, total = len(row), 0.0
    partner, taken = np.empty(rows, np.int64), np.empty(columns, np.bool_)
    waiting = settle(rows, columns, pairs, row, column, weight, -0.5, partner, taken)
    for p in range(pairs):
        if partner[row[p]] == column[p]:
            total += weight[p]
    if waiting == 0:
        return total
    parent = np.arange(rows + columns)
    left = np.empty(waiting, np.int64)
    count = 0
    for p in range(pairs):
        if partner[row[p]] < 0 and not taken[column[p]]:
            parent[_root(parent, row[p])] = _root(parent, rows + column[p])
            left[count] = p
            count += 1
    piece, start = np.empty(waiting, np.int64), np.zeros(rows + columns + 1, np.int64)
    for k in range(waiting):
        piece[k] = _root(parent, row[left[k]])
        start[piece[k] + 1] += 1
    for k in range(rows + columns):
        start[k + 1] += start[k]
    order = np.empty(waiting, np.int64)
    for k in range(waiting):
        order[start[piece[k]]] = k
        start[piece[k]] += 1
    place = np.full(rows + columns, -1, np.int64)
    begin = 0
    while begin < waiting:
        end, height, width = begin, 0, 0
        while end < waiting and piece[order[end]] == piece[order[begin]]:
            p = left[order[end]]
            if place[row[p]] < 0:
                place[row[p]] = height
                height += 1
            if place[rows + column[p]] < 0:
                place[rows + column[p]] = width
                width += 1
            end += 1
        cost = np.zeros((height, width))
        for k in range(begin, end):
            p = left[order[k]]
            cost[place[row[p]], place[rows + column[p]]] = -weight[p]
        found = np.empty(height, np.int64)
        assign(cost, found)
        for i in range(height):
            if found[i] >= 0:
                total -= cost[i, found[i]]
        begin = end
    return total
