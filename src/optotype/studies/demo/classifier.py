"""A simulated classifier whose faults are declared: what it says about crops of the world."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from optotype.tables import Array, Floats, Labels

Direction = Literal["low", "high"]

ACCURACY = 0.95
"""Of the simulated classifier where no fault strikes."""


@dataclass(frozen=True)
class Fault:
    """One declared weakness.

    It strikes the ``share`` of the items with the lowest or highest recorded ``attribute`` – only those of the class
    ``truth`` where one is named – and makes ``rate`` of them wrong: ``taken_for`` that class, or any other.
    ``overconfident`` mistakes are made with the confidence of right answers.
    """

    key: str
    says: str
    attribute: str
    direction: Direction
    share: float
    rate: float
    truth: str = ""
    taken_for: str = ""
    overconfident: bool = False


@dataclass(frozen=True, eq=False)
class Simulated:
    """``truth`` as handed out (a few labels swapped), ``prediction`` as simulated, the planted ``swapped`` (n,) labels
    and, for each fault, the items that it ``struck`` (n,).
    """

    truth: Labels
    prediction: Labels
    swapped: NDArray[np.bool_]
    struck: dict[str, NDArray[np.bool_]]


def simulate(labels: Labels, faults: tuple[Fault, ...], *, label_errors: float, seed: int) -> Simulated:
    """Answers for ``labels`` with the faults in them; the attributes are columns of the items.

    A fault later in the tuple wins where two strike. Same arguments, same answers.
    """
    rng = np.random.default_rng(seed)
    n, K = len(labels), len(labels.classes)
    struck = {fault.key: _strikes(labels, fault) & (rng.random(n) < fault.rate) for fault in faults}
    said = np.where(rng.random(n) < ACCURACY, labels.label, _another(labels.label, K, rng)).astype(np.int32)
    sure = np.where(said == labels.label, rng.beta(14, 2, n), rng.beta(5, 3, n))
    for fault in faults:
        hit = struck[fault.key]
        other = _another(labels.label, K, rng)
        if fault.taken_for:
            other = np.full(n, labels.classes.index(fault.taken_for))
        said = np.where(hit, other, said).astype(np.int32)
        sure = np.where(hit, rng.beta(14, 2, n) if fault.overconfident else rng.beta(5, 3, n), sure)
    swapped = rng.random(n) < label_errors
    given = np.where(swapped, _another(labels.label, K, rng), labels.label).astype(np.int32)
    scores = _scores(said, labels.label, sure, K, rng)
    return Simulated(replace(labels, label=given), replace(labels, label=said, scores=scores), swapped, struck)


def _strikes(labels: Labels, fault: Fault) -> NDArray[np.bool_]:
    """Items in the fault's tail of the attribute, among those of its class; never all of them, where many are equal."""
    inside = np.ones(len(labels), bool)
    if fault.truth:
        inside = labels.label == labels.classes.index(fault.truth)
    values = np.array(labels.items.columns[fault.attribute], dtype=np.float64)
    if not inside.any():
        return inside
    tail = fault.share if fault.direction == "low" else 1 - fault.share
    known = values[inside]
    edge = np.quantile(known, tail)
    low = (values <= edge) & (values < known.max())
    high = (values >= edge) & (values > known.min())
    return np.asarray(inside & (low if fault.direction == "low" else high))


def _another(label: Array, classes: int, rng: np.random.Generator) -> Array:
    """A class that is not the label's, each equally often."""
    return np.asarray((label + rng.integers(1, classes, len(label))) % classes)


def _scores(said: Array, truth: Array, sure: Array, classes: int, rng: np.random.Generator) -> Floats:
    """Probabilities with ``sure`` on the answer (raised until it leads) and most of the rest on the true class."""
    n = len(said)
    rest = rng.dirichlet(np.full(classes, 0.3), n)
    rest[np.arange(n), truth] += 1.0
    rest[np.arange(n), said] = 0
    rest /= rest.sum(axis=1, keepdims=True)
    sure = np.maximum(sure, 0.51)
    scores = rest * (1 - sure)[:, None]
    scores[np.arange(n), said] = sure
    return np.asarray(scores, np.float64)
