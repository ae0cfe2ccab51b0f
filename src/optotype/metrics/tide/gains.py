"""The numbers of TIDE: AP at IoU 0.5, and by how much it would rise if one kind of error were fixed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optotype.kernels import tide as kernel
from optotype.kernels.sweep import LANES, RECALLS
from optotype.metrics.average_precision import GRID, SPACING, mean_known
from optotype.metrics.tide.layout import KEYS, MAIN, Layout, Tally
from optotype.tables import Array, Floats

_PERCENT: Floats = np.array([i / 100 for i in range(RECALLS)])
"""tidecv's recalls; those of COCO differ in the last bit at ten of them."""
_FP = KEYS.index("FP")


@dataclass(frozen=True, eq=False)
class Values:
    """The numbers of ``KEYS`` in points, 0 … 100.

    ``headline`` (9,) and, of each class, ``per_class`` (K, 9): first the AP at IoU 0.5, then what fixing adds to it; of
    the six main errors never less than 0 (a loss would come from ties alone). NaN where the AP does not exist. FP and
    FN ask for certainty and for all objects, FN can be negative.
    """

    headline: Floats
    per_class: Floats
    tally: Tally


def values(layout: Layout) -> Values:
    """The numbers of the data as they are, bit-equal to tidecv 1.0.1 in protocol ``tide``.

    In ``tide-coco`` the AP is that of pycocotools, times 100. tidecv fails where no class has anything: NaN here.
    """
    coco = layout.variant.coco
    grid, spacing = (GRID, SPACING) if coco else (_PERCENT, 0.0)
    positives = layout.positives
    precision, counted = np.full((*positives.shape, RECALLS), np.nan), np.zeros(positives.shape, np.int64)
    kernel.once(layout.class_start, layout.kind, kernel.SUMS, positives, grid, spacing, precision, counted)
    known = _known(positives, counted, coco=coco)
    if coco:
        ap = np.where(known, 100 * precision.mean(axis=2), np.nan)
        fixed = [_block_mean(precision[known[:, c], c]) for c in range(len(KEYS))]
    else:
        summed = [sum(row) / RECALLS * 100 for row in precision.reshape(-1, RECALLS).tolist()]
        ap = np.where(positives > 0, np.array(summed).reshape(positives.shape), np.where(known, 0.0, np.nan))
        fixed = [_mean(ap[order[known[order, c]], c].tolist()) for c, order in enumerate(layout.appearance)]
    return Values(_gains(np.array(fixed)), _gains(ap.T).T, layout.tally)


def lanes(layout: Layout, weights: Floats) -> Floats:
    """The headline under whole weights of the groups (groups, LANES), shape (9, LANES); recall in exact arithmetic."""
    total, ap, counted = (np.empty((len(layout.class_start) - 1, len(KEYS), LANES)) for _ in range(3))
    kernel.resampled(
        weights, layout.class_start, layout.group, layout.kind, kernel.SUMS, kernel.DIVISORS, layout.total_group,
        layout.total_counter, total, ap, counted,
    )  # fmt: skip
    known = _known(total, counted, coco=layout.variant.coco)
    return _gains(100 * mean_known(np.where(total > 0, ap, np.where(known, 0.0, np.nan))))


def _known(total: Array, counted: Array, *, coco: bool) -> Array:
    """Which classes are in each mean: those with objects; in tidecv also those with detections, at an AP of 0."""
    counted = counted.copy()
    counted[:, _FP] = counted[:, 0]  # where true positives are certain the others stay, at score 0
    return total > 0 if coco else (total > 0) | (counted > 0)


def _gains(ap: Floats) -> Floats:
    """From the AP of each key, (9, …), to what fixing adds to the first."""
    gain: Floats = ap - ap[0]
    gain[0] = ap[0]
    gain[MAIN] = np.maximum(gain[MAIN], 0.0)
    return gain


def _block_mean(precision: Floats) -> float:
    """As pycocotools: one mean over [recall, class]; a mean of the classes' means can differ in the last bit."""
    return 100 * float(precision.T.ravel().mean()) if len(precision) else math.nan


def _mean(ap: Sequence[float]) -> float:
    """As tidecv: the built-in sum, in the order given."""
    return sum(ap) / len(ap) if ap else math.nan
