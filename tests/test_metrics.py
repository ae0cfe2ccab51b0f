"""Measuring: what exists, what does not and why, intervals, groups, hostile and degenerate input."""

from __future__ import annotations

import dataclasses
import inspect

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optotype import metrics
from optotype.errors import InputError
from optotype.kernels.confusion import judge_scores, weighted_bins, weighted_counts, weighted_sum
from optotype.metrics import ratios
from optotype.metrics.tally import tally
from optotype.tables import Items, Labels
from optotype.tasks.classify import match, measure, resample


def pair(
    n: int = 200,
    K: int = 4,
    seed: int = 0,
    *,
    scored: bool = True,
    group: list[str] | None = None,
    skill: float = 2.0,
):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, K, n).astype(np.int32)
    logits = rng.normal(size=(n, K))
    logits[np.arange(n), truth] += skill
    scores = np.exp(logits)
    scores /= scores.sum(axis=1, keepdims=True)
    items = Items.of([f"{i:05d}.jpg" for i in range(n)], group=group)
    names = tuple(f"class {k}" for k in range(K))
    said = Labels(items, names, scores.argmax(axis=1).astype(np.int32), scores if scored else None)
    return Labels(items, names, truth), said


def measured(n: int = 200, K: int = 4, *, resamples: int = 200, **options):
    truth, said = pair(n, K, **options)
    return measure(match(truth, said), said, resamples=resamples)


def labelled(truth: list[int], predicted: list[int], K: int):
    items = Items.of([f"{i:03d}" for i in range(len(truth))])
    names = tuple("abcdefghij"[:K])
    return match(Labels(items, names, np.array(truth, np.int32)), Labels(items, names, np.array(predicted, np.int32)))


# ------------------------------------------------------------------------------------------------ kernels


@given(st.integers(0, 70), st.integers(1, 9), st.integers(0, 999))
@settings(max_examples=60)
def test_weighted_sums_equal_their_twins(n, bins, seed):
    rng = np.random.default_rng(seed)
    weights, part = rng.poisson(1, n).astype(np.int32), rng.integers(0, bins, n).astype(np.int32)
    values = rng.normal(size=n)
    counts, sums = np.zeros(bins, np.int64), np.zeros(bins)
    weighted_counts(weights, part, counts)
    weighted_bins(weights, part, values, sums)
    for b in range(bins):
        inside = [i for i in range(n) if part[i] == b]
        assert counts[b] == sum(int(weights[i]) for i in inside)
        assert sums[b] == pytest.approx(sum(weights[i] * values[i] for i in inside), abs=1e-12)
    assert weighted_sum(weights, values) == pytest.approx(sum(weights * values), abs=1e-12)


@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 4), st.integers(0, 999))
@settings(max_examples=60)
def test_judging_scores_equals_its_twin(n, K, levels, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, (n, K)).astype(float)
    truth = rng.integers(0, K, n).astype(np.int32)
    kept = min(5, K)
    brier, rank = np.empty(n), np.empty(n, np.int32)
    top_class, top_score = np.zeros((n, kept), np.int32), np.full((n, kept), -1.0)
    judge_scores(scores, truth, brier, rank, top_class, top_score)
    for i in range(n):
        order = sorted(range(K), key=lambda k, row=scores[i]: (-row[k], -k))
        assert order == np.argsort(scores[i], kind="stable")[::-1].tolist()
        assert rank[i] == order.index(truth[i])
        assert top_class[i].tolist() == order[:kept]
        assert top_score[i].tolist() == [scores[i, k] for k in order[:kept]]
        assert brier[i] == pytest.approx(sum((scores[i, k] - (k == truth[i])) ** 2 for k in range(K)))


# ------------------------------------------------------------------------------------------------ matching


def test_different_class_lists_are_refused_with_the_first_difference():
    truth, said = pair()
    renamed = dataclasses.replace(said, classes=("class 0", "cat", "class 2", "class 3"))
    with pytest.raises(InputError, match="first difference: 'cat' where the truth has 'class 1'"):
        match(truth, renamed)


def test_missing_and_unknown_items_are_named():
    truth, said = pair(10)
    items = Items.of([f"{i:05d}.jpg" for i in range(1, 10)] + ["else.jpg"])
    with pytest.raises(InputError, match=r"1 missing, such as '00000.jpg'; 1 unknown, such as 'else.jpg'"):
        match(truth, dataclasses.replace(said, items=items))
    with pytest.raises(InputError, match="3 missing"):
        match(truth, said.take(np.arange(3, 10)))


# ------------------------------------------------------------------------------------------------ measuring


def test_keys_and_their_order_are_the_contract():
    assert list(measured(60, 7, resamples=0).metrics) == [
        "accuracy", "balanced_accuracy", "f1_macro", "f1_micro", "f1_weighted", "precision_macro", "recall_macro",
        "top5", "nll", "brier", "ece",
    ]  # fmt: skip


def test_every_metric_declares_totals_that_the_tally_makes():
    truth, said = pair(30, 7)
    counted = tally(match(truth, said))
    for kind in (*metrics.METRICS, *metrics.CLASS_METRICS):
        assert set(kind.needs) <= counted.once().keys()
        assert kind.needs == tuple(inspect.signature(kind.function).parameters)
        assert kind.function.__doc__


@given(st.integers(1, 60), st.integers(2, 8), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_weights_count_like_repeated_items(n, K, seed):
    """The law behind the bootstrap: weight w is w copies of the item."""
    truth, said = pair(n, K, seed=seed, skill=1.0)
    weights = np.random.default_rng(seed).poisson(1, n).astype(np.int32)
    weights[0] += 1
    counted = tally(match(truth, said))
    weighted = metrics.compute(counted.totals(counted.count(weights)), metrics.METRICS)
    index = np.repeat(np.arange(n), weights)
    items = Items.of([f"{i:05d}" for i in range(len(index))])
    copied = match(
        Labels(items, truth.classes, truth.label[index]),
        Labels(items, truth.classes, said.label[index], said.scores[index]),
    )
    plain = metrics.compute(tally(copied).once(), metrics.METRICS)
    assert weighted.keys() == plain.keys()
    for key in plain:
        assert float(weighted[key]) == pytest.approx(float(plain[key]), abs=1e-12)


@given(st.integers(20, 120), st.integers(2, 7), st.booleans(), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_values_lie_in_their_intervals_and_ranges(n, K, scored, seed):
    found = measured(n, K, seed=seed, scored=scored, resamples=100)
    greatest = {"brier": 2.0, "nll": 40.0}
    assert found.n.items == n
    for key, metric in found.metrics.items():
        if metric.value is None:
            assert metric.low is None
            assert metric.high is None
            assert any(key in warning for warning in found.warnings)
            continue
        assert 0 <= metric.value <= greatest.get(key, 1.0)
        assert (metric.low is None) == (metric.high is None)
        if metric.low is None:
            assert any(key in warning for warning in found.warnings)
        else:
            assert metric.low < metric.high
    for row in found.per_class:
        for metric in row.metrics.values():
            if metric.low is not None:
                assert metric.low <= metric.value + 1e-12
                assert metric.value <= metric.high + 1e-12


def test_numbers_do_not_depend_on_the_threads():
    truth, said = pair(300, 6)
    evidence = match(truth, said)
    one = measure(evidence, said, resamples=60, threads=1)
    assert measure(evidence, said, resamples=60, threads=5) == one
    assert msgspec.json.encode(measure(evidence, said, resamples=60)) == msgspec.json.encode(one)
    assert measure(evidence, said, resamples=60, seed=1).metrics != one.metrics


def test_labels_alone_leave_scores_metrics_null_with_the_reason():
    found = measured(scored=False)
    assert [found.metrics[key].value for key in ("top5", "nll", "brier", "ece")] == [None] * 4
    assert found.metrics["accuracy"].low is not None
    assert found.calibration == {}
    assert any("labels without scores" in w for w in found.warnings)


@pytest.mark.parametrize(("K", "exists"), [(2, False), (5, False), (6, True)])
def test_top5_needs_six_classes(K, exists):
    found = measured(60, K)
    assert (found.metrics["top5"].value is not None) == exists
    assert any("top5 does not exist" in w for w in found.warnings) != exists


def test_absent_classes_have_no_numbers_and_are_named():
    found = measure(labelled([0, 0, 1, 1], [0, 1, 1, 2], 5), resamples=0)
    by_name = {row.name: row for row in found.per_class}
    assert {key: by_name["d"].metrics[key].value for key in ("precision", "recall", "f1")} == dict.fromkeys(
        ("precision", "recall", "f1")
    )
    assert by_name["c"].metrics["recall"].value is None
    assert by_name["c"].metrics["precision"].value == 0
    assert found.metrics["f1_macro"].value == pytest.approx((2 / 3 + 0.5 + 0) / 3)
    assert found.metrics["balanced_accuracy"].value == pytest.approx(0.5)
    assert any("2 classes (d, e) in neither" in w for w in found.warnings)
    assert any("1 class (c) predicted but never true" in w for w in found.warnings)


def test_a_class_never_predicted_is_named():
    found = measure(labelled([0, 1], [0, 0], 2), resamples=0)
    assert found.per_class[1].metrics["precision"].value is None
    assert any("1 class (b) never predicted" in w for w in found.warnings)


def test_a_class_absent_from_a_resample_leaves_its_mean():
    """Many resamples have none of a rare class; the mean there is over the classes that are left."""
    evidence = labelled([0] * 40 + [1] * 2, [0] * 42, 2)
    samples = resample(evidence, resamples=300)
    without = samples.totals["support"][:, 1] == 0
    assert 10 < without.sum() < 290
    assert (samples.resampled["balanced_accuracy"][without] == 1).all()
    assert (samples.resampled["balanced_accuracy"][~without] == 0.5).all()
    assert np.isnan(samples.class_resampled["recall"][without, 1]).all()


def test_fewer_than_twenty_groups_have_no_interval():
    found = measured(19)
    assert all(metric.low is None for metric in found.metrics.values())
    assert any("19 independent groups are too few" in w for w in found.warnings)
    assert measured(20).metrics["nll"].low is not None


def test_groups_widen_the_interval():
    """Ten copies of every item in one group carry no more information than one."""
    truth, said = pair(60, 4)
    index = np.repeat(np.arange(60), 10)

    def copies(group: bool):
        names = [f"g{i:03d}" for i in index] if group else None
        items = Items.of([f"{j:04d}" for j in range(600)], group=names)
        return match(
            Labels(items, truth.classes, truth.label[index]),
            Labels(items, said.classes, said.label[index], said.scores[index]),
        )

    def width(evidence) -> float:
        metric = measure(evidence, resamples=400).metrics["accuracy"]
        return metric.high - metric.low

    assert width(copies(group=True)) == pytest.approx(width(match(truth, said)), rel=0.2)
    assert width(copies(group=False)) < 0.5 * width(copies(group=True))
    found = measure(copies(group=True), resamples=100)
    assert (found.n.items, found.n.groups) == (600, 60)
    assert found.protocol["intervals"]["unit"] == "group"
    assert found.protocol["intervals"]["per_class"].startswith("percentile bootstrap")


def test_a_perfect_model_gets_no_interval_of_width_zero():
    found = measure(labelled([0, 1] * 30, [0, 1] * 30, 2))
    assert found.metrics["accuracy"].value == 1
    assert found.metrics["accuracy"].low is None
    assert any("every resample gives the same value" in w for w in found.warnings)
    recall = found.per_class[0].metrics["recall"]
    assert 0.85 < recall.low < 1 == recall.high


def test_one_item_and_one_class_can_be_measured():
    found = measure(labelled([0], [0], 1))
    assert found.metrics["accuracy"].value == 1
    truth, said = pair(1, 7)
    assert measure(match(truth, said), said).metrics["nll"].value is not None


def test_nothing_to_measure_is_an_input_error():
    truth, said = pair(5)
    none = np.zeros(0, np.intp)
    with pytest.raises(InputError, match="at least one item"):
        measure(match(truth.take(none), said.take(none)))


def test_a_label_that_is_not_the_best_score_counts_and_is_told():
    truth, said = pair(40)
    turned = dataclasses.replace(said, label=((said.label + 1) % 4).astype(np.int32))
    found = measure(match(truth, turned), turned, resamples=0)
    assert found.metrics["accuracy"].value == pytest.approx(float((turned.label == truth.label).mean()))
    assert any("40 items are given a class whose score is not the highest" in w for w in found.warnings)


def test_a_thousand_classes_need_no_dense_matrix():
    truth, said = pair(3000, 1000, scored=False)
    said = dataclasses.replace(said, label=truth.label)
    counted = tally(match(truth, said))
    assert len(counted.cell_truth) <= 1000
    assert measure(match(truth, said), resamples=20).metrics["accuracy"].value == 1


def test_ratios_take_any_leading_shape():
    rng = np.random.default_rng(0)
    hits = rng.integers(0, 3, (4, 5, 6))
    support, predicted = hits + rng.integers(0, 2, hits.shape), hits + rng.integers(0, 2, hits.shape)
    whole = ratios.f1_macro(hits, support, predicted)
    assert whole.shape == (4, 5)
    assert whole[2, 3] == ratios.f1_macro(hits[2, 3], support[2, 3], predicted[2, 3])


def test_classes_keep_intervals_when_a_few_items_are_tied():
    """One pair of copies must not cost the classes their intervals, nor make them narrower than without it."""
    n = 60
    label = (np.arange(n) % 3).astype(np.int32)
    said = np.where(np.arange(n) % 10 == 1, (label + 1) % 3, label).astype(np.int32)
    widths = []
    for group in (None, ["pair" if i in (0, 3) else "" for i in range(n)]):
        truth = Labels(Items.of([f"{i:02d}" for i in range(n)], group=group), ("a", "b", "c"), label)
        found = measure(match(truth, Labels(truth.items, truth.classes, said)), resamples=200)
        recall = [row.metrics["recall"] for row in found.per_class]
        assert all(m.low is not None and m.low < m.value <= m.high for m in recall)
        widths.append([m.high - m.low for m in recall])
    assert widths[1][0] >= 0.8 * widths[0][0]
