"""SymPy derives what theory computes: each identity from its definition, and the code at numbers put into it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optotype.theory import information, losses
from optotype.theory.softmax import softmax, softmax_jacobian

sympy = pytest.importorskip("sympy")

K = 3
Z = sympy.symbols("z1:4", real=True)
P = sympy.symbols("p1:4", positive=True)
Q = sympy.symbols("q1:4", positive=True)
ONE_HOT = [tuple(int(i == k) for i in range(K)) for k in range(K)]
AT = (0.3, -1.2, 2.0)
"""Logits at which the code is compared with the symbols."""


def soft():
    total = sum(sympy.exp(z) for z in Z)
    return [sympy.exp(z) / total for z in Z]


def log_soft():
    """log ŷ_k = z_k − log Σ exp(z_i), by the logarithm's rules."""
    total = sympy.log(sum(sympy.exp(z) for z in Z))
    return [z - total for z in Z]


def zero(expression):
    return sympy.simplify(expression) == 0


def at(expression, values=AT, symbols=Z):
    return float(expression.subs(dict(zip(symbols, values, strict=True))))


def expected_by_normal(expression, x, mean, std):
    """E[f(x)] under a Gaussian, by the integral."""
    density = sympy.exp(-((x - mean) ** 2) / (2 * std**2)) / (std * sympy.sqrt(2 * sympy.pi))
    return sympy.simplify(sympy.integrate(sympy.expand(expression) * density, (x, -sympy.oo, sympy.oo)))


# Softmax and cross-entropy


def test_the_softmax_jacobian():
    y = soft()
    for k in range(K):
        for i in range(K):
            expected = y[k] * (int(k == i) - y[i])
            assert zero(sympy.diff(y[k], Z[i]) - expected)
            assert softmax_jacobian(AT)[k, i] == pytest.approx(at(sympy.diff(y[k], Z[i])), rel=1e-12)


def test_a_shift_changes_no_probability():
    m = sympy.symbols("m", real=True)
    shifted = [term.subs({z: z - m for z in Z}, simultaneous=True) for term in soft()]
    assert all(zero(a - b) for a, b in zip(shifted, soft(), strict=True))


def test_the_gradient_of_cross_entropy_is_y_hat_less_y():
    """For every distribution p as target; for one-hot y this is ŷ − y."""
    p = [P[0], P[1], 1 - P[0] - P[1]]
    loss = -sum(a * b for a, b in zip(p, log_soft(), strict=True))
    y = soft()
    assert all(zero(sympy.diff(loss, Z[i]) - (y[i] - p[i])) for i in range(K))


def test_the_gradient_through_the_jacobian_is_the_same():
    """Σ_k ∂L/∂ŷ_k·∂ŷ_k/∂z_i with ∂L/∂ŷ_k = −p_k/ŷ_k: the slope ŷ(1 − ŷ) cancels."""
    p, y = [P[0], P[1], 1 - P[0] - P[1]], soft()
    loss = -sum(a * sympy.log(b) for a, b in zip(p, Q, strict=True))
    for i in range(K):
        chain = sum(sympy.diff(loss, Q[k]).subs(Q[k], y[k]) * sympy.diff(y[k], Z[i]) for k in range(K))
        assert zero(chain - (y[i] - p[i]))


def test_the_gradient_of_weighted_cross_entropy():
    p, w, y = [P[0], P[1], 1 - P[0] - P[1]], Q, soft()
    loss = -sum(w[k] * p[k] * log_soft()[k] for k in range(K))
    total = sum(w[k] * p[k] for k in range(K))
    assert all(zero(sympy.diff(loss, Z[i]) - (y[i] * total - w[i] * p[i])) for i in range(K))
    weights = {w[0]: 0.5, w[1]: 1.0, w[2]: 3.0}
    found = losses.cross_entropy([AT], [1], class_weights=list(weights.values()), reduction="sum")
    hot = {P[0]: 0, P[1]: 1}
    assert found.value == pytest.approx(at(loss.subs(hot).subs(weights)), rel=1e-12)


@pytest.mark.parametrize("c", range(K))
def test_label_smoothing_in_closed_form(c):
    epsilon = sympy.symbols("epsilon", positive=True)
    y, hot = soft(), ONE_HOT[c]
    p = [(1 - epsilon) * hot[k] + epsilon / K for k in range(K)]
    assert zero(p[c] - (1 - epsilon + epsilon / K))
    assert zero(sum(p) - 1)
    loss = -sum(p[k] * log_soft()[k] for k in range(K))
    split = -(1 - epsilon) * log_soft()[c] + epsilon * sum(-log_soft()[k] for k in range(K)) / K
    assert zero(loss - split)
    for i in range(K):
        assert zero(
            sympy.diff(loss, Z[i]) - ((1 - epsilon) * (y[i] - hot[i]) + epsilon * (y[i] - sympy.Rational(1, K)))
        )
    found = losses.label_smoothing_closed_form([AT], [c], 0.2)
    assert found.value == pytest.approx(at(split.subs(epsilon, 0.2)), rel=1e-12)


def test_the_optimal_gap_of_label_smoothing():
    """With logits (g, 0, …, 0) the loss of g has one stationary point, where it is least."""
    epsilon, g = sympy.symbols("epsilon g", positive=True)
    classes = sympy.symbols("K", integer=True, positive=True)
    right = 1 - epsilon + epsilon / classes
    loss = -right * g + sympy.log(sympy.exp(g) + classes - 1)
    gap = sympy.log(classes * (1 - epsilon) / epsilon + 1)
    assert zero(sympy.diff(loss, g).subs(g, gap))
    assert zero(sympy.exp(gap) - right / (epsilon / classes))
    curvature = sympy.simplify(sympy.diff(loss, g, 2))
    assert zero(curvature - (classes - 1) * sympy.exp(g) / (sympy.exp(g) + classes - 1) ** 2), "0 or more: convex"
    number = float(gap.subs({classes: 10, epsilon: sympy.Rational(1, 10)}))
    assert losses.optimal_logit_gap(10, 0.1) == pytest.approx(number, rel=1e-12)
    assert sympy.limit(gap, epsilon, 0, "+") == sympy.oo


# Two classes


def test_the_gradients_of_binary_cross_entropy():
    z, y, p = sympy.symbols("z y p", real=True)
    by_probability = -(y * sympy.log(p) + (1 - y) * sympy.log(1 - p))
    assert zero(sympy.diff(by_probability, p) - (-y / p + (1 - y) / (1 - p)))
    assert zero(sympy.diff(by_probability, p) - (p - y) / (p * (1 - p)))
    sigma = 1 / (1 + sympy.exp(-z))
    assert zero(sympy.diff(sigma, z) - sigma * (1 - sigma))
    assert zero(sympy.diff(by_probability.subs(p, sigma), z) - (sigma - y))
    assert zero(sigma - sympy.exp(z) / (sympy.exp(z) + sympy.exp(0))), "the softmax of (z, 0)"


def test_the_squared_error_of_sigmoid_keeps_the_slope_that_cross_entropy_cancels():
    z, y = sympy.symbols("z y", real=True)
    sigma = 1 / (1 + sympy.exp(-z))
    gradient = sympy.diff((sigma - y) ** 2, z)
    assert zero(gradient - 2 * (sigma - y) * sigma * (1 - sigma))
    assert sympy.limit(gradient.subs(y, 1), z, -sympy.oo) == 0
    assert sympy.limit((sigma - y).subs(y, 1), z, -sympy.oo) == -1
    for number in (-3.0, 0.0, 2.5):
        found = losses.mean_squared_error_of_sigmoid(number, 1).gradient
        assert float(found) == pytest.approx(float(gradient.subs({z: number, y: 1})), rel=1e-12)


def test_the_gradient_of_the_squared_error_of_softmax():
    y, target = soft(), Q
    loss = sum((y[k] - target[k]) ** 2 for k in range(K)) / K
    error = [y[k] - target[k] for k in range(K)]
    mean = sum(y[k] * error[k] for k in range(K))
    assert all(zero(sympy.diff(loss, Z[i]) - sympy.Rational(2, K) * y[i] * (error[i] - mean)) for i in range(K))
    hot = dict(zip(Q, ONE_HOT[2], strict=True))
    found = losses.mean_squared_error_of_softmax([AT], [2]).gradient[0]
    assert found == pytest.approx([at(sympy.diff(loss, z).subs(hot)) for z in Z], rel=1e-10)


# Focal and Dice


def test_focal_is_cross_entropy_at_gamma_0_and_its_gradient():
    z = sympy.symbols("z", real=True)
    gamma, alpha = sympy.symbols("gamma alpha", positive=True)
    p = 1 / (1 + sympy.exp(-z))
    loss = -alpha * (1 - p) ** gamma * sympy.log(p)
    assert zero(loss.subs({gamma: 0, alpha: 1}) + sympy.log(p))
    expected = alpha * (1 - p) ** gamma * (gamma * p * sympy.log(p) + p - 1)
    assert zero(sympy.diff(loss, z) - expected)
    for number in (-2.0, 0.5, 3.0):
        found = losses.focal(number, 1, gamma=1.5, alpha=0.25)
        assert found.value == pytest.approx(float(loss.subs({z: number, gamma: 1.5, alpha: 0.25})), rel=1e-12)


def test_the_gradient_of_multiclass_focal():
    """With ŷ as symbols: ∂L/∂ŷ_c times the Jacobian's row is slope·(ŷ − y)."""
    gamma, p, other = sympy.symbols("gamma p q", positive=True)
    loss = -((1 - p) ** gamma) * sympy.log(p)
    slope = (1 - p) ** gamma * (1 - gamma * p * sympy.log(p) / (1 - p))
    by_own, by_other = sympy.diff(loss, p) * p * (1 - p), sympy.diff(loss, p) * (-p * other)
    assert zero(sympy.powsimp(sympy.expand(by_own - slope * (p - 1))))
    assert zero(sympy.powsimp(sympy.expand(by_other - slope * other)))
    assert sympy.limit(sympy.log(p) / (1 - p), p, 1) == -1, "the quotient stays small where p → 1"
    direct = -((1 - soft()[0]) ** 2) * log_soft()[0]
    found = losses.multiclass_focal([AT], [0], gamma=2)
    assert found.value == pytest.approx(at(direct), rel=1e-12)
    assert found.gradient[0] == pytest.approx([at(sympy.diff(direct, z)) for z in Z], rel=1e-12)


def test_the_gradient_of_dice():
    s = sympy.symbols("s", positive=True)
    p, y = P, (1, 1, 0)
    overlap = sum(a * b for a, b in zip(p, y, strict=True))
    size = (sum(p) + sum(y)) / 2 + s
    loss = 1 - (overlap + s) / size
    for i in range(K):
        assert zero(sympy.diff(loss, p[i]) + (y[i] * size - (overlap + s) / 2) / size**2)
    assert zero(loss - (1 - 2 * (overlap + s) / (sum(p) + sum(y) + 2 * s))), "the textbook's form, with 2s"
    assert zero(loss.subs(dict(zip(p, y, strict=True)))), "0 where all is right"
    values = (0.7, 0.4, 0.2)
    found = losses.dice(np.reshape(values, (1, 1, 3)), np.reshape(y, (1, 1, 3)), smooth=0.5)
    assert found.value == pytest.approx(at(loss.subs(s, 0.5), values, P), rel=1e-12)


# Information


def test_cross_entropy_is_entropy_and_divergence():
    entropy = -sum(p * sympy.log(p) for p in P)
    cross = -sum(p * sympy.log(q) for p, q in zip(P, Q, strict=True))
    divergence = sum(p * sympy.log(p / q) for p, q in zip(P, Q, strict=True))
    assert zero(sympy.expand_log(cross - entropy - divergence))
    numbers = dict(zip((*P, *Q), (0.5, 0.3, 0.2, 0.1, 0.6, 0.3), strict=True))
    found = information.kl_divergence([0.5, 0.3, 0.2], [0.1, 0.6, 0.3])
    assert found == pytest.approx(float(divergence.subs(numbers)), rel=1e-12)


def test_divergence_is_never_below_0():
    """Each term p·ln(p/q) − p + q is convex in q with its only stationary point, 0, at q = p; the sums cancel."""
    p, q = sympy.symbols("p q", positive=True)
    term = p * sympy.log(p / q) - p + q
    assert sympy.solve(sympy.diff(term, q), q) == [p]
    assert zero(term.subs(q, p))
    assert zero(sympy.diff(term, q, 2) - p / q**2)


def test_entropy_is_greatest_where_all_classes_are_equal():
    """Lagrange: ∂/∂p_k [−Σ p log p + λ(1 − Σ p)] = 0 has the same p for every class."""
    multiplier = sympy.symbols("lambda", real=True)
    entropy = -sum(p * sympy.log(p) for p in P)
    for p in P:
        assert sympy.solve(sympy.diff(entropy, p) - multiplier, p) == [sympy.exp(-multiplier - 1)]
    third = dict.fromkeys(P, sympy.Rational(1, 3))
    assert zero(entropy.subs(third) - sympy.log(3))
    assert information.entropy([1 / 3] * 3) == pytest.approx(math.log(3), rel=1e-12)


def test_the_gaussian_cross_entropy_is_the_integral():
    x = sympy.symbols("x", real=True)
    mean_p, mean_q = sympy.symbols("mu_p mu_q", real=True)
    std_p, std_q, std = sympy.symbols("sigma_p sigma_q sigma", positive=True)
    surprise = sympy.log(2 * sympy.pi * std_q**2) / 2 + (x - mean_q) ** 2 / (2 * std_q**2)
    closed = sympy.log(2 * sympy.pi * std_q**2) / 2 + (std_p**2 + (mean_p - mean_q) ** 2) / (2 * std_q**2)
    assert zero(sympy.expand_log(expected_by_normal(surprise, x, mean_p, std_p) - closed, force=True))
    entropy = closed.subs({mean_q: mean_p, std_q: std_p})
    assert zero(sympy.expand_log(entropy - sympy.log(2 * sympy.pi * sympy.E * std_p**2) / 2))
    equal = closed.subs({std_p: std, std_q: std})
    expected = sympy.log(2 * sympy.pi * sympy.E * std**2) / 2 + (mean_p - mean_q) ** 2 / (2 * std**2)
    assert zero(sympy.expand_log(equal - expected))
    numbers = {mean_p: 0.3, std_p: 1.5, mean_q: -1.0, std_q: 0.7}
    assert information.gaussian_cross_entropy(0.3, 1.5, -1.0, 0.7) == pytest.approx(float(closed.subs(numbers)))


def test_the_gaussian_divergence_is_0_only_where_the_two_are_one():
    distance = sympy.symbols("delta", real=True)
    ratio, width = sympy.symbols("r sigma_q", positive=True)
    std_p = ratio * width
    cross = sympy.log(2 * sympy.pi * width**2) / 2 + (std_p**2 + (distance * width) ** 2) / (2 * width**2)
    divergence = sympy.expand_log(cross - sympy.log(2 * sympy.pi * sympy.E * std_p**2) / 2, force=True)
    written = (ratio - 1) * (ratio + 1) / 2 - sympy.log(ratio) + distance**2 / 2
    assert zero(divergence - written), "the form that the code computes"
    assert sympy.solve(sympy.diff(written, ratio), ratio) == [1]
    assert zero(sympy.diff(written, ratio, 2) - (1 + 1 / ratio**2)), "convex in σ_p/σ_q"
    assert zero(sympy.diff(written, distance, 2) - 1), "and in the distance of the means"
    assert zero(written.subs({ratio: 1, distance: 0}))


def test_the_code_at_the_same_logits():
    """The symbols themselves are right: their softmax and loss are the code's."""
    assert softmax(AT) == pytest.approx([at(y) for y in soft()], rel=1e-12)
    found = losses.cross_entropy([AT], [1])
    assert found.value == pytest.approx(at(-log_soft()[1]), rel=1e-12)
    assert found.gradient[0] == pytest.approx([at(sympy.diff(-log_soft()[1], z)) for z in Z], rel=1e-12)
