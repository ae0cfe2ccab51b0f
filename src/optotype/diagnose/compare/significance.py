"""The significance tests of a paired comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def mcnemar(fixes: int, breaks: int) -> float:
    """Two-sided p of the exact McNemar test (1947): of the changed items, is each direction equally likely?

    Binomial(fixes + breaks, 1/2), twice the smaller tail, at most 1; 1 where nothing changed.

    >>> mcnemar(0, 5)
    0.0625
    """
    n, least = fixes + breaks, min(fixes, breaks)
    if 2 * least >= n - 1:
        return 1.0
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    k = np.arange(least + 1)
    terms = logs[n] - logs[k] - logs[n - k] - n * math.log(2)
    top = float(terms.max())
    return min(1.0, 2 * math.exp(top + math.log(float(np.exp(terms - top).sum()))))


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's (1979) step-down correction of p values; None stays None and does not count.

    >>> holm([0.01, 0.04, None, 0.03])
    [0.03, 0.06, None, 0.06]
    """
    known = sorted((value, i) for i, value in enumerate(p) if value is not None)
    corrected: list[float | None] = [None] * len(p)
    reached = 0.0
    for place, (value, i) in enumerate(known):
        reached = max(reached, min(1.0, value * (len(known) - place)))
        corrected[i] = reached
    return corrected
