"""The shim against pycocotools itself: arrays, numbers and printed lines, and the ways in which others call it."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import pickle

import numpy as np
import pytest

from box_sets import box_set
from optotype import cocoeval as shim
from optotype.errors import InputError

coco = pytest.importorskip("pycocotools.coco")
reference = pytest.importorskip("pycocotools.cocoeval")

THEIRS, OURS = (coco.COCO, reference.COCOeval), (shim.COCO, shim.COCOeval)


def records(seed: int, **options) -> tuple[dict, list[dict]]:
    """A generated set as COCO's truth and results; category ids are not the classes' positions."""
    truth, found = box_set(seed, **options)
    ids = [int(key) for key in truth.items.key]
    annotations = [
        {"id": int(truth.id[r]), "image_id": ids[truth.item[r]], "category_id": 3 * int(truth.label[r]) + 2,
         "bbox": truth.box[r].tolist(), "area": float(truth.area[r]), "iscrowd": int(truth.crowd[r])}
        for r in range(len(truth))
    ]  # fmt: skip
    results = [
        {"image_id": ids[found.item[r]], "category_id": 3 * int(found.label[r]) + 2, "bbox": found.box[r].tolist(),
         "score": float(found.score[r])}
        for r in range(len(found))
    ]  # fmt: skip
    rng = np.random.default_rng(seed)
    rng.shuffle(annotations)
    rng.shuffle(results)
    categories = [{"id": 3 * k + 2, "name": name, "supercategory": "thing"} for k, name in enumerate(truth.classes)]
    return {"images": [{"id": i} for i in ids], "categories": categories, "annotations": annotations}, results


def sides(classes, dataset: dict, results: list[dict]):
    truth = classes[0]()
    truth.dataset = copy.deepcopy(dataset)
    truth.createIndex()
    return truth, truth.loadRes(copy.deepcopy(results)) if results else classes[0]()


def run(classes, dataset: dict, results: list[dict], change=lambda p: None):
    """An evaluation and what summarize printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        found = classes[1](*sides(classes, dataset, results), "bbox")
        change(found.params)
        found.evaluate()
        found.accumulate()
        if len(found.params.maxDets) == 3:
            with contextlib.redirect_stdout(printed):
                found.summarize()
    return found, printed.getvalue()


def same(seed: int, change=lambda p: None, **options) -> bool:
    dataset, results = records(seed, **options)
    (theirs, said), (ours, text) = (run(classes, dataset, results, change) for classes in (THEIRS, OURS))
    arrays = all(np.array_equal(ours.eval[name], theirs.eval[name]) for name in ("precision", "recall", "scores"))
    counts = list(ours.eval["counts"]) == list(theirs.eval["counts"])
    return arrays and counts and text == said and np.array_equal(ours.stats, theirs.stats)


def test_arrays_numbers_and_lines_are_pycocotools():
    assert [seed for seed in range(200) if not same(seed, grid=seed % 3 > 0)] == []


def some_images(p):
    p.imgIds = p.imgIds[: (len(p.imgIds) + 1) // 2]


def reversed_categories(p):
    p.catIds = p.catIds[::-2]


def pooled(p):
    p.useCats = 0


def pooled_some(p):
    p.useCats = 0
    p.catIds = p.catIds[::-2]


def proposals(p):
    p.maxDets = [3, 1, 5]


def two_caps(p):
    p.maxDets = [1, 100]


def other_areas(p):
    p.areaRng = [[0, 1e10], [0, 256], [256, 1024]]
    p.areaRngLbl = ["all", "small", "tiny"]


def one_area(p):
    p.areaRng, p.areaRngLbl = [[0, 1e10]], ["all"]


def few_thresholds(p):
    p.iouThrs = np.array([0.5, 0.75])
    p.recThrs = p.recThrs[::10]


CHANGES = [some_images, reversed_categories, pooled, pooled_some, proposals, two_caps, other_areas, one_area,
           few_thresholds]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_may_be_changed_is_changed_as_there(change):
    assert [seed for seed in range(25) if not same(seed, change)] == []


@pytest.mark.parametrize("first", ["s10", "9"])
def test_text_as_image_ids_orders_ties_as_there(first):
    """Their order as text: of equal scores that of image '10' leads that of image '9'."""
    for seed in range(10):
        dataset, results = records(seed, images=12)
        for record in [*dataset["annotations"], *results]:
            record["image_id"] = str(record["image_id"])
        for record in dataset["images"]:
            record["id"] = str(record["id"])
        (theirs, _), (ours, _) = (run(classes, dataset, results) for classes in (THEIRS, OURS))
        assert np.array_equal(ours.stats, theirs.stats)


def test_negative_image_ids_too():
    for seed in range(10):
        dataset, results = records(seed, images=12)
        for record in [*dataset["annotations"], *results]:
            record["image_id"] -= 900
        for record in dataset["images"]:
            record["id"] -= 900
        (theirs, _), (ours, _) = (run(classes, dataset, results) for classes in (THEIRS, OURS))
        assert np.array_equal(ours.eval["precision"], theirs.eval["precision"])


FILES = [
    ("coco_fixture", "instances_val2014_100.json", "instances_val2014_fakebbox100_results.json"),
    ("coco_val212", "annotations/instances_val212.json", "yolox_nano_416_detections.json"),
]


@pytest.mark.parametrize(("folder", "truth", "found"), FILES)
def test_real_files(real_data, folder, truth, found):
    printed = []
    evaluations = []
    for classes in (THEIRS, OURS):
        text = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()):
            side = classes[0](str(real_data / folder / truth))
            evaluation = classes[1](side, side.loadRes(str(real_data / folder / found)), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            with contextlib.redirect_stdout(text):
                evaluation.summarize()
        printed.append(text.getvalue())
        evaluations.append(evaluation)
    assert printed[0] == printed[1]
    for name in ("precision", "recall", "scores"):
        assert np.array_equal(evaluations[0].eval[name], evaluations[1].eval[name])
    assert np.array_equal(evaluations[0].stats, evaluations[1].stats)


def test_results_as_file_list_and_array_are_the_same(tmp_path):
    dataset, results = records(4)
    (tmp_path / "gt.json").write_text(json.dumps(dataset))
    (tmp_path / "dt.json").write_text(json.dumps(results))
    truth = shim.COCO(tmp_path / "gt.json")
    rows = [[r["image_id"], *r["bbox"], r["score"], r["category_id"]] for r in results]
    before = copy.deepcopy(results)
    loaded = [truth.loadRes(given) for given in (str(tmp_path / "dt.json"), results, np.array(rows))]
    assert results == before
    assert loaded[0].dataset == loaded[1].dataset == loaded[2].dataset
    assert [a["id"] for a in loaded[0].dataset["annotations"]] == list(range(1, len(results) + 1))


def test_a_file_is_decoded_late_but_not_when_it_changed(tmp_path):
    dataset, results = records(4)
    (tmp_path / "gt.json").write_text(json.dumps(dataset))
    (tmp_path / "dt.json").write_text(json.dumps(results))
    truth = pickle.loads(pickle.dumps(shim.COCO(tmp_path / "gt.json")))
    found, other = (truth.loadRes(tmp_path / "dt.json") for _ in range(2))
    assert len(found.anns) == len(results)
    assert truth.dataset == dataset
    (tmp_path / "dt.json").unlink()
    evaluation = copy.deepcopy(shim.COCOeval(truth, other, "bbox"))
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert np.array_equal(evaluation.stats, run(OURS, dataset, results)[0].stats)
    with pytest.raises(InputError, match="as it was"):
        other.loadAnns([1])


def test_unknown_images_in_a_file_are_named(tmp_path):
    dataset, results = records(4)
    results[2]["image_id"] = -5
    (tmp_path / "dt.json").write_text(json.dumps(results))
    with pytest.raises(InputError, match=r"entry 2 .*\n.*image_id of the truth\n.*-5"):
        shim.COCO(dataset).loadRes(str(tmp_path / "dt.json"))


def test_no_results_are_an_ap_of_0():
    dataset, _ = records(4)
    truth = shim.COCO(dataset)
    for nothing in (truth.loadRes([]), shim.COCO()):
        evaluation = shim.COCOeval(truth, nothing, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        assert evaluation.stats[0] == 0


def test_lookups_are_pycocotools():
    dataset, results = records(7)
    theirs, ours = (sides(classes, dataset, results)[0] for classes in (THEIRS, OURS))
    images, categories = theirs.getImgIds(), theirs.getCatIds()
    for name, arguments in [
        ("getImgIds", {}), ("getImgIds", {"catIds": categories[:1]}), ("getImgIds", {"imgIds": images[:2]}),
        ("getImgIds", {"catIds": categories[:2], "imgIds": images}), ("getCatIds", {}),
        ("getCatIds", {"catNms": ["class 1"]}), ("getCatIds", {"supNms": ["thing"]}), ("getCatIds", {"catIds": 2}),
        ("getAnnIds", {}), ("getAnnIds", {"imgIds": images[0]}), ("getAnnIds", {"catIds": categories[1:]}),
        ("getAnnIds", {"areaRng": [100, 5000]}), ("getAnnIds", {"imgIds": images, "iscrowd": True}),
        ("loadImgs", {"ids": images[0]}), ("loadCats", {"ids": categories}),
        ("loadAnns", {"ids": theirs.getAnnIds()[:3]}),
    ]:  # fmt: skip
        found = getattr(ours, name)(**arguments)
        assert sorted(found, key=str) == sorted(getattr(theirs, name)(**arguments), key=str), (name, arguments)
    assert ours.imgToAnns == theirs.imgToAnns
    assert ours.catToImgs == theirs.catToImgs
    ours.dataset["annotations"][2]["image_id"] = {}
    ours.createIndex()
    for index in ("imgToAnns", "catToImgs"):
        with pytest.raises(InputError, match="annotations, record 2, 'image_id'"):
            getattr(ours, index)


@pytest.mark.parametrize("seed", range(6))
def test_batches_gathered_from_processes_as_torchvision_does(seed):
    """Its reference training: a batch at a time, entries gathered with images twice, then accumulate."""
    dataset, results = records(seed, images=12)
    stats = []
    for classes in (THEIRS, OURS):
        with contextlib.redirect_stdout(io.StringIO()):
            truth, _ = sides(classes, dataset, results)
            ids = sorted(truth.getImgIds())
            evaluation = classes[1](truth, iouType="bbox")
            batches = [ids[at : at + 3] for at in range(0, len(ids), 3)]
            batches.append(ids[:2])  # a sampler that fills up the last batch
            seen, parts = [], []
            for batch in np.random.default_rng(seed).permutation(len(batches)):
                said = [dict(r) for r in results if r["image_id"] in batches[batch]]
                evaluation.cocoDt = classes[0].loadRes(truth, said) if said else classes[0]()
                evaluation.params.imgIds = list(batches[batch])
                evaluation.evaluate()
                images = evaluation.params.imgIds
                parts.append(np.asarray(evaluation.evalImgs).reshape(-1, len(evaluation.params.areaRng), len(images)))
                seen.extend(images)
            merged, index = np.unique(np.array(seen), return_index=True)
            entries = np.concatenate(pickle.loads(pickle.dumps(parts)), 2)[..., index]
            evaluation.evalImgs = list(entries.flatten())
            evaluation.params.imgIds = list(merged)
            evaluation._paramsEval = copy.deepcopy(evaluation.params)
            evaluation.accumulate()
            evaluation.summarize()
        stats.append(evaluation.stats)
    assert np.array_equal(*stats)


def test_annotation_id_0_counts_unless_strict():
    differing = 0
    for seed in range(12):
        dataset, results = records(seed)
        for record in dataset["annotations"]:
            record["id"] -= 1
        theirs, _ = run(THEIRS, dataset, results)
        strict, _ = run((shim.COCO, lambda *a: shim.COCOeval(*a, strict=True)), dataset, results)
        assert np.array_equal(strict.stats, theirs.stats)
        if any(record["id"] == 0 for record in dataset["annotations"]):
            with pytest.warns(UserWarning, match="id 0"):
                ours, _ = run(OURS, dataset, results)
            differing += not np.array_equal(ours.stats, theirs.stats)
    assert differing


def test_ids_of_64_bits_and_areas_that_are_none_are_kept():
    dataset, _ = records(2)
    largest = 2**63 - 1
    dataset["annotations"][0] |= {"id": largest, "area": None}
    dataset["annotations"][1] |= {"id": 6e3, "area": float("nan")}
    table = shim.COCO(dataset).table
    assert table.id[:2].tolist() == [largest, 6000]
    assert np.isnan(table.area).tolist()[:3] == [True, True, False]


def test_what_is_missing_or_unknown_is_said():
    dataset, results = records(2)
    complete, _ = run(OURS, dataset, results)
    for record in dataset["annotations"]:
        record["area"] = record["bbox"][2] * record["bbox"][3]
        record["iscrowd"] = 0
    plain, _ = run(OURS, dataset, results)
    for record in dataset["annotations"]:
        del record["area"], record["iscrowd"]
    with pytest.warns(UserWarning, match="no area"):
        bare, _ = run(OURS, dataset, results)
    assert np.array_equal(bare.stats, plain.stats)
    assert not np.array_equal(bare.stats, complete.stats)
    for record in dataset["annotations"]:
        record |= {"area": 1.0, "ignore": 1}
    with pytest.warns(UserWarning, match="'ignore'"):
        run(OURS, dataset, results)
    results[0]["category_id"] = 99
    with pytest.warns(UserWarning, match="1 categories .* 99"), pytest.warns(UserWarning, match="'ignore'"):
        run(OURS, dataset, results)


def broken(change):
    """An evaluation of a set in which something was made wrong."""
    dataset, results = records(1)
    change(dataset, results)
    return run(OURS, dataset, results)


@pytest.mark.parametrize(
    ("change", "where", "expected"),
    [
        (lambda d, r: r[0].pop("score"), "result 0", "score"),
        (lambda d, r: r[0].update(image_id=-1), "result 0", "image_id"),
        (lambda d, r: r[1].update(image_id=[1]), "result 1, 'image_id'", "text"),
        (lambda d, r: r[1].update(bbox=[1, 2, 3]), "result 1, 'bbox'", "four"),
        (lambda d, r: r[1].update(bbox=[1, 2, 3, -4]), "result 1, 'bbox'", "h ≥ 0"),
        (lambda d, r: r[1].update(bbox=[1, 2, 3, 1e16]), "result 1, 'bbox'", "in pixels"),
        (lambda d, r: r[1].update(bbox=[1, 2, 3, 10**400]), "result 1, 'bbox'", "finite"),
        (lambda d, r: r[1].update(score=float("nan")), "result 1, 'score'", "finite"),
        (lambda d, r: r[1].update(bbox=[1, 2, 3, None]), "result 1, 'bbox'", "finite"),
        (lambda d, r: d["annotations"][0].pop("bbox"), "annotation 0", "bbox"),
        (lambda d, r: d["annotations"][0].pop("image_id"), "annotation 0", "image_id"),
        (lambda d, r: d["annotations"][1].update(image_id=[1]), "annotation 1, 'image_id'", "text"),
        (lambda d, r: d["annotations"][1].update(area="x"), "annotation 1, 'area'", "finite"),
        (lambda d, r: d["annotations"][1].update(area=[5.0]), "annotation 1, 'area'", "finite"),
        (lambda d, r: d["annotations"][1].update(id=2**63), "annotation 1, 'id'", "64 bits"),
        (lambda d, r: d["annotations"][1].update(id=2.5), "annotation 1, 'id'", "whole"),
        (lambda d, r: d["annotations"][1].update(id="7"), "annotation 1, 'id'", "whole"),
        (lambda d, r: d["images"][1].update(id=[1]), "images, record 1, 'id'", "text"),
        (lambda d, r: d["images"][1].pop("id"), "images, record 1", "id"),
        (lambda d, r: d["categories"].append("x"), "categories, record", "id"),
        (lambda d, r: d["annotations"][0].update(id=d["annotations"][1]["id"]), "annotation ids", "once"),
        (lambda d, r: d.update(categories=[]), "COCOeval.accumulate", "category"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Detections of")
def test_broken_records_are_named(change, where, expected):
    with pytest.raises(InputError) as caught:
        broken(change)
    assert where in caught.value.where
    assert expected in caught.value.expected


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda p: setattr(p, "iouThrs", np.array([0.3])), "iouThrs"),
        (lambda p: setattr(p, "recThrs", np.linspace(0, 1, 11) + 0.001), "recThrs"),
        (lambda p: setattr(p, "maxDets", [0, 1]), "maxDets"),
        (lambda p: setattr(p, "areaRng", [[0, 1]] * 6), "areaRng"),
        (lambda p: setattr(p, "areaRngLbl", ["all"]), "areaRng"),
        (lambda p: setattr(p, "iouType", "keypoints"), "iouType"),
        (lambda p: setattr(p, "useSegm", 1), "iouType"),
    ],
)  # fmt: skip
def test_settings_that_are_not_supported_are_refused(change, where):
    with pytest.raises(InputError) as caught:
        run(OURS, *records(1), change)
    assert where in caught.value.where


@pytest.mark.parametrize("kind", ["segm", "keypoints"])
def test_masks_and_keypoints_are_refused_and_so_is_no_choice(kind):
    with pytest.raises(InputError, match="masks follow"):
        shim.COCOeval(iouType=kind)
    with pytest.raises(InputError, match="masks follow"):
        shim.COCOeval()
    dataset, _ = records(1)
    masks = [{"image_id": dataset["images"][0]["id"], "category_id": 2, "segmentation": {}, "score": 1.0}]
    with pytest.raises(InputError, match="masks follow"):
        shim.COCO(dataset).loadRes(masks)


def test_steps_out_of_order_are_refused(tmp_path):
    dataset, results = records(1)
    truth, found = sides(OURS, dataset, results)
    with pytest.raises(InputError, match="Set both"):
        shim.COCOeval(truth, iouType="bbox").evaluate()
    evaluation = shim.COCOeval(truth, found, "bbox")
    with pytest.raises(InputError, match="evaluate"):
        evaluation.accumulate()
    evaluation.evaluate()
    with pytest.raises(InputError, match="accumulate"):
        evaluation.summarize()
    evaluation.params.areaRng = [[0, 1], *evaluation.params.areaRng[1:]]
    with pytest.raises(InputError, match="evaluate"):
        evaluation.accumulate()
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "gt.json").write_text(json.dumps(dataset))
    for path, text in (("none.json", "no such file|No such file"), ("list.json", "loadRes")):
        with pytest.raises(InputError, match=text):
            shim.COCO(tmp_path / path)
    with pytest.raises(InputError, match="a list of detections"):
        truth.loadRes(tmp_path / "gt.json")
    with pytest.raises(InputError, match=r"shape \(n, 7\)"):
        truth.loadRes(np.zeros((2, 6)))
