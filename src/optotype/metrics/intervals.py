"""Confidence intervals: the bootstrap by groups, its percentile interval, and Wilson's for a share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from optotype.errors import InputError
from optotype.machine import usable_cores
from optotype.tables import Array, Floats, Ints, Strings

LEVEL = 0.95
Z = 1.959963984540054
"""97.5 % point of the normal distribution."""

FEWEST_GROUPS = 20
"""With fewer independent groups the percentile bootstrap is too narrow: no interval."""


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


BIAS_SEEN = 1.5
"""How many times the bias that resamples show a curve's interpolated precision is taken to be biased."""


def debiased(samples: Floats, value: float) -> tuple[float, float]:
    """Ends of a normal interval of ``value`` with the bias taken off that its resamples (R,) show, NaN left out.

    For means of interpolated precision, which is biased upward: a running maximum over few points. Its bias falls with
    the number of objects n more slowly than 1 / n, so that resamples, in which half as many objects count, show
    only a part of it: 0.4 of it if it falls like 1 / √n, all if like 1 / n. BIAS_SEEN lies between, was set by
    simulation (``benchmarks/bench_detection_coverage.py``), and as it is uncertain the same amount is added to the
    standard error.

    >>> low, high = debiased(np.array([0.5, 0.7]), 0.6)
    >>> round(low, 3), round(high, 3)
    (0.404, 0.796)
    """
    known = samples[np.isfinite(samples)]
    if len(known) < 2:
        return float("nan"), float("nan")
    bias = BIAS_SEEN * (float(known.mean()) - value)
    half = Z * float(np.hypot(known.std(), bias))
    return value - bias - half, value - bias + half


def outer(samples: Floats, value: float) -> tuple[float, float]:
    """The smallest interval that holds both the percentile interval and ``debiased``'s.

    For differences of maxima that cannot be negative: where they are near 0 the first is too short on one side, where
    they are biased the second on the other.
    """
    low, high = percentile(samples)
    ends = debiased(samples, value)
    return min(float(low), ends[0]), max(float(high), ends[1])


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
