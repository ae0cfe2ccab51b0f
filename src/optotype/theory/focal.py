"""Focal loss: cross-entropy in which easy items count little, of two classes and of K.

Lin et al., "Focal loss for dense object detection" (2017). The factor (1 − p_t)^γ, p_t being the probability given to
what is true, is near 0 where the model is right and near 1 where it is wrong; γ = 0 is cross-entropy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from optotype.errors import InputError
from optotype.theory import checks
from optotype.theory.limits import ratio, times
from optotype.theory.reduction import Loss, Reduction, reduced
from optotype.theory.softmax import log_sigmoid, log_softmax, sigmoid, softmax
from optotype.theory.units import Unit


def focal(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    gamma: float = 2.0,
    alpha: float | None = None,
    unit: Unit = "nats",
    reduction: Reduction = "mean",
) -> Loss:
    """L = −α_t·(1 − p_t)^γ·log p_t, with p_t = σ(z) for y = 1 and σ(−z) for y = 0, and its gradient by z.

    The gradient is ±α_t·(1 − p_t)^γ·(γ·p_t·log p_t + p_t − 1), + for y = 1 and − for y = 0. ``logits`` z and
    ``target`` y (0 or 1) have one shape, every element an item. ``gamma`` is 0 or more; ``alpha`` in [0, 1] weighs
    y = 1 by α and y = 0 by 1 − α, None weighs neither. Equal to torchvision's ``sigmoid_focal_loss`` (whose alpha is
    0.25 unless it is told otherwise, and −1 for none). Raises InputError for anything else.

    >>> loss = focal([0.0], [1], gamma=2)
    >>> round(loss.value, 6), loss.gradient.round(6)
    (0.173287, array([-0.298287]))
    """
    z, y = checks.finite("logits", logits), checks.zeros_and_ones("target", target)
    checks.same_shape(logits=z, target=y)
    sign = 2 * y - 1
    weights = np.ones_like(y) if alpha is None else np.where(y == 1, _share(alpha), 1 - _share(alpha))
    log_p, p, rest = log_sigmoid(sign * z), sigmoid(sign * z), sigmoid(-sign * z)
    factor = weights * rest ** _exponent(gamma)
    return reduced(-factor * log_p + 0.0, sign * factor * (gamma * p * log_p - rest), reduction, unit=unit)


def multiclass_focal(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    gamma: float = 2.0,
    alpha: ArrayLike | None = None,
    unit: Unit = "nats",
    reduction: Reduction = "mean",
) -> Loss:
    """L = −α_c·(1 − ŷ_c)^γ·log ŷ_c, with ŷ = softmax(z) and c the true class, and its gradient by z.

    The gradient is α_c·(1 − ŷ_c)^γ·(1 − γ·ŷ_c·log ŷ_c/(1 − ŷ_c))·(ŷ − y), y being one-hot. ``logits`` (b, K),
    ``target`` class indices (b,); ``gamma`` 0 or more; ``alpha`` (K,), 0 or more, weighs items by their class, None
    weighs none. The mean divides by the number of items, also with weights. Raises InputError for anything else.

    >>> loss = multiclass_focal([[0.0, 0.0]], [0], gamma=2)
    >>> round(loss.value, 6), loss.gradient.round(6)
    (0.173287, array([[-0.298287,  0.298287]]))
    """
    z = checks.rows("logits", logits)
    c = checks.class_indices("target", target, z.shape[1])
    if c.shape != z.shape[:1]:
        raise InputError("target", f"{len(z)} class indices, one an item", f"shape {c.shape}", "Give one an item.")
    items = np.arange(len(z))
    error = softmax(z)
    error[items, c] = 0.0
    rest = error.sum(axis=1)
    error[items, c] = -rest  # ŷ − y, exact also where ŷ_c rounds to 1
    log_p = np.where(rest < 0.5, np.log1p(-np.minimum(rest, 0.5)), log_softmax(z)[items, c])
    factor = checks.class_weights("alpha", alpha, z.shape[1])[c] * rest ** _exponent(gamma)
    slope = factor * (1 - gamma * np.exp(log_p) * ratio(log_p, rest))
    return reduced(times(factor, -log_p), slope[:, None] * error, reduction, unit=unit)


def _exponent(gamma: float) -> float:
    return float(checks.not_negative("gamma", checks.number("gamma", gamma)))


def _share(alpha: float) -> float:
    return float(checks.probabilities("alpha", checks.number("alpha", alpha)))
