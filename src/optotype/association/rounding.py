"""Boxes and scores as the evaluators of the authors write them."""

from __future__ import annotations

import numpy as np

from optotype.tables import Array, Floats


def rounded(values: Array, digits: int) -> Floats:
    """Decimal rounding as Python's, half to even of the number that is stored.

    >>> rounded(np.array([0.25, 0.35]), 1).tolist()
    [0.2, 0.3]
    """
    return np.array([round(value, digits) for value in values.ravel().tolist()], np.float64).reshape(values.shape)
