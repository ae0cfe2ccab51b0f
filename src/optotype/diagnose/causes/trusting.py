"""Where the model is surer than it should be: confidence against the share right, by condition."""

from __future__ import annotations

import numpy as np

from optotype.diagnose.causes.looking import Looked, unit_of
from optotype.diagnose.causes.rates import Sample, z_of
from optotype.diagnose.causes.records import Spread, Trust
from optotype.diagnose.causes.testing import mean_gap
from optotype.diagnose.compare.significance import holm
from optotype.diagnose.conditions import name
from optotype.metrics.intervals import LEVEL
from optotype.tables import Array, Floats

NEED_THE_TRUTH = ("frequency", "lookalike")
"""Conditions that are not known of an item whose class is not known; of no use to tell which answers to trust."""


def misplaced(looked: list[Looked], confidence: Floats, failed: Array, *, resamples: int, seed: int) -> list[Trust]:
    """Where confidence exceeds the share right most, by condition; only what is shown after Holm's correction."""
    gap = confidence - ~failed
    judged = [c for c in looked if c.key not in NEED_THE_TRUTH and c.sample.judgeable]
    p = [mean_gap(gap, c.sample, c.parts.code, len(c.parts), resamples=resamples, seed=seed) for c in judged]
    found = []
    for c, value, corrected in zip(judged, p, holm(p), strict=True):
        if corrected is not None and corrected < 1 - LEVEL:
            found.append(_most_trusting(c, confidence, gap, value, corrected))
    shown = [trust for trust in found if (trust.difference.low or 0) > 0]
    return sorted(shown, key=lambda trust: -(trust.difference.low or 0))


def _most_trusting(c: Looked, confidence: Floats, gap: Floats, p: float, corrected: float) -> Trust:
    b = len(c.parts)
    there = c.parts.code >= 0
    z = z_of(1 - (1 - LEVEL) / b)
    ends = []
    for part in range(b):
        inside = there & (c.parts.code == part)
        rest = there & ~inside
        value = float(gap[inside].mean() - gap[rest].mean())
        error = float(np.hypot(_error(gap, inside, c.sample), _error(gap, rest, c.sample)))
        ends.append((value - z * error, value, value + z * error, part))
    low, value, high, part = max(ends)
    inside = there & (c.parts.code == part)
    rest = there & ~inside
    right = ~c.sample.failed
    return Trust(
        condition=c.key,
        label=name(c.key),
        place=c.parts.place(part),
        where=c.parts.where(part, unit_of(c.key)),
        n=int(inside.sum()),
        confidence=float(confidence[inside].mean()),
        accuracy=float(right[inside].mean()),
        rest_confidence=float(confidence[rest].mean()),
        rest_accuracy=float(right[rest].mean()),
        difference=Spread(value, low, high),
        p=p,
        p_holm=corrected,
    )


def _error(values: Floats, mask: Array, sample: Sample) -> float:
    """Standard error of the mean of the masked values, from the sums of the groups."""
    chosen = values[mask] - values[mask].mean()
    groups, index = np.unique(sample.group[mask], return_inverse=True)
    sums = np.bincount(index, chosen)
    return float(np.sqrt((sums**2).sum() * len(groups) / max(len(groups) - 1, 1))) / len(chosen)
