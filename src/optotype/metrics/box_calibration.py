"""Is a detector as sure as it should be? ``dece`` and ``laece`` with their bins, for all objects and by size.

``dece``: a detection is right when it is the COCO match of its class at IoU 0.5; 10 equal bins [lo, hi), 1.0 in the
last; all classes together (Küppers et al. 2020). ``laece``: location-aware, the mean IoU of the right ones (at IoU 0.1,
others 0) against the mean score, 25 bins (lo, hi], the first closed at 0, weighted within a class, then the mean over
classes with objects (Oksuz et al. 2023, without their thresholds). Detections that COCO's rules ignore drop out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optotype.box_geometry import iou
from optotype.evidence import Evidence
from optotype.kernels.confusion import weighted_sum
from optotype.metrics.calibration import Edges, Reliability, bin_of, equal_edges, expected_excess, gap_spread
from optotype.metrics.intervals import LEVEL, corrected, group_index
from optotype.tables import Array, Floats, Ints

DECE_BINS, LAECE_BINS = 10, 25
DECE_EDGES: Edges = "netcal"
LAECE_EDGES: Edges = "guo"
_LOOSE, _RIGHT = 0, 1
"""Bits of IoU 0.1 and 0.5 in ``hit`` and ``out``."""
CLEAR = 0.99994
"""Level (about four standard errors) of the interval that must leave 0 out for an error to have a valid interval."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Detections that count in one area range: ``group``, ``label`` (n,), their ``score`` cut to 0–1, and ``worth``.

    ``worth`` (n,) is what the score should be the mean of: 1 or 0 for ``dece``, the IoU or 0 for ``laece``.
    """

    label: Ints
    group: Ints
    groups: int
    score: Floats
    worth: Floats


@dataclass(frozen=True, eq=False)
class BinnedError:
    """A calibration error: value, its debiased estimate, and its interval (None: no valid one, ``reason``)."""

    value: float
    debiased: float
    n: int
    low: float | None = None
    high: float | None = None
    reason: str = ""


_NONE = BinnedError(math.nan, math.nan, 0, reason="no detections")


def scored(evidence: Evidence, area: int) -> Scored:
    """Detections by being right at IoU 0.5 in an area range."""
    found = evidence["detections"]
    return _scored(evidence, area, _RIGHT, (found["hit"][:, area] >> _RIGHT & 1).astype(np.float64))


def located(evidence: Evidence, area: int) -> Scored:
    """Detections by the IoU with the object that they match at IoU 0.1 in an area range; 0 for none."""
    truth, found = evidence["truth"], evidence["detections"]
    first = truth.starts(len(evidence))
    matched = np.flatnonzero(found["loose"][:, area] >= 0)
    worth = np.zeros(len(found))
    worth[matched] = iou(
        found["box"][matched], truth["box"][first[found.item[matched]] + found["loose"][matched, area]]
    )
    return _scored(evidence, area, _LOOSE, worth)


def _scored(evidence: Evidence, area: int, bit: int, worth: Floats) -> Scored:
    found = evidence["detections"]
    counts = (found["out"][:, area] >> bit & 1) == 0
    group, groups = group_index(evidence.groups)
    score = np.clip(found["score"][counts], 0.0, 1.0)
    return Scored(found["label"][counts], group[found.item[counts]], groups, score, worth[counts])


def dece(sample: Scored) -> BinnedError:
    """Σ_b (n_b / N) · |precision_b − mean score_b|; NaN without detections."""
    n, part, gap = len(sample.score), _dece_bin(sample), sample.score - sample.worth
    if not n:
        return _NONE
    mean = np.bincount(part, gap, DECE_BINS) / n
    return _binned(mean, gap_spread(gap, part, sample.group, sample.groups, DECE_BINS), n)


def dece_of_classes(sample: Scored, classes: int) -> Floats:
    """The same of the detections of each class alone, (K,); NaN without any."""
    code = sample.label * np.int32(DECE_BINS) + _dece_bin(sample)
    gaps = np.bincount(code, sample.score - sample.worth, classes * DECE_BINS).reshape(classes, DECE_BINS)
    n = np.bincount(sample.label, minlength=classes)
    return np.asarray(np.divide(np.abs(gaps).sum(axis=1), n, out=np.full(classes, np.nan), where=n > 0))


def laece_of_classes(sample: Scored, classes: int) -> list[BinnedError]:
    """Of each class Σ_b (n_b / N_class) · |mean IoU_b − mean score_b|; NaN without detections of the class."""
    if not len(sample.score):
        return [_NONE] * classes
    part = bin_of(sample.score, equal_edges(LAECE_BINS), LAECE_EDGES)
    code = sample.label * np.int32(LAECE_BINS) + part
    gap, shape = sample.score - sample.worth, (classes, LAECE_BINS)
    n = np.bincount(sample.label, minlength=classes)
    # Standard errors of all classes' bins at once: of sums over everything, then by the class's own number.
    spread = gap_spread(gap, code, sample.group, sample.groups, classes * LAECE_BINS).reshape(shape) * len(gap)
    sums = np.bincount(code, gap, classes * LAECE_BINS).reshape(shape)
    return [_binned(sums[k] / n[k], spread[k] / n[k], int(n[k])) if n[k] else _NONE for k in range(classes)]


def _dece_bin(sample: Scored) -> Ints:
    return bin_of(sample.score, equal_edges(DECE_BINS), DECE_EDGES)


def laece(of_classes: Sequence[BinnedError], classes: Array) -> BinnedError:
    """Mean over those of ``classes`` (indices) that have detections."""
    known = [of_classes[k] for k in classes.tolist() if of_classes[k].n]
    if not known:
        return _NONE
    value, debiased = (float(np.mean([getattr(e, name) for e in known])) for name in ("value", "debiased"))
    reason = "a mean over many bins of few detections: its bias is not known well enough"
    return BinnedError(value, debiased, sum(e.n for e in known), reason=reason)


def reliability(sample: Scored) -> Reliability:
    """Counts by the bins of ``dece``."""
    edges, part = equal_edges(DECE_BINS), _dece_bin(sample)
    sums, hits = (
        np.asarray(np.bincount(part, values, DECE_BINS), np.float64) for values in (sample.score, sample.worth)
    )
    return Reliability(edges, np.bincount(part, minlength=DECE_BINS), sums, hits)


@dataclass(frozen=True, eq=False)
class Gaps:
    """The sums of ``dece`` by group: ``gap`` (bins, groups) of score − right, ``n`` (groups,) detections."""

    gap: Floats
    n: Floats

    def resampled(self, weights: Ints) -> float:
        """``dece`` under one whole weight a group, int32; NaN without detections."""
        total = weighted_sum(weights, self.n)
        return sum(abs(weighted_sum(weights, row)) for row in self.gap) / total if total else math.nan


def gaps(sample: Scored) -> Gaps:
    """Lay out a sample for resampling."""
    part = _dece_bin(sample)
    code = part.astype(np.int64) * sample.groups + sample.group
    sums = np.bincount(code, sample.score - sample.worth, DECE_BINS * sample.groups)
    n = np.bincount(sample.group, minlength=sample.groups).astype(np.float64)
    return Gaps(np.asarray(sums.reshape(DECE_BINS, sample.groups), np.float64), n)


def with_interval(error: BinnedError, samples: Floats) -> BinnedError:
    """The error with its interval from resamples (R,), where that is valid: see ``intervals.corrected``.

    A sum of absolute gaps is biased upward where gaps are not clear of 0, and no interval holds near 0. It is given
    only where the error is clear of 0 by its bias and four standard errors; a rule that looks at the bias alone would
    pick the samples whose error is too large by chance, and cover less. Coverage: ``benchmarks/detection_coverage.py``.
    """
    if not corrected(samples, error.value, level=CLEAR)[0] > 0:
        reason = "no valid interval: it is not clear of 0 by its bias and four standard errors"
        return BinnedError(error.value, error.debiased, error.n, reason=reason)
    low, high = corrected(samples, error.value, level=LEVEL)
    return BinnedError(error.value, error.debiased, error.n, float(low), float(high))


def _binned(mean: Floats, spread: Floats, n: int) -> BinnedError:
    value = float(np.abs(mean).sum())
    return BinnedError(value, max(0.0, value - expected_excess(mean, spread)), n)
