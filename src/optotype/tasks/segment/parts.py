"""How much is right near boundaries and inside, and of components by size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from optotype.evidence import Evidence
from optotype.metrics.ratios import divide
from optotype.tables import Array, Floats

SIZES: Final = (("small", 32**2), ("medium", 96**2), ("large", None))
"""Components by area, and the area in pixels that each name is below: those of COCO's objects."""

Key: TypeAlias = tuple[str, str, str]
"""Slice, name and key of a number of a part."""

COUNTED: Final = "found"
"""The share of components that are found. It has no interval: near 1 these hold too seldom."""

FOUND = 0.5
"""The share of its pixels from which on a component counts as found."""


@dataclass(frozen=True)
class Part:
    """A part of the pixels: its slice and name, its numbers, and where each is divided from.

    ``ratios`` maps a key to the columns of the numerator and the denominator; the last column of a part is its ``n``.
    """

    slice: str
    name: str
    ratios: tuple[tuple[str, int, int], ...]
    n: int


def parts() -> tuple[Part, ...]:
    """All of them, in the order in which they are told."""
    near = (
        Part("part", "boundary", (("accuracy", 0, 1),), 1),
        Part("part", "interior", (("accuracy", 2, 3),), 3),
    )
    sized = tuple(
        Part("size", name, (("recall", b, b + 1), (COUNTED, b + 2, b + 3)), b + 3)
        for b, (name, _) in zip(range(len(near) * 2, 100, 4), SIZES, strict=False)
    )
    return (*sized, *near)


def addends(evidence: Evidence, place: Array, places: int) -> Floats:
    """Sums over the items at each place, (places, 4 + 4 · sizes) float64, as ``parts`` divides them.

    Right and all pixels of the rims, right and all of the interior; by size of component right and all pixels, found
    and all components.
    """
    rims, components = evidence["rims"], evidence["components"]
    inside = rims["right"] - rims["rim_right"], rims["n"] - rims["rim"]
    near = _by_place(place[rims.item], places, rims["rim_right"], rims["rim"], *inside)
    size = np.searchsorted([limit for _, limit in SIZES if limit], components["area"], side="right")
    found = components["right"] >= FOUND * components["area"]
    ones = np.ones(len(components), np.int64)
    by_size = _by_place(
        place[components.item].astype(np.int64) * len(SIZES) + size, places * len(SIZES), components["right"],
        components["area"], found, ones,
    )  # fmt: skip
    return np.column_stack([near, by_size.reshape(places, -1)])


def ratios(sums: Floats) -> dict[Key, Floats]:
    """Every ratio of sums (…, columns), (…), by slice, name and key."""
    return {
        (part.slice, part.name, key): divide(sums[..., a], sums[..., b])
        for part in parts()
        for key, a, b in part.ratios
    }


def holders(sums: Floats) -> dict[Key, int]:
    """In how many places, of sums (places, columns), there is anything to divide."""
    return {(part.slice, part.name, key): int((sums[:, b] > 0).sum()) for part in parts() for key, _, b in part.ratios}


def _by_place(at: Array, places: int, *values: Array) -> Floats:
    return np.column_stack([np.bincount(at, weights=value, minlength=places) for value in values])
