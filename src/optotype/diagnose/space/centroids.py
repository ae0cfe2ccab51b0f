"""The mean of each class in feature space, and how far items lie from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optotype.diagnose.space.featured import Featured
from optotype.tables import Array, Floats


@dataclass(frozen=True, eq=False)
class Centroids:
    """``centre`` (K, d) float64, NaN where the split has none of a class; ``n`` (K,) items that form each.

    ``spread`` (K,) is the median distance of a class's items of that split to its centroid, ``typical`` that of all
    items to the centroid of their class.
    """

    split: str
    centre: Floats
    n: Array
    spread: Floats
    typical: float


def centroids(found: Featured, split: str = "train") -> Centroids:
    """Class means over one split's items, by their true class."""
    rows = found.rows(split)
    label, K = found.truth.label[rows], len(found.classes)
    centre = np.full((K, found.features.shape[1]), np.nan)
    away = np.full(len(rows), np.nan)
    for k in range(K):
        mine = label == k
        if mine.any():
            features = found.features[rows[mine]]
            centre[k] = features.mean(axis=0, dtype=np.float64)
            away[mine] = distance(features, centre[k][None])
    spread = np.array([np.median(away[label == k]) if (label == k).any() else np.nan for k in range(K)])
    return Centroids(split, centre, np.bincount(label, minlength=K), spread, float(np.median(away)))


def distance(a: Array, b: Array) -> Floats:
    """Euclidean distances (n,) between rows of equal position, (n, d) each or one for all, float64; NaN where one is.

    >>> distance(np.array([[3.0, 4.0]]), np.zeros((1, 2))).tolist()
    [5.0]
    """
    difference = a.astype(np.float64) - b
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", difference, difference)))


def to_true_and_predicted(found: Featured, rows: Array, centre: Floats) -> tuple[Floats, Floats]:
    """Distances (m,) of the items ``rows`` to the centroid of their true and of their predicted class."""
    given = found.features[rows]
    true, predicted = centre[found.truth.label[rows]], centre[found.said.label[rows]]
    return distance(given, true), distance(given, predicted)
