"""Batch normalisation: each channel to mean 0 and variance 1 over the batch, then a learned scale and shift.

With x the values of one channel – n = m numbers for items (m, C), n = m·H·W for maps (m, C, H, W):

    μ = 1/n Σ x        σ² = 1/n Σ (x − μ)²        x̂ = (x − μ)/√(σ² + ε)        y = γ·x̂ + β

Every x moves μ and σ² too, so the gradient has three parts. With g = ∂L/∂y:

    ∂L/∂β = Σ g        ∂L/∂γ = Σ g·x̂
    ∂L/∂x = γ/√(σ² + ε) · (g − 1/n Σ g − x̂ · 1/n Σ g·x̂)

For inference, μ and σ² are running means over the batches of training. Source: Ioffe and Szegedy, "Batch
normalization" (2015); momentum and the unbiased running variance as in torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optotype.errors import InputError
from optotype.theory import checks
from optotype.theory.checks import Floats

EPSILON = 1e-5
"""Added to the variance, as in torch: a channel that is constant stays finite."""

MOMENTUM = 0.1
"""Share of the new batch in the running statistics, as in torch."""


class Running(NamedTuple):
    """Mean and variance (C,) over the batches so far; 0 and 1 before the first."""

    mean: Floats
    variance: Floats


class Normalised(NamedTuple):
    """A batch after the layer, and what the way back needs.

    ``output`` y and ``normalised`` x̂ are of the shape of the batch; ``mean`` μ and ``variance`` σ² (C,) are those of
    the batch, the variance divided by n (biased); ``size`` is n; ``epsilon`` ε.
    """

    output: Floats
    normalised: Floats
    mean: Floats
    variance: Floats
    size: int
    epsilon: float


class Gradients(NamedTuple):
    """∂L by the batch (of its shape), the scale γ (C,) and the shift β (C,)."""

    x: Floats
    scale: Floats
    shift: Floats


def train(x: npt.ArrayLike, scale: npt.ArrayLike, shift: npt.ArrayLike, *, epsilon: float = EPSILON) -> Normalised:
    """Normalise a batch by its own statistics: y = γ·(x − μ)/√(σ² + ε) + β.

    ``x`` is (m, C) or (m, C, H, W), ``scale`` γ and ``shift`` β (C,). The variance is summed from deviations, not
    as E[x²] − μ², which cancels. Raises InputError for other shapes, and for a single number a channel: its
    variance says nothing. Equal to ``torch.nn.functional.batch_norm`` with ``training=True``.

    >>> train([[1.0], [3.0]], [2.0], [5.0], epsilon=0.0).output
    array([[3.],
           [7.]])
    """
    batch = _batch(x)
    g, b = _channels(batch, scale=scale, shift=shift)
    axes, count = _others(batch), batch.size // batch.shape[1]
    if count < 2:
        raise InputError("x", "at least 2 numbers for each channel", str(count), "Give a larger batch.")
    mean = batch.mean(axis=axes)
    variance = ((batch - _spread(mean, batch)) ** 2).mean(axis=axes)
    normalised = _normalise(batch, mean, variance, epsilon)
    return Normalised(_spread(g, batch) * normalised + _spread(b, batch), normalised, mean, variance, count, epsilon)


def backward(gradient: npt.ArrayLike, scale: npt.ArrayLike, batch: Normalised) -> Gradients:
    """From ∂L/∂y, of the shape of the batch, to ∂L/∂x, ∂L/∂γ and ∂L/∂β, as the module's text derives them.

    ``batch`` is what ``train`` returned. ∂L/∂x sums to 0 over each channel: a number added to all its values
    changes nothing. Raises InputError for other shapes.

    >>> batch = train([[1.0], [3.0], [8.0]], [2.0], [5.0])
    >>> backward([[1.0], [1.0], [1.0]], [2.0], batch).x.round(12)
    array([[0.],
           [0.],
           [0.]])
    """
    by_output, hat = checks.finite("gradient", gradient), batch.normalised
    checks.same_shape(output=batch.output, gradient=by_output)
    (g,) = _channels(hat, scale=scale)
    axes = _others(hat)
    by_shift, by_scale = by_output.sum(axis=axes), (by_output * hat).sum(axis=axes)
    centred = by_output - _spread(by_shift / batch.size, hat) - hat * _spread(by_scale / batch.size, hat)
    return Gradients(_spread(g / np.sqrt(batch.variance + batch.epsilon), hat) * centred, by_scale, by_shift)


def start(channels: int) -> Running:
    """Running statistics before the first batch: mean 0, variance 1.

    >>> start(1)
    Running(mean=array([0.]), variance=array([1.]))
    """
    return Running(np.zeros(channels), np.ones(channels))


def update(running: Running, batch: Normalised, *, momentum: float = MOMENTUM) -> Running:
    """Running statistics after one more batch: (1 − momentum)·old + momentum·new.

    The new variance is the unbiased one, n/(n − 1)·σ²: it estimates that of all data. Raises InputError for a
    momentum outside [0, 1] or another number of channels.

    >>> update(start(1), train([[1.0], [3.0]], [1.0], [0.0]))
    Running(mean=array([0.2]), variance=array([1.1]))
    """
    if not 0 <= momentum <= 1:
        raise InputError("momentum", "a share in [0, 1]", str(momentum), "Give the share of the new batch.")
    checks.same_shape(batch_mean=batch.mean, running_mean=running.mean, running_variance=running.variance)
    unbiased = batch.variance * batch.size / (batch.size - 1)
    return Running(
        (1 - momentum) * running.mean + momentum * batch.mean, (1 - momentum) * running.variance + momentum * unbiased
    )


def infer(
    x: npt.ArrayLike, scale: npt.ArrayLike, shift: npt.ArrayLike, running: Running, *, epsilon: float = EPSILON
) -> Floats:
    """Normalise by the running statistics: y = γ·(x − μ)/√(σ² + ε) + β for each item, whatever the batch.

    Shapes as in ``train``; raises InputError for others. Equal to ``torch.nn.functional.batch_norm`` with
    ``training=False``.

    >>> infer([[3.0]], [2.0], [1.0], Running(np.array([1.0]), np.array([4.0])), epsilon=0.0)
    array([[3.]])
    """
    batch = _batch(x)
    g, b, mean, variance = _channels(
        batch, scale=scale, shift=shift, running_mean=running.mean, running_variance=running.variance
    )
    checks.not_negative("running variance", variance)
    return _spread(g, batch) * _normalise(batch, mean, variance, epsilon) + _spread(b, batch)


def _batch(x: npt.ArrayLike) -> Floats:
    found = checks.finite("x", x)
    if found.ndim not in (2, 4) or not found.size:
        raise InputError("x", "shape (m, C) or (m, C, H, W), not empty", f"shape {found.shape}", "Reshape it.")
    return found


def _channels(batch: Floats, **values: npt.ArrayLike) -> list[Floats]:
    """Each of the values as (C,), for the channels of the batch."""
    found = []
    for name, value in values.items():
        numbers, where = checks.finite(name, value), name.replace("_", " ")
        if numbers.shape != batch.shape[1:2]:
            rule = f"shape {batch.shape[1:2]}, for a batch of shape {batch.shape}"
            raise InputError(where, rule, f"shape {numbers.shape}", "Give one number for each channel.")
        found.append(numbers)
    return found


def _others(batch: Floats) -> tuple[int, ...]:
    """All axes but that of the channels."""
    return tuple(axis for axis in range(batch.ndim) if axis != 1)


def _spread(channels: Floats, batch: Floats) -> Floats:
    """(C,) with axes of length 1, to meet the axes of a batch."""
    return channels.reshape(-1, *[1] * (batch.ndim - 2))


def _normalise(batch: Floats, mean: Floats, variance: Floats, epsilon: float) -> Floats:
    if not (epsilon >= 0 and (variance + epsilon > 0).all()):
        fix = "A channel that is constant needs ε > 0."
        raise InputError("epsilon", "0 or more, and σ² + ε above 0", str(epsilon), fix)
    return (batch - _spread(mean, batch)) / _spread(np.sqrt(variance + epsilon), batch)
