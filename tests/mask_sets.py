"""Generated label maps for the tests of segmentation: ties, empties, void and values of no class on purpose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optotype.tables import OTHER, VOID, Items, Masks

Maps = list[np.ndarray]


def masks(maps: Maps, classes: int, *, keys: Sequence[str] | None = None, group: Sequence[str] | None = None) -> Masks:
    """A table of label maps in memory."""
    names = tuple(f"class {k}" for k in range(classes))
    items = Items.of(keys or [f"{i:03}" for i in range(len(maps))], group=group)
    return Masks(items, names, maps, np.zeros((classes, 3), np.uint8))


def case(seed: int, *, classes: int | None = None, images: int | None = None) -> tuple[Masks, Masks]:
    """Truth and prediction of a few small images.

    Some classes occur on no side, on one, or only as void; images are 1 pixel to some hundreds and no multiple of 8
    wide; a seed may be all void, all right, or all of one class.
    """
    rng = np.random.default_rng(seed)
    K = classes or int(rng.choice([1, 2, 3, 5, 8, 19, 32]))
    truth: Maps = []
    said: Maps = []
    there = rng.permutation(K)[: int(rng.integers(1, K + 1))]
    spoken = rng.permutation(K)[: int(rng.integers(1, K + 1))]
    for _ in range(images or int(rng.integers(1, 6))):
        shape = tuple(rng.integers(1, 28, 2).tolist())
        a = blobs(rng, shape, there)
        b = np.where(rng.random(shape) < rng.choice([0.0, 0.1, 0.9]), blobs(rng, shape, spoken), a)
        a = spread(rng, a, VOID, seed % 4)
        b = spread(rng, spread(rng, b.astype(np.uint8), VOID, seed % 3), OTHER, seed % 5)
        if seed % 11 == 5:
            a[:] = VOID
        if seed % 11 == 6:
            b = a.copy()
        if seed % 11 == 7:
            b[:] = spoken[0]
        if seed % 7 == 3:
            a = spread(rng, a, OTHER, 1)
        truth.append(a)
        said.append(b)
    return masks(truth, K), masks(said, K)


def blobs(rng: np.random.Generator, shape: tuple[int, ...], labels: np.ndarray) -> np.ndarray:
    """Patches of labels, from single pixels to one for the whole map."""
    cell = int(rng.choice([1, 2, 3, 9, 30]))
    small = rng.choice(labels, (shape[0] // cell + 1, shape[1] // cell + 1)).astype(np.uint8)
    return np.ascontiguousarray(small.repeat(cell, 0).repeat(cell, 1)[: shape[0], : shape[1]])


def spread(rng: np.random.Generator, labels: np.ndarray, value: int, how: int) -> np.ndarray:
    """Some pixels or patches set to ``value``; none where ``how`` is 0."""
    if not how:
        return labels
    mask = blobs(rng, labels.shape, np.arange(6)) == 0
    return np.where(mask, value, labels).astype(np.uint8)


def flat(table: Masks) -> np.ndarray:
    """All pixels of all maps below each other."""
    return np.concatenate([labels.ravel() for labels in table.maps])
