"""From logits to probabilities and their logarithms, without overflow: softmax for K classes, sigmoid for two.

exp(z) overflows float64 at z ≈ 710. Softmax does not change when the same number is subtracted from every logit, so
the largest is subtracted first: every exponent is then 0 or less, and the sum lies between 1 and K.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from optotype.errors import InputError
from optotype.theory import checks
from optotype.theory.checks import Floats


def log_sum_exp(logits: ArrayLike, *, axis: int = -1) -> Floats:
    """Logarithm of the sum: log Σ_k exp(z_k) = m + log Σ_k exp(z_k − m), with m = max_k z_k.

    ``logits`` has any shape; ``axis`` (the classes) is summed away. Lies between m and m + log K. Raises InputError
    for values that are not finite, and where there is no class.

    >>> float(log_sum_exp([1000.0, 1000.0]).round(6))
    1000.693147
    """
    z = _scores(logits, axis)
    return np.asarray(z.max(axis) + np.log(np.exp(_shifted(z, axis)).sum(axis)))


def softmax(logits: ArrayLike, *, axis: int = -1) -> Floats:
    """Probabilities ŷ_k = exp(z_k) / Σ_i exp(z_i), of the logits' shape; they sum to 1 over ``axis``.

    Computed as exp(z_k − m) / Σ_i exp(z_i − m) with m = max_i z_i, which never overflows. Raises InputError for
    values that are not finite.

    >>> softmax([1000.0, 1000.0 + np.log(3)]).round(12)
    array([0.25, 0.75])
    """
    raised = np.exp(_shifted(_scores(logits, axis), axis))
    return np.asarray(raised / raised.sum(axis, keepdims=True))


def log_softmax(logits: ArrayLike, *, axis: int = -1) -> Floats:
    """Logarithm of softmax: log ŷ_k = (z_k − m) − log Σ_i exp(z_i − m), of the logits' shape; 0 or less.

    Finite where ŷ itself is too small for float64: log(softmax(z)) would give −∞. Raises InputError for values that
    are not finite.

    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    """
    shifted = _shifted(_scores(logits, axis), axis)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis, keepdims=True)))


def softmax_jacobian(logits: ArrayLike) -> Floats:
    """∂ŷ_k/∂z_i = ŷ_k·(δ_ki − ŷ_i), that is diag(ŷ) − ŷŷᵀ: rows k are outputs, columns i logits.

    ``logits`` (…, K) gives (…, K, K), symmetric. Every row and column sums to 0: the probabilities keep their sum,
    and a number added to every logit changes nothing.

    >>> softmax_jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    y = softmax(logits)
    return np.asarray(y[..., :, None] * (np.eye(y.shape[-1]) - y[..., None, :]))


def sigmoid(logits: ArrayLike) -> Floats:
    """σ(z) = 1 / (1 + exp(−z)), of the logits' shape: the softmax of (z, 0), first entry.

    For z < 0 computed as exp(z) / (1 + exp(z)), so that no exponent is positive. σ(−z) = 1 − σ(z), and is exact
    where 1 − σ(z) would round to 0. Raises InputError for values that are not finite.

    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    z = checks.finite("logits", logits)
    shrunk = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, shrunk) / (1 + shrunk))


def log_sigmoid(logits: ArrayLike) -> Floats:
    """Logarithm of sigmoid: log σ(z) = min(z, 0) − log(1 + exp(−|z|)), of the logits' shape.

    0 or less, and finite where σ(z) itself is too small for float64. Raises InputError for values that are not finite.

    >>> log_sigmoid([-1000.0, 1000.0])
    array([-1000.,     0.])
    """
    z = checks.finite("logits", logits)
    return np.asarray(np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z))))


def _scores(logits: ArrayLike, axis: int) -> Floats:
    z = checks.finite("logits", logits)
    if not -z.ndim <= axis < z.ndim or z.shape[axis] == 0:
        raise InputError("logits", f"one logit a class along axis {axis}", f"shape {z.shape}", "Give (…, K) logits.")
    return z


def _shifted(z: Floats, axis: int) -> Floats:
    """The logits less the largest; −∞ where they lie further apart than float64 reaches."""
    with np.errstate(over="ignore"):
        return np.asarray(z - z.max(axis, keepdims=True))
