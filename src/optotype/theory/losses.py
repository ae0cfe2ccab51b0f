"""The losses, each with its gradient, in one place; every one gives a :class:`Loss` (value, gradient)."""

from __future__ import annotations

from optotype.theory.cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_of_logits,
    cross_entropy,
    label_smoothing_closed_form,
    one_hot,
    optimal_logit_gap,
    smoothed,
)
from optotype.theory.focal import focal, multiclass_focal
from optotype.theory.overlap import dice
from optotype.theory.reduction import Loss, Reduction
from optotype.theory.squared_error import mean_squared_error_of_sigmoid, mean_squared_error_of_softmax

__all__ = [
    "Loss",
    "Reduction",
    "binary_cross_entropy",
    "binary_cross_entropy_of_logits",
    "cross_entropy",
    "dice",
    "focal",
    "label_smoothing_closed_form",
    "mean_squared_error_of_sigmoid",
    "mean_squared_error_of_softmax",
    "multiclass_focal",
    "one_hot",
    "optimal_logit_gap",
    "smoothed",
]
