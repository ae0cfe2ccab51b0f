"""Numbers of a detector beside AP: operating points, calibration, sizes, intervals, warnings."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from box_sets import box_set
from optotype.errors import InputError
from optotype.metrics import box_calibration as calibration
from optotype.metrics import operating
from optotype.metrics.average_precision import COCO, Rules
from optotype.metrics.intervals import percentile
from optotype.tables import Boxes, Items
from optotype.tasks.detect.judging import match
from optotype.tasks.detect.measuring import measure, resample
from optotype.tasks.detect.protocol import protocol, rules_of


def many_images(seed: int = 0, images: int = 60) -> tuple[Boxes, Boxes]:
    truth, found = box_set(seed, images=images, classes=3, grid=False, most=8)
    while len(truth.items) < images // 2:
        seed += 1000
        truth, found = box_set(seed, images=images, classes=3, grid=False, most=8)
    return truth, found


def boxes(items: Items, rows: list[tuple], scores: bool = False) -> Boxes:
    """Rows (item, class, x, y, w, h[, score])."""
    table = np.array([row[:6] for row in rows], np.float64).reshape(-1, 6)
    n = len(rows)
    return Boxes(
        items, ("a", "b"), table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), table[:, 2:],
        table[:, 4] * table[:, 5], np.zeros(n, bool), np.arange(1, n + 1),
        np.array([row[6] for row in rows], np.float64) if scores else None,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_the_best_f1_is_the_best_of_all_thresholds(seed):
    truth, found = box_set(seed + 20)
    evidence = match(truth, found)
    point = operating.best_f1(evidence)
    positives = int(operating.judged(evidence).sum())
    rows = evidence["detections"]
    right, counts = operating.right(evidence), operating.counts(evidence)
    best = (-1.0, 0.0)
    for threshold in np.unique(rows["score"][counts]):
        above = counts & (rows["score"] >= threshold)
        hits = int((above & right).sum())
        best = max(best, (2 * hits / (int(above.sum()) + positives) if positives else -1.0, threshold))
    if positives == 0 or not counts.any():
        assert point is None
        return
    assert (point.f1, point.score) == pytest.approx(best)
    above = counts & (rows["score"] >= point.score)
    assert point.false_per_image == (above & ~right).sum() / len(evidence)
    assert (operating.found_score(evidence) >= point.score).sum() == (above & right).sum()


@pytest.mark.parametrize("per_image", [0.0, 0.3, 1.0, 50.0])
def test_a_threshold_by_false_positives_never_gives_more(per_image):
    evidence = match(*many_images())
    score = operating.at_false_positives(evidence, per_image)
    false = operating.counts(evidence) & ~operating.right(evidence)
    values = evidence["detections"]["score"]
    assert (false & (values >= score)).sum() <= per_image * len(evidence)
    lower = values[operating.counts(evidence) & (values < score)]
    if len(lower):
        assert (false & (values >= lower.max())).sum() > per_image * len(evidence)


def slow_dece(score, right, bins=10):
    total, n = 0.0, len(score)
    for b in range(bins):
        inside = [i for i in range(n) if min(int(score[i] * bins + 1e-12), bins - 1) == b]
        if inside:
            total += abs(np.mean([right[i] for i in inside]) - np.mean([score[i] for i in inside])) * len(inside) / n
    return total


def slow_iou(a, b):
    w = max(0.0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    h = max(0.0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


@pytest.mark.parametrize("seed", range(4))
def test_dece_is_its_definition(seed):
    evidence = match(*many_images(seed))
    rows = evidence["detections"]
    kept = [i for i in range(len(rows)) if not rows["out"][i, 0] >> 1 & 1]
    right = [int(rows["hit"][i, 0] >> 1 & 1) for i in kept]
    expected = slow_dece(rows["score"][kept], right)
    assert calibration.dece(calibration.scored(evidence, 0)).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_laece_is_its_definition(seed):
    evidence = match(*many_images(seed))
    rows, truth = evidence["detections"], evidence["truth"]
    first = np.searchsorted(truth.item, np.arange(len(evidence)))
    errors = []
    for k in range(3):
        kept = [i for i in range(len(rows)) if rows["label"][i] == k and not rows["out"][i, 0] & 1]
        if not kept or not ((truth["label"] == k) & (truth["out"] & 1 == 0)).any():
            continue
        total = 0.0
        for b in range(25):
            inside = [i for i in kept if max(math.ceil(rows["score"][i] * 25 - 1e-12) - 1, 0) == b]
            worth = 0.0
            for i in inside:
                if rows["hit"][i, 0] & 1:
                    other = truth["box"][first[rows.item[i]] + rows["loose"][i, 0]]
                    worth += slow_iou(rows["box"][i], other)
            if inside:
                total += abs(worth / len(inside) - np.mean(rows["score"][inside])) * len(inside) / len(kept)
        errors.append(total)
    positives = np.unique(truth["label"][truth["out"] & 1 == 0])
    found = calibration.laece(calibration.laece_of_classes(calibration.located(evidence, 0), 3), positives)
    assert found.value == pytest.approx(np.mean(errors), abs=1e-9)


def test_an_error_with_a_bias_like_its_spread_has_no_interval():
    calm = calibration.BinnedError(0.02, 0.005, 100)
    assert calibration.with_interval(calm, np.random.default_rng(0).normal(0.02, 0.01, 500)).low is None
    clear = calibration.BinnedError(0.2, 0.1999, 100)
    judged = calibration.with_interval(clear, np.random.default_rng(0).normal(0.2, 0.01, 500))
    assert judged.low < 0.2 < judged.high


def test_resampled_dece_is_that_of_repeated_images():
    truth, found = many_images(3)
    evidence = match(truth, found)
    sample = calibration.scored(evidence, 0)
    weights = np.random.default_rng(0).integers(0, 3, sample.groups).astype(np.int32)
    repeat = weights[sample.group]
    expected = slow_dece(np.repeat(sample.score, repeat), np.repeat(sample.worth, repeat))
    assert calibration.gaps(sample).resampled(weights) == pytest.approx(expected, abs=1e-9)


def test_all_numbers_are_there_with_intervals_around_them():
    truth, found = many_images(1)
    measured = measure(match(truth, found), resamples=200)
    assert list(measured.metrics) == [
        "AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR_1", "AR_10", "AR_100", "AR_small", "AR_medium",
        "AR_large",
    ]  # fmt: skip
    for key, metric in measured.metrics.items():
        if metric.value is not None and metric.low is not None:
            assert 0 <= metric.low < metric.high <= 1, key
    assert set(measured.errors) >= {"tide", "tide-coco", "sizes", "counts", "best_f1", "size_contrasts"}
    assert list(measured.errors["tide"]) == ["AP50", "Cls", "Loc", "Both", "Dupe", "Bkg", "Miss", "FP", "FN"]
    assert [row.name for row in measured.slices["size"]] == ["small", "medium", "large"]
    assert set(measured.calibration) >= {"dece", "laece", "size", "reliability", "recalibration"}
    assert measured.n.truth == int((~truth.crowd).sum())
    assert measured.n.predictions == len(found)


def test_the_same_seed_gives_the_same_samples_whatever_the_threads():
    evidence = match(*many_images(2))
    a, b = (resample(evidence, resamples=40, seed=5, threads=t) for t in (1, 2))
    assert all(np.array_equal(a.resampled[key], b.resampled[key], equal_nan=True) for key in a.resampled)
    assert np.array_equal(a.class_resampled, b.class_resampled, equal_nan=True)


def test_groups_are_drawn_and_few_of_them_give_no_interval():
    truth, found = many_images(4)
    scenes = [f"scene {i % 7}" for i in range(len(truth.items))]
    items = Items.of(truth.items.key, group=scenes)
    grouped = [Boxes(items, t.classes, t.item, t.label, t.box, t.area, t.crowd, t.id, t.score) for t in (truth, found)]
    measured = measure(match(*grouped), resamples=100)
    assert measured.n.groups == 7
    assert all(metric.low is None for metric in measured.metrics.values())
    assert any("7 independent groups are too few" in warning for warning in measured.warnings)


def test_no_detections_are_zeros_and_a_warning():
    items = Items.of([str(i) for i in range(30)])
    truth = boxes(items, [(i, i % 2, 5, 5, 20, 20) for i in range(30)])
    measured = measure(match(truth, boxes(items, [], scores=True)), resamples=50)
    assert measured.metrics["AP"].value == 0
    assert measured.metrics["AP_large"].value is None
    assert "There are no detections." in measured.warnings
    assert any("AP_large" in warning and "do not exist" in warning for warning in measured.warnings)
    assert measured.calibration["dece"]["value"] is None


def test_an_empty_truth_has_no_ap_and_says_so():
    items = Items.of(["1", "2"])
    found = boxes(items, [(0, 0, 5, 5, 20, 20, 0.5)], scores=True)
    measured = measure(match(boxes(items, []), found), resamples=10)
    assert measured.metrics["AP"].value is None
    assert any("no objects in the truth" in warning for warning in measured.warnings)
    assert "best_f1" not in measured.errors


def test_a_perfect_detector():
    items = Items.of([str(i) for i in range(40)])
    rows = [(i, i % 2, 10, 10, 40 + i, 40) for i in range(40)]
    found = boxes(items, [(*row, 0.9) for row in rows], scores=True)
    measured = measure(match(boxes(items, rows), found), resamples=50)
    assert measured.metrics["AP"].value == 1
    assert measured.metrics["AP"].low is None, "every resample gives the same value"
    assert all(measured.errors["tide"][key]["value"] == 0 for key in ("Cls", "Loc", "Both", "Dupe", "Bkg", "Miss"))
    assert measured.errors["best_f1"]["f1"] == 1


def test_other_area_ranges():
    truth, found = many_images(6)
    rules = Rules((COCO.ranges[0], ("tiny", 0.0, 400.0), ("rest", 400.0, 1e10)))
    measured = measure(match(truth, found, rules=rules), resamples=30, rules=rules)
    assert {"AP_tiny", "AP_rest", "AR_tiny"} <= set(measured.metrics)
    assert [row.name for row in measured.slices["size"]] == ["tiny", "rest"]
    assert rules_of(protocol(rules, True, resamples=1, seed=0)) == rules


def test_sizes_that_differ_clearly_are_named():
    """Small objects are all missed, large ones all found."""
    items = Items.of([str(i) for i in range(40)])
    truth = [(i, 0, 5, 5, 20, 20) for i in range(40)] + [(i, 0, 100, 100, 120, 120) for i in range(40)]
    found = [(i, 0, 100, 100, 120 - i % 9, 120, 0.5 + i / 100) for i in range(40)]
    order = sorted(truth)
    measured = measure(match(boxes(items, order), boxes(items, found, scores=True)), resamples=200)
    contrasts = {(c["key"], c["a"], c["b"]): c for c in measured.errors["size_contrasts"]}
    assert contrasts["AP", "large", "small"]["value"] > 0.5


def test_different_items_or_classes_are_refused():
    truth, found = box_set(1)
    other = Items.of([f"x{i}" for i in range(len(truth.items))])
    moved = replace(found, items=other)
    with pytest.raises(InputError, match="images of the detections"):
        match(truth, moved)
    with pytest.raises(InputError, match="the other way round"):
        match(found, truth)


def test_the_percentile_of_the_differences_is_that_of_paired_resamples():
    evidence = match(*many_images(8))
    samples = resample(evidence, resamples=100)
    drawn = samples.resampled["AP_large"] - samples.resampled["AP_small"]
    assert np.isfinite(percentile(drawn)).all()
