"""Protocol ``coco`` against pycocotools itself: every precision, recall and headline number, bit for bit."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import numpy as np
import pytest

from box_sets import box_set
from optotype.formats import read_boxes, read_detections
from optotype.metrics import average_precision as ap
from optotype.metrics.average_precision import COCO, Rules
from optotype.tables import Boxes, Items
from optotype.tasks.detect.matching import match

coco = pytest.importorskip("pycocotools.coco")
cocoeval = pytest.importorskip("pycocotools.cocoeval")

CASES = range(240)
DATA = os.environ.get("OPTOTYPE_DATA", "")
needs_data = pytest.mark.skipif(not DATA, reason="OPTOTYPE_DATA is not set")


def theirs(truth: Boxes, found: Boxes, max_dets: tuple[int, ...] = (1, 10, 100)):
    """pycocotools' evaluation of the same tables."""
    ids = [int(key) for key in truth.items.key]
    images = [{"id": i} for i in ids]
    categories = [{"id": k + 1, "name": name} for k, name in enumerate(truth.classes)]
    objects = [
        {"id": int(truth.id[r]), "image_id": ids[truth.item[r]], "category_id": int(truth.label[r]) + 1,
         "bbox": truth.box[r].tolist(), "area": float(truth.area[r]), "iscrowd": int(truth.crowd[r])}
        for r in range(len(truth))
    ]  # fmt: skip
    detections = [
        {"id": r + 1, "image_id": ids[found.item[r]], "category_id": int(found.label[r]) + 1, "iscrowd": 0,
         "bbox": found.box[r].tolist(), "area": float(found.area[r]), "score": float(found.score[r])}
        for r in range(len(found))
    ]  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        sides = []
        for annotations in (objects, detections):
            side = coco.COCO()
            side.dataset = {"images": images, "categories": categories, "annotations": annotations}
            side.createIndex()
            sides.append(side)
        found_eval = cocoeval.COCOeval(*sides, "bbox")
        found_eval.params.maxDets = list(max_dets)
        found_eval.evaluate()
        found_eval.accumulate()
        if max_dets == COCO.max_dets:
            found_eval.summarize()
    return found_eval


def ours(truth: Boxes, found: Boxes, rules: Rules = COCO, matcher=match):
    evidence = matcher(truth, found, rules=rules)
    swept = ap.sweep(ap.lay_out(evidence, rules), evidence)
    return swept, ap.headline(swept, rules)


def _by_threshold(precision: np.ndarray, recall: np.ndarray) -> list[list[float]]:
    """What ``summarize`` does, for every threshold alone."""
    found = [[block[block > -1] for block in blocks] for blocks in (precision, recall)]
    return [[float(np.mean(known)) if len(known) else np.nan for known in blocks] for blocks in found]


def same(truth: Boxes, found: Boxes, rules: Rules = COCO, matcher=match) -> bool:
    """Whether all numbers are equal to the last bit."""
    reference = theirs(truth, found, rules.max_dets)
    swept, headline = ours(truth, found, rules, matcher)
    precision, recall = reference.eval["precision"][..., -1], reference.eval["recall"]
    stats = np.where(reference.stats == -1, np.nan, reference.stats) if len(reference.stats) else None
    return (
        np.array_equal(swept.precision, precision)
        and np.array_equal(swept.recall[..., :4], recall[..., -1])
        and np.array_equal(swept.recall[..., 4:], recall[:, :, 0, :-1])
        and np.array_equal(ap.by_threshold(swept), _by_threshold(precision[..., 0], recall[..., 0, -1]), equal_nan=True)
        and (stats is None or np.array_equal(np.array(list(headline.values())), stats, equal_nan=True))
    )


@pytest.mark.parametrize("ids", [(-1, -5), (-1, 2), (9, 10), (1234567890123456789, 7)])
def test_ties_of_score_fall_by_the_ids_value(ids: tuple[int, int]):
    """The image first by id decides: a hit there is ranked before the equally sure false alarm elsewhere."""
    items = Items.of([str(i) for i in ids])
    one, box = np.zeros(1, np.int32), np.array([[10.0, 10, 20, 20]])
    rest = (box[:, 2] * box[:, 3], np.zeros(1, bool), np.ones(1, np.int64))
    truth = Boxes(items, ("cat",), one, one, box, *rest)
    both, boxes = np.array([0, 1], np.int32), np.repeat(box, 2, axis=0)
    found = Boxes(items, ("cat",), both, both * 0, boxes, boxes[:, 2] * 20, both > 9, both + np.int64(1), np.ones(2))
    assert same(truth, found)


def test_every_number_is_equal_in_generated_sets():
    differing = [seed for seed in CASES if not same(*box_set(seed, grid=seed % 3 > 0))]
    assert not differing


@pytest.mark.parametrize("seed", range(10))
def test_other_caps(seed):
    assert same(*box_set(seed, most=30), Rules(max_dets=(1, 2, 5)))


def test_more_detections_than_the_cap():
    truth, found = box_set(3, images=1, classes=1, most=400)
    assert same(truth, found)


def test_strict_reproduces_annotation_id_0_and_the_default_does_not():
    differing = 0
    for seed in range(40):
        truth, found = box_set(seed)
        if not len(truth):
            continue
        from_0 = Boxes(truth.items, truth.classes, truth.item, truth.label, truth.box, truth.area, truth.crowd,
                       truth.id - 1)  # fmt: skip
        assert same(from_0, found, Rules(strict=True))
        differing += not same(from_0, found)
    assert differing > 5


def ties_backwards(truth, found, *, rules):
    """Wrong on purpose: of equal scores in an image the last one leads."""
    return match(truth, found.take(np.lexsort((-np.arange(len(found)), found.item))), rules=rules)


def without_crowds(truth, found, *, rules):
    """Wrong on purpose: crowds are objects like others."""
    plain = Boxes(truth.items, truth.classes, truth.item, truth.label, truth.box, truth.area,
                  np.zeros_like(truth.crowd), truth.id)  # fmt: skip
    return match(plain, found, rules=rules)


def open_ranges(truth, found, *, rules):
    """Wrong on purpose: areas on a border belong to one size only."""
    ranges = tuple((name, low, np.nextafter(high, 0)) for name, low, high in rules.ranges)
    return match(truth, found, rules=Rules(ranges, rules.max_dets))


@pytest.mark.parametrize("wrong", [ties_backwards, without_crowds, open_ranges])
def test_the_cases_catch_a_wrong_rule(wrong):
    assert sum(not same(*box_set(seed), matcher=wrong) for seed in range(40)) > 3


def test_of_equal_overlaps_the_later_object_is_taken():
    """Taken from the first object, the second detection would be left with an overlap of a half."""
    items = Items.of(["1"])
    box = np.array([[0.0, 0, 30, 10], [10.0, 0, 30, 10]])
    zeros = np.zeros(2, np.int32)
    truth = Boxes(items, ("a",), zeros, zeros, box, box[:, 2] * box[:, 3], zeros > 0, np.array([1, 2]))
    said = np.array([[5.0, 0, 30, 10], [0.0, 0, 30, 10]])
    found = Boxes(items, ("a",), zeros, zeros, said, said[:, 2] * said[:, 3], zeros > 0, np.array([0, 1]),
                  np.array([0.9, 0.8]))  # fmt: skip
    assert same(truth, found)
    order = np.array([1, 0])
    turned = Boxes(items, ("a",), zeros, zeros, box[order], truth.area, truth.crowd, np.array([1, 2]))
    assert ours(turned, found)[1]["AP"] < ours(truth, found)[1]["AP"]


def test_ties_across_images_go_by_the_value_of_the_id():
    """A string order of the ids would put image 10 before image 9."""
    for seed in range(12):
        truth, found = box_set(seed, images=12)
        assert same(truth, found)


@needs_data
@pytest.mark.parametrize(
    ("folder", "truth", "found", "expected"),
    [
        ("coco_fixture", "instances_val2014_100.json", "instances_val2014_fakebbox100_results.json",
         (0.504580698724963, 0.6969727247299577, 0.5729816669904824)),
        ("coco_val212", "annotations/instances_val212.json", "yolox_nano_416_detections.json",
         (0.28286849257510344, 0.44463848153909835, 0.2996437061693162)),
    ],
)  # fmt: skip
def test_real_sets_from_files(folder, truth, found, expected):
    files = Path(DATA) / folder
    objects = read_boxes(files / truth)
    detections = read_detections(files / found, objects)
    with contextlib.redirect_stdout(io.StringIO()):
        side = coco.COCO(str(files / truth))
        reference = cocoeval.COCOeval(side, side.loadRes(str(files / found)), "bbox")
        reference.evaluate()
        reference.accumulate()
        reference.summarize()
    swept, headline = ours(objects.boxes, detections.boxes)
    assert list(headline.values()) == reference.stats.tolist()
    assert np.array_equal(swept.precision, reference.eval["precision"][..., -1])
    assert [headline[key] for key in ("AP", "AP50", "AP75")] == pytest.approx(expected, abs=1e-12)
