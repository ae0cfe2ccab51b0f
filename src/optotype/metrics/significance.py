"""Differences that resamples show: their intervals, p-values, and correction for how many were looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from optotype.tables import Floats


def normal_p(value: float, samples: Floats) -> float | None:
    """Two-sided p-value of a difference from the standard deviation of its resamples, taken as normal.

    ``samples`` (R,) are the same difference in each resample; NaN ones are left out. None where nothing varies.
    A percentile of R resamples cannot be below 1 / R, which is too coarse once many p-values are corrected.

    >>> round(normal_p(1.96, np.array([-1.0, 1.0] * 500)), 3)
    0.05
    """
    spread = float(np.nanstd(samples)) if np.isfinite(samples).sum() > 1 else 0.0
    if not spread or not math.isfinite(value):
        return None
    return math.erfc(abs(value) / spread / math.sqrt(2))


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down correction (1979) of the p-values that exist.

    >>> holm([0.01, None, 0.04, 0.03])
    [0.03, None, 0.06, 0.06]
    """
    known = sorted((value, i) for i, value in enumerate(p) if value is not None)
    corrected: list[float | None] = [None] * len(p)
    highest = 0.0
    for rank, (value, i) in enumerate(known):
        highest = max(highest, min(1.0, value * (len(known) - rank)))
        corrected[i] = highest
    return corrected
