"""A network with one hidden layer, forwards and backwards: x → W¹x + b¹ → LeakyReLU → W²a + b² → softmax.

Columns are items. With m items, D inputs, D_a hidden units and K classes: X (D, m), W¹ (D_a, D), b¹ (D_a, 1),
z¹ and a¹ (D_a, m), W² (K, D_a), b² (K, 1), z² and ŷ (K, m).

Backwards, for the mean cross-entropy L = −1/m Σ_j Σ_k Y_kj · log ŷ_kj:

    ∂L/∂z² = (ŷ − Y)/m                       softmax and cross-entropy together
    ∂L/∂W² = ∂L/∂z² · a¹ᵀ                    ∂L/∂b² = Σ_j ∂L/∂z²[:, j]
    ∂L/∂a¹ = W²ᵀ · ∂L/∂z²
    ∂L/∂z¹ = ∂L/∂a¹ ⊙ LeakyReLU′(z¹)
    ∂L/∂W¹ = ∂L/∂z¹ · Xᵀ                     ∂L/∂b¹ = Σ_j ∂L/∂z¹[:, j]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optotype.errors import InputError
from optotype.theory import checks
from optotype.theory.checks import Floats
from optotype.theory.descent import Objective
from optotype.theory.initialise import he_normal, xavier_normal
from optotype.theory.softmax import log_softmax, softmax
from optotype.theory.units import Unit, convert

SLOPE = 0.01
"""Slope of LeakyReLU below 0, as in torch."""


class Parameters(NamedTuple):
    """Weights W¹ (D_a, D), W² (K, D_a) and biases b¹ (D_a, 1), b² (K, 1); or the gradients ∂L by each of them."""

    W1: Floats
    b1: Floats
    W2: Floats
    b2: Floats


class Activations(NamedTuple):
    """All that a forward pass computes: z¹ and a¹ (D_a, m), z² (K, m), and the probabilities ŷ (K, m)."""

    z1: Floats
    a1: Floats
    z2: Floats
    probabilities: Floats


def leaky_relu(z: npt.ArrayLike, slope: float = SLOPE) -> Floats:
    """LeakyReLU(z): z where z > 0, else slope·z; of the shape of ``z``.

    >>> leaky_relu([2.0, -2.0])
    array([ 2.  , -0.02])
    """
    x = checks.finite("z", z)
    return np.where(x > 0, x, slope * x)


def leaky_relu_slope(z: npt.ArrayLike, slope: float = SLOPE) -> Floats:
    """LeakyReLU′(z): 1 where z > 0, else ``slope``; at the kink z = 0 the lower one, as in torch.

    >>> leaky_relu_slope([2.0, 0.0, -2.0])
    array([1.  , 0.01, 0.01])
    """
    return np.where(checks.finite("z", z) > 0, 1.0, slope)


def initial(inputs: int, hidden: int, classes: int, rng: np.random.Generator) -> Parameters:
    """Parameters to start from: W¹ after He for the LeakyReLU behind it, W² after Xavier, biases 0.

    >>> [p.shape for p in initial(2, 3, 4, np.random.default_rng(0))]
    [(3, 2), (3, 1), (4, 3), (4, 1)]
    """
    return Parameters(
        he_normal((hidden, inputs), rng, slope=SLOPE),
        np.zeros((hidden, 1)),
        xavier_normal((classes, hidden), rng),
        np.zeros((classes, 1)),
    )


def forward(parameters: Parameters, X: npt.ArrayLike) -> Activations:
    """z¹ = W¹X + b¹, a¹ = LeakyReLU(z¹), z² = W²a¹ + b², ŷ = softmax of each column of z².

    ``X`` is (D, m), an item in each column. Raises InputError where the shapes do not fit together.

    >>> found = forward(Parameters([[1, 0], [0, 1]], [[0], [0]], [[1, 0], [0, 1]], [[0], [0]]), [[2.0], [-100.0]])
    >>> found.a1.ravel(), found.probabilities.ravel().round(3)
    (array([ 2., -1.]), array([0.953, 0.047]))
    """
    p, x = _checked(parameters), checks.finite("X", X)
    if x.ndim != 2 or len(x) != p.W1.shape[1] or not x.size:
        rule = f"shape ({p.W1.shape[1]}, m), for W1 of shape {p.W1.shape}"
        raise InputError("X", rule, f"shape {x.shape}", "One column for each item, one row for each input.")
    z1 = p.W1 @ x + p.b1
    a1 = leaky_relu(z1)
    z2 = p.W2 @ a1 + p.b2
    return Activations(z1, a1, z2, softmax(z2, axis=0))


def loss(Y: npt.ArrayLike, activations: Activations, *, unit: Unit = "nats") -> float:
    """Mean cross-entropy, −1/m Σ_j Σ_k Y_kj · log ŷ_kj, 0 or more; from the logits, so it never overflows.

    ``Y`` is a class index for each item (m,) or distributions in columns (K, m). Raises InputError for other shapes
    or values.

    >>> found = forward(Parameters([[1.0]], [[0.0]], [[0.0], [0.0]], [[0.0], [0.0]]), [[1.0]])
    >>> round(loss([0], found), 6), loss([0], found, unit="bits")
    (0.693147, 1.0)
    """
    y = _columns(Y, activations.z2.shape)
    return convert(float(-(y * log_softmax(activations.z2, axis=0)).sum() / y.shape[1]), unit)


def backward(parameters: Parameters, X: npt.ArrayLike, Y: npt.ArrayLike, activations: Activations) -> Parameters:
    """Gradients of the mean cross-entropy by W¹, b¹, W² and b², as the module's text derives them.

    ``activations`` are those of ``forward`` for the same parameters and ``X``; ``Y`` as in ``loss``. Raises
    InputError where the shapes do not fit together.

    >>> p = Parameters([[1.0]], [[0.0]], [[0.0], [0.0]], [[0.0], [0.0]])
    >>> backward(p, [[1.0]], [0], forward(p, [[1.0]])).W2
    array([[-0.5],
           [ 0.5]])
    """
    p, x = _checked(parameters), checks.finite("X", X)
    y = _columns(Y, activations.z2.shape)
    if x.shape != (p.W1.shape[1], y.shape[1]) or activations.z1.shape != (len(p.W1), y.shape[1]):
        rule = f"X and activations of the forward pass of {y.shape[1]} items through W1 of shape {p.W1.shape}"
        got = f"X {x.shape}, z1 {activations.z1.shape}"
        raise InputError("activations", rule, got, "Run forward with the same parameters and X.")
    by_z2 = (activations.probabilities - y) / y.shape[1]
    by_z1 = (p.W2.T @ by_z2) * leaky_relu_slope(activations.z1)
    return Parameters(
        by_z1 @ x.T, by_z1.sum(axis=1, keepdims=True), by_z2 @ activations.a1.T, by_z2.sum(axis=1, keepdims=True)
    )


def objective(X: npt.ArrayLike, Y: npt.ArrayLike) -> Objective:
    """The loss and its gradients as a function of the named parameters, for ``descent.descend``.

    >>> p = initial(2, 3, 2, np.random.default_rng(0))
    >>> value, gradients = objective([[0.0, 1.0], [1.0, 0.0]], [0, 1])(p._asdict())
    >>> sorted(gradients)
    ['W1', 'W2', 'b1', 'b2']
    """

    def at(named: Mapping[str, Floats]) -> tuple[float, Mapping[str, Floats]]:
        parameters = Parameters(**named)
        activations = forward(parameters, X)
        return loss(Y, activations), backward(parameters, X, Y, activations)._asdict()

    return at


def _checked(parameters: Parameters) -> Parameters:
    p = Parameters(*(checks.finite(name, value) for name, value in parameters._asdict().items()))
    if p.W1.ndim != 2 or p.W2.ndim != 2:
        got = f"shapes {p.W1.shape} and {p.W2.shape}"
        raise InputError("W1, W2", "matrices (D_a, D) and (K, D_a)", got, "One row for each unit.")
    hidden = len(p.W1)
    if p.W2.shape[1] != hidden:
        rule = f"shape (K, {hidden}), for the {hidden} hidden units of W1 {p.W1.shape}"
        raise InputError("W2", rule, f"shape {p.W2.shape}", "One column for each hidden unit.")
    for name, bias, weights in (("b1", p.b1, p.W1), ("b2", p.b2, p.W2)):
        if bias.shape != (len(weights), 1):
            rule = f"shape ({len(weights)}, 1), for weights of shape {weights.shape}"
            raise InputError(name, rule, f"shape {bias.shape}", "A column with one bias for each unit.")
    return p


def _columns(Y: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Truth as distributions in columns (K, m)."""
    classes, items = shape
    if np.ndim(Y) == 1 and np.shape(Y) == (items,):
        return np.eye(classes)[checks.class_indices("Y", Y, classes)].T
    if np.shape(Y) == shape:
        return checks.distributions("Y", np.transpose(Y)).T
    rule = f"{items} class indices, or distributions of shape {shape}"
    raise InputError("Y", rule, f"shape {np.shape(Y)}", "One class, or one column, for each item.")
