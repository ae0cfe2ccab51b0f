"""Conditions against the training data: how often the class was seen, how far and how alike its samples are."""

from __future__ import annotations

import numpy as np

from optotype.diagnose.conditions.known import Features, Known, Objects
from optotype.diagnose.space.neighbours import BLOCK, distances
from optotype.tables import Floats

NEIGHBOURS = 5
ANY, OWN, OTHER = range(3)
"""Columns of ``Known.nearest``: mean over the nearest five, the nearest of the own class, the nearest of another."""


def nearest(features: Features, objects: Objects) -> Floats:
    """Exact Euclidean distances to the training samples, (n, 3): columns ANY, OWN and OTHER.

    NaN where there is no such sample.
    """
    found = np.full((len(objects), 3), np.nan)
    if not len(features.training):
        return found
    near = min(NEIGHBOURS, len(features.training))
    rows = max(1, BLOCK // len(features.training))
    for start in range(0, len(objects), rows):
        part = slice(start, start + rows)
        distance = distances(features.objects[part], features.training)
        own = objects.label[part, None] == features.training_label
        found[part, OWN] = np.where(own, distance, np.inf).min(axis=1)
        found[part, OTHER] = np.where(own, np.inf, distance).min(axis=1)
        found[part, ANY] = np.partition(distance, near - 1, axis=1)[:, :near].mean(axis=1)
    found[np.isinf(found)] = np.nan
    return found


def frequency(known: Known) -> Floats:
    """Training items of the object's class."""
    assert known.frequency is not None
    return np.asarray(known.frequency, np.float64)[known.objects.label]


def novelty(known: Known) -> Floats:
    """Mean Euclidean distance in feature space to the five nearest training samples."""
    assert known.nearest is not None
    return known.nearest[:, ANY]


def lookalike(known: Known) -> Floats:
    """Nearness of another class's training samples against the own class's: a / (a + b), 0–1.

    a and b are the distances to the nearest training sample of the object's class and of another; above 0.5
    the nearest is of another class. NaN where the class or the others have none.
    """
    assert known.nearest is not None
    own, other = known.nearest[:, OWN], known.nearest[:, OTHER]
    with np.errstate(invalid="ignore"):
        return np.asarray(own / (own + other))
