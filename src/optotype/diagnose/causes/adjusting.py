"""Effects with class and the other conditions held fixed: logistic regression, on the scale of failure rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from optotype.diagnose.causes.binning import Parts
from optotype.diagnose.causes.looking import fixed_by_class
from optotype.diagnose.causes.rates import Sample
from optotype.diagnose.causes.records import Spread
from optotype.tables import Array, Floats, Ints

ENTANGLED = 0.7
"""Conditions whose ranks correlate at least so are not held fixed for each other: they cannot be told apart."""
FEWEST_FAILURES = 20
MOST_CLASSES = 50
_WEAK = 10.0
"""scikit-learn's C: the penalty is weak, and keeps classes that never fail finite."""
MISSING = "Effects are not adjusted for each other and for the class: pip install 'optotype[explain]'."
FEW = f"Effects are not adjusted for each other and for the class: fewer than {FEWEST_FAILURES} failures."
HOW = (
    "Adjusted effects: logistic regression on the part, the class and the other conditions (ranks as normal scores), "
    "standardised over all that was judged; interval from the sandwich of the groups."
)


@dataclass(frozen=True, eq=False)
class Covariate:
    """A condition as it enters the regression: standardised columns (n, c), missing values at 0."""

    key: str
    columns: Floats
    ordered: bool


def possible(failed: Array) -> str:
    """Why effects cannot be adjusted here, or an empty text."""
    if find_spec("sklearn") is None:
        return MISSING
    return FEW if min(int(failed.sum()), int((~failed).sum())) < FEWEST_FAILURES else ""


def covariate(key: str, parts: Parts, values: Floats | None) -> Covariate:
    """Normal scores of the ranks and their squares for numbers; an indicator for each part but the first of texts."""
    if values is None:
        return Covariate(key, _indicators(parts.code, len(parts)), ordered=False)
    score = normal_scores(values)
    return Covariate(key, _standard(np.column_stack([score, score**2])), ordered=True)


def normal_scores(values: Floats) -> Floats:
    """Ranks as points of the normal distribution: Φ⁻¹(mid-rank / n); 0 where missing.

    >>> normal_scores(np.array([3.0, 1.0, 2.0])).round(2).tolist()
    [0.97, -0.97, 0.0]
    """
    score = np.zeros(len(values))
    there = np.isfinite(values)
    _, index, counts = np.unique(values[there], return_inverse=True, return_counts=True)
    if len(counts):
        middle = (np.cumsum(counts) - counts / 2) / counts.sum()
        score[there] = _probit(middle)[index]
    return score


def entangled(key: str, covariates: Mapping[str, Covariate]) -> list[str]:
    """Conditions whose ranks go so much with those of ``key`` that their effects cannot be told apart."""
    mine = covariates[key]
    if not mine.ordered:
        return []
    others = (c for c in covariates.values() if c.key != key and c.ordered)
    return [c.key for c in others if abs(_correlation(mine.columns[:, 0], c.columns[:, 0])) >= ENTANGLED]


def adjusted(
    inside: Array,
    key: str,
    covariates: Mapping[str, Covariate],
    label: Ints,
    sample: Sample,
    there: Array,
    z: float,
) -> Spread | None:
    """Difference of the standardised failure rates if all items were in the part ``inside`` (n,) and if none were.

    Only items ``there`` (n,) count; the interval reaches ``z`` standard errors. None where the model cannot tell the
    part from the others.
    """
    left_out = {key, *entangled(key, covariates)}
    columns = [c.columns for name, c in covariates.items() if name not in left_out]
    if not fixed_by_class(inside[there].astype(np.int32), label[there]):
        columns.append(_classes(label))
    others = np.column_stack(columns)[there] if columns else np.zeros((int(there.sum()), 0))
    others = others[:, others.std(axis=0) > 0]
    target, group = inside[there].astype(np.float64), sample.group[there]
    return _standardised(target, others, sample.failed[there], group, z if sample.judgeable else None)


def _standardised(target: Floats, others: Floats, failed: Array, group: Array, z: float | None) -> Spread | None:
    from sklearn.linear_model import LogisticRegression

    x = np.column_stack([target, others])
    model = LogisticRegression(C=_WEAK, solver="newton-cholesky", max_iter=100)
    model.fit(x, failed)
    x = np.column_stack([np.ones(len(x)), x])
    beta = np.concatenate([model.intercept_, model.coef_[0]])
    p = _expit(x @ beta)
    if z is None:
        return Spread(_contrast(x, beta)[0])
    penalty = np.full(x.shape[1], 1 / _WEAK)
    penalty[0] = 0
    bread = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty)
    sums = _group_sums(x * (failed - p)[:, None], group)
    meat = sums.T @ sums * len(sums) / (len(sums) - 1)
    value, gradient = _contrast(x, beta)
    try:
        half = np.linalg.solve(bread, gradient)
    except np.linalg.LinAlgError:
        return None
    error = max(float(half @ meat @ half), 0.0) ** 0.5
    return Spread(value, max(-1.0, value - z * error), min(1.0, value + z * error))


def _contrast(x: Floats, beta: Floats) -> tuple[float, Floats]:
    """Mean predicted rate with the part set to 1 minus with 0, and its gradient in ``beta``."""
    with_part, without = x.copy(), x.copy()
    with_part[:, 1], without[:, 1] = 1, 0
    p, q = _expit(with_part @ beta), _expit(without @ beta)
    gradient = ((p * (1 - p)) @ with_part - (q * (1 - q)) @ without) / len(x)
    return float((p - q).mean()), gradient


def _classes(label: Ints) -> Floats:
    """Indicators of the commonest classes, the rest together."""
    names, index, counts = np.unique(label, return_inverse=True, return_counts=True)
    place = np.zeros(len(names), np.int32)
    common = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    place[common] = np.arange(1, len(common) + 1)
    return _indicators(place[index], len(common) + 1)


def _indicators(code: Array, parts: int) -> Floats:
    return _standard((code[:, None] == np.arange(1, parts)).astype(np.float64))


def _standard(columns: Floats) -> Floats:
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1))


def _group_sums(scores: Floats, group: Array) -> Floats:
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    return np.asarray(np.add.reduceat(scores[order], starts, axis=0))


def _correlation(a: Floats, b: Floats) -> float:
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / norm if norm else 0.0


def _expit(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -500, 500))))


def _probit(p: Floats) -> Floats:
    from statistics import NormalDist

    inverse = NormalDist().inv_cdf
    return np.array([inverse(x) for x in p.tolist()])
