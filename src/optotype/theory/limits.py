"""Logarithms and products at the ends of [0, 1]: log 0 = −∞ and 0·(−∞) = 0, without warnings.

The second is the limit lim p→0 p·log p = 0: what never happens adds nothing to a mean.
"""

from __future__ import annotations

import numpy as np

from optotype.theory.checks import Floats


def log(values: Floats) -> Floats:
    """Natural logarithm, log 0 = −∞.

    >>> log(np.array([0.0, 1.0]))
    array([-inf,   0.])
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values))


def log_of_rest(values: Floats) -> Floats:
    """Natural logarithm of 1 − p, which stays exact where p is tiny; −∞ for p = 1.

    >>> log_of_rest(np.array([1e-20, 1.0]))
    array([-1.e-20,    -inf])
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.log1p(-values))


def times(weights: Floats, values: Floats) -> Floats:
    """w·x elementwise, 0 where w = 0 even if x is infinite. Shapes broadcast.

    >>> times(np.array([0.0, 2.0]), np.array([-np.inf, 3.0]))
    array([0., 6.])
    """
    weights, values = np.broadcast_arrays(weights, values)
    return np.multiply(weights, values, where=weights != 0, out=np.zeros(weights.shape))


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """a/b elementwise, 0 where a = 0 even if b = 0, ±∞ where only b = 0. Shapes broadcast.

    >>> ratio(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.0, 2.0]))
    array([0. , inf, 0.5])
    """
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    with np.errstate(divide="ignore", over="ignore"):
        return np.divide(numerator, denominator, where=numerator != 0, out=np.zeros(numerator.shape))
