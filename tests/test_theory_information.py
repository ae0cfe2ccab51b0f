"""Entropy, cross-entropy and divergence: their laws, SciPy's numbers, and Gaussians against the integral."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optotype.errors import InputError
from optotype.theory import checks, information
from optotype.theory.units import convert

UNITS = {"nats": math.e, "bits": 2, "digits": 10}
counts = arrays(np.int64, (5,), elements=st.integers(0, 1000)).filter(lambda n: n.sum() > 0)
full = arrays(np.int64, (5,), elements=st.integers(1, 1000))
means, stds = st.floats(-5, 5), st.floats(0.2, 5)


def shares(n):
    return n / n.sum()


@given(counts)
def test_entropy_lies_between_certainty_and_the_uniform_distribution(n):
    p = shares(n)
    found = information.entropy(p)
    assert 0 <= found <= math.log(5) + 1e-12
    assert found == pytest.approx(-math.fsum(x * math.log(x) for x in p if x > 0), abs=1e-13)
    assert information.entropy(p[::-1]) == pytest.approx(found, abs=1e-13)
    assert (found == 0) == (np.count_nonzero(p) == 1)


def test_entropy_of_known_distributions():
    assert information.entropy([0.25] * 4, unit="bits") == 2
    assert math.copysign(1, information.entropy([1.0])) == 1, "0, not −0"
    assert information.entropy([0.1] * 10, unit="digits") == pytest.approx(1, abs=1e-15)
    assert information.surprise(1 / 8, unit="bits") == 3
    assert information.surprise([0.0, 1.0]).tolist() == [math.inf, 0]


@given(counts, full)
def test_cross_entropy_is_entropy_and_divergence(n, m):
    p, q = shares(n), shares(m)
    divergence = information.kl_divergence(p, q)
    assert information.cross_entropy(p, q) == pytest.approx(information.entropy(p) + divergence, abs=1e-12)
    assert divergence >= 0
    assert information.kl_divergence(p, p) == 0
    assert information.cross_entropy(p, p) == pytest.approx(information.entropy(p), abs=1e-13)
    if np.abs(p - q).max() > 1e-3:
        assert divergence >= 2 * np.abs(p - q).max() ** 2 - 1e-15, "Pinsker's inequality"


@given(counts, full)
def test_divergence_is_scipys(n, m):
    special = pytest.importorskip("scipy.special")
    p, q = shares(n), shares(m)
    assert information.kl_divergence(p, q) == pytest.approx(special.rel_entr(p, q).sum(), abs=1e-13)
    assert information.entropy(p) == pytest.approx(special.entr(p).sum(), abs=1e-13)


def test_rounding_leaves_no_divergence_below_0():
    rng = np.random.default_rng(0)
    for _ in range(200):
        p = shares(rng.integers(1, 100, 5))
        q = p * (1 + rng.integers(-3, 4, 5) * 2.0**-53)
        assert information.kl_divergence(p, q) >= 0
    assert information.kl_divergence([0.5, 0.5], [0.5, 0.5 + checks.TOLERANCE / 2]) == 0
    assert information.gaussian_kl(0, 1 + 2.0**-26, 0, 1) == pytest.approx(2.0**-52, rel=1e-6, abs=0)


def test_divergence_is_not_symmetric():
    p, q = [0.9, 0.1], [0.5, 0.5]
    forth, back = information.kl_divergence(p, q), information.kl_divergence(q, p)
    assert forth == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2))
    assert back == pytest.approx(0.5 * math.log(1 / 1.8) + 0.5 * math.log(5))


@pytest.mark.parametrize("unit", UNITS)
def test_every_quantity_converts_alike(unit):
    p, q, ln = [0.5, 0.3, 0.2], [0.2, 0.2, 0.6], math.log(UNITS[unit])
    gaussians = (0.3, 1.5, -1.0, 0.7)
    pairs = [
        (information.entropy, (p,)),
        (information.cross_entropy, (p, q)),
        (information.kl_divergence, (p, q)),
        (information.surprise, (0.3,)),
        (information.gaussian_entropy, (1.5,)),
        (information.gaussian_cross_entropy, gaussians),
        (information.gaussian_kl, gaussians),
    ]
    for function, arguments in pairs:
        assert function(*arguments, unit=unit) == pytest.approx(function(*arguments) / ln, rel=1e-15)
    assert convert(1.0, unit) == pytest.approx(1 / ln, rel=1e-15)


@given(
    arrays(np.int64, (2, 3, 5), elements=st.integers(1, 100)), arrays(np.int64, (2, 3, 5), elements=st.integers(1, 9))
)
def test_many_distributions_are_each_by_itself(n, m):
    p, q = n / n.sum(-1, keepdims=True), m / m.sum(-1, keepdims=True)
    together = information.kl_divergence(p, q), information.cross_entropy(p, q), information.entropy(p)
    assert all(found.shape == (2, 3) for found in together)
    for at in np.ndindex(2, 3):
        assert together[0][at] == pytest.approx(information.kl_divergence(p[at], q[at]), abs=1e-14)
        assert together[1][at] == pytest.approx(information.cross_entropy(p[at], q[at]), abs=1e-14)
        assert together[2][at] == pytest.approx(information.entropy(p[at]), abs=1e-14)


# Gaussians


@given(means, stds, means, stds)
def test_gaussians_hang_together(mean_p, std_p, mean_q, std_q):
    cross = information.gaussian_cross_entropy(mean_p, std_p, mean_q, std_q)
    divergence = information.gaussian_kl(mean_p, std_p, mean_q, std_q)
    assert cross == pytest.approx(information.gaussian_entropy(std_p) + divergence, rel=1e-12, abs=1e-12)
    assert divergence >= 0
    written = 0.5 * math.log(2 * math.pi * std_q**2) + (std_p**2 + (mean_p - mean_q) ** 2) / (2 * std_q**2)
    assert cross == pytest.approx(written, rel=1e-12, abs=1e-12)
    assert information.gaussian_kl(mean_p, std_p, mean_p, std_p) == 0


@given(means, means, stds)
def test_equal_variances_leave_the_squared_error_of_the_mean(mean_p, mean_q, std):
    constant = information.gaussian_entropy(std)
    assert constant == pytest.approx(0.5 * math.log(2 * math.pi * math.e * std**2), abs=1e-12)
    squared = (mean_p - mean_q) ** 2 / (2 * std**2)
    assert information.gaussian_cross_entropy(mean_p, std, mean_q, std) == pytest.approx(constant + squared, rel=1e-12)
    assert information.gaussian_kl(mean_p, std, mean_q, std) == pytest.approx(squared, rel=1e-12)


@pytest.mark.parametrize("gaussians", [(0, 1, 0, 1), (0.5, 2, -1, 0.7), (3, 0.1, 2.5, 1.5)])
def test_the_closed_form_is_the_integral(gaussians):
    """−∫ p·ln q by the trapezoidal rule, which is exact to rounding for functions that fade like a Gaussian."""
    mean_p, std_p, mean_q, std_q = gaussians
    x = mean_p + std_p * np.linspace(-12, 12, 4001)
    p = np.exp(-(((x - mean_p) / std_p) ** 2) / 2) / (std_p * math.sqrt(2 * math.pi))
    log_q = -(((x - mean_q) / std_q) ** 2) / 2 - math.log(std_q * math.sqrt(2 * math.pi))
    found = float(-(p * log_q).sum() * (x[1] - x[0]))
    assert information.gaussian_cross_entropy(*gaussians) == pytest.approx(found, rel=1e-12)


def test_gaussians_broadcast_and_torch_agrees():
    distributions = pytest.importorskip("torch").distributions
    torch = pytest.importorskip("torch")
    mean, std = np.array([[-1.0], [0.0], [2.5]]), np.array([0.3, 1.0, 4.0])
    found = information.gaussian_kl(mean, std, 0.5, 1.5)
    assert found.shape == (3, 3)
    p = distributions.Normal(torch.tensor(mean), torch.tensor(std))
    q = distributions.Normal(torch.tensor(0.5, dtype=torch.float64), torch.tensor(1.5, dtype=torch.float64))
    assert found == pytest.approx(distributions.kl_divergence(p, q).numpy(), rel=1e-12)


def test_a_narrow_gaussian_has_less_than_no_entropy():
    assert information.gaussian_entropy(0.1) < 0 < information.gaussian_entropy(0.25)
    assert information.gaussian_entropy(1e-200) == pytest.approx(
        0.5 * math.log(2 * math.pi * math.e) - 200 * math.log(10)
    )
    assert math.isfinite(information.gaussian_kl(0, 1e-200, 0, 1))


# Bad input

BAD = {
    "below 0": (lambda: information.entropy([-0.5, 1.5]), "P", "-0.5 at index 0", "[0, 1]"),
    "a sum below 1": (lambda: information.entropy([0.5, 0.4]), "P", "a sum of 0.9", "sum to 1"),
    "one row's sum": (
        lambda: information.entropy([[0.5, 0.5], [0.7, 0.7]]),
        "P",
        "a sum of 1.4 at index 1",
        "sum to 1",
    ),
    "a number": (lambda: information.entropy(1.0), "P", "()", "one probability a class"),
    "no class": (lambda: information.entropy([]), "P", "(0,)", "one probability a class"),
    "NaN": (lambda: information.entropy([math.nan, 1.0]), "P", "nan at index 0", "finite"),
    "Q's sum": (lambda: information.cross_entropy([0.5, 0.5], [0.5, 0.6]), "Q", "a sum of 1.1", "sum to 1"),
    "another shape": (lambda: information.kl_divergence([0.5, 0.5], [1.0]), "Q", "(1,)", "(2,)"),
    "never expected": (
        lambda: information.kl_divergence([0.2, 0.8], [1.0, 0.0]),
        "Q",
        "0 at index 1, where P is 0.8: the KL divergence is infinite",
        "above 0 wherever P is",
    ),
    "never expected in a table": (
        lambda: information.kl_divergence([[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]]),
        "Q",
        "0 at index (1, 0), where P is 0.5: the KL divergence is infinite",
        "above 0 wherever P is",
    ),
    "infinite cross-entropy": (
        lambda: information.cross_entropy([0.2, 0.8], [1.0, 0.0]),
        "Q",
        "the cross-entropy is infinite",
        "above 0 wherever P is",
    ),
    "σ of 0": (lambda: information.gaussian_entropy(0.0), "std", "0", "above 0"),
    "σ of Q below 0": (lambda: information.gaussian_kl(0, 1, 0, -1), "std of Q", "-1", "above 0"),
    "a mean that is infinite": (lambda: information.gaussian_kl(math.inf, 1, 0, 1), "mean of P", "inf", "finite"),
    "p above 1": (lambda: information.surprise(1.5), "probability", "1.5", "[0, 1]"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_with_its_rule(name):
    call, where, got, expected = BAD[name]
    with pytest.raises(InputError) as error:
        call()
    assert error.value.where == where
    assert got in error.value.got
    assert expected in error.value.expected
    assert error.value.fix


def test_what_cannot_happen_may_be_forecast_as_impossible():
    assert information.kl_divergence([1.0, 0.0], [1.0, 0.0]) == 0
    assert information.cross_entropy([0.5, 0.5, 0.0], [0.5, 0.5, 0.0], unit="bits") == 1


def test_float32_distributions_are_accepted_and_hundredths_that_miss_1_are_not():
    p = np.random.default_rng(0).dirichlet(np.ones(1000), 20).astype(np.float32)
    assert information.entropy(p).dtype == np.float64
    with pytest.raises(InputError, match=r"0\.99"):
        information.entropy([0.33, 0.33, 0.33])
    edge = checks.TOLERANCE
    information.entropy([0.5, 0.5 + 0.9 * edge])
    with pytest.raises(InputError):
        information.entropy([0.5, 0.5 + 1.1 * edge])


def test_inputs_are_left_as_they_are():
    p, q = np.array([0.2, 0.8]), np.array([0.5, 0.5])
    p.flags.writeable = q.flags.writeable = False
    information.kl_divergence(p, q)
    information.entropy(p)
    assert p.tolist() == [0.2, 0.8]
