"""Which interval each number of a detector carries, and each difference: what simulation bears out.

Keys are those of ``Samples`` (AP, tide.Cls, tide/coco-range/small.Cls, dece_small …). Each function takes resamples
(R,) and the value of the data, and gives the two ends, None for no valid interval. Coverage, from the same functions:
``benchmarks/detection_coverage.py``.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from optotype.metrics.intervals import ANY, POINTS, SHARE, Bounds, corrected, percentile
from optotype.tables import Array, Floats
from optotype.tasks.measured import number

Interval: TypeAlias = tuple[float | None, float | None]
NONE: Interval = (None, None)


def of_number(key: str, samples: Floats, value: float) -> Interval:
    """Of a number of one detector but ``dece``, see ``box_calibration.with_interval``.

    None for TIDE's Both: so rare an error that intervals hold too seldom, or almost always.
    """
    return NONE if _kind(key) == "Both" else _ends(corrected(samples, value, _bounds(key)))


def of_sizes(key: str, samples: Floats, value: float) -> Interval:
    """Of a difference of two sizes; none for Both, and for Dupe, whose differences are too skewed."""
    return NONE if _kind(key) in ("Both", "Dupe") else _ends(corrected(samples, value, ANY))


def of_detectors(key: str, samples: Floats, value: float) -> Interval:
    """Of a difference of two detectors, paired: the percentiles, as most of the bias is in both alike.

    Of Loc, which is so skewed that they hold too seldom, and of ``dece``, where almost always, as of sizes.
    """
    if _kind(key) == "Both":
        return NONE
    if _kind(key) == "Loc" or key.startswith("dece"):
        return _ends(corrected(samples, value, ANY))
    known = samples[np.isfinite(samples)]
    return NONE if len(known) < 2 or known.min() == known.max() else _ends(percentile(samples))


def _kind(key: str) -> str:
    """The kind of error that a key is about, empty for none."""
    return key.rpartition(".")[2] if key.startswith("tide") else ""


def _bounds(key: str) -> Bounds:
    """What a number cannot reach beyond; the cost of missing can be negative."""
    if _kind(key) == "FN":
        return ANY
    return POINTS if key.startswith("tide") else SHARE


def _ends(ends: tuple[Array, Array]) -> Interval:
    return number(ends[0]), number(ends[1])
