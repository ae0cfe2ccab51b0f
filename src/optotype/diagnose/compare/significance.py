"""The significance tests of a paired comparison."""

from __future__ import annotations

import math

import numpy as np

from optotype.metrics.significance import holm
from optotype.tables import Array, Floats, Ints

__all__ = ["detectable", "directions", "holm", "mcnemar"]

POWER_FACTOR = 2.8
"""z(0.975) + z(0.8): a true difference of so many standard errors is seen in four of five samples."""


def detectable(differences: Floats) -> float | None:
    """The true difference that four of five samples of this size would show, from resampled ``differences`` (R,).

    None where none of them exists.

    >>> round(detectable(np.array([-0.01, 0.01])), 6)
    0.028
    """
    known = differences[np.isfinite(differences)]
    return POWER_FACTOR * float(np.std(known)) if len(known) else None


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


def directions(group: Ints, label: Array, classes: int, fixed: Array, broken: Array) -> list[tuple[int, int]]:
    """For each label, how many groups gain items and how many lose some: what McNemar's test counts.

    ``group``, ``label``, ``fixed``, ``broken`` are (n,). Items of one group are not independent, so that only the
    direction of the group's sum counts (a sign test).
    """
    pairs, index = np.unique(group.astype(np.int64) * classes + label, return_inverse=True)
    net = np.bincount(index, fixed.astype(np.float64) - broken, len(pairs))
    gains = np.bincount(pairs % classes, net > 0, classes).astype(int).tolist()
    losses = np.bincount(pairs % classes, net < 0, classes).astype(int).tolist()
    return list(zip(gains, losses, strict=True))
