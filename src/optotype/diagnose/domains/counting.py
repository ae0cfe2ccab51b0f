"""Pixels of one data set by truth and prediction under joint class names, group by group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optotype.class_maps import ClassMap
from optotype.evidence import Evidence
from optotype.metrics.intervals import bootstrap_lanes, group_index
from optotype.tables import OTHER, Floats, Ints

_LANES = 32


@dataclass(frozen=True, eq=False)
class Pixels:
    """Counts of a data set's pixels whose truth is one of the K joint classes.

    ``truth`` and ``said`` (c,) are the cells that occur, ``said`` K where the model's class is no joint one;
    ``counts`` (groups, c) float64 holds whole numbers. ``by_class`` are all labelled pixels by the data set's own
    classes.
    """

    classes: int
    truth: Ints
    said: Ints
    counts: Floats
    by_class: Floats

    @property
    def groups(self) -> int:
        """Groups that the bootstrap draws from."""
        return len(self.counts)

    @cached_property
    def matrix(self) -> Floats:
        """All pixels, (K, K + 1)."""
        found = np.zeros((self.classes, self.classes + 1))
        found[self.truth, self.said] = self.counts.sum(axis=0)
        return found

    @cached_property
    def class_groups(self) -> Ints:
        """In how many groups each class has truth, (K,)."""
        inside = [(self.counts[:, self.truth == k] > 0).any(axis=1).sum() for k in range(self.classes)]
        return np.array(inside, np.int64)

    def drawn(self, *, resamples: int, seed: int, threads: int) -> Floats:
        """The matrix in each resample of the groups, (resamples, K, K + 1)."""
        counts = np.ascontiguousarray(self.counts.T)
        rows = bootstrap_lanes(
            lambda weights: counts @ weights, self.groups, lanes=_LANES, resamples=resamples, seed=seed, threads=threads
        )
        found = np.zeros((resamples, self.classes, self.classes + 1))
        found[:, self.truth, self.said] = rows
        return found


def count(evidence: Evidence, joint: ClassMap) -> Pixels:
    """The pixels of segmentation evidence under the names of ``joint``; truth that is void or no joint class is left
    out.
    """
    rows, own, K = evidence["pixels"], len(evidence.classes), len(joint.classes)
    place = np.full(256, -1)
    place[:own] = joint.index(evidence.classes)
    truth, said, n = place[rows["truth"]], place[rows["said"]], rows["n"].astype(np.float64)
    labelled = rows["truth"] < min(own, OTHER)
    by_class = np.bincount(rows["truth"][labelled], n[labelled], own).astype(np.float64)
    inside = truth >= 0
    truth, said, n = truth[inside], np.where(said < 0, K, said)[inside], n[inside]
    group, groups = group_index(evidence.groups)
    cells, cell = np.unique(truth * (K + 1) + said, return_inverse=True)
    flat = group[rows.item[inside]].astype(np.int64) * len(cells) + cell
    counts = np.bincount(flat, n, groups * len(cells)).reshape(groups, len(cells)).astype(np.float64)
    return Pixels(K, cells // (K + 1), cells % (K + 1), counts, by_class)
