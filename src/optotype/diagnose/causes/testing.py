"""Is the failure rate the same in all parts? Randomisation tests that hold with and without groups."""

from __future__ import annotations

import numpy as np

from optotype.diagnose.causes.rates import Sample
from optotype.tables import Array, Floats

MANY_GROUPS = 2000
_CHUNK = 4_000_000
"""Random signs made at a time."""


def association(sample: Sample, code: Array, parts: int, ordered: bool, *, resamples: int, seed: int) -> float:
    """Test of ‘no association’: its p.

    The statistic is the largest of the parts' standardised excess of failures and, for ordered parts, the
    Cochran–Armitage trend in either direction. Independent items: the failures are dealt over the items anew (exact
    up to the number of resamples). Groups: their sums change sign together (wild bootstrap of scores, Kline and
    Santos 2012).
    """
    there = code >= 0
    failed, code, group = sample.failed[there], code[there], sample.group[there]
    sizes, hits = np.bincount(code, minlength=parts), np.bincount(code, failed, parts).astype(np.int64)
    if not 0 < hits.sum() < sizes.sum():
        return 1.0
    draw = np.random.default_rng([seed, parts, len(code)])
    contrasts = _contrasts(sizes, ordered)
    if sample.independent:
        random = draw.multivariate_hypergeometric(sizes, int(hits.sum()), size=resamples, method="marginals")
        spread = np.sqrt(contrasts.T**2 @ sizes)
        observed, null = hits @ contrasts / spread, random @ contrasts / spread
    else:
        scores = contrasts[code] * (failed - failed.mean())[:, None]
        observed, null = flipped(_summed(scores, group, sample.groups), draw, resamples)
    return p_of_largest(_largest(observed[None], parts)[0], _largest(null, parts))


def mean_gap(values: Floats, sample: Sample, code: Array, parts: int, *, resamples: int, seed: int) -> float:
    """Test of ‘no part has a higher mean than the others’ by the largest standardised excess; signs of groups flip."""
    there = code >= 0
    values, code, group = values[there], code[there], sample.group[there]
    sizes = np.bincount(code, minlength=parts)
    draw = np.random.default_rng([seed, parts, len(code)])
    scores = _contrasts(sizes, ordered=False)[code] * (values - values.mean())[:, None]
    observed, null = flipped(_summed(scores, group, sample.groups), draw, resamples)
    return p_of_largest(float(observed.max()), null.max(axis=1))


def flipped(sums: Floats, draw: np.random.Generator, resamples: int) -> tuple[Floats, Floats]:
    """Standardised totals of group sums (g, c), as they are (c,) and with random signs (resamples, c).

    Of many groups the totals with random signs are drawn from the normal distribution that they approach, which has
    the same mean and covariance.
    """
    spread = np.sqrt((sums**2).sum(axis=0))
    spread[spread == 0] = np.inf
    standard = sums / spread
    if len(sums) > MANY_GROUPS:
        covariance = standard.T @ standard
        null = draw.multivariate_normal(np.zeros(len(covariance)), covariance, resamples, method="eigh")
        return standard.sum(axis=0), null
    small = standard.astype(np.float32)
    null = np.concatenate([s @ small for s in signs(len(sums), draw, resamples)])
    return standard.sum(axis=0), null.astype(np.float64)


def signs(groups: int, draw: np.random.Generator, resamples: int) -> list[Array]:
    """Random signs ±1, (resamples, groups) float32 in blocks."""
    step = max(1, _CHUNK // max(groups, 1))
    blocks = []
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        bits = np.unpackbits(np.frombuffer(draw.bytes(rows * (-(-groups // 8))), np.uint8).reshape(rows, -1), axis=1)
        blocks.append(bits[:, :groups].astype(np.float32) * 2 - 1)
    return blocks


def p_of_largest(observed: float, null: Floats) -> float:
    """Share of the resamples, the data included, whose statistic is at least the observed one."""
    return float((1 + (null >= observed - 1e-6).sum()) / (1 + len(null)))


def _contrasts(sizes: Array, ordered: bool) -> Floats:
    """Columns of centred weights of the parts: each against the rest and, last, their order; (parts, c)."""
    weights = np.eye(len(sizes))
    if ordered:
        weights = np.column_stack([weights, np.arange(len(sizes))])
    centred: Floats = weights - sizes @ weights / sizes.sum()
    return centred


def _largest(statistics: Floats, parts: int) -> Floats:
    trend = np.abs(statistics[:, parts:])
    return np.asarray(np.concatenate([statistics[:, :parts], trend], axis=1).max(axis=1))


def _summed(scores: Floats, group: Array, groups: int) -> Floats:
    return np.column_stack([np.bincount(group, column, groups) for column in scores.T])
