"""Linking near-equal pictures: 64-bit hashes within a radius, confirmed on small pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit


@jit("uint64(uint64)")
def popcount(bits: Any) -> Any:
    """Number of set bits."""
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    bits = bits + (bits >> np.uint64(8))
    bits = bits + (bits >> np.uint64(16))
    return (bits + (bits >> np.uint64(32))) & np.uint64(0x7F)


@jit("int64(int64[::1], int64)")
def root_of(parent: NDArray[np.int64], i: int) -> int:
    """Root of i's tree; shortens the way there."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@jit("int64(uint8[:, ::1], int64, int64)")
def dot(pictures: NDArray[np.uint8], i: int, j: int) -> int:
    """Sum of the products of two pictures' values."""
    total = np.int64(0)
    for k in range(pictures.shape[1]):
        total += np.int64(pictures[i, k]) * np.int64(pictures[j, k])
    return int(total)


@jit(
    "void(uint64[::1], uint64[::1], int64[::1], uint8[:, ::1], float64[::1], float64[::1], int64, float64, int64[::1])"
)
def link_band(
    hashes: NDArray[np.uint64],
    band: NDArray[np.uint64],
    order: NDArray[np.int64],
    pictures: NDArray[np.uint8],
    mean: NDArray[np.float64],
    norm: NDArray[np.float64],
    radius: int,
    least: float,
    parent: NDArray[np.int64],
) -> None:
    """Unite, in ``parent``, the pairs that agree in one band of their hashes and are near-equal.

    ``order`` sorts by ``band`` (n,). A pair is near-equal when its hashes differ in at most ``radius`` bits and its
    pictures (n, d) correlate by at least ``least``; ``mean`` (n,) and ``norm`` (n,), the root of the sum of squared
    deviations, are the pictures'. The smaller index becomes the root.
    """
    n = order.shape[0]
    width = pictures.shape[1]
    start = 0
    while start < n:
        stop = start + 1
        while stop < n and band[order[stop]] == band[order[start]]:
            stop += 1
        for a in range(start, stop):
            i = order[a]
            for b in range(a + 1, stop):
                j = order[b]
                if popcount(hashes[i] ^ hashes[j]) > np.uint64(radius):
                    continue
                u, v = root_of(parent, i), root_of(parent, j)
                if u == v:
                    continue
                covariance = dot(pictures, i, j) - width * mean[i] * mean[j]
                if covariance >= least * norm[i] * norm[j]:
                    parent[max(u, v)] = min(u, v)
        start = stop
