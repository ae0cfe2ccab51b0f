"""Numbers of confusion matrices in pixels, (…, K, K + 1) with truth in rows; the last column is no class's."""

from __future__ import annotations

import numpy as np

from optotype.metrics.ratios import divide
from optotype.tables import Array, Floats


def hits(matrix: Floats) -> Floats:
    """Pixels that are right, (…, K)."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def iou(matrix: Floats) -> Floats:
    """Intersection over union of each class, (…, K); NaN for a class without truth."""
    right, truth = hits(matrix), matrix.sum(axis=-1)
    return np.where(truth > 0, divide(right, truth + _said(matrix) - right), np.nan)


def recall(matrix: Floats) -> Floats:
    """Share of the truth's pixels that are right, (…, K)."""
    return divide(hits(matrix), matrix.sum(axis=-1))


def precision(matrix: Floats) -> Floats:
    """Share of the prediction's pixels that are right, (…, K)."""
    return divide(hits(matrix), _said(matrix))


def shares(matrix: Floats) -> Floats:
    """Share of each class in the truth's pixels, (…, K)."""
    truth = matrix.sum(axis=-1)
    return divide(truth, truth.sum(axis=-1, keepdims=True))


def confusions(matrix: Floats) -> Floats:
    """Shares of the truth's pixels by prediction, (…, K, K + 1)."""
    return divide(matrix, matrix.sum(axis=-1, keepdims=True))


def pixel_accuracy(matrix: Floats) -> Floats:
    """Share of all pixels that are right, (…)."""
    return divide(hits(matrix).sum(axis=-1), matrix.sum(axis=(-2, -1)))


def mean(values: Floats, classes: Array) -> Floats:
    """Mean over the ``classes`` (K,) bool that have a value, (…)."""
    known = np.isfinite(values) & classes
    return divide(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1))


def parts(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """The change of pixel accuracy by recall and by the classes' shares, each (…); a class that one side lacks has the
    other's recall there, so that it counts as a change of shares.
    """
    found = [recall(first), recall(second)]
    a, b = (np.nan_to_num(np.where(np.isfinite(r), r, other)) for r, other in (found, found[::-1]))
    p, q = np.nan_to_num(shares(first)), np.nan_to_num(shares(second))
    return ((b - a) * (p + q) / 2).sum(axis=-1), ((q - p) * (a + b) / 2).sum(axis=-1)


def _said(matrix: Floats) -> Floats:
    found: Floats = matrix[..., :-1].sum(axis=-2)
    return found
