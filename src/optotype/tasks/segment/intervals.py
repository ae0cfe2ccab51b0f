"""Which interval each number of a segmentation carries, and each difference: what simulation bears out.

Each function takes resamples (R,) of groups and the value of the data, and gives the two ends, None for no valid
interval. Coverage, from the same functions: ``benchmarks/segment_coverage.py``.
"""

from __future__ import annotations

from typing import TypeAlias

from optotype.metrics.intervals import ANY, SHARE, corrected
from optotype.tables import Floats
from optotype.tasks.measured import number

Interval: TypeAlias = tuple[float | None, float | None]
NONE: Interval = (None, None)


def of_number(samples: Floats, value: float) -> Interval:
    """Of a number of one model: all are shares."""
    low, high = corrected(samples, value, SHARE)
    return number(low), number(high)


def of_models(samples: Floats, value: float) -> Interval:
    """Of a difference of two models, paired by group."""
    low, high = corrected(samples, value, ANY)
    return number(low), number(high)
