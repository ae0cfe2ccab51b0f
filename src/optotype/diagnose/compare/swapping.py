"""The exact test of a paired difference over few scenes: both sides are exchanged within scenes in every way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optotype.tables import Floats

MOST_SCENES = 19
"""With more the bootstrap has enough of them."""
_BLOCK = 4096
_ROUNDING = 1e-12


def least_p(scenes: int) -> float:
    """The smallest p-value that so many scenes allow.

    >>> least_p(7)
    0.015625
    """
    return float(2.0 ** (1 - scenes)) if scenes else 1.0


def swaps(a: Floats, b: Floats, numbers: Callable[[Floats], Floats]) -> Floats:
    """Two-sided p of every number's difference, (k,); NaN where it does not exist.

    ``a`` and ``b`` (scenes, m) are the addends of each scene, ``numbers`` turns sums (r, m) into numbers (r, k). If the
    two were alike, either could have been either in each scene: p is the share of the 2ⁿ exchanges whose difference
    of the whole is at least as large (the randomisation test of Fisher, 1935). Half of them mirror the others.

    >>> swaps(np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [4.0], [4.0]]), lambda sums: sums)
    array([0.25])
    """
    n = len(a)
    assert n <= MOST_SCENES, "too many scenes to exchange in every way"
    whole = numbers(b.sum(axis=0)[None])[0] - numbers(a.sum(axis=0)[None])[0]
    count, total = np.zeros(len(whole)), 1 << max(n - 1, 0)
    bits = np.arange(max(n - 1, 0))
    for start in range(0, total, _BLOCK):
        code = np.arange(start, min(start + _BLOCK, total))
        exchanged = (code[:, None] >> bits & 1).astype(np.float64) @ (b - a)[: n - 1]
        difference = numbers(b.sum(axis=0) - exchanged) - numbers(a.sum(axis=0) + exchanged)
        count += (np.abs(difference) >= np.abs(whole) - _ROUNDING).sum(axis=0)
    return np.where(np.isfinite(whole), count / total, np.nan)
