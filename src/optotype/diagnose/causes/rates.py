"""Failure rates of parts, and differences between them, with intervals that respect groups."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from optotype.metrics.intervals import FEWEST_GROUPS, wilson
from optotype.tables import Array, Floats, Ints


@dataclass(frozen=True, eq=False)
class Sample:
    """Failures, (n,) bool, and the group, (n,), of items; ``groups`` in all; ``independent``: one item a group."""

    failed: Array
    group: Ints
    groups: int
    independent: bool

    @property
    def judgeable(self) -> bool:
        """Whether there are groups enough for intervals and tests."""
        return self.groups >= FEWEST_GROUPS


@dataclass(frozen=True, eq=False)
class Rates:
    """Items, failures and effective number of independent items of each part, (b,)."""

    n: Floats
    hits: Floats
    effective: Floats

    @property
    def rate(self) -> Floats:
        """Share that fails; NaN for an empty part."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.hits / self.n


def rates(sample: Sample, code: Array, parts: int) -> Rates:
    """Rates of the items with code 0 … parts − 1 (others are left out).

    The effective number is n over the design effect: the variance of the rate from the sums of the groups against that
    of independent items, at least 1 (Rao and Scott 1992); Kish's n² / Σ m² where all of a part are alike.
    """
    there = code >= 0
    failed, code, group = sample.failed[there].astype(np.float64), code[there], sample.group[there]
    n: Floats = np.bincount(code, minlength=parts).astype(np.float64)
    hits: Floats = np.bincount(code, failed, parts).astype(np.float64)
    if sample.independent:
        return Rates(n, hits, n)
    pairs, index = np.unique(group.astype(np.int64) * parts + code, return_inverse=True)
    part = pairs % parts
    size, sums = np.bincount(index).astype(np.float64), np.bincount(index, failed)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
        clusters = np.bincount(part, minlength=parts)
        between = np.bincount(part, (sums - share[part] * size) ** 2, parts) * clusters / (clusters - 1)
        design = between / (n * share * (1 - share))
        kish = n**2 / np.bincount(part, size**2, parts)
    usable = (clusters > 1) & (share > 0) & (share < 1)
    return Rates(n, hits, np.where(usable, np.minimum(n / np.maximum(design, 1), n), kish))


def intervals(found: Rates, z: float) -> tuple[Floats, Floats]:
    """Wilson's interval of each rate at the effective number of items."""
    with np.errstate(invalid="ignore"):
        return wilson(np.nan_to_num(found.rate) * found.effective, found.effective, z)


def difference(a: Rates, b: Rates, z: float) -> tuple[Floats, Floats]:
    """Newcombe's (1998, method 10) interval of the rate of ``a`` minus that of ``b``, from Wilson's of each."""
    (low_a, high_a), (low_b, high_b) = intervals(a, z), intervals(b, z)
    p, q = a.rate, b.rate
    low = p - q - np.sqrt((p - low_a) ** 2 + (high_b - q) ** 2)
    high = p - q + np.sqrt((high_a - p) ** 2 + (q - low_b) ** 2)
    return low, high


def z_of(level: float) -> float:
    """Two-sided point of the normal distribution.

    >>> round(z_of(0.95), 4)
    1.96
    """
    return NormalDist().inv_cdf((1 + level) / 2)
