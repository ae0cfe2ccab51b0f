"""Which interval each number of a tracker carries, and each difference: what simulation bears out.

Keys are those of ``metrics.tracking.NUMBERS``. Each function takes resamples (R,) of ``groups`` scenes and the value of
the data, and gives the two ends, None for no valid interval. Coverage, from the same functions:
``benchmarks/tracking_coverage.py``.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from optotype.metrics.intervals import of_few, share_of_few
from optotype.metrics.tracking import NUMBERS
from optotype.tables import Floats
from optotype.tasks.measured import number

Interval: TypeAlias = tuple[float | None, float | None]
NONE: Interval = (None, None)

CARRYING: Final = tuple(kind.key for kind in NUMBERS if kind.unit == "ratio")
"""Numbers with an interval. Counts have none: they say how much was judged as well as how well."""


def of_number(key: str, samples: Floats, value: float, groups: int) -> Interval:
    """Of a number of one tracker; between 0 and 1 on the logit, MOTA, which can be negative, as it is."""
    if key == "MOTA":
        return of_trackers(samples, value, groups)
    if not 0 < value < 1:
        return NONE
    low, high = share_of_few(samples, value, groups)
    return number(low), number(high)


def of_trackers(samples: Floats, value: float, groups: int) -> Interval:
    """Of a difference of two trackers, paired by scene."""
    low, high = of_few(samples, value, groups)
    return number(low), number(high)
