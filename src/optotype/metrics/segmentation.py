"""Every number of a segmentation from sums over images, of the data or of many resamples at once.

All sums have any leading shape (…): ``pixels`` (…,) that take part; by class (…, K) the pixels ``intersection``
(right), ``truth`` and ``said``, and the images in which the class occurs: ``cells`` on either side, ``truths`` and
``saids`` on one; ``hits`` (…, K, t) the images in which it is hit at each threshold of IoU. What does not exist is NaN.

Averages over classes are over those that occur in truth or prediction, with 0 where a class has no value (as
scikit-learn's with ``zero_division=0``), but for the mean accuracy and what is averaged over thresholds: over those in
the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np

from optotype.metrics import Measure
from optotype.metrics.ratios import divide
from optotype.tables import Array, Floats

Sums: TypeAlias = Mapping[str, Array]


def iou_per_class(intersection: Array, truth: Array, said: Array) -> Floats:
    """Intersection over union, the Jaccard index."""
    return divide(intersection, truth + said - intersection)


def dice_per_class(intersection: Array, truth: Array, said: Array) -> Floats:
    """2 I / (T + P), which is F1."""
    return divide(2 * intersection, truth + said)


def precision_per_class(intersection: Array, said: Array) -> Floats:
    """Share of the pixels given the class that are of it."""
    return divide(intersection, said)


def recall_per_class(intersection: Array, truth: Array) -> Floats:
    """Share of the class's pixels that are found; also called class accuracy."""
    return divide(intersection, truth)


def accuracy_per_class(intersection: Array, truth: Array, said: Array, pixels: Array) -> Floats:
    """(TP + TN) / N of the class against the rest; NaN where it does not occur."""
    wrong = truth + said - 2 * intersection
    return np.where(truth + said > 0, divide(pixels[..., None] - wrong, pixels[..., None]), np.nan)


def pixel_accuracy(intersection: Array, pixels: Array) -> Floats:
    """Share of the pixels that are right."""
    return divide(intersection.sum(-1), pixels)


def mean_accuracy(intersection: Array, truth: Array) -> Floats:
    """Mean recall over the classes in the truth."""
    return _mean(recall_per_class(intersection, truth), truth > 0)


def miou(intersection: Array, truth: Array, said: Array) -> Floats:
    """Mean IoU."""
    return _mean(iou_per_class(intersection, truth, said), truth + said > 0)


def miou_micro(intersection: Array, truth: Array, said: Array) -> Floats:
    """Σ intersections / Σ unions over the classes."""
    hits = intersection.sum(-1)
    return divide(hits, truth.sum(-1) + said.sum(-1) - hits)


def fwiou(intersection: Array, truth: Array, said: Array) -> Floats:
    """IoU weighted by the classes' pixels in the truth."""
    iou = np.nan_to_num(iou_per_class(intersection, truth, said))
    return divide((iou * truth).sum(-1), truth.sum(-1))


def dice(intersection: Array, truth: Array, said: Array) -> Floats:
    """Mean Dice."""
    return _mean(dice_per_class(intersection, truth, said), truth + said > 0)


def precision(intersection: Array, truth: Array, said: Array) -> Floats:
    """Mean precision."""
    return _mean(precision_per_class(intersection, said), truth + said > 0)


def recall(intersection: Array, truth: Array, said: Array) -> Floats:
    """Mean recall."""
    return _mean(recall_per_class(intersection, truth), truth + said > 0)


def success_at(hits: Array, cells: Array) -> Floats:
    """Share of the images with the class on either side in which it is hit, (…, K, t)."""
    return divide(hits, cells[..., None])


def precision_at(hits: Array, saids: Array) -> Floats:
    """Share of the images said to have the class in which it is hit, (…, K, t)."""
    return divide(hits, saids[..., None])


def recall_at(hits: Array, truths: Array) -> Floats:
    """Share of the images with the class in which it is hit, (…, K, t)."""
    return divide(hits, truths[..., None])


def mean_precision_at(hits: Array, truths: Array, saids: Array) -> Floats:
    """Precision at thresholds of IoU, averaged over these and then over the classes in the truth.

    The courses' "segmentation mAP": it has no scores and no ranking, and so is no average precision.
    """
    return _mean(divide(hits.sum(-1), saids * hits.shape[-1]), truths > 0)


def success_mean(hits: Array, truths: Array, cells: Array) -> Floats:
    """Success at thresholds of IoU, averaged over these and then over the classes in the truth."""
    return _mean(divide(hits.sum(-1), cells * hits.shape[-1]), truths > 0)


def _mean(values: Floats, among: Array) -> Floats:
    """Mean over the classes ``among`` all, (…, K) → (…), with 0 for what does not exist."""
    return divide((np.nan_to_num(values) * among).sum(-1), among.sum(-1))


SEGMENT: Final[tuple[Measure, ...]] = tuple(
    Measure(key, label, function, task="segment")
    for key, label, function in (
        ("pixel_accuracy", "Pixel accuracy", pixel_accuracy),
        ("mean_accuracy", "Mean accuracy", mean_accuracy),
        ("miou", "Mean IoU", miou),
        ("miou_micro", "IoU, micro", miou_micro),
        ("fwiou", "IoU, frequency-weighted", fwiou),
        ("dice", "Dice, macro", dice),
        ("precision", "Precision, macro", precision),
        ("recall", "Recall, macro", recall),
        ("map", "Precision over IoU thresholds", mean_precision_at),
        ("success_mean", "Success over IoU thresholds", success_mean),
    )
)
"""The headline numbers, in the order in which they are told."""

SEGMENT_CLASS: Final[tuple[Measure, ...]] = tuple(
    Measure(key, label, function, task="segment")
    for key, label, function in (
        ("iou", "IoU", iou_per_class),
        ("dice", "Dice", dice_per_class),
        ("precision", "Precision", precision_per_class),
        ("recall", "Recall", recall_per_class),
        ("accuracy", "Accuracy against the rest", accuracy_per_class),
    )
)
"""Those of a class."""

COLUMNS: Final = ("intersection", "truth", "said", "cells", "truths", "saids")
"""By class, before the hits."""


def columns(thresholds: int) -> int:
    """How many addends a class has."""
    return len(COLUMNS) + thresholds


def named(pixels: Array, flat: Array) -> dict[str, Array]:
    """Sums by name from ``pixels`` (…,) and the addends of the classes (…, K, columns)."""
    found = {name: flat[..., j] for j, name in enumerate(COLUMNS)}
    return {"pixels": pixels, "hits": flat[..., len(COLUMNS) :], **found}


def numbers(sums: Sums) -> dict[str, Floats]:
    """The headline numbers by key, (…)."""
    return {measure.key: measure(sums) for measure in SEGMENT}


def class_numbers(sums: Sums) -> dict[str, Floats]:
    """The numbers of each class by key, (…, K)."""
    return {measure.key: measure(sums) for measure in SEGMENT_CLASS}
