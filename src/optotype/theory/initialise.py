"""First weights of a layer: Xavier (Glorot) and He (Kaiming).

Why their variance matters. A unit sums n_in products, z = Σ w·x. With independent terms of mean 0 its variance is
Var z = n_in · Var w · E[x²]. To keep the size of activations from layer to layer, n_in · Var w has to make up for what
the activation function loses; to keep the size of gradients on the way back, n_out · Var w has to.

- Linear or tanh near 0 loses nothing: Var w = 1/n_in forwards, 1/n_out backwards. Xavier takes the mean of the two
  counts, Var w = 2/(n_in + n_out).
- LeakyReLU with slope a: for z symmetric around 0, E[x²] = ½(1 + a²)·Var z. He takes it into account:
  Var w = 2/((1 + a²)·n_in). ReLU is a = 0.

A uniform distribution on [−r, r] has the variance r²/3, so r = √(3·Var w). Sources: Glorot and Bengio, "Understanding
the difficulty of training deep feedforward neural networks" (2010); He et al., "Delving deep into rectifiers" (2015).
"""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from optotype.errors import InputError
from optotype.theory.checks import Floats


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(n_in, n_out) of weights (out, in) or (out, in, kh, kw): a unit of a convolution sums in·kh·kw products.

    Raises InputError for fewer than two axes, as a bias has.

    >>> fans((512, 121)), fans((10, 5, 7, 7))
    ((121, 512), (245, 490))
    """
    if len(shape) < 2 or min(shape) < 1:
        rule = "weights (out, in) or (out, in, kernel …), not empty"
        raise InputError("shape", rule, str(shape), "Biases have no fan-in; they start at 0.")
    cells = prod(shape[2:])
    return shape[1] * cells, shape[0] * cells


def xavier_variance(shape: tuple[int, ...], *, gain: float = 1.0) -> float:
    """Var w = gain² · 2/(n_in + n_out).

    >>> xavier_variance((30, 20))
    0.04
    """
    return gain**2 * 2.0 / sum(fans(shape))


def he_variance(shape: tuple[int, ...], *, slope: float = 0.0) -> float:
    """Var w = 2/((1 + a²)·n_in) in front of a LeakyReLU with slope a; ReLU has a = 0.

    >>> round(he_variance((30, 50)), 12)
    0.04
    """
    return leaky_gain(slope) ** 2 / fans(shape)[0]


def leaky_gain(slope: float = 0.0) -> float:
    """√(2/(1 + a²)): by how much weights must be larger to make up for a LeakyReLU of slope a.

    >>> round(leaky_gain(), 6), leaky_gain(1.0)
    (1.414214, 1.0)
    """
    return sqrt(2.0 / (1.0 + slope**2))


def xavier_uniform(shape: tuple[int, ...], rng: np.random.Generator, *, gain: float = 1.0) -> Floats:
    """Weights of ``shape``, uniform on [−r, r] with r = gain·√(6/(n_in + n_out)).

    >>> weights = xavier_uniform((3, 3), np.random.default_rng(0))
    >>> weights.shape, bool(abs(weights).max() <= 1)
    ((3, 3), True)
    """
    return _uniform(shape, rng, xavier_variance(shape, gain=gain))


def xavier_normal(shape: tuple[int, ...], rng: np.random.Generator, *, gain: float = 1.0) -> Floats:
    """Weights of ``shape``, normal with mean 0 and standard deviation gain·√(2/(n_in + n_out)).

    >>> xavier_normal((2, 3), np.random.default_rng(0)).shape
    (2, 3)
    """
    return rng.normal(0.0, sqrt(xavier_variance(shape, gain=gain)), shape)


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator, *, slope: float = 0.0) -> Floats:
    """Weights of ``shape``, uniform on [−r, r] with r = √(6/((1 + a²)·n_in)).

    >>> weights = he_uniform((2, 6), np.random.default_rng(0))
    >>> weights.shape, bool(abs(weights).max() <= 1)
    ((2, 6), True)
    """
    return _uniform(shape, rng, he_variance(shape, slope=slope))


def he_normal(shape: tuple[int, ...], rng: np.random.Generator, *, slope: float = 0.0) -> Floats:
    """Weights of ``shape``, normal with mean 0 and standard deviation √(2/((1 + a²)·n_in)).

    >>> he_normal((2, 3), np.random.default_rng(0)).shape
    (2, 3)
    """
    return rng.normal(0.0, sqrt(he_variance(shape, slope=slope)), shape)


def _uniform(shape: tuple[int, ...], rng: np.random.Generator, variance: float) -> Floats:
    limit = sqrt(3.0 * variance)
    return rng.uniform(-limit, limit, shape)
