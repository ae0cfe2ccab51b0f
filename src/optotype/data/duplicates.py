"""Which files show the same picture: byte for byte, or nearly."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from optotype.data.inspection import Inspection
from optotype.tables import Array

RADIUS = 8
"""Greatest number of differing bits, of 64, between the perceptual hashes of near duplicates."""

LEAST_CORRELATION = 0.95
"""Least correlation between the small colour pictures of near duplicates.

Measured on 1,369 photos: re-encoding (quality 10–90), resizing and changes of brightness or contrast by 20 % keep
hashes within 6 bits and correlations above 0.98; photos that are not copies reach 0.94 at most within 8 bits.
"""

Components = NDArray[np.int64]
"""For each of n files the first file of its component, shape (n,); a file alone is its own."""


@dataclass(frozen=True, eq=False)
class Duplicates:
    """Components of equal files (``exact``) and of near-equal pictures, equal ones included (``near``)."""

    exact: Components
    near: Components


def find(inspection: Inspection) -> Duplicates:
    """Equal files by content hash; near-equal pictures by perceptual hash, confirmed on small pictures.

    Chains count as one component. Pictures that are tiny or nearly uniform take no part in the search for
    near-equal ones, nor are mirrored, strongly cropped or recoloured copies found.
    """
    exact = _exact(inspection)
    rows = np.flatnonzero(inspection.comparable & (exact == np.arange(len(exact))))
    linked = rows[near_components(inspection.hash[rows], inspection.picture[rows])]
    near = np.arange(len(exact))
    near[rows] = linked
    return Duplicates(exact, near[exact])


def near_components(hashes: NDArray[np.uint64], pictures: NDArray[np.uint8]) -> Components:
    """Components of near-equal pictures: hashes (n,), pictures (n, d).

    Two hashes that differ in at most RADIUS bits agree in one of RADIUS + 1 bands (multi-index hashing: Norouzi,
    Punjani, Fleet, Fast Search in Hamming Space with Multi-Index Hashing, 2012), so only pairs that share a band
    are looked at.
    """
    from optotype.kernels.hashing import link_band

    n = len(hashes)
    parent = np.arange(n)
    pictures = np.ascontiguousarray(pictures)
    mean, norm = _moments(pictures)
    edges = np.linspace(0, 64, RADIUS + 2).astype(int).tolist()
    for low, high in pairwise(edges):
        band = (hashes >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(band, kind="stable")
        link_band(hashes, band, order, pictures, mean, norm, RADIUS, LEAST_CORRELATION, parent)
    return roots(parent)


def unite(n: int, *assignments: Array) -> Components:
    """Components of n files under several assignments: files that share a value in any of them are together."""
    parent = np.arange(n)
    for values in assignments:
        _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
        for i, j in enumerate(first[inverse].tolist()):
            u, v = _root(parent, i), _root(parent, j)
            parent[max(u, v)] = min(u, v)
    return roots(parent)


def members(components: Components, kept: Array | None = None) -> list[Array]:
    """The components of more than one file, each as increasing row indices; with ``kept``, of these rows only."""
    rows = np.arange(len(components)) if kept is None else np.flatnonzero(kept)
    order = rows[np.argsort(components[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(components[order], prepend=-1))
    return [part for part in np.split(order, starts[1:]) if len(part) > 1]


def roots(parent: Components) -> Components:
    """The root of each file's tree, shape (n,)."""
    while not np.array_equal(parent, above := parent[parent]):
        parent = above
    return parent


def _root(parent: Components, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = int(parent[i])
    return i


def _exact(inspection: Inspection) -> Components:
    first: dict[bytes, int] = {}
    return np.array(
        [first.setdefault(digest, i) if digest else i for i, digest in enumerate(inspection.digest)], np.int64
    )


def _moments(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean, norm = np.empty(len(pictures)), np.empty(len(pictures))
    for start in range(0, len(pictures), 4096):  # blocks keep the float copies small
        block = pictures[start : start + 4096].astype(np.float64)
        mean[start : start + 4096] = block.mean(axis=1)
        norm[start : start + 4096] = np.sqrt(np.square(block - block.mean(axis=1, keepdims=True)).sum(axis=1))
    return mean, norm
