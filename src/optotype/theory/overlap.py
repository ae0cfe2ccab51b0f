"""Losses of overlap between what is said and what is there, for segmentation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from optotype.errors import InputError
from optotype.theory import checks
from optotype.theory.limits import ratio
from optotype.theory.reduction import Loss


def dice(probabilities: ArrayLike, target: ArrayLike, *, smooth: float = 0.0) -> Loss:
    """Soft Dice loss, the mean over classes of 1 − (I_k + s) / ((P_k + T_k)/2 + s), and its gradient by ŷ.

    I_k = Σ ŷ_k·y_k, P_k = Σ ŷ_k and T_k = Σ y_k run over all pixels of all items of the batch together (not item by
    item). The gradient of class k's term is −[y_k·D_k − (I_k + s)/2] / D_k² with D_k = (P_k + T_k)/2 + s.
    ``probabilities`` ŷ and ``target`` y (0 or 1) have one shape (b, K, …); K = 1 for a single mask. In [0, 1].

    A class without a pixel in the truth counts as 0, whatever is said of it, and still counts in the mean: the
    convention of segmentation_models_pytorch's ``DiceLoss``, whose ``smooth`` s this is (in 2·(I + s)/(P + T + 2s)
    the textbook's smoothing is twice as large). Raises InputError for values outside [0, 1], truth that is not 0 or 1,
    and shapes that differ.

    >>> loss = dice([[[0.8, 0.6, 0.1]]], [[[1, 1, 0]]])
    >>> round(loss.value, 6), loss.gradient.round(6)
    (0.2, array([[[-0.342857, -0.342857,  0.228571]]]))
    """
    p, y = checks.probabilities("probabilities", probabilities), checks.zeros_and_ones("target", target)
    checks.same_shape(probabilities=p, target=y)
    if p.ndim < 2 or p.shape[1] == 0:
        raise InputError("probabilities", "shape (b, K, …)", f"shape {p.shape}", "Give one map a class.")
    s = float(checks.not_negative("smooth", checks.number("smooth", smooth)))
    pixels = (0, *range(2, p.ndim))
    present = y.sum(pixels, keepdims=True) > 0
    overlap = (p * y).sum(pixels, keepdims=True) + s
    size = (p + y).sum(pixels, keepdims=True) / 2 + s
    losses = np.where(present, 1 - ratio(overlap, size), 0.0)
    gradients = np.where(present, ratio(overlap / 2 - y * size, size**2), 0.0)
    return Loss(float(losses.mean()), gradients / p.shape[1])
