"""Protocol ``tide`` against tidecv 1.0.1, and ``tide-coco`` against pycocotools: equal to the last bit."""

from __future__ import annotations

import contextlib
import io
import json
import math
import warnings
from functools import cache

import numpy as np
import pytest

from box_sets import box_set
from naive_tide import MUTATIONS, filtered, naive
from optotype.metrics import tide
from optotype.metrics.tide import VARIANTS
from optotype.tables import Boxes, Items
from optotype.tasks.detect.erring import err
from optotype.tasks.detect.matching import match

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    tidecv = pytest.importorskip("tidecv", exc_type=ImportError)
pycocotools = pytest.importorskip("pycocotools.cocoeval")

WHOLE = VARIANTS[0]
SEEDS = range(240)


def crowded(seed: int) -> tuple[Boxes, Boxes]:
    """More than 100 detections of an image, also of one class."""
    return box_set(seed, images=2, classes=3, most=110)


@cache
def generated(seed: int) -> tuple[Boxes, Boxes]:
    return crowded(seed) if seed % 12 == 0 else box_set(seed, grid=seed % 6 != 1)


def ours(truth: Boxes, found: Boxes, variant=WHOLE) -> tuple[list[float], list[int]]:
    result = tide.values(tide.lay_out(err(match(truth, found)), variant))
    return result.headline.tolist(), (result.tally.errors + result.tally.ignored).sum(axis=0).tolist()


def theirs(truth: Boxes, found: Boxes) -> tuple[list[float], list[int]]:
    """tidecv's numbers; NaN where it divides by no class."""
    gt, pred = tidecv.Data("truth"), tidecv.Data("found")
    for key in truth.items.key.tolist():
        gt.add_image(key, key)
    for i, k, box, crowd in zip(truth.item, truth.label, truth.box, truth.crowd, strict=True):
        add = gt.add_ignore_region if crowd else gt.add_ground_truth
        add(str(truth.items.key[i]), int(k), box.tolist())
    for i, k, box, score in zip(found.item, found.label, found.box, found.score, strict=True):
        pred.add_detection(str(truth.items.key[i]), int(k), float(score), box.tolist())
    return run_tidecv(gt, pred)


def run_tidecv(gt, pred) -> tuple[list[float], list[int]]:
    try:
        run = tidecv.TIDE().evaluate(gt, pred, mode=tidecv.TIDE.BOX)
    except ZeroDivisionError:
        return [math.nan] * 9, []
    counts = list(run.count_errors().values())
    try:
        return [run.ap, *run.fix_main_errors().values(), *run.fix_special_errors().values()], counts
    except ZeroDivisionError:
        return one_by_one(run), counts


def one_by_one(run) -> list[float]:
    """The same numbers where some of them do not exist."""
    from tidecv.errors.main_errors import FalsePositiveError

    def gain(**how) -> float:
        try:
            return run.fix_errors(**how).get_mAP() - run.ap
        except ZeroDivisionError:
            return math.nan

    main = [gain(condition=lambda e, kind=kind: isinstance(e, kind)) for kind in tidecv.TIDE._error_types]
    main = [0.0 if value < 0 else value for value in main]
    return [run.ap, *main, gain(transform=FalsePositiveError.fix), gain(false_neg_dict=run.false_negatives)]


def same(a: list[float], b: list[float]) -> bool:
    return np.array_equal(np.array(a), np.array(b), equal_nan=True)


@cache
def expected(seed: int) -> tuple[list[float], list[int]]:
    return theirs(*generated(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_equal_to_tidecv(seed):
    values, counts = ours(*generated(seed))
    assert same(values, expected(seed)[0]), (values, expected(seed)[0])
    assert counts == expected(seed)[1] or math.isnan(expected(seed)[0][0])


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("seed", range(0, 48, 2))
def test_size_filter_is_tidecv_on_filtered_boxes(seed, size):
    truth, found = generated(seed)
    variant = tide.Variant("tide", "size-filter", size)
    want = theirs(*(boxes.take(filtered(boxes, size)) for boxes in (truth, found)))
    assert same(ours(truth, found, variant)[0], want[0])


def test_the_slow_twin_is_tidecv_too():
    for seed in SEEDS[::3]:
        assert same(naive(*generated(seed), WHOLE)[0], expected(seed)[0]), seed


@pytest.mark.parametrize("wrong", MUTATIONS)
def test_the_cases_catch_a_wrong_rule(wrong):
    def differs(seed: int) -> bool:
        values, counts = naive(*generated(seed), WHOLE, wrong)
        return not (same(values, expected(seed)[0]) and counts == expected(seed)[1])

    assert any(differs(seed) for seed in SEEDS)


def in_a_row(width: float, rows: list[tuple[float, int]], score=None) -> Boxes:
    """Boxes of one width and height 1, by their left edge and class."""
    n = len(rows)
    box, label = np.array([[x, 0.0, width, 1.0] for x, _ in rows]), np.array([k for _, k in rows], np.int32)
    items = Items.of(["1"], width=[100], height=[100])
    return Boxes(items, ("a", "b"), np.zeros(n, np.int32), label, box, box[:, 2] * box[:, 3], np.zeros(n, bool),
                 np.arange(1, n + 1), score)  # fmt: skip


def test_overlap_of_exactly_a_tenth():
    """Two boxes 11 wide that share 2: enough for Loc, and not too much for Bkg."""
    truth, found = in_a_row(11, [(0, 0)]), in_a_row(11, [(9, 0), (9, 1)], np.array([0.9, 0.8]))
    assert ours(truth, found) == theirs(truth, found)
    assert ours(truth, found)[1] == [0, 1, 0, 0, 1, 0]


def test_overlap_of_exactly_a_half():
    """Two boxes 3 wide that share 2: a match; where the object is taken Loc and not Dupe; of another class Cls."""
    truth, found = in_a_row(3, [(0, 0)]), in_a_row(3, [(1, 0), (1, 0), (1, 1)], np.array([0.9, 0.8, 0.7]))
    assert ours(truth, found) == theirs(truth, found)
    assert ours(truth, found)[1] == [1, 1, 0, 0, 0, 0]


REAL = {
    "coco_fixture": (
        "instances_val2014_100.json", "instances_val2014_fakebbox100_results.json",
        [64.205, 22.246, 0.228, None, 0.019, None, 8.524, 6.822, 17.685],
    ),
    "coco_val212": (
        "annotations/instances_val212.json", "yolox_nano_416_detections.json",
        [44.2515, 6.7590, 6.7686, 1.1379, 0.3789, 2.8224, 8.1787, 18.2237, 20.6313],
    ),
}  # fmt: skip


def read(folder, truth_name, found_name) -> tuple[Boxes, Boxes]:
    raw = json.loads((folder / truth_name).read_text())
    detections = json.loads((folder / found_name).read_text())
    row = {image["id"]: i for i, image in enumerate(raw["images"])}
    classes = {category["id"]: k for k, category in enumerate(raw["categories"])}
    items = Items.of([str(i) for i in row])
    names = tuple(str(c) for c in classes)

    def table(rows, score) -> Boxes:
        rows = sorted((r for r in rows if r["image_id"] in row), key=lambda r: row[r["image_id"]])
        box = np.array([r["bbox"] for r in rows], float)
        item = np.array([row[r["image_id"]] for r in rows], np.int32)
        label = np.array([classes[r["category_id"]] for r in rows], np.int32)
        area = box[:, 2] * box[:, 3] if score else np.array([r["area"] for r in rows], float)
        crowd = np.array([bool(r.get("iscrowd", 0)) for r in rows])
        number = np.array([r.get("id", i) for i, r in enumerate(rows)], np.int64)
        scores = np.array([r["score"] for r in rows], float) if score else None
        return Boxes(items, names, item, label, box, area, crowd, number, scores)

    return table(raw["annotations"], False), table(detections, True)


@pytest.mark.parametrize("name", REAL)
def test_real_sets(real_data, name):
    truth_name, found_name, documented = REAL[name]
    truth, found = read(real_data / name, truth_name, found_name)
    values, counts = ours(truth, found)
    assert (values, counts) == theirs(truth, found)
    for value, known in zip(values, documented, strict=True):
        if known is not None:
            assert value == pytest.approx(known, abs=6e-4 if name == "coco_fixture" else 6e-5)
    for area, ap50 in enumerate(coco_ap50(truth, found)):
        variant = tide.Variant("tide-coco", "coco-range" if area else "whole", area)
        assert ours(truth, found, variant)[0][0] == 100 * ap50


def coco_ap50(truth: Boxes, found: Boxes) -> list[float]:
    """pycocotools' AP at IoU 0.5 of all sizes, small, medium and large; NaN where it says −1."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def rows(boxes: Boxes):
        for r in range(len(boxes)):
            yield {
                "image_id": int(truth.items.key[boxes.item[r]]), "category_id": int(boxes.label[r]) + 1,
                "bbox": boxes.box[r].tolist(), "area": float(boxes.area[r]), "iscrowd": int(boxes.crowd[r]),
                "id": int(boxes.id[r]), "ignore": 0,
            }  # fmt: skip

    with contextlib.redirect_stdout(io.StringIO()):
        gt, dt = COCO(), COCO()
        gt.dataset = {
            "images": [{"id": int(k)} for k in truth.items.key],
            "categories": [{"id": k + 1} for k in range(len(truth.classes))],
            "annotations": list(rows(truth)),
        }
        dt.dataset = {**gt.dataset, "annotations": []}
        for row, score in zip(rows(found), found.score.tolist(), strict=True):
            area = row["bbox"][2] * row["bbox"][3]
            number = len(dt.dataset["annotations"]) + 1
            dt.dataset["annotations"].append({**row, "area": area, "id": number, "score": score})
        gt.createIndex()
        dt.createIndex()
        run = COCOeval(gt, dt, "bbox")
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][0, :, :, :, -1]
    known = [precision[..., a][precision[..., a] > -1] for a in range(4)]
    return [float(np.mean(p)) if len(p) else math.nan for p in known]


@pytest.mark.parametrize("seed", range(60))
def test_ap50_of_tide_coco_is_that_of_pycocotools(seed):
    truth, found = generated(seed)
    want = coco_ap50(truth, found)
    evidence = err(match(truth, found))
    for area, value in enumerate(want):
        variant = tide.Variant("tide-coco", "coco-range" if area else "whole", area)
        assert same([tide.values(tide.lay_out(evidence, variant)).headline[0]], [100 * value])
    for size in (1, 2, 3):
        filter_of = tide.Variant("tide-coco", "size-filter", size)
        want = coco_ap50(*(boxes.take(filtered(boxes, size)) for boxes in (truth, found)))[0]
        assert same([tide.values(tide.lay_out(evidence, filter_of)).headline[0]], [100 * want])
