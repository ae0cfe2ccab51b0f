"""Which interval each number of a segmentation carries, and each difference: what simulation bears out.

Each function takes resamples (R,) and the value of the data, and ``groups``, the number of groups that they are worth;
it gives the two ends, None for no valid interval. Coverage, from the same functions:
``benchmarks/segment_coverage.py``.
"""

from __future__ import annotations

import warnings
from typing import Final, TypeAlias

import numpy as np

from optotype.metrics.intervals import of_few, share_of_few
from optotype.tables import Array, Floats
from optotype.tasks.measured import number

Interval: TypeAlias = tuple[float | None, float | None]
NONE: Interval = (None, None)

LEAST: Final = 6.0
"""With resamples worth fewer groups Student's quantile is so large that an interval says nothing."""

AVERAGES: Final = {
    "mean_accuracy": "recall", "miou": "iou", "dice": "dice", "precision": "precision", "recall": "recall",
    "map": "iou", "success_mean": "iou",
}  # fmt: skip
"""Averages over classes, and the number of a class whose spread says how much each adds to theirs."""


def of_number(samples: Floats, value: float, groups: float) -> Interval:
    """Of a number of one model: all are shares, and so taken on the logit."""
    if groups < LEAST or not 0 < value < 1:
        return NONE
    low, high = share_of_few(samples, value, groups)
    return number(low), number(high)


def of_models(samples: Floats, value: float, groups: float) -> Interval:
    """Of a difference of two models, paired by group."""
    if groups < LEAST:
        return NONE
    low, high = of_few(samples, value, groups)
    return number(low), number(high)


def worth(samples: Floats, class_groups: Array, groups: int) -> float:
    """How many groups an average over classes is worth: one in few images spreads much and says little of how much.

    ``samples`` (R, K) are resamples of the classes' numbers, ``class_groups`` (K,) in how many groups each occurs. The
    degrees of freedom of a sum of variances after Satterthwaite (1946), and one; ``groups`` at most.

    >>> rng = np.random.default_rng(0)
    >>> alike = rng.normal(0, 1, (1000, 2))
    >>> round(worth(alike, np.array([50, 50]), 50)), round(worth(alike * [1, 5], np.array([50, 6]), 50))
    (50, 6)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a class that no resample has
        spread = np.nan_to_num(np.nanvar(samples, axis=0))
    free = np.maximum(class_groups - 1, 1)
    denominator = (spread**2 / free).sum()
    return float(min(groups, spread.sum() ** 2 / denominator + 1)) if denominator > 0 else float(groups)
