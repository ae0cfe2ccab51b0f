"""Sums over items under integer weights, and what a score row says about its true class.

Floats are added in a fixed order of eight lanes, so that the bits do not depend on the machine's vector width.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]

LANES = 8
TOP = 5
"""How many of the best classes are kept for each item."""


@jit("void(int32[::1], int32[::1], int64[::1])")
def weighted_counts(weights: Array, cell: Array, counts: Array) -> None:
    """Add the weights (n,) of the items to ``counts`` (cells,) by ``cell`` (n,).

    Neighbours alternate between four histograms, as two additions to one address in a row wait for each other.
    """
    cells = len(counts)
    lanes = np.zeros((4, cells), np.int64)
    whole = len(cell) & ~3
    for i in range(0, whole, 4):
        for lane in range(4):
            lanes[lane, cell[i + lane]] += weights[i + lane]
    for i in range(whole, len(cell)):
        lanes[0, cell[i]] += weights[i]
    for c in range(cells):
        counts[c] += lanes[0, c] + lanes[1, c] + lanes[2, c] + lanes[3, c]


@jit("float64(int32[::1], float64[::1])")
def weighted_sum(weights: Array, values: Array) -> float:
    """Sum of weight times value, both (n,)."""
    lanes = np.zeros(LANES)
    whole = len(values) & ~(LANES - 1)
    for i in range(0, whole, LANES):
        for lane in range(LANES):
            lanes[lane] += weights[i + lane] * values[i + lane]
    total = 0.0
    for lane in range(LANES):
        total += lanes[lane]
    for i in range(whole, len(values)):
        total += weights[i] * values[i]
    return total


@jit("void(int32[::1], int32[::1], float64[::1], float64[::1])")
def weighted_bins(weights: Array, part: Array, values: Array, sums: Array) -> None:
    """Add weight times value (n,) to ``sums`` (bins,) by ``part`` (n,), over four lanes."""
    bins = len(sums)
    lanes = np.zeros((4, bins))
    whole = len(part) & ~3
    for i in range(0, whole, 4):
        for lane in range(4):
            lanes[lane, part[i + lane]] += weights[i + lane] * values[i + lane]
    for i in range(whole, len(part)):
        lanes[0, part[i]] += weights[i] * values[i]
    for b in range(bins):
        sums[b] += (lanes[0, b] + lanes[1, b]) + (lanes[2, b] + lanes[3, b])


@jit("void(float64[:, ::1], int32[::1], float64[::1], int32[::1], int32[:, ::1], float64[:, ::1])")
def judge_scores(scores: Array, truth: Array, brier: Array, rank: Array, top_class: Array, top_score: Array) -> None:
    """For each row of ``scores`` (n, K): Brier sum, rank of the true class, and the best classes with their scores.

    A class ranks before another if its score is higher, or equal and its index higher: the order of a stable
    ascending sort read backwards, as in scikit-learn's ``top_k_accuracy_score``. ``top_class`` and ``top_score``
    are (n, ≤ K).
    """
    n, classes = scores.shape
    kept = top_class.shape[1]
    for i in range(n):
        t = truth[i]
        own = scores[i, t]
        before, total = 0, 0.0
        for k in range(classes):
            p = scores[i, k]
            if p > own or (p == own and k > t):
                before += 1
            error = p - 1.0 if k == t else p
            total += error * error
            place = min(k, kept)
            while place > 0 and p >= top_score[i, place - 1]:
                if place < kept:
                    top_score[i, place] = top_score[i, place - 1]
                    top_class[i, place] = top_class[i, place - 1]
                place -= 1
            if place < kept:
                top_score[i, place] = p
                top_class[i, place] = k
        rank[i] = before
        brier[i] = total
