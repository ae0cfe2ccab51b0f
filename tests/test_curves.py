"""Curves under weights against curves of physically repeated images, and the kernels against slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from box_sets import box_set
from optotype.evidence import merge
from optotype.kernels import ranking
from optotype.kernels.sweep import LANES
from optotype.metrics import average_precision as ap
from optotype.metrics.intervals import bootstrap, bootstrap_lanes, group_index
from optotype.metrics.ordering import numeric_order, rank
from optotype.tasks.detect.matching import match


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=60), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_ranking_is_a_stable_sort_by_class_and_falling_score(scores, classes):
    score = np.array(scores, np.float64)
    label = (np.arange(len(score)) * 7 % classes).astype(np.int32)
    item = np.zeros(len(score), np.int32)
    order, start = rank(label, score, item, np.zeros(1, np.int32), classes)
    expected = sorted(range(len(score)), key=lambda i: (label[i], -score[i]))
    assert order.tolist() == expected
    assert start.tolist() == [sum(label < k) for k in range(classes + 1)]


def test_equal_scores_go_by_the_place_of_the_image():
    item = np.array([0, 0, 1, 2], np.int32)
    place = np.array([2, 0, 1], np.int32)
    order, _ = rank(np.zeros(4, np.int32), np.full(4, 0.5), item, place, 1)
    assert order.tolist() == [2, 3, 0, 1]


def test_a_counting_sort_leaves_rows_out_that_are_not_asked_for():
    code, out, start = np.array([1, 0, 1, 0], np.int32), np.empty(2, np.int32), np.empty(3, np.int64)
    ranking.by_code(np.array([2, 1], np.int32), code, out, start)
    assert out.tolist() == [1, 2]
    assert start.tolist() == [0, 1, 2]


def test_numeric_keys_come_by_value_and_before_others():
    keys = np.array(sorted(["10", "9", "b", "a", "100", "99999999999999999999"]))
    ordered = keys[np.argsort(numeric_order(keys))].tolist()
    assert ordered == ["9", "10", "100", "99999999999999999999", "a", "b"]
    keys = np.array(sorted(["-5", "-7", "3", "1234567890123456789", "999", "²", "--1", "-"]))
    ordered = keys[np.argsort(numeric_order(keys))].tolist()
    assert ordered == ["-7", "-5", "3", "999", "1234567890123456789", "-", "--1", "²"]


def slow_ap(score, right, counts, positives, weight):
    """AP of one curve, detection by detection in exact integers: recall is compared with i / 100 as fractions."""
    best, tp, n = [0.0] * 101, 0, 0
    points = []
    for i in np.argsort(-score, kind="stable"):
        if counts[i]:
            n += weight[i]
            if right[i]:
                tp += weight[i]
                points.append((tp, tp / n if n else 0.0))
    for i in range(101):
        best[i] = max((p for hits, p in points if 100 * hits >= i * positives), default=0.0)
    return sum(best) / 101


@pytest.mark.parametrize("seed", range(12))
def test_lanes_are_the_curves_of_weighted_images(seed):
    truth, found = box_set(seed, images=8, classes=3, grid=False)
    evidence = match(truth, found)
    layout = ap.lay_out(evidence)
    groups = len(evidence)
    weights = np.random.default_rng(seed).integers(0, 4, (groups, LANES)).astype(np.float64)
    numbers, classes = ap.lanes(layout, weights)
    objects, rows = evidence["truth"], evidence["detections"]
    for lane in (0, LANES - 1):
        weight = weights[:, lane].astype(int)
        per_class = []
        for k in range(3):
            judged = (objects["label"] == k) & (objects["out"] & 1 == 0)
            positives = int(weight[objects.item[judged]].sum())
            of = rows["label"] == k
            aps = []
            for t in range(10):
                right = (rows["hit"][of, 0] >> (t + 1) & 1) == 1
                counts = ((rows["out"][of, 0] >> (t + 1) & 1) == 0) & (rows["rank"][of] < 100)
                aps.append(slow_ap(rows["score"][of], right, counts, positives, weight[rows.item[of]]))
            per_class.append(np.mean(aps) if positives else np.nan)
        assert classes[:, lane] == pytest.approx(per_class, abs=1e-12, nan_ok=True)
        known = [value for value in per_class if not np.isnan(value)]
        assert numbers[0, lane] == pytest.approx(np.mean(known) if known else np.nan, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("seed", range(8))
def test_ones_give_the_headline(seed):
    truth, found = box_set(seed, grid=seed % 2 > 0)
    evidence = match(truth, found)
    layout = ap.lay_out(evidence)
    numbers, classes = ap.lanes(layout, np.ones((len(evidence), LANES)))
    swept = ap.sweep(layout, evidence)
    # A recall of exactly i / 100 may count in one grid and not in the other: at most ten steps of 1 / 101.
    assert numbers[:, 0] == pytest.approx(list(ap.headline(swept).values()), abs=0.1, nan_ok=True)
    recalls = slice(6, 12)
    assert numbers[recalls, 0] == pytest.approx(list(ap.headline(swept).values())[recalls], abs=1e-12, nan_ok=True)
    assert (numbers == numbers[:, :1])[~np.isnan(numbers)].all()
    assert classes[:, 0] == pytest.approx(ap.per_class(swept)["AP"], abs=0.1, nan_ok=True)


def test_a_class_that_a_resample_leaves_out_is_out_of_its_mean():
    truth, found = box_set(5, images=4, classes=4)
    evidence = match(truth, found)
    layout = ap.lay_out(evidence)
    weights = np.zeros((len(evidence), LANES))
    weights[0] = 1
    numbers, classes = ap.lanes(layout, weights)
    group, _ = group_index(evidence.groups)
    there = np.unique(
        evidence["truth"]["label"][(group[evidence["truth"].item] == 0) & (evidence["truth"]["out"] & 1 == 0)]
    )
    assert np.flatnonzero(~np.isnan(classes[:, 0])).tolist() == there.tolist()
    assert numbers[0, 0] == pytest.approx(np.nanmean(classes[:, 0]) if len(there) else np.nan, nan_ok=True)


def test_lanes_draw_the_resamples_of_the_plain_bootstrap():
    values = np.random.default_rng(0).normal(size=37)
    plain = bootstrap(lambda w: np.array([(w * values).sum()]), 37, resamples=50, seed=4)
    lanes = bootstrap_lanes(lambda w: (values @ w)[None], 37, lanes=LANES, resamples=50, seed=4, threads=2)
    assert lanes == pytest.approx(plain, abs=1e-12)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_matter(threads):
    truth, found = box_set(11, images=9)
    a, b = match(truth, found, threads=1), match(truth, found, threads=threads)
    for table in a.tables:
        for name, values in a[table].columns.items():
            assert np.array_equal(values, b[table][name]), name


@given(st.integers(0, 60), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_any_sharding_gives_the_same_bits(seed, shuffle):
    truth, found = box_set(seed, images=7)
    whole = match(truth, found)
    parts = np.random.default_rng(shuffle).integers(0, 3, len(whole))
    shards = [whole.take(parts == p) for p in range(3)]
    again = merge([shards[p] for p in np.random.default_rng(shuffle).permutation(3)])
    a, b = (ap.headline(ap.sweep(ap.lay_out(e), e)) for e in (whole, again))
    assert np.array_equal(list(a.values()), list(b.values()), equal_nan=True)
