"""Calibration errors against independent slow twins; recalibration against scikit-learn and a plain search."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype.metrics import calibration as c
from optotype.metrics.recalibration import halve, recalibrate
from optotype.tables import Items, Labels
from optotype.tasks.classify import match, measure

hundredths = st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=60)


def guo_twin(confidence, correct, bins=15):
    """Guo et al.'s loop: (lo, hi], the first bin closed at 0."""
    edges, total, n = np.linspace(0, 1, bins + 1), 0.0, len(confidence)
    for lo, hi in itertools.pairwise(edges):
        inside = [i for i in range(n) if (lo < confidence[i] or lo == 0) and confidence[i] <= hi]
        if inside:
            accuracy = sum(bool(correct[i]) for i in inside) / len(inside)
            mean = sum(confidence[i] for i in inside) / len(inside)
            total += len(inside) / n * abs(accuracy - mean)
    return total


def netcal_twin(confidence, correct, edges):
    """np.histogram's bins, [lo, hi) and the last closed, as netcal counts."""
    counts = np.histogram(confidence, edges)[0]
    sums = np.histogram(confidence, edges, weights=confidence)[0]
    hits = np.histogram(confidence, edges, weights=np.asarray(correct, float))[0]
    return sum(n / len(confidence) * abs(h / n - s / n) for n, s, h in zip(counts, sums, hits, strict=True) if n)


def arrays(rows):
    return np.array([r[0] / 100 for r in rows]), np.array([r[1] for r in rows])


@given(hundredths)
def test_ece_is_guos_and_netcals(rows):
    confidence, correct = arrays(rows)
    assert c.ece(confidence, correct) == pytest.approx(guo_twin(confidence, correct), abs=1e-12)
    expected = netcal_twin(confidence, correct, np.linspace(0, 1, 16))
    assert c.ece(confidence, correct, edges="netcal") == pytest.approx(expected, abs=1e-12)


def test_the_edges_matter_on_scores_in_hundredths():
    """The teeth of the test above: with many scores on borders the two conventions differ."""
    rng = np.random.default_rng(1)
    confidence = rng.integers(50, 101, 400) / 100
    correct = rng.random(400) < confidence
    assert abs(c.ece(confidence, correct) - c.ece(confidence, correct, edges="netcal")) > 1e-3


@given(hundredths)
def test_quantile_ece_equals_its_twin(rows):
    confidence, correct = arrays(rows)
    edges = np.quantile(confidence, np.linspace(0, 1, 16))
    edges[0], edges[-1] = 0, 1
    assert c.ece_quantile(confidence, correct) == pytest.approx(netcal_twin(confidence, correct, edges), abs=1e-12)


@given(st.integers(1, 30), st.integers(2, 5), st.integers(0, 99))
@settings(max_examples=30)
def test_classwise_ece_equals_its_twin(n, K, seed):
    rng = np.random.default_rng(seed)
    scores, truth = rng.dirichlet(np.ones(K), n).round(2), rng.integers(0, K, n).astype(np.int32)
    found = c.classwise_ece(scores, truth)
    assert found == pytest.approx([guo_twin(scores[:, k], truth == k) for k in range(K)], abs=1e-12)


def test_ece_of_a_case_by_hand():
    confidence, correct = np.array([1.0, 1.0, 0.55, 0.55, 0.0]), np.array([1, 0, 1, 0, 1])
    assert c.ece(confidence, correct) == pytest.approx((1.0 + 0.1 + 1.0) / 5)


def test_the_metric_is_the_error_of_the_reliability_diagram():
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(4), 300)
    items = Items.of([f"{i:03d}" for i in range(300)])
    truth = Labels(items, tuple("abcd"), rng.integers(0, 4, 300).astype(np.int32))
    said = Labels(items, truth.classes, scores.argmax(axis=1).astype(np.int32), scores)
    for edges in ("guo", "netcal"):
        found = measure(match(truth, said), said, resamples=50, edges=edges)
        rows = [row for row in found.calibration["reliability"] if row["n"]]
        assert sum(row["n"] for row in rows) == 300
        by_hand = sum(row["n"] / 300 * abs(row["accuracy"] - row["confidence"]) for row in rows)
        assert found.metrics["ece"].value == pytest.approx(by_hand, abs=1e-12)
        assert all(row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"] for row in rows)
        assert found.protocol["ece"]["edges"] == ("(lo, hi]" if edges == "guo" else "[lo, hi)")
        assert len(found.calibration["classwise-ece"]["per_class"]) == 4


def test_gap_spread_equals_the_bootstraps():
    rng = np.random.default_rng(0)
    n, groups = 400, 80
    group = np.sort(rng.integers(0, groups, n)).astype(np.int32)
    group = np.unique(group, return_inverse=True)[1].astype(np.int32)
    groups = int(group.max()) + 1
    gap, part = rng.normal(size=n) + rng.normal(size=groups)[group], rng.integers(0, 15, n).astype(np.int32)
    resampled = []
    for _ in range(3000):
        weights = np.bincount(rng.integers(0, groups, groups), minlength=groups)[group]
        resampled.append(np.bincount(part, weights * gap, 15) / n)
    assert c.gap_spread(gap, part, group, groups) == pytest.approx(np.std(resampled, axis=0), rel=0.08)


def simulated(seed: int, n: int = 300, calibrated: bool = True):
    rng = np.random.default_rng(seed)
    confidence = rng.beta(5, 2, n)
    correct = rng.random(n) < (confidence if calibrated else np.clip(confidence - 0.15, 0, 1))
    return confidence, correct


def debiased(confidence, correct):
    part = c.bin_of(confidence, c.equal_edges())
    gap, n = confidence - correct, len(confidence)
    return c.debiased_ece(np.bincount(part, gap, 15) / n, c.gap_spread(gap, part, np.arange(n, dtype=np.int32), n))


def test_debiasing_lowers_the_bias_and_chance_is_foretold():
    plain, less, foretold = [], [], []
    for seed in range(300):
        confidence, correct = simulated(seed)
        plain.append(c.ece(confidence, correct))
        less.append(debiased(confidence, correct))
        foretold.append(c.ece_if_calibrated(confidence, c.bin_of(confidence, c.equal_edges())))
    assert np.mean(foretold) == pytest.approx(np.mean(plain), rel=0.05)
    assert np.mean(less) < 0.7 * np.mean(plain)
    off = [simulated(seed, calibrated=False) for seed in range(300)]
    population = c.ece(*simulated(0, 1_000_000, calibrated=False))
    assert abs(np.mean([debiased(*o) for o in off]) - population) < abs(np.mean([c.ece(*o) for o in off]) - population)


@pytest.mark.parametrize("calibrated", [True, False])
def test_the_interval_covers_where_the_percentile_bootstrap_does_not(calibrated):
    population = 0.0 if calibrated else c.ece(*simulated(0, 1_000_000, calibrated=False))
    covered = percentile = 0
    for seed in range(200):
        confidence, correct = simulated(seed, 200, calibrated)
        part, gap = c.bin_of(confidence, c.equal_edges()), confidence - correct
        rng = np.random.default_rng(seed)
        gaps = np.array([np.bincount(part[i], gap[i], 15) for i in rng.integers(0, 200, (200, 200))])
        own = np.bincount(part, gap, 15)
        distances = c.gap_distances(own, 200, gaps, np.full(200, 200.0))
        low, high = c.gap_interval(float(np.abs(own).sum() / 200), distances, c.chance_reach(confidence, part))
        covered += low <= population <= high
        ends = np.quantile(np.abs(gaps).sum(axis=1) / 200, [0.025, 0.975])
        percentile += ends[0] <= population <= ends[1]
    assert covered >= 187
    if calibrated:
        assert percentile < 20


@given(hundredths)
@settings(max_examples=60, deadline=None)
def test_isotonic_regression_is_scikit_learns(rows):
    sklearn = pytest.importorskip("sklearn.isotonic")
    confidence, correct = arrays(rows)
    theirs = sklearn.IsotonicRegression(out_of_bounds="clip").fit(confidence, correct.astype(float))
    at = np.linspace(0, 1, 101)
    ours = c.apply_isotonic(at, c.fit_isotonic(confidence, correct))
    assert ours == pytest.approx(theirs.predict(at), abs=1e-12)
    assert (np.diff(ours) >= 0).all()


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_temperature_finds_the_least_loss(temperature):
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(2000, 5))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (rng.random((2000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 4).astype(np.int32)
    scores = c.apply_temperature(p, 1 / temperature)
    found = c.fit_temperature(scores, truth)

    def loss(t: float) -> float:
        return float(-np.log(c.apply_temperature(scores, t)[np.arange(2000), truth]).mean())

    grid = np.geomspace(temperature / 2, temperature * 2, 2001)
    best = grid[np.argmin([loss(t) for t in grid[::20]]) * 20]
    assert found == pytest.approx(best, rel=0.02)
    assert found == pytest.approx(temperature, rel=0.1)
    assert loss(found) <= min(loss(t) for t in (best, found * 0.999, found * 1.001))


def test_temperature_is_bounded_and_one_changes_nothing():
    sure, truth = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([0, 1], np.int32)
    assert c.COOLEST <= c.fit_temperature(sure, truth) < 0.1
    assert c.fit_temperature(sure, truth[::-1].copy()) == pytest.approx(c.HOTTEST, rel=1e-6)
    assert 0 < c.fit_temperature(np.full((2, 2), 0.5), truth) < math.inf
    assert 0 < c.fit_temperature(np.eye(2), truth[::-1].copy()) <= c.HOTTEST
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(5), 50)
    assert c.apply_temperature(scores, 1.0) == pytest.approx(scores, abs=1e-12)


def recalibrated(n: int = 600, groups: int = 600, sharpen: float = 0.4):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), n)
    truth = (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 3).astype(np.int32)
    scores = c.apply_temperature(p, sharpen)
    group = rng.permutation(np.arange(n) % groups).astype(np.int32)
    return recalibrate(scores, truth, scores.argmax(axis=1).astype(np.int32), group, groups), group


def test_recalibration_mends_an_over_confident_model_on_items_it_has_not_seen():
    found, _ = recalibrated(3000, 3000)
    none, temperature, isotonic = found["rows"]
    assert found["temperature"] == pytest.approx(2.5, rel=0.15)
    assert temperature["ece"] < 0.4 * none["ece"]
    assert isotonic["ece"] < 0.5 * none["ece"]
    assert temperature["nll"] < none["nll"]
    assert temperature["brier"] < none["brier"]
    assert isotonic["nll"] is None
    assert found["n_fitted"] + found["n_judged"] == 3000


def test_no_group_is_on_both_sides_and_too_few_are_refused():
    found, group = recalibrated(600, 50)
    mask = halve(50, 0)
    assert mask.sum() == 25
    assert not set(group[mask[group]]) & set(group[~mask[group]])
    assert found["n_fitted"] == int(mask[group].sum())
    assert "reason" in recalibrated(600, 39)[0]


def test_certain_and_wrong_scores_give_finite_numbers():
    rng = np.random.default_rng(0)
    scores = np.eye(3)[rng.integers(0, 3, 100)]
    truth = rng.integers(0, 3, 100).astype(np.int32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = recalibrate(scores, truth, scores.argmax(axis=1).astype(np.int32), np.arange(100, dtype=np.int32), 100)
    values = [v for row in found["rows"] for v in row.values() if isinstance(v, float)]
    assert all(math.isfinite(v) for v in values)
