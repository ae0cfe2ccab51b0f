"""What a kernel detects: the patch it answers most strongly to, and its pattern in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from optotype.errors import InputError
from optotype.theory import checks
from optotype.theory.checks import Floats
from optotype.theory.windows import array

SHARE = 0.6
"""Share of a kernel's energy that a pattern has to explain to give it its name."""

ONE_SIGN = 0.9
"""|Σw| / Σ|w| from which a kernel averages: almost all of its weight has one sign."""

ONE_SIDED = 0.8
"""|Σw| / Σ|w| over one side of an edge, from which that side is bright or dark."""

FLAT = 0.05
"""|Σw| / Σ|w| up to which a kernel counts as blind to flat areas."""


class Patch(NamedTuple):
    """Cells of the shape of the kernel, and the kernel's response to them."""

    values: Floats
    response: float


def strongest_patch(kernel: npt.ArrayLike, low: float = 0.0, high: float = 1.0) -> Patch:
    """The patch with values in [low, high] that a kernel answers most strongly to, and the response.

    A sum Σ w·x is largest when each term is: x = high where w > 0, low where w < 0. Where w = 0 any value does, and
    low is taken. The response is high·Σ_{w>0} w + low·Σ_{w<0} w. ``kernel`` has any shape, (kh, kw) or (C, kh, kw)
    say. Raises InputError where low > high.

    >>> patch = strongest_patch([[1, 0, -1], [1, 0, -1]], low=-1, high=1)
    >>> patch.values
    array([[ 1., -1., -1.],
           [ 1., -1., -1.]])
    >>> patch.response
    4.0
    """
    if not low <= high:
        raise InputError("low", f"at most high = {high}", str(low), "Give the smallest value first.")
    weights = checks.finite("kernel", kernel)
    values = np.where(weights > 0, float(high), float(low))
    return Patch(values, float((weights * values).sum()))


class Pattern(NamedTuple):
    """A pattern that a kernel can follow, how much of the kernel it explains, and which way round.

    ``share`` is of the energy Σw²; ``sign`` is +1 for the pattern as it is worded first, −1 for the opposite.
    """

    name: str
    share: float
    sign: int


def patterns(kernel: npt.ArrayLike) -> list[Pattern]:
    """How much of a kernel each simple pattern explains, the best first.

    The kernel's mean is taken away. What is left falls into an odd part, (w(x) − w(−x))/2, and an even part,
    (w(x) + w(−x))/2, with x from the kernel's centre; their energies add up. A pattern lets a part depend on one
    number t only: t = column, row, or either diagonal – odd: an edge, even: a line – or t = distance from the centre,
    even: a blob. The best such function is the mean of the cells that share t; its energy over that of the kernel,
    mean included, is the share, in [0, 1]. An edge with less than 80 % of a side's weight of one sign, and a
    line or blob whose middle is less than half as strong as its strongest place, explain nothing. ``kernel`` is
    (kh, kw).

    >>> patterns([[1, 0, -1], [2, 0, -2], [1, 0, -1]])[0]
    Pattern(name='vertical edges', share=0.889, sign=1)
    """
    weights = array("kernel", kernel, ("kh", "kw"))
    weights = weights / (np.abs(weights).max() or 1.0)
    detail, energy = weights - weights.mean(), (weights**2).sum()
    turned = detail[::-1, ::-1]
    parts = {"edges": (detail - turned) / 2, "lines": (detail + turned) / 2, "blobs": (detail + turned) / 2}
    found = [
        Pattern(name, round(float(share / energy), 3) if energy else 0.0, sign)
        for name, place in PLACES.items()
        for share, sign in [_explained(parts[name.split()[-1]], place(*_centred(weights.shape)), name)]
    ]
    return sorted(found, key=lambda pattern: -pattern.share)


def in_words(kernel: npt.ArrayLike) -> str:
    """What a kernel (kh, kw) detects, in words.

    The rule, in this order, with b = Σw / Σ|w|, the answer to a flat area compared with the largest possible one:
    only zeros: nothing; a single weight: it copies the image; |b| ≥ 0.9: it averages; else the pattern of
    ``patterns`` that explains most of it, and at least 60 %. A bright blob with b > 0.05 sharpens: it answers to
    flat areas too. Of patterns that explain as much, edges and lines along an axis come first.

    >>> in_words([[1, 1, 1], [0, 0, 0], [-1, -1, -1]])
    'horizontal edges: bright above, dark below'
    >>> in_words([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    'bright blobs on a darker surround'
    >>> in_words([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    'sharpens: keeps flat areas and strengthens what is brighter or darker than its surround'
    """
    weights = array("kernel", kernel, ("kh", "kw"))
    if not weights.any():
        return "nothing: every weight is 0"
    negated = " and turns bright into dark" if weights.sum() < 0 else ""
    if np.count_nonzero(weights) == 1:
        return "copies the image" + negated
    balance = weights.sum() / np.abs(weights).sum()
    if abs(balance) >= ONE_SIGN:
        return "averages (blurs)" + negated
    best = patterns(weights)[0]
    if best.share < SHARE:
        return "nothing in particular"
    if best.name == "blobs" and best.sign * balance > FLAT:
        return SHARPENS + negated
    return WORDS[best.name][0 if best.sign > 0 else 1]


Place = Callable[[Floats, Floats], Floats]

PLACES: dict[str, Place] = {
    "vertical edges": lambda _, x: x,
    "horizontal edges": lambda y, _: y,
    "falling edges": lambda y, x: x + y,
    "rising edges": lambda y, x: x - y,
    "vertical lines": lambda _, x: x,
    "horizontal lines": lambda y, _: y,
    "rising lines": lambda y, x: x + y,
    "falling lines": lambda y, x: x - y,
    "blobs": lambda y, x: np.hypot(y, x),
}
"""The number that each pattern depends on, from a cell's row y (down) and column x (right) off the centre."""

SHARPENS = "sharpens: keeps flat areas and strengthens what is brighter or darker than its surround"

WORDS: dict[str, tuple[str, str]] = {
    "vertical edges": (
        "vertical edges: bright on the left, dark on the right",
        "vertical edges: dark on the left, bright on the right",
    ),
    "horizontal edges": ("horizontal edges: bright above, dark below", "horizontal edges: dark above, bright below"),
    "falling edges": (
        "diagonal edges: bright at the top left, dark at the bottom right",
        "diagonal edges: dark at the top left, bright at the bottom right",
    ),
    "rising edges": (
        "diagonal edges: bright at the bottom left, dark at the top right",
        "diagonal edges: dark at the bottom left, bright at the top right",
    ),
    "vertical lines": ("bright vertical lines on a darker ground", "dark vertical lines on a brighter ground"),
    "horizontal lines": ("bright horizontal lines on a darker ground", "dark horizontal lines on a brighter ground"),
    "rising lines": (
        "bright diagonal lines from bottom left to top right on a darker ground",
        "dark diagonal lines from bottom left to top right on a brighter ground",
    ),
    "falling lines": (
        "bright diagonal lines from top left to bottom right on a darker ground",
        "dark diagonal lines from top left to bottom right on a brighter ground",
    ),
    "blobs": ("bright blobs on a darker surround", "dark blobs on a brighter surround"),
}


def _centred(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Rows and columns (kh, kw) of each cell, counted from the centre of the kernel."""
    y, x = np.indices(shape).astype(np.float64)
    return y - (shape[0] - 1) / 2, x - (shape[1] - 1) / 2


def _explained(part: Floats, place: Floats, name: str) -> tuple[float, Literal[1, -1]]:
    """Energy of the best function of ``place`` for a part of a kernel, and its sign; 0 where it has another form."""
    where, group = np.unique(place.round(9).ravel(), return_inverse=True)
    profile = np.bincount(group, part.ravel()) / np.bincount(group)
    energy = float((profile[group] ** 2).sum())
    if name.endswith("edges"):
        first = (profile * np.bincount(group))[where < 0]
        sign = first.sum()
        fits = bool(abs(sign) >= ONE_SIDED * np.abs(first).sum())
    else:
        sign = profile[np.abs(where) == np.abs(where).min()][0]
        fits = bool(abs(sign) >= np.abs(profile).max() / 2)
    return (energy if fits else 0.0), (1 if sign >= 0 else -1)
