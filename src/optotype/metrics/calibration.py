"""Are the probabilities right? Calibration errors, the reliability diagram, and two ways to recalibrate.

Names, bins and edges: ``ece`` 15 equal bins; ``ece-quantile`` 15 bins with equal counts; ``classwise-ece`` the mean
of each class's own error against the rest. Edges "guo" put a score on the border of two bins into the lower one,
(lo, hi], the first bin closed at 0 (Guo et al. 2017); "netcal" into the upper one, [lo, hi), with 1.0 in the last.
No score floor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from optotype.metrics.intervals import LEVEL, wilson
from optotype.tables import Array, Floats, Ints

Edges: TypeAlias = Literal["guo", "netcal"]

BINS = 15
CLIP = float(np.finfo(np.float64).eps)
"""Probabilities are cut to [eps, 1 − eps] before a logarithm is taken, as scikit-learn's ``log_loss`` does."""

COOLEST, HOTTEST = 0.01, 100.0
"""The temperature is sought between these."""


def equal_edges(bins: int = BINS) -> Floats:
    """Edges (bins + 1,) of equally wide bins."""
    return np.linspace(0.0, 1.0, bins + 1)


def quantile_edges(scores: Floats, bins: int = BINS) -> Floats:
    """Edges (bins + 1,) of bins with equal counts, the ends set to 0 and 1; tied scores can leave bins empty."""
    edges: Floats = np.quantile(scores, np.linspace(0.0, 1.0, bins + 1))
    edges[0], edges[-1] = 0.0, 1.0
    return edges


def bin_of(scores: Floats, edges: Floats, closed: Edges = "guo") -> Ints:
    """Bin (n,) of each score in [0, 1].

    >>> edges = np.array([0.0, 0.5, 1.0])
    >>> bin_of(np.array([0.0, 0.5, 1.0]), edges), bin_of(np.array([0.0, 0.5, 1.0]), edges, "netcal")
    (array([0, 0, 1], dtype=int32), array([0, 1, 1], dtype=int32))
    """
    side: Literal["left", "right"] = "left" if closed == "guo" else "right"
    found = np.searchsorted(edges, scores, side=side) - 1
    return np.clip(found, 0, len(edges) - 2).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Counts by bin, all (bins,): ``n`` items, sum of their ``confidence``, number of them right (``hits``)."""

    edges: Floats
    n: Array
    confidence: Floats
    hits: Floats

    @property
    def ece(self) -> float:
        """Σ_b n_b / n · |accuracy_b − mean confidence_b|; NaN without items."""
        total = self.n.sum()
        return float(np.abs(self.confidence - self.hits).sum() / total) if total else math.nan


def reliability(confidence: Floats, correct: Array, edges: Floats, closed: Edges = "guo") -> Reliability:
    """Count by bins: ``confidence`` (n,) in [0, 1], ``correct`` (n,) of 0 and 1."""
    part, bins = bin_of(confidence, edges, closed), len(edges) - 1
    sums: Floats = np.bincount(part, confidence, bins).astype(np.float64)
    hits: Floats = np.bincount(part, np.asarray(correct, np.float64), bins).astype(np.float64)
    return Reliability(edges, np.bincount(part, minlength=bins), sums, hits)


def ece(confidence: Floats, correct: Array, *, bins: int = BINS, edges: Edges = "guo") -> float:
    """Expected calibration error of the predicted class's score, equally wide bins (Guo et al. 2017).

    >>> round(ece(np.array([0.9, 0.9, 0.6]), np.array([1, 0, 1])), 3)
    0.4
    """
    return reliability(confidence, correct, equal_edges(bins), edges).ece


def ece_quantile(confidence: Floats, correct: Array, *, bins: int = BINS) -> float:
    """As ``ece`` with bins of equal counts, [lo, hi), 1.0 in the last: equal to netcal's."""
    if not len(confidence):
        return math.nan
    return reliability(confidence, correct, quantile_edges(confidence, bins), "netcal").ece


def classwise_ece(scores: Floats, truth: Ints, *, bins: int = BINS, edges: Edges = "guo") -> Floats:
    """Calibration error of each class's own score (n, K) against being that class, (K,); its mean is
    ``classwise-ece``.

    Kull et al. 2019. All items count for every class.
    """
    return np.array([ece(scores[:, k], truth == k, bins=bins, edges=edges) for k in range(scores.shape[1])])


def gap_distances(gap: Floats, n: float, gaps: Floats, ns: Floats) -> Floats:
    """L1 distance (resamples,) of each resample's gaps / n from the data's own.

    ``gap`` (bins,) and ``n`` are the sums of confidence − correctness and the count, ``gaps`` (resamples, bins) and
    ``ns`` (resamples,) those of the resamples.
    """
    return np.asarray(np.abs(gaps / ns[:, None] - gap / n).sum(axis=1))


def gap_interval(value: float, distances: Floats, chance: float, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a binned calibration error that stays valid where the percentile bootstrap fails.

    The error is the L1 norm of gap / n; by the triangle inequality it is off by no more than the L1 distance of gap
    / n from its expectation, whose distribution the bootstrap does estimate (it is a mean), also for a calibrated
    model. So ``value`` ± the ``level`` quantile of ``distances`` covers the truth at least that often; it is wider
    than need be. In bins of a few items that all came out alike the bootstrap sees too little; ``chance``
    (``chance_reach``, or 0) is the least half-width.
    """
    reach = max(float(np.quantile(distances, level)), chance)
    return max(0.0, value - reach), min(1.0, value + reach)


def chance_reach(confidence: Floats, part: Ints, bins: int = BINS, level: float = LEVEL) -> float:
    """Calibration error that a perfectly calibrated model with these confidences exceeds with probability 1 −
    level.

    Quantile of Σ_b |N(0, s_b²)|, s_b² = Σ c (1 − c) / n², from 4,000 draws under a fixed seed. Independent items.
    """
    normal = np.random.Generator(np.random.Philox(key=0)).normal(size=(4000, bins))
    return float(np.quantile(np.abs(normal * _chance_spread(confidence, part, bins)).sum(axis=1), level))


def debiased_ece(gap: Floats, spread: Floats) -> float:
    """The calibration error less its estimated upward bias, at least 0.

    ``gap`` (bins,) holds mean confidence − correctness of each bin over all items, ``spread`` (bins,) its standard
    errors. The bias of |gap_b| is estimated by E|N(gap_b, spread_b²)| − |gap_b| (Kumar, Liang and Ma 2019, whose
    implementation draws the normal numbers; here the mean of the folded normal is exact). About 40 % of the bias is
    removed for a calibrated model, nearly all for a clearly miscalibrated one.
    """
    return max(0.0, float(np.abs(gap).sum()) - expected_excess(gap, spread))


def expected_excess(gap: Floats, spread: Floats) -> float:
    """Estimated upward bias of Σ |gap_b| for gaps (bins,) with standard errors ``spread`` (bins,)."""
    return float(sum(_folded(g, s) - abs(g) for g, s in zip(gap.tolist(), spread.tolist(), strict=True)))


def ece_if_calibrated(confidence: Floats, part: Ints, bins: int = BINS) -> float:
    """The error that a perfectly calibrated model with these confidences would show, by chance alone.

    Mean of |N(0, s_b²)| over bins with s_b² = Σ c (1 − c) / n² (consistency resampling of Bröcker and Smith 2007,
    in closed form). Independent items.
    """
    return float(math.sqrt(2 / math.pi) * _chance_spread(confidence, part, bins).sum())


def gap_spread(gap: Floats, part: Ints, group: Ints, groups: int, bins: int = BINS) -> Floats:
    """Standard error (bins,) of each bin's gap / n, for gaps (n,) of items whose groups (n,) are independent."""
    n = len(gap)
    codes, index = np.unique(group.astype(np.int64) * bins + part, return_inverse=True)
    sums = np.bincount(index, gap, len(codes))
    squares = np.bincount(codes % bins, sums**2, bins)
    totals = np.bincount(codes % bins, sums, bins)
    return np.sqrt(np.maximum(squares - totals**2 / groups, 0.0)) / n


def table(found: Reliability) -> list[dict[str, float | int | None]]:
    """The reliability diagram, a row a bin: edges, count, mean confidence, accuracy with Wilson's interval.

    Accuracy and confidence of an empty bin are None.
    """
    low, high = wilson(found.hits, found.n)
    rows: list[dict[str, float | int | None]] = []
    for b, n in enumerate(found.n.tolist()):
        known = n > 0
        rows.append(
            {
                "low": float(found.edges[b]),
                "high": float(found.edges[b + 1]),
                "n": n,
                "confidence": float(found.confidence[b] / n) if known else None,
                "accuracy": float(found.hits[b] / n) if known else None,
                "accuracy_low": float(low[b]) if known else None,
                "accuracy_high": float(high[b]) if known else None,
            }
        )
    return rows


def fit_temperature(scores: Floats, truth: Ints) -> float:
    """Temperature T that minimises the negative log-likelihood of softmax(log p / T) (Guo et al. 2017).

    ``scores`` (n, K) are probabilities; T > 1 means that the model was too sure. Newton's method on 1 / T, in which
    the loss is convex, kept within [COOLEST, HOTTEST].
    """
    logits = np.log(np.clip(scores, CLIP, None))
    low, high, beta = 1 / HOTTEST, 1 / COOLEST, 1.0
    for _ in range(100):
        slope, bend = _slopes(logits, truth, beta)
        low, high = (beta, high) if slope < 0 else (low, beta)
        step = beta - slope / bend if bend > 0 else math.nan
        following = step if low < step < high else math.sqrt(low * high)
        if abs(following - beta) <= 1e-12 * beta:
            break
        beta = following
    return 1.0 / beta


def apply_temperature(scores: Floats, temperature: float) -> Floats:
    """softmax(log p / T), rows summing to 1; T = 1 gives the same probabilities back."""
    logits = np.log(np.clip(scores, CLIP, None)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    return np.asarray(logits / logits.sum(axis=1, keepdims=True))


def fit_isotonic(confidence: Floats, correct: Array) -> tuple[Floats, Floats]:
    """Non-decreasing map from confidence to accuracy, least squares, as knots (x, y) between which it is linear.

    Pool adjacent violators (Ayer et al. 1955), tied confidences pooled first; as scikit-learn's
    ``IsotonicRegression``.

    >>> fit_isotonic(np.array([0.2, 0.4, 0.6]), np.array([1, 0, 1]))
    (array([0.2, 0.4, 0.6]), array([0.5, 0.5, 1. ]))
    """
    x, index, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    means = np.bincount(index, np.asarray(correct, np.float64), len(x)) / counts
    blocks: list[tuple[float, int, int]] = []
    for mean, weight in zip(means.tolist(), counts.tolist(), strict=True):
        size = 1
        while blocks and blocks[-1][0] >= mean:
            before, other, length = blocks.pop()
            mean = (before * other + mean * weight) / (other + weight)
            weight, size = weight + other, size + length
        blocks.append((mean, weight, size))
    y = np.repeat([b[0] for b in blocks], [b[2] for b in blocks])
    inner = np.zeros(len(x), bool)
    inner[1:-1] = (y[1:-1] == y[:-2]) & (y[1:-1] == y[2:])
    return x[~inner], y[~inner]


def apply_isotonic(confidence: Floats, knots: tuple[Floats, Floats]) -> Floats:
    """The fitted map at ``confidence`` (n,); beyond the outermost knots it is constant."""
    return np.interp(confidence, *knots)


def _chance_spread(confidence: Floats, part: Ints, bins: int) -> Floats:
    variance = np.bincount(part, confidence * (1 - confidence), bins)
    return np.asarray(np.sqrt(variance) / max(len(confidence), 1))


def _folded(mean: float, deviation: float) -> float:
    if deviation == 0:
        return abs(mean)
    z = mean / deviation
    return deviation * math.sqrt(2 / math.pi) * math.exp(-z * z / 2) + mean * math.erf(z / math.sqrt(2))


def _slopes(logits: Floats, truth: Ints, beta: float, chunk: int = 65_536) -> tuple[float, float]:
    """First and second derivative by beta of the mean loss of softmax(beta · logits)."""
    first = second = 0.0
    for start in range(0, len(logits), chunk):
        z = logits[start : start + chunk]
        p = np.exp(beta * (z - z.max(axis=1, keepdims=True)))
        p /= p.sum(axis=1, keepdims=True)
        mean = (p * z).sum(axis=1)
        first += float((mean - z[np.arange(len(z)), truth[start : start + chunk]]).sum())
        second += float(((p * z * z).sum(axis=1) - mean**2).sum())
    return first / len(logits), second / len(logits)
