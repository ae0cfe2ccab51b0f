"""Counting classification evidence under whole weights: one pass over arrays for each resample."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optotype.evidence import Evidence
from optotype.kernels import confusion as kernel
from optotype.metrics.calibration import BINS, Edges, bin_of, equal_edges
from optotype.metrics.intervals import group_index
from optotype.tables import Array, Floats, Ints

FEWEST_CLASSES_TOP5 = 6
"""With five classes or fewer every answer is among the top five."""


@dataclass(frozen=True, eq=False)
class Tally:
    """Evidence laid out for counting.

    Items that fall alike (same truth, prediction and top-5 hit) share a ``cell`` (n,); only the c ≤ n cells that
    occur exist, so that 1,000 classes do not need a million. ``nll``, ``brier``, ``gap`` (n,) and ``part`` (n,),
    the item's confidence bin, are None without scores.
    """

    classes: int
    group: Ints
    groups: int
    cell: Ints
    cell_truth: Ints
    cell_predicted: Ints
    cell_top5: Ints
    nll: Floats | None
    brier: Floats | None
    part: Ints | None
    gap: Floats | None

    @property
    def independent(self) -> bool:
        """Every item is its own group."""
        return self.groups == len(self.group)

    @cached_property
    def _item_is_group(self) -> bool:
        return self.independent and bool((self.group[1:] > self.group[:-1]).all())

    def count(self, weights: Ints) -> Floats:
        """Totals under one whole weight a group, as one row for ``totals``."""
        return self._count_items(weights if self._item_is_group else weights[self.group])

    def _count_items(self, weights: Ints) -> Floats:
        counts = np.zeros(len(self.cell_truth), np.int64)
        kernel.weighted_counts(weights, self.cell, counts)
        hit = self.cell_truth == self.cell_predicted
        row: list[Any] = [
            [counts.sum(), (counts * self.cell_top5).sum()],
            np.bincount(self.cell_truth, counts, self.classes),
            np.bincount(self.cell_predicted, counts, self.classes),
            np.bincount(self.cell_truth[hit], counts[hit], self.classes),
        ]
        if self.nll is not None and self.brier is not None and self.gap is not None and self.part is not None:
            gaps = np.zeros(BINS)
            kernel.weighted_bins(weights, self.part, self.gap, gaps)
            row += [[kernel.weighted_sum(weights, self.nll), kernel.weighted_sum(weights, self.brier)], gaps]
        return np.concatenate(row).astype(np.float64)

    def once(self) -> dict[str, Array]:
        """Totals with every item counted once."""
        return self.totals(self._count_items(np.ones(len(self.cell), np.int32)))

    def totals(self, rows: Floats) -> dict[str, Array]:
        """Name the columns of rows (…, m) that ``count`` made: what the metrics take."""
        K = self.classes
        n, top5, rest = rows[..., 0], rows[..., 1], rows[..., 2:]
        found = {
            "n": n,
            "support": rest[..., :K],
            "predicted": rest[..., K : 2 * K],
            "hits": rest[..., 2 * K : 3 * K],
        }
        if self.nll is not None:
            found |= {"nll": rest[..., 3 * K], "brier": rest[..., 3 * K + 1], "gap": rest[..., 3 * K + 2 :]}
            if K >= FEWEST_CLASSES_TOP5:
                found["top5"] = top5
        return found


def tally(evidence: Evidence, *, edges: Edges = "guo") -> Tally:
    """Lay out the table ``labels`` of classification evidence for counting."""
    rows, K = evidence["labels"], len(evidence.classes)
    group, groups = group_index(evidence.groups)
    truth, predicted = rows["truth"].astype(np.int64), rows["predicted"].astype(np.int64)
    scored = "confidence" in rows.columns
    inside = rows["rank"] < kernel.TOP if scored else np.zeros(len(truth), bool)
    codes, cell = np.unique((truth * K + predicted) * 2 + inside, return_inverse=True)
    confidence = rows["confidence"] if scored else None
    return Tally(
        classes=K,
        group=group,
        groups=groups,
        cell=cell.astype(np.int32),
        cell_truth=(codes // (2 * K)).astype(np.int32),
        cell_predicted=(codes // 2 % K).astype(np.int32),
        cell_top5=(codes % 2).astype(np.int32),
        nll=np.ascontiguousarray(rows["nll"]) if scored else None,
        brier=np.ascontiguousarray(rows["brier"]) if scored else None,
        part=None if confidence is None else bin_of(confidence, equal_edges(), edges),
        gap=None if confidence is None else confidence - (truth == predicted),
    )
