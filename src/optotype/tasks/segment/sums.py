"""What is added up over images, so that every number of any images is a function of sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optotype.evidence import Evidence
from optotype.metrics import segmentation
from optotype.tables import Array, Floats
from optotype.tasks.segment import cells
from optotype.tasks.segment.pairs import Pairs, pairs
from optotype.tasks.segment.rules import Rules
from optotype.tasks.segment.thresholds import hits


@dataclass(frozen=True, eq=False)
class Addends:
    """Sums over the images at each place.

    ``classes`` (K) are those that are judged; ``pixels`` (places,) float64 take part; ``flat`` (places, K, columns)
    float64 are the columns of ``metrics.segmentation``, all whole numbers.
    """

    classes: tuple[str, ...]
    pixels: Floats
    flat: Floats

    @property
    def columns(self) -> Floats:
        """All addends of a place in a row, (places, 1 + K · columns)."""
        return np.column_stack([self.pixels, self.flat.reshape(len(self.flat), -1)])

    def total(self) -> dict[str, Array]:
        """The sums over all places, by name."""
        return segmentation.named(self.pixels.sum(), self.flat.sum(axis=0))

    def each(self) -> dict[str, Array]:
        """The sums of each place by name, (places, …)."""
        return segmentation.named(self.pixels, self.flat)


def named(columns: Floats, classes: int) -> dict[str, Array]:
    """Sums by name, from rows (…, 1 + K · columns) as ``Addends.columns`` has them."""
    return segmentation.named(columns[..., 0], columns[..., 1:].reshape(*columns.shape[:-1], classes, -1))


def addends(evidence: Evidence, rules: Rules, place: Array, places: int) -> Addends:
    """Sums over the items at each place; ``place`` (items,) is where each belongs."""
    return of_pairs(pairs(evidence, rules.void), rules.thresholds, place, places)


def of_pairs(found: Pairs, thresholds: tuple[int, ...], place: Array, places: int) -> Addends:
    """The same of pairs of labels; ``thresholds`` are tenths of IoU."""
    K = len(found.classes)
    pixels: Floats = np.bincount(place[found.item], weights=found.n, minlength=places).astype(np.float64)
    one = cells.of_pairs(found, len(place))
    counts = (one.intersection, one.truth, one.said, np.ones_like(one.truth), one.truth > 0, one.said > 0)
    rows = np.column_stack([*counts, hits(one, thresholds)]).astype(np.float64)
    flat = np.zeros((places * K, segmentation.columns(len(thresholds))))
    at = place[one.item].astype(np.int64) * K + one.label
    for column in range(flat.shape[1]):
        flat[:, column] = np.bincount(at, weights=rows[:, column], minlength=places * K)
    return Addends(found.classes, pixels, flat.reshape(places, K, -1))
