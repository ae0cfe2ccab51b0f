"""The ratios of classification: short functions of counts, divided last.

Every function takes totals with any leading shape (one for each resample) and returns that shape: ``n`` (…,) items,
``support`` (…, K) items of each true class, ``predicted`` (…, K) items given each class, ``hits`` (…, K) items
right by class; ``top5``, ``nll``, ``brier`` (…,) sums over items; ``gap`` (…, bins) sums of confidence −
correctness by bin. Items carry whole weights, so the counts are whole numbers. A value that does not exist is NaN.

Averages over classes are scikit-learn's with ``zero_division=0``: over the classes that occur in truth or
prediction; a class never predicted counts precision 0, one never true recall 0.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Totals: TypeAlias = NDArray[Any]
Ratio: TypeAlias = NDArray[np.float64]


def divide(a: Totals, b: Totals, empty: float = np.nan) -> Ratio:
    """``a / b``, and ``empty`` where ``b`` is 0.

    >>> divide(np.array([1, 0]), np.array([2, 0]))
    array([0.5, nan])
    """
    a, b = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    result: Ratio = np.divide(a, b, out=np.full(a.shape, empty), where=b != 0)
    return result


def recall_per_class(hits: Totals, support: Totals) -> Ratio:
    """Share of a class's items that were found; NaN without such items."""
    return divide(hits, support)


def precision_per_class(hits: Totals, predicted: Totals) -> Ratio:
    """Share of the items given a class that are of it; NaN where it is never predicted."""
    return divide(hits, predicted)


def f1_per_class(hits: Totals, support: Totals, predicted: Totals) -> Ratio:
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); NaN where the class never occurs."""
    return divide(2 * hits, support + predicted)


def accuracy(hits: Totals, n: Totals) -> Ratio:
    """Share of the items whose predicted class is the true one."""
    return divide(hits.sum(-1), n)


def balanced_accuracy(hits: Totals, support: Totals) -> Ratio:
    """Mean recall over the classes that have items (``sklearn.metrics.balanced_accuracy_score``)."""
    return divide(divide(hits, support, 0.0).sum(-1), (support > 0).sum(-1))


def recall_macro(hits: Totals, support: Totals, predicted: Totals) -> Ratio:
    """Mean recall over the classes in truth or prediction."""
    return _mean_over_present(divide(hits, support, 0.0), support, predicted)


def precision_macro(hits: Totals, support: Totals, predicted: Totals) -> Ratio:
    """Mean precision over the classes in truth or prediction."""
    return _mean_over_present(divide(hits, predicted, 0.0), support, predicted)


def f1_macro(hits: Totals, support: Totals, predicted: Totals) -> Ratio:
    """Mean F1 over the classes in truth or prediction."""
    return _mean_over_present(divide(2 * hits, support + predicted, 0.0), support, predicted)


def f1_micro(hits: Totals, support: Totals, predicted: Totals) -> Ratio:
    """F1 of the counts pooled over classes; with one class an item it equals accuracy."""
    return divide(2 * hits.sum(-1), support.sum(-1) + predicted.sum(-1))


def f1_weighted(hits: Totals, support: Totals, predicted: Totals) -> Ratio:
    """Mean F1 weighted by the classes' number of items."""
    f1 = divide(2 * hits, support + predicted, 0.0)
    return divide((f1 * support).sum(-1), support.sum(-1))


def top5_accuracy(top5: Totals, n: Totals) -> Ratio:
    """Share of the items whose true class is among the five with the highest scores."""
    return divide(top5, n)


def mean_nll(nll: Totals, n: Totals) -> Ratio:
    """Mean negative log-likelihood of the true class, nats (``sklearn.metrics.log_loss``)."""
    return divide(nll, n)


def mean_brier(brier: Totals, n: Totals) -> Ratio:
    """Mean over items of Σ_k (p_k − [k is true])², from 0 to 2 (Brier 1950)."""
    return divide(brier, n)


def calibration_error(gap: Totals, n: Totals) -> Ratio:
    """Σ_b |Σ_{i in b} (confidence − correctness)| / n: the expected calibration error (Guo et al. 2017)."""
    return divide(np.abs(gap).sum(-1), n)


def _mean_over_present(values: Ratio, support: Totals, predicted: Totals) -> Ratio:
    present = support + predicted > 0
    return divide((values * present).sum(-1), present.sum(-1))
