"""Cross-entropy losses, of two classes and of K, with label smoothing and class weights."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from optotype.errors import InputError
from optotype.theory import checks
from optotype.theory.checks import Floats
from optotype.theory.limits import log, log_of_rest, ratio, times
from optotype.theory.reduction import Loss, Reduction, reduced
from optotype.theory.softmax import log_sigmoid, log_softmax, sigmoid, softmax
from optotype.theory.units import Unit


def binary_cross_entropy(
    probability: ArrayLike, target: ArrayLike, *, unit: Unit = "nats", reduction: Reduction = "mean"
) -> Loss:
    """L = −[y·log ŷ + (1 − y)·log(1 − ŷ)], and its gradient by the probability, −y/ŷ + (1 − y)/(1 − ŷ).

    ``probability`` ŷ and ``target`` y have one shape, both in [0, 1]; every element is an item. 0 or more. Where ŷ
    is 0 or 1 and wrong, the loss and its gradient are infinite (torch cuts the logarithm off at −100); use
    :func:`binary_cross_entropy_of_logits` to compute without that. Raises InputError for values outside [0, 1] and
    for shapes that differ.

    >>> round(binary_cross_entropy([0.9], [0]).value, 6)
    2.302585
    >>> [round(binary_cross_entropy([0.1, 0.2, 0.7], [1, 0, 0], unit=u).value, 5) for u in ("nats", "bits", "digits")]
    [1.24323, 1.79361, 0.53993]
    """
    p, y = checks.probabilities("probability", probability), checks.probabilities("target", target)
    checks.same_shape(probability=p, target=y)
    values = times(y, -log(p)) + times(1 - y, -log_of_rest(p))
    return reduced(values + 0.0, ratio(1 - y, 1 - p) - ratio(y, p), reduction, unit=unit)


def binary_cross_entropy_of_logits(
    logits: ArrayLike, target: ArrayLike, *, unit: Unit = "nats", reduction: Reduction = "mean"
) -> Loss:
    """L = −[y·log σ(z) + (1 − y)·log σ(−z)], and its gradient by the logit, σ(z) − y.

    ``logits`` z are any finite numbers, ``target`` y lies in [0, 1]; one shape, every element an item. 0 or more,
    and finite. Equal to torch's ``binary_cross_entropy_with_logits``. Raises InputError as above.

    >>> binary_cross_entropy_of_logits([-1000.0], [1])
    Loss(value=1000.0, gradient=array([-1.]))
    """
    z, y = checks.finite("logits", logits), checks.probabilities("target", target)
    checks.same_shape(logits=z, target=y)
    values = y * -log_sigmoid(z) + (1 - y) * -log_sigmoid(-z)
    return reduced(values, (1 - y) * sigmoid(z) - y * sigmoid(-z), reduction, unit=unit)


def cross_entropy(
    logits: ArrayLike,
    target: ArrayLike,
    *,
    label_smoothing: float = 0.0,
    class_weights: ArrayLike | None = None,
    unit: Unit = "nats",
    reduction: Reduction = "mean",
) -> Loss:
    """L = −Σ_k w_k·p_k·log ŷ_k with ŷ = softmax(z), and its gradient by the logits, ŷ·Σ_k w_k p_k − w·p.

    Without weights the gradient is ŷ − p. ``logits`` (b, K); ``target`` is class indices (b,) or distributions
    (b, K); p is the target smoothed by ``label_smoothing`` ε in [0, 1) (:func:`smoothed`); ``class_weights`` w (K,)
    are 0 or more. 0 or more, and finite. The mean over items divides by their number, but by the sum of their
    classes' weights where weights and class indices are given: torch's ``cross_entropy``, whose values and gradients
    these are. Raises InputError for anything else.

    >>> loss = cross_entropy([[0.0, np.log(3)]], [0])
    >>> round(loss.value, 6), loss.gradient
    (1.386294, array([[-0.75,  0.75]]))
    """
    z = checks.rows("logits", logits)
    p = smoothed(target_of_items(target, z), z.shape[1], label_smoothing)
    weights = checks.class_weights("class weights", class_weights, z.shape[1])
    weighted = weights * p
    values = -times(weighted, log_softmax(z)).sum(axis=1) + 0.0
    gradients = softmax(z) * weighted.sum(axis=1, keepdims=True) - weighted
    divisor = None
    if class_weights is not None and np.ndim(target) == 1:
        divisor = float(weights[np.asarray(target)].sum())
    return reduced(values, gradients, reduction, unit=unit, divisor=divisor)


def smoothed(target: ArrayLike, classes: int, epsilon: float) -> Floats:
    """Label smoothing: p = (1 − ε)·y + ε/K, so p_c = 1 − ε + ε/K for the true class and ε/K for every other.

    ``target`` is class indices (b,) or distributions (b, K); gives distributions (b, K). ε in [0, 1); 0 gives the
    target itself, one-hot. Szegedy et al., "Rethinking the Inception architecture" (2016), §7. Raises InputError for
    ε outside [0, 1), indices that are no class, rows that are no distribution.

    >>> smoothed([2], 4, 0.1)
    array([[0.025, 0.025, 0.925, 0.025]])
    """
    share = checks.smoothing("label smoothing ε", epsilon)
    return (1 - share) * one_hot(target, classes) + share / classes


def label_smoothing_closed_form(
    logits: ArrayLike, target: ArrayLike, epsilon: float, *, unit: Unit = "nats", reduction: Reduction = "mean"
) -> Loss:
    """L = (1 − ε)·CE + ε·(mean over the classes of −log ŷ_k), and its gradient (1 − ε)·(ŷ − y) + ε·(ŷ − 1/K).

    The same as :func:`cross_entropy` with ``label_smoothing`` ε, split in two: the plain loss, and a pull towards
    the uniform distribution, whose cross-entropy with ŷ is the second term. Shapes and errors as there.

    >>> z = [[2.0, 0.0, -1.0]]
    >>> apart, whole = label_smoothing_closed_form(z, [0], 0.1), cross_entropy(z, [0], label_smoothing=0.1)
    >>> round(apart.value - whole.value, 12), np.allclose(apart.gradient, whole.gradient)
    (0.0, True)
    """
    share = checks.smoothing("label smoothing ε", epsilon)
    z = checks.rows("logits", logits)
    plain = cross_entropy(z, target, reduction="none")
    values = (1 - share) * plain.value + share * -log_softmax(z).mean(axis=1) + 0.0
    gradients = (1 - share) * plain.gradient + share * (softmax(z) - 1 / z.shape[1])
    return reduced(values, gradients, reduction, unit=unit)


def optimal_logit_gap(classes: int, epsilon: float) -> float:
    """How far the true class's logit lies above every other where the smoothed loss is least.

    There ŷ = p, so the gap is log[(1 − ε + ε/K) / (ε/K)] = log(K·(1 − ε)/ε + 1): finite for every ε > 0, infinite for
    ε = 0, where plain cross-entropy drives the logits apart without end. ``classes`` K is 2 or more.

    >>> round(optimal_logit_gap(10, 0.1), 6), optimal_logit_gap(10, 0.0)
    (4.51086, inf)
    """
    share = checks.smoothing("label smoothing ε", epsilon)
    if classes < 2:
        raise InputError("classes", "2 or more", str(classes), "With one class there is no gap.")
    return math.log1p(classes * (1 - share) / share) if share else math.inf


def one_hot(target: ArrayLike, classes: int) -> Floats:
    """Class indices (b,) as distributions (b, K) with a 1 at the class; distributions (b, K) as they are, checked.

    >>> one_hot([1, 0], 2)
    array([[0., 1.],
           [1., 0.]])
    """
    if np.ndim(target) == 1:
        return np.asarray(np.eye(classes)[checks.class_indices("target", target, classes)])
    rows = checks.finite("target", target)
    if rows.ndim != 2 or rows.shape[1] != classes:
        raise InputError(
            "target",
            f"class indices of shape (b,) or distributions of shape (b, {classes})",
            f"shape {rows.shape}",
            "Give one class index or one distribution an item.",
        )
    return checks.distributions("target", rows).copy()


def target_of_items(target: ArrayLike, logits: Floats) -> Floats:
    """The target as distributions, of the logits' shape (b, K)."""
    y = one_hot(target, logits.shape[1])
    if len(y) != len(logits):
        raise InputError("target", f"{len(logits)} targets, one an item", str(len(y)), "Give as many as logit rows.")
    return y
