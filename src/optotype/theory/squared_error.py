"""Mean squared error for classification, and why it learns slowly from what is badly wrong.

By the chain rule the gradient by a logit is the gradient by the probability times the slope of sigmoid or softmax, and
that slope is ŷ·(1 − ŷ): near 0 where ŷ is near 0 or 1, *also where that is wrong*. A confidently wrong item then moves
nothing. Cross-entropy's gradient by the probability grows as 1/ŷ, which cancels the slope: ŷ − y is left, near ±1 for
the same item.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from optotype.theory import checks
from optotype.theory.cross_entropy import target_of_items
from optotype.theory.reduction import Loss, Reduction, reduced
from optotype.theory.softmax import sigmoid, softmax


def mean_squared_error_of_sigmoid(logits: ArrayLike, target: ArrayLike, *, reduction: Reduction = "mean") -> Loss:
    """L = (ŷ − y)² with ŷ = σ(z), and its gradient by the logit, 2·(ŷ − y)·ŷ·(1 − ŷ).

    ``logits`` z and ``target`` y in [0, 1] have one shape, every element an item. In [0, 1]; no unit. The gradient
    vanishes where ŷ → 0 or 1, right or wrong. Raises InputError for targets outside [0, 1] and shapes that differ.

    >>> mean_squared_error_of_sigmoid([-10.0, 0.0], [1, 1], reduction="none").gradient.round(6)
    array([-9.1e-05, -2.5e-01])
    """
    z, y = checks.finite("logits", logits), checks.probabilities("target", target)
    checks.same_shape(logits=z, target=y)
    p, rest = sigmoid(z), sigmoid(-z)
    error = (1 - y) * p - y * rest
    return reduced(error**2, 2 * error * p * rest, reduction)


def mean_squared_error_of_softmax(logits: ArrayLike, target: ArrayLike, *, reduction: Reduction = "mean") -> Loss:
    """L = 1/K·Σ_k (ŷ_k − y_k)² with ŷ = softmax(z), and its gradient by the logits.

    The gradient is Jᵀ·2/K·(ŷ − y) = 2/K·ŷ ⊙ (e − Σ_i ŷ_i e_i) with e = ŷ − y; it vanishes where ŷ → one-hot, right or
    wrong. ``logits`` (b, K); ``target`` class indices (b,) or distributions (b, K). In [0, 2/K]; no unit. Equal to
    torch's ``mse_loss(softmax(z), y)``. Raises InputError for anything else.

    >>> wrong, undecided = mean_squared_error_of_softmax([[10.0, 0.0], [0.0, 0.0]], [1, 1], reduction="none").gradient
    >>> wrong.round(6), undecided
    (array([ 9.1e-05, -9.1e-05]), array([ 0.25, -0.25]))
    """
    z = checks.rows("logits", logits)
    y = target_of_items(target, z)
    p = softmax(z)
    error = p - y
    gradients = 2 / z.shape[1] * p * (error - (p * error).sum(axis=1, keepdims=True))
    return reduced((error**2).mean(axis=1), gradients, reduction)
