"""Gradient descent, with and without an L2 penalty on the weights.

Two conventions are in use, and differ by a factor of 2 in λ:

- ``half``: L + λ/2·‖w‖², so w ← w − α·(∂L/∂w + λ·w). The ``weight_decay`` of torch.optim.SGD is this λ.
- ``full``: L + λ·‖w‖², so w ← w − α·(∂L/∂w + 2λ·w).

Only weights decay. A bias moves the threshold of a unit, it does not make the function steeper, and one that is held
near 0 only fits worse.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from math import sqrt
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from optotype.errors import InputError, did_you_mean
from optotype.theory import checks
from optotype.theory.checks import Floats

Penalty = Literal["half", "full"]
Named: TypeAlias = Mapping[str, Floats]
Objective: TypeAlias = Callable[[Named], tuple[float, Named]]
"""From named parameters to the loss (without the penalty) and its gradient by each of them."""


class Descent(NamedTuple):
    """Where a descent ended, and its course; entry 0 is the start.

    ``losses`` (steps + 1,) are without the penalty, so that runs with and without it compare; ``norms`` (steps + 1,)
    are √Σ‖w‖² over the weights (what decays).
    """

    parameters: dict[str, Floats]
    losses: Floats
    norms: Floats


def step(
    w: npt.ArrayLike, gradient: npt.ArrayLike, *, rate: float, l2: float = 0.0, penalty: Penalty = "half"
) -> Floats:
    """One step: w − α·(∂L/∂w + λ·w) for the penalty λ/2·‖w‖² (``half``), with 2λ for λ·‖w‖² (``full``).

    ``gradient`` is that of the loss alone, of the shape of ``w``. With a gradient of 0 the weights shrink by the
    factor 1 − αλ: hence "weight decay". Raises InputError for different shapes, α ≤ 0 or λ < 0.

    >>> step([1.0, -2.0], [0.5, 0.0], rate=0.1)
    array([ 0.95, -2.  ])
    >>> step([1.0, -2.0], [0.5, 0.0], rate=0.1, l2=0.5), step([1.0, -2.0], [0.5, 0.0], rate=0.1, l2=0.5, penalty="full")
    (array([ 0.9, -1.9]), array([ 0.85, -1.8 ]))
    """
    _check(rate, l2, penalty)
    weights, slope = checks.finite("weights", w), checks.finite("gradient", gradient)
    if weights.shape != slope.shape:
        rule = f"the shape of the weights, {weights.shape}"
        raise InputError("gradient", rule, str(slope.shape), "There is one slope for each weight.")
    decay = l2 if penalty == "half" else 2.0 * l2
    stepped: Floats = weights - rate * (slope + decay * weights)
    return stepped


def descend(
    objective: Objective,
    start: Mapping[str, npt.ArrayLike],
    *,
    weights: Collection[str],
    rate: float,
    steps: int,
    l2: float = 0.0,
    penalty: Penalty = "half",
) -> Descent:
    """Gradient descent on all data at once for ``steps`` steps.

    ``weights`` names the parameters that decay and whose norm is recorded; the others are biases. Raises InputError
    for α ≤ 0, λ < 0, fewer than 0 steps, a name that is not in ``start``, or a loss that is no longer finite: the rate
    is too high.

    >>> def bowl(at):
    ...     return float((at["w"] ** 2).sum()), {"w": 2 * at["w"]}
    >>> course = descend(bowl, {"w": [4.0]}, weights=["w"], rate=0.25, steps=2)
    >>> course.losses, course.norms, course.parameters
    (array([16.,  4.,  1.]), array([4., 2., 1.]), {'w': array([1.])})
    """
    _check(rate, l2, penalty)
    if steps < 0:
        raise InputError("steps", "0 or more", str(steps), "Give a whole number that is not negative.")
    here = {name: np.array(value, np.float64) for name, value in start.items()}
    for name in weights:
        if name not in here:
            raise InputError("weights", "names of parameters", repr(name), did_you_mean(name, here))
    losses, norms = [], []
    for number in range(steps + 1):
        loss, gradient = objective(here)
        if not np.isfinite(loss):
            got = f"{rate}: the loss is {loss} after {number} steps"
            raise InputError("rate", "one at which the loss falls", got, "Use a smaller learning rate.")
        losses.append(loss)
        norms.append(norm(here[name] for name in weights))
        if number < steps:
            decays = {name: l2 if name in weights else 0.0 for name in here}
            here = {k: step(w, gradient[k], rate=rate, l2=decays[k], penalty=penalty) for k, w in here.items()}
    return Descent(here, np.array(losses), np.array(norms))


def norm(arrays: Iterable[Floats]) -> float:
    """√Σ‖w‖², the length of all weights taken as one vector.

    >>> norm([np.array([[3.0]]), np.array([0.0, 4.0])])
    5.0
    """
    return sqrt(sum(float((w**2).sum()) for w in arrays))


def _check(rate: float, l2: float, penalty: str) -> None:
    if not rate > 0:
        raise InputError("rate", "a learning rate above 0", str(rate), "Give a positive number.")
    if not l2 >= 0:
        raise InputError("l2", "0 or more", str(l2), "A negative λ would make the weights grow.")
    if penalty not in get_args(Penalty):
        raise InputError("penalty", "half (λ/2·‖w‖²) or full (λ·‖w‖²)", repr(penalty), "Choose one of them.")
