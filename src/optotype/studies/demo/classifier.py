"""A simulated classifier whose faults are declared: what it says about crops of the world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optotype.studies.demo.faults import Fault, hit_by
from optotype.tables import Array, Floats, Labels

ACCURACY = 0.95
"""Of the simulated classifier where no fault strikes."""


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
    struck = hit_by(faults, labels.label, labels.classes, labels.items.columns, rng)
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
