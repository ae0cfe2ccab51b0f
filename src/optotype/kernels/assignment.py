"""Rectangular linear sum assignment, with SciPy's choice among equally good ones.

Shortest augmenting paths (Crouse 2016), row by row in order, as ``scipy.optimize.linear_sum_assignment`` goes about it:
which of several optima comes out depends on the order in which columns are looked at, so that order is kept.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]

MARGIN = 1e-9
"""A pair leads by at least this share of the largest weight, or rounding could decide: then all is solved at once."""


@jit()
def _wide(cost: Array, partner: Array) -> None:
    """``assign`` for no more rows than columns."""
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    reach = np.empty(columns)  # cost of the shortest path to each column
    before = np.empty(columns, np.int64)  # row that the path to a column comes from
    owner = np.full(columns, -1, np.int64)
    left = np.empty(columns, np.int64)
    passed = np.empty(columns, np.int64)  # columns that are on the tree, in the order they came
    partner[:] = -1
    for start in range(rows):
        for j in range(columns):
            left[j] = columns - 1 - j
            reach[j] = np.inf
        count, steps = columns, 0
        i, sink, lowest = start, -1, 0.0
        while sink < 0:
            at, least, price = 0, np.inf, row_price[i]
            for p in range(count):
                j = left[p]
                way = lowest + cost[i, j] - price - column_price[j]
                if way < reach[j]:
                    before[j], reach[j] = i, way
                if reach[j] < least or (reach[j] == least and owner[j] < 0):
                    least, at = reach[j], p
            lowest = least
            j = left[at]
            passed[steps] = j
            steps += 1
            if owner[j] < 0:
                sink = j
            else:
                i = owner[j]
            count -= 1
            left[at] = left[count]
        row_price[start] += lowest
        for s in range(steps):
            j = passed[s]
            if owner[j] >= 0:
                row_price[owner[j]] += lowest - reach[j]
            column_price[j] -= lowest - reach[j]
        j = sink
        while True:
            i = before[j]
            owner[j] = i
            j, partner[i] = partner[i], j
            if i == start:
                break


@jit("void(float64[:, ::1], int64[::1])")
def assign(cost: Array, partner: Array) -> None:
    """Least sum of ``cost`` (rows, columns), finite: ``partner`` (rows,) becomes the column of each row, −1 for none.

    Equal to ``scipy.optimize.linear_sum_assignment``, ties included; to maximise, give the negative.
    """
    rows, columns = cost.shape
    if rows <= columns:
        _wide(cost, partner)
        return
    turned = np.empty((columns, rows))
    for i in range(rows):
        for j in range(columns):
            turned[j, i] = cost[i, j]
    found = np.empty(columns, np.int64)
    _wide(turned, found)
    partner[:] = -1
    for j in range(columns):
        partner[found[j]] = j


@jit()
def settle(
    rows: int, columns: int, pairs: int, row: Array, column: Array, weight: Array, margin: float, partner: Array,
    taken: Array,
) -> int:  # fmt: skip
    """Assign the pairs that an optimum must hold; how many pairs are left between rows and columns that are not.

    A pair that outweighs the best other of its row and the best other of its column together, by more than
    ``margin``, is in every optimum; then both leave the field. ``partner`` (rows,) and ``taken`` (columns,) become what
    is assigned.
    """
    partner[:rows] = -1
    taken[:columns] = False
    first, second = np.empty(rows), np.empty(rows)
    first_of_column, second_of_column = np.empty(columns), np.empty(columns)
    left = np.arange(pairs)
    waiting = pairs
    while True:
        first[:], second[:], first_of_column[:], second_of_column[:] = 0.0, 0.0, 0.0, 0.0
        for k in range(waiting):
            i, j, w = row[left[k]], column[left[k]], weight[left[k]]
            second[i] = max(second[i], min(first[i], w))
            first[i] = max(first[i], w)
            second_of_column[j] = max(second_of_column[j], min(first_of_column[j], w))
            first_of_column[j] = max(first_of_column[j], w)
        settled, after = 0, 0
        for k in range(waiting):
            i, j, w = row[left[k]], column[left[k]], weight[left[k]]
            if partner[i] >= 0 or taken[j]:
                continue
            if w >= first[i] and w >= first_of_column[j] and w > second[i] + second_of_column[j] + margin:
                partner[i] = j
                taken[j] = True
                settled += 1
        if settled == 0:
            return waiting
        for k in range(waiting):
            if partner[row[left[k]]] < 0 and not taken[column[left[k]]]:
                left[after] = left[k]
                after += 1
        if after == 0:
            return 0
        waiting = after


@jit("boolean(int64, int64, int64, int64[::1], int64[::1], float64[::1], int64[::1])")
def assign_sparse(
    rows: int, columns: int, pairs: int, row: Array, column: Array, weight: Array, partner: Array
) -> bool:
    """Greatest sum of ``weight`` over the first ``pairs`` pairs (``row``, ``column``), all above 0; others weigh 0.

    ``partner`` (rows,) becomes the column that a row is assigned with a weight above 0, −1 for none: those of SciPy's
    assignment of the whole matrix. Where ``settle`` leaves nothing, the optimum is unique and nothing is solved (True).
    Otherwise the whole matrix is, for among equal sums only that gives SciPy's.
    """
    most = 0.0
    for p in range(pairs):
        most = max(most, weight[p])
    if settle(rows, columns, pairs, row, column, weight, MARGIN * most, partner, np.empty(columns, np.bool_)) == 0:
        return True
    cost = np.zeros((rows, columns))
    for p in range(pairs):
        cost[row[p], column[p]] = -weight[p]
    assign(cost, partner[:rows])
    for i in range(rows):
        if partner[i] >= 0 and cost[i, partner[i]] == 0.0:
            partner[i] = -1
    return False
