"""Cells: the pairs of an image and a class that occurs in it, in the truth or in what a model said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optotype.evidence import Evidence
from optotype.tables import Array, Floats
from optotype.tasks.segment.pairs import NO_CLASS, Pairs, pairs
from optotype.tasks.segment.rules import Rules


@dataclass(frozen=True, eq=False)
class Cells:
    """One row an (image, class) pair with pixels on either side, by item and then class.

    ``item`` (c,) int32 and ``label`` (c,) int32; ``intersection``, ``truth``, ``said`` and ``union`` (c,) int64 pixels,
    ``iou`` (c,) float64.
    """

    item: Array
    label: Array
    intersection: Array
    truth: Array
    said: Array
    union: Array
    iou: Floats

    def __len__(self) -> int:
        return len(self.item)


def cells(evidence: Evidence, rules: Rules) -> Cells:
    """The cells of the evidence, of the pixels that take part under the rule for void."""
    return of_pairs(pairs(evidence, rules.void), len(evidence))


def of_pairs(found: Pairs, items: int) -> Cells:
    """The cells of pairs of labels in so many items."""
    shape = items, len(found.classes)
    right = found.truth == found.said
    hit = _sums(found, found.truth, right, shape)
    truth, said = (_sums(found, side, side != NO_CLASS, shape) for side in (found.truth, found.said))
    union = truth + said - hit
    item, label = np.nonzero(union)
    hit, truth, said, union = (values[item, label] for values in (hit, truth, said, union))
    return Cells(item.astype(np.int32), label.astype(np.int32), hit, truth, said, union, hit / union)


def _sums(found: Pairs, label: Array, mask: Array, shape: tuple[int, int]) -> Array:
    """Pixels of each item and label (items, K) over the rows in ``mask``; whole numbers up to 2⁵³ are exact."""
    place = found.item[mask].astype(np.int64) * shape[1] + label[mask]
    sums = np.bincount(place, weights=found.n[mask], minlength=shape[0] * shape[1])
    return sums.reshape(shape).astype(np.int64)
