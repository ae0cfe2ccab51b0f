"""Nearest items in feature space, exact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optotype.tables import Array, Floats

BLOCK = 1 << 22
"""Numbers of float64 that a block of work may take: 32 MiB."""
SPARE = 4
"""Candidates beyond k that are measured again exactly."""


def nearest(queries: Array, base: Array, k: int, *, own: Array | None = None) -> tuple[Array, Floats]:
    """Positions (n, k) of the k rows of ``base`` nearest to each query, nearest first, and their Euclidean distances.

    ``queries`` (n, d), ``base`` (m, d); ``own`` (n,) is a query's own position in ``base``, which is left out, or −1.
    Candidates come from |a|² + |b|² − 2ab about the mean, in float64; they are then measured by their differences.
    Ties go to the lower position. k is cut to what there is. O(n·m·d), in blocks.

    >>> index, distance = nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [1.0, 0.0]]), 2)
    >>> index.tolist(), distance.tolist()
    ([[1, 0]], [[1.0, 5.0]])
    """
    within = own is not None and bool((np.asarray(own) >= 0).any())
    k = min(k, len(base) - int(within))
    found = np.empty((len(queries), max(k, 0)), np.intp)
    distance = np.empty(found.shape)
    if k <= 0:
        return found, distance
    centre = base.mean(axis=0, dtype=np.float64)
    for start, part in _blocks(queries, max(base.shape[1], len(base))):
        mine = None if own is None else np.asarray(own)[start : start + len(part)]
        candidates = _candidates(part - centre, base, centre, k + SPARE, mine)
        exact = np.full(candidates.shape, np.inf)
        for column in range(candidates.shape[1]):
            rows = candidates[:, column]
            exact[:, column] = np.sqrt(((part - base[rows].astype(np.float64)) ** 2).sum(axis=1))
        if mine is not None:
            exact[candidates == mine[:, None]] = np.inf
        order = np.lexsort((candidates, exact))[:, :k]
        stop = start + len(part)
        found[start:stop] = np.take_along_axis(candidates, order, axis=1)
        distance[start:stop] = np.take_along_axis(exact, order, axis=1)
    return found, distance


def distances(a: Array, b: Array) -> Floats:
    """Euclidean distances (n, m) between the rows of ``a`` (n, d) and of ``b`` (m, d), float64.

    By |a|² + |b|² − 2ab about the mean of ``b``: the error is about 1e-7 of the data's spread where two rows are
    equal, and near float64's own elsewhere.
    """
    centre = b.mean(axis=0, dtype=np.float64)
    out = np.empty((len(a), len(b)))
    for start, part in _blocks(a, a.shape[1]):
        for first, other in _blocks(b, b.shape[1]):
            block = _squared(part - centre, other - centre)
            out[start : start + len(part), first : first + len(other)] = np.sqrt(np.maximum(block, 0, out=block))
    return out


def _candidates(part: Floats, base: Array, centre: Floats, k: int, own: Array | None) -> Array:
    """Positions (n, ≤ k) of rows of ``base`` among which the nearest are, in no order."""
    rows = np.zeros((len(part), 0), np.intp)
    squared = np.zeros((len(part), 0))
    for start, other in _blocks(base, max(base.shape[1], len(part))):
        block = _squared(part, other - centre)
        if own is not None:
            inside = np.flatnonzero((own >= start) & (own < start + len(other)))
            block[inside, own[inside] - start] = np.inf
        places = np.broadcast_to(np.arange(start, start + len(other)), block.shape)
        rows, squared = np.hstack([rows, places]), np.hstack([squared, block])
        if rows.shape[1] > k:
            kept = np.argpartition(squared, k - 1, axis=1)[:, :k]
            rows, squared = np.take_along_axis(rows, kept, axis=1), np.take_along_axis(squared, kept, axis=1)
    return rows


def _squared(a: Floats, b: Floats) -> Floats:
    squared: Floats = -2.0 * (a @ b.T)
    squared += (a * a).sum(axis=1)[:, None]
    squared += (b * b).sum(axis=1)
    return squared


def _blocks(rows: Array, width: int) -> Iterator[tuple[int, Floats]]:
    """Consecutive rows in float64, so few at a time that ``width`` numbers for each stay within ``BLOCK``."""
    step = max(1, BLOCK // max(width, 1))
    for start in range(0, len(rows), step):
        yield start, rows[start : start + step].astype(np.float64)
