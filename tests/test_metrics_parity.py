"""Every classification number against scikit-learn on generated cases, and proof that the comparison has teeth."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from optotype import metrics
from optotype.metrics import ratios
from optotype.metrics.calibration import CLIP
from optotype.metrics.tally import tally
from optotype.results import ClassResult, Metric
from optotype.tables import Items, Labels
from optotype.tasks.classify import match, measure

sklearn = pytest.importorskip("sklearn.metrics")

TOLERANCE = 1e-12
CASES = 260


@dataclass(frozen=True)
class Case:
    truth: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray
    weights: np.ndarray
    """Whole weights an item; scikit-learn sees every item that often."""

    @property
    def classes(self) -> int:
        return self.scores.shape[1]


def case(seed: int) -> Case:
    """Few items and many classes, so that ties, absent classes and classes never predicted abound."""
    rng = np.random.default_rng(seed)
    n, K = int(rng.integers(1, 50)), int(rng.integers(2, 10))
    scores = rng.dirichlet(np.full(K, rng.choice([0.05, 0.3, 2.0])), n)
    kind = seed % 5
    if kind == 1:  # ties: few levels
        scores = np.maximum(rng.integers(0, 3, (n, K)), 0).astype(float)
        scores[scores.sum(axis=1) == 0] = 1.0
    if kind == 2:  # boundary values: certain, and sometimes certainly wrong
        scores = np.eye(K)[rng.integers(0, K, n)]
    if kind == 3:  # all alike
        scores = np.ones((n, K))
    scores /= scores.sum(axis=1, keepdims=True)
    present = rng.permutation(K)[: int(rng.integers(1, K + 1))]
    truth = rng.choice(present, n).astype(np.int32)
    predicted = scores.argmax(axis=1).astype(np.int32)
    weights = np.ones(n, np.int32) if seed % 2 else rng.poisson(1, n).astype(np.int32)
    if weights.sum() == 0:
        weights[0] = 1
    return Case(truth, predicted, scores, weights)


def tables(found: Case, *, scored: bool = True) -> tuple[Labels, Labels]:
    items = Items.of([f"{i:03d}" for i in range(len(found.truth))])
    names = tuple(f"class {k}" for k in range(found.classes))
    said = Labels(items, names, found.predicted, found.scores if scored else None)
    return Labels(items, names, found.truth), said


def ours(found: Case) -> dict[str, float]:
    counted = tally(match(*tables(found)))
    totals = counted.totals(counted.count(found.weights))
    return {key: float(value) for key, value in metrics.compute(totals, metrics.of_task("classify")).items()}


@cache
def expected_of(seed: int) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return theirs(case(seed))


def theirs(found: Case) -> dict[str, float]:
    truth, predicted, scores = (
        np.repeat(x, found.weights, axis=0) for x in (found.truth, found.predicted, found.scores)
    )
    K = found.classes
    expected = {
        "accuracy": sklearn.accuracy_score(truth, predicted),
        "balanced_accuracy": sklearn.balanced_accuracy_score(truth, predicted),
        "nll": sklearn.log_loss(truth, scores, labels=range(K)),
        "brier": float(((scores - np.eye(K)[truth]) ** 2).sum(axis=1).mean()),
    }
    for average in ("macro", "micro", "weighted"):
        expected[f"f1_{average}"] = sklearn.f1_score(truth, predicted, average=average, zero_division=0)
    for name, score in (("precision", sklearn.precision_score), ("recall", sklearn.recall_score)):
        expected[f"{name}_macro"] = score(truth, predicted, average="macro", zero_division=0)
    if K > 5:
        expected["top5"] = sklearn.top_k_accuracy_score(truth, scores, k=5, labels=range(K))
    if K > 2:
        expected["sklearn_brier"] = sklearn.brier_score_loss(truth, scores, labels=range(K), scale_by_half=False)
    return expected


def differing(compute: Callable[[Case], dict[str, float]], cases: int = CASES) -> dict[str, int]:
    """How many cases differ by more than the tolerance, for each metric."""
    found: dict[str, int] = {}
    for seed in range(cases):
        made = case(seed)
        expected = expected_of(seed)
        got = compute(made)
        got["sklearn_brier"] = got["brier"]
        assert ("top5" in got) == ("top5" in expected)
        for key, value in expected.items():
            found[key] = found.get(key, 0) + (not abs(got[key] - value) <= TOLERANCE * max(1, abs(value)))
    return found


def test_every_number_is_scikit_learns():
    found = differing(ours)
    assert set(found) >= {kind.key for kind in metrics.METRICS} - {"ece"}
    assert found == dict.fromkeys(found, 0)


def test_the_cases_hold_what_they_are_for():
    cases = [case(seed) for seed in range(CASES)]
    assert sum(bool(set(c.truth) - set(c.predicted)) for c in cases) > 50
    assert sum(bool(set(c.predicted) - set(c.truth)) for c in cases) > 50
    assert sum(len(set(c.truth) | set(c.predicted)) < c.classes for c in cases) > 50
    assert sum(bool((np.diff(np.sort(c.scores)) == 0).any()) for c in cases) > 50
    assert sum(bool((c.scores == 1).any()) for c in cases) > 30
    assert sum(c.classes > 5 for c in cases) > 50
    assert sum(len(set(c.truth)) == 1 for c in cases) > 20


def _all_classes(hits, support, predicted):
    return ratios.divide(2 * hits, support + predicted, 0.0).mean(-1)


def _absent_counted(hits, support):
    return ratios.divide(hits, support, 0.0).mean(-1)


WRONG = {
    "f1_macro": lambda c: {**ours(c), "f1_macro": float(_all_classes(**_totals(c)))},
    "balanced_accuracy": lambda c: {**ours(c), "balanced_accuracy": float(_absent_counted(*_hits_support(c)))},
    "top5": lambda c: _top5_other_ties(c),
    "brier": lambda c: {**ours(c), "brier": ours(c)["brier"] / 2},
    "nll": lambda c: {**ours(c), "nll": _nll_float32_clip(c)},
    "precision_macro": lambda c: {**ours(c), "precision_macro": ours(c)["recall_macro"]},
}


def _totals(c: Case) -> dict[str, np.ndarray]:
    counted = tally(match(*tables(c)))
    totals = counted.totals(counted.count(c.weights))
    return {key: totals[key] for key in ("hits", "support", "predicted")}


def _hits_support(c: Case) -> tuple[np.ndarray, np.ndarray]:
    totals = _totals(c)
    return totals["hits"], totals["support"]


def _top5_other_ties(c: Case) -> dict[str, float]:
    found = ours(c)
    if "top5" in found:
        first = np.argsort(-c.scores, axis=1, kind="stable")[:, :5]
        found["top5"] = float(np.average((first == c.truth[:, None]).any(axis=1), weights=c.weights))
    return found


def _nll_float32_clip(c: Case) -> float:
    p = np.clip(c.scores[np.arange(len(c.truth)), c.truth], np.finfo(np.float32).eps, 1)
    return float(np.average(-np.log(p), weights=c.weights))


@pytest.mark.parametrize("key", WRONG)
def test_a_deliberately_wrong_variant_is_caught(key):
    found = differing(WRONG[key])
    assert found[key] > 20
    assert {k: v for k, v in found.items() if v} == ({key: found[key]} if key != "brier" else
            {"brier": found["brier"], "sklearn_brier": found["sklearn_brier"]})  # fmt: skip


def test_per_class_numbers_are_scikit_learns():
    for seed in range(CASES):
        made = case(seed)
        truth, said = tables(made, scored=bool(seed % 3))
        rows = measure(match(truth, said), resamples=0).per_class
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = sklearn.precision_recall_fscore_support(
                made.truth, made.predicted, labels=range(made.classes), zero_division=np.nan
            )
        assert [row.n for row in rows] == expected[3].tolist()
        for key, column in zip(("precision", "recall", "f1"), expected, strict=False):
            for row, value in zip(rows, column.tolist(), strict=False):
                _agree(row, key, value)


def _agree(row: ClassResult, key: str, value: float) -> None:
    metric: Metric = row.metrics[key]
    if metric.value is None:
        assert np.isnan(value)
    else:
        assert metric.value == pytest.approx(value, abs=TOLERANCE)


def test_the_clipping_is_scikit_learns():
    assert np.finfo(np.float64).eps == CLIP
    made = Case(
        np.array([0, 0], np.int32),
        np.array([1, 0], np.int32),
        np.array([[0.0, 1.0], [1.0, 0.0]]),
        np.ones(2, np.int32),
    )
    assert ours(made)["nll"] == pytest.approx(sklearn.log_loss([0, 0], made.scores, labels=[0, 1]), abs=TOLERANCE)
