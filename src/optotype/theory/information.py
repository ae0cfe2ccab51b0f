"""Entropy, cross-entropy and divergence, of distributions over K classes and of Gaussians.

They hang together: H(P, Q) = H(P) + D_KL(P‖Q). The mean surprise at Q's forecasts, where P happens, is the surprise
that P itself cannot avoid plus what is lost by believing Q. Cover and Thomas, "Elements of information theory", ch. 2
and 8. Distributions lie along the last axis; one gives a float, several an array.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from optotype.errors import InputError
from optotype.theory import checks
from optotype.theory.checks import Floats
from optotype.theory.limits import log, times
from optotype.theory.units import Unit, convert


def surprise(probability: ArrayLike, *, unit: Unit = "nats") -> float | Floats:
    """−log p: how much is learned when something of probability p happens; its information content.

    ``probability`` of any shape, in [0, 1]. 0 for what is certain, infinite for what cannot happen.

    >>> surprise([1.0, 0.5, 0.0], unit="bits")
    array([ 0.,  1., inf])
    """
    return _number(convert(-log(checks.probabilities("probability", probability)) + 0.0, unit))


def entropy(p: ArrayLike, *, unit: Unit = "nats") -> float | Floats:
    """H(P) = −Σ_k p_k·log p_k, the mean surprise, with 0·log 0 = 0.

    ``p`` (…, K) gives (…). From 0 (one class is certain) to log K (all are equally likely). Raises InputError for
    values outside [0, 1] and sums other than 1.

    >>> entropy([0.5, 0.25, 0.25], unit="bits")
    1.5
    """
    p = checks.distributions("P", p)
    return _number(convert(times(p, -log(p)).sum(axis=-1) + 0.0, unit))


def cross_entropy(p: ArrayLike, q: ArrayLike, *, unit: Unit = "nats") -> float | Floats:
    """H(P, Q) = −Σ_k p_k·log q_k: the mean surprise of one who believes Q where P happens.

    ``p`` and ``q`` (…, K), of one shape, give (…). H(P) or more, equal where Q = P; not symmetric. Raises InputError as
    :func:`entropy`, and where some q_k = 0 while p_k > 0: the cross-entropy is infinite there.

    >>> round(cross_entropy([0.5, 0.5], [0.75, 0.25], unit="bits"), 6)
    1.207519
    """
    p, q = _pair(p, q, "the cross-entropy")
    return _number(convert(times(p, -log(q)).sum(axis=-1) + 0.0, unit))


def kl_divergence(p: ArrayLike, q: ArrayLike, *, unit: Unit = "nats") -> float | Floats:
    """D_KL(P‖Q) = Σ_k p_k·log(p_k/q_k) = H(P, Q) − H(P): what is lost by believing Q where P happens.

    ``p`` and ``q`` (…, K), of one shape, give (…). 0 or more (what rounding leaves below 0 is cut off), 0 only where
    Q = P; not symmetric, so no distance. Raises InputError as :func:`entropy`, and where some q_k = 0 while p_k > 0:
    the divergence is infinite there.

    >>> round(kl_divergence([0.5, 0.5], [0.75, 0.25], unit="bits"), 6)
    0.207519
    >>> print(kl_divergence([0.5, 0.5], [1.0, 0.0]))
    Traceback (most recent call last):
    ...
    optotype.errors.InputError: Q
      expected: probabilities above 0 wherever P is above 0
      got:      0 at index 1, where P is 0.5: the KL divergence is infinite
      to do:    Give what can happen a probability above 0, for example by smoothing Q.
    """
    p, q = _pair(p, q, "the KL divergence")
    sums = times(p, log(p) - np.where(p > 0, log(q), 0.0)).sum(axis=-1)
    return _number(convert(np.maximum(sums, 0.0), unit))


def gaussian_entropy(std: ArrayLike, *, unit: Unit = "nats") -> float | Floats:
    """H = ½·ln(2πe·σ²), the differential entropy of a Gaussian.

    ``std`` σ > 0, of any shape. Unlike that of classes it can be below 0 (σ < 0.242), and depends on the unit in which
    x is measured.

    >>> round(gaussian_entropy(1.0), 6)
    1.418939
    """
    return _number(convert(0.5 * math.log(2 * math.pi * math.e) + np.log(checks.positive("std", std)), unit))


def gaussian_cross_entropy(
    mean_p: ArrayLike, std_p: ArrayLike, mean_q: ArrayLike, std_q: ArrayLike, *, unit: Unit = "nats"
) -> float | Floats:
    """H(P, Q) = −∫ p(x)·ln q(x) dx = ½·ln(2πσ_q²) + (σ_p² + (μ_p − μ_q)²)/(2σ_q²) of two Gaussians.

    With σ_p = σ_q = σ this is ½·ln(2πe·σ²) + (μ_p − μ_q)²/(2σ²): up to a constant, the squared error of the mean in
    units of 2σ². Arguments broadcast. Raises InputError for a σ that is not above 0.

    >>> round(gaussian_cross_entropy(0.0, 1.0, 2.0, 1.0) - gaussian_entropy(1.0), 12)
    2.0
    """
    spread, distance, width = _standardised(mean_p, std_p, mean_q, std_q)
    return _number(convert(0.5 * math.log(2 * math.pi) + np.log(width) + (spread**2 + distance**2) / 2, unit))


def gaussian_kl(
    mean_p: ArrayLike, std_p: ArrayLike, mean_q: ArrayLike, std_q: ArrayLike, *, unit: Unit = "nats"
) -> float | Floats:
    """D_KL(P‖Q) = ln(σ_q/σ_p) + (σ_p² + (μ_p − μ_q)²)/(2σ_q²) − ½ = H(P, Q) − H(P) of two Gaussians.

    0 or more (what rounding leaves below 0 is cut off), 0 only where they are the same; (μ_p − μ_q)²/(2σ²) for equal
    variances. Arguments broadcast. Raises InputError for a σ that is not above 0.

    >>> gaussian_kl(0.0, 1.0, 2.0, 1.0), round(gaussian_kl(0.0, 2.0, 0.0, 1.0), 6)
    (2.0, 0.806853)
    """
    spread, distance, _ = _standardised(mean_p, std_p, mean_q, std_q)
    nats = (spread - 1) * (spread + 1) / 2 - np.log(spread) + distance**2 / 2
    return _number(convert(np.maximum(nats, 0.0), unit))


def _standardised(
    mean_p: ArrayLike, std_p: ArrayLike, mean_q: ArrayLike, std_q: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """σ_p and μ_p − μ_q in units of σ_q, and σ_q itself."""
    width = checks.positive("std of Q", std_q)
    distance = checks.finite("mean of P", mean_p) - checks.finite("mean of Q", mean_q)
    return np.asarray(checks.positive("std of P", std_p) / width), np.asarray(distance / width), width


def _pair(p: ArrayLike, q: ArrayLike, infinite: str) -> tuple[Floats, Floats]:
    """Both as distributions of one shape, Q above 0 wherever P is."""
    p, q = checks.distributions("P", p), checks.distributions("Q", q)
    checks.same_shape(P=p, Q=q)
    for at in np.argwhere((p > 0) & (q == 0)):
        index = tuple(int(i) for i in at)
        raise InputError(
            "Q",
            "probabilities above 0 wherever P is above 0",
            f"0 at index {index[0] if len(index) == 1 else index}, where P is {p[index]:.12g}: {infinite} is infinite",
            "Give what can happen a probability above 0, for example by smoothing Q.",
        )
    return p, q


def _number(values: Floats) -> float | Floats:
    """A float of an array without axes."""
    return float(values) if np.ndim(values) == 0 else values
