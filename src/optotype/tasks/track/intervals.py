"""Which interval each number of a tracker carries: what simulation bears out.

Coverage, from the same functions: ``benchmarks/tracking_coverage.py``.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from optotype.metrics.intervals import ANY, SHARE, Bounds, corrected
from optotype.metrics.tracking import NUMBERS
from optotype.tables import Floats
from optotype.tasks.measured import number

Interval: TypeAlias = tuple[float | None, float | None]
NONE: Interval = (None, None)

CARRYING: Final = tuple(kind.key for kind in NUMBERS if kind.unit == "ratio")
"""Numbers with an interval. Counts have none: they say how much was judged as well as how well."""


def of_number(key: str, samples: Floats, value: float) -> Interval:
    """Ends of the interval of one number of one tracker, from resamples (R,) of its scenes and its value."""
    low, high = corrected(samples, value, _bounds(key))
    return number(low), number(high)


def _bounds(key: str) -> Bounds:
    """What a number cannot reach beyond: MOTA can be negative."""
    return ANY if key == "MOTA" else SHARE
