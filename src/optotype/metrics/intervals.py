"""Confidence intervals: the bootstrap by groups, its percentile interval, one for biased numbers, and Wilson's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import NormalDist

import numpy as np

from optotype.errors import InputError
from optotype.machine import usable_cores
from optotype.tables import Array, Floats, Ints, Strings

LEVEL = 0.95
Z = 1.959963984540054
"""97.5 % point of the normal distribution."""

FEWEST_GROUPS = 20
"""With fewer independent groups the percentile bootstrap is too narrow: no interval."""

MOST_BIAS = 1 / (math.sqrt(2) - 1)
"""The most that a bias can be of what resamples show of it, see ``corrected``."""

Bounds = tuple[float, float]
"""What a number cannot reach beyond, for ``corrected``."""
ANY: Bounds = (-math.inf, math.inf)
SHARE: Bounds = (0.0, 1.0)
POINTS: Bounds = (0.0, 100.0)
_ROUNDING = 1e-9
"""So near to a bound a number is on it."""


def group_index(groups: Strings) -> tuple[Ints, int]:
    """Number of each item's group in the sorted order of the groups' names, (n,) int32, and how many there are.

    >>> group_index(np.array(["b", "a", "b"]))
    (array([1, 0, 1], dtype=int32), 2)
    """
    if len(groups) and bool((groups[1:] > groups[:-1]).all()):
        return np.arange(len(groups), dtype=np.int32), len(groups)
    names, index = np.unique(groups, return_inverse=True)
    return index.astype(np.int32), len(names)


def resample_weights(groups: int, seed: int, resamples: range) -> Iterator[Ints]:
    """Weights (groups,) int32 of each resample: how often each group came when drawing ``groups`` times.

    They depend on (groups, seed, resample) alone. The array is reused by the next resample: copy what is kept.

    >>> [int(w.sum()) for w in resample_weights(300, 0, range(2))]
    [300, 300]
    """
    from optotype.kernels import bootstrap as kernel  # loaded only where something is drawn

    _check_seed(seed)
    weights = np.empty(groups, np.int32)
    leaves = np.empty(groups // kernel.LEAF + 1, np.int64)
    words = np.empty(kernel.BUFFER, np.uint64)
    for resample in resamples:
        kernel.draw(seed, resample, weights, leaves, words)
        yield weights


def bootstrap(
    statistic: Callable[[Ints], Array], groups: int, *, resamples: int = 1000, seed: int = 0, threads: int = 0
) -> Floats:
    """The statistic of every resample of the groups, shape (resamples, m).

    ``statistic`` takes integer weights (groups,) and returns m numbers; its weights are only valid during the call.
    It runs on ``threads`` threads (0: all cores), so it should spend its time in code that releases the GIL. The
    result does not depend on the number of threads. Two statistics under the same seed and groups see the same
    resamples, so that their difference is a paired bootstrap. Drawing is an exact multinomial (Efron 1979), not its
    Poisson approximation.

    >>> x = np.array([1.0, 2.0, 4.0])
    >>> bootstrap(lambda w: np.array([(w * x).sum() / w.sum()]), 3, resamples=2, threads=1).shape
    (2, 1)
    """
    _check_seed(seed)
    workers = min((threads or usable_cores()), max(resamples, 1))

    def part(worker: int) -> list[Floats]:
        mine = range(worker, resamples, workers)
        return [np.array(statistic(w), np.float64) for w in resample_weights(groups, seed, mine)]

    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(part, range(workers)))
    rows = [parts[r % workers][r // workers] for r in range(resamples)]
    return np.stack(rows) if rows else np.empty((0, 0))


def bootstrap_lanes(
    statistic: Callable[[Floats], Floats],
    groups: int,
    *,
    lanes: int,
    resamples: int = 1000,
    seed: int = 0,
    threads: int = 0,
) -> Floats:
    """As ``bootstrap``, for a statistic that takes the weights of ``lanes`` resamples at once.

    ``statistic`` takes weights (groups, lanes) float64, whole numbers, and returns (m, lanes). The resamples are those
    of ``bootstrap`` under the same seed; the result, (resamples, m), does not depend on the number of threads.
    """
    _check_seed(seed)
    blocks = range(0, resamples, lanes)

    def block(first: int) -> Floats:
        weights = np.zeros((groups, lanes))
        for lane, drawn in enumerate(resample_weights(groups, seed, range(first, min(first + lanes, resamples)))):
            weights[:, lane] = drawn
        return statistic(weights)[:, : min(lanes, resamples - first)].T

    with ThreadPoolExecutor(min(threads or usable_cores(), max(len(blocks), 1))) as pool:
        parts = list(pool.map(block, blocks))
    return np.concatenate(parts) if parts else np.empty((0, 0))


def percentile(samples: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Ends of the percentile interval over the first axis; resamples where the value does not exist (NaN) are left
    out.

    ``samples`` (resamples, …) give two arrays (…), NaN where no resample has a value. Linear interpolation, as
    ``np.quantile``.
    """
    ordered = np.sort(samples, axis=0)
    valid = np.isfinite(ordered).sum(axis=0)
    ends = []
    for share in ((1 - level) / 2, (1 + level) / 2):
        at = share * np.maximum(valid - 1, 0)
        below = np.floor(at).astype(np.intp)
        above = np.minimum(below + 1, np.maximum(valid - 1, 0))
        a = np.take_along_axis(ordered, below[None], axis=0)[0]
        b = np.take_along_axis(ordered, above[None], axis=0)[0]
        ends.append(np.where(valid > 0, a + (at - below) * (b - a), np.nan))
    return ends[0], ends[1]


def corrected(
    samples: Floats, value: Floats | float, bounds: Bounds = ANY, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Ends of an interval for a number that is biased in samples of finite size, as AP is, or for a difference of such.

    ``samples`` (resamples, …) and ``value`` (…) give two arrays (…): value ∓ z standard errors of the resamples, the
    end away from the bias moved by the most that the bias can be. Between finite ``bounds`` this is done to the logit,
    so that the ends stay inside and a number near a bound gets the longer side that it needs. NaN where a share of (1 −
    level) / 2 of the resamples or the value itself is on a bound or does not exist, and where nothing varies.

    A resample varies about the truth with twice the variance of the data. A bias that grows with the variance, as that
    of a smooth function does, therefore shows in full as the resamples' mean less the value (Efron and Tibshirani 1993,
    § 10.2). One that grows with the standard deviation, as that of the highest of several precisions does where the
    curve is flat, shows √2 − 1 times. The percentile interval is off by the bias and by what shows of it, both to the
    same side. Here any bias between none and ``MOST_BIAS`` times what shows is allowed for, as in the bias-aware
    intervals of Armstrong and Kolesár (2018). Coverage: ``benchmarks/detection_coverage.py``.

    >>> low, high = corrected(np.array([0.40, 0.42, 0.44] * 100), 0.41)
    >>> round(float(low), 3), round(float(high), 3)  # biased upward, so further down
    (0.354, 0.442)
    """
    inside = np.isfinite(samples) & (samples > bounds[0] + _ROUNDING) & (samples < bounds[1] - _ROUNDING)
    usable = (inside.mean(axis=0) > (1 + level) / 2) & (value > bounds[0] + _ROUNDING) & (value < bounds[1] - _ROUNDING)
    middle = float(_bounded(np.zeros(1), bounds)[0])
    at = _unbounded(np.where(usable, value, middle), bounds)
    shift = np.where(inside, _unbounded(np.where(inside, samples, middle), bounds) - at, 0.0)
    n = np.maximum(inside.sum(axis=0), 2)
    bias = shift.sum(axis=0) / n
    spread = np.sqrt(np.where(inside, (shift - bias) ** 2, 0.0).sum(axis=0) / (n - 1))
    usable &= np.ptp(shift, axis=0) > 0
    reach = NormalDist().inv_cdf((1 + level) / 2) * spread
    low = _bounded(at - np.maximum(MOST_BIAS * bias, 0.0) - reach, bounds)
    high = _bounded(at - np.minimum(MOST_BIAS * bias, 0.0) + reach, bounds)
    return np.where(usable, low, np.nan), np.where(usable, high, np.nan)


def _unbounded(x: Floats, bounds: Bounds) -> Floats:
    """The logit of a number between finite bounds, else the number."""
    low, high = bounds
    return x if math.isinf(high - low) else np.asarray(np.log((x - low) / (high - x)))


def _bounded(x: Floats, bounds: Bounds) -> Floats:
    """The inverse of ``_unbounded``."""
    low, high = bounds
    return x if math.isinf(high - low) else np.asarray(low + (high - low) / (1 + np.exp(-x)))


def stretch(groups: float) -> float:
    """By how much resamples of so few groups vary too little: Student's quantile for the normal's, and √(n / (n − 1)).

    Drawing with replacement has (n − 1) / n of the variance, which is itself uncertain; the quantile is from its
    expansion in 1 / (n − 1) (Fisher 1925), within 1 % from 4 groups on. ``groups`` may be an effective number.

    >>> round(stretch(20), 4), round(stretch(1000), 4)
    (1.0956, 1.0017)
    """
    free = groups - 1
    quantile = (
        Z
        + (Z**3 + Z) / (4 * free)
        + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * free**2)
        + (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / (384 * free**3)
    )
    return quantile / Z * math.sqrt(groups / free)


def of_few(samples: Floats, value: float, groups: float) -> tuple[Floats, Floats]:
    """``corrected`` ends from resamples (R,) that are worth so few ``groups`` that they vary too little."""
    return corrected(value + stretch(groups) * (samples - value), value, ANY)


def share_of_few(samples: Floats, value: float, groups: float) -> tuple[Floats, Floats]:
    """``of_few`` of a number above 0 and below 1, on the logit."""
    inside = (samples > 0) & (samples < 1)
    at = _unbounded(np.array(value), SHARE)
    moved = at + stretch(groups) * (_unbounded(np.where(inside, samples, 0.5), SHARE) - at)
    return corrected(np.where(inside, _bounded(moved, SHARE), samples), value, SHARE)


def wilson(hits: Array | int, n: Array | int, z: float = Z) -> tuple[Floats, Floats]:
    """Wilson's score interval (1927) of a share hits / n of independent trials; NaN where n is 0.

    >>> low, high = wilson(0, 10)
    >>> float(low), round(float(high), 4)
    (0.0, 0.2775)
    """
    hits, n = np.asarray(hits, np.float64), np.asarray(n, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / n
        centre = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = np.where(hits == 0, np.where(n > 0, 0.0, np.nan), centre - half)
    high = np.where(hits == n, np.where(n > 0, 1.0, np.nan), centre + half)
    return low, high


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**64:
        raise InputError("--seed", "a whole number from 0 to 2⁶⁴ − 1", str(seed), "Choose another seed.")
