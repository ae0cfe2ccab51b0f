"""What a loss gives, and how the losses of many items become one number."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from optotype.errors import InputError, did_you_mean
from optotype.theory.checks import Floats
from optotype.theory.units import Unit, convert

Reduction: TypeAlias = Literal["mean", "sum", "none"]


class Loss(NamedTuple):
    """A loss and its gradient.

    ``value`` is a float; with reduction "none" an array, one number an item. ``gradient`` has the shape of what the
    loss is differentiated by (probabilities or logits, as the function says), and belongs to the value: of the mean
    or the sum over the items; with "none" each item's loss by that item's own inputs.
    """

    value: float | Floats
    gradient: Floats


def reduced(
    values: Floats,
    gradients: Floats,
    reduction: Reduction,
    *,
    unit: Unit = "nats",
    divisor: float | None = None,
) -> Loss:
    """Losses in nats, one an item, and their gradients, as one :class:`Loss`.

    ``gradients`` has the shape of ``values``, or further axes behind it. "mean" divides the sums by ``divisor``,
    by default the number of items. Raises InputError for another word, and for a mean of nothing.

    >>> import numpy as np
    >>> reduced(np.array([1.0, 3.0]), np.array([2.0, 4.0]), "mean")
    Loss(value=2.0, gradient=array([1., 2.]))
    """
    if reduction == "none":
        return Loss(convert(values, unit), convert(gradients, unit))
    if reduction == "sum":
        return Loss(convert(float(values.sum()), unit), convert(gradients, unit))
    if reduction != "mean":
        raise InputError(
            "reduction", "mean, sum or none", f"'{reduction}'", did_you_mean(reduction, ("mean", "sum", "none"))
        )
    count = values.size if divisor is None else divisor
    if count <= 0:
        raise InputError("reduction 'mean'", "items of a weight above 0", "none", "Give items, or use 'sum'.")
    return Loss(convert(float(values.sum() / count), unit), convert(gradients / count, unit))
