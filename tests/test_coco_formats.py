"""COCO's truth and results as tables: the right rows, every oddity counted, every mistake named."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import numpy as np
import pytest

from optotype import coco_records, jsonfile
from optotype.box_checks import index_of, items_of, order_by
from optotype.category_maps import COCO_IDS
from optotype.errors import InputError
from optotype.formats import coco, coco_results, read_boxes, read_detections

IMAGES = [
    {"id": 42, "file_name": "b.jpg", "width": 640, "height": 480},
    {"id": 7, "file_name": "a.jpg", "width": 100, "height": 50},
]
CATEGORIES = [{"id": 3, "name": "car"}, {"id": 1, "name": "person"}]


def annotation(**changes):
    found = {"id": 5, "image_id": 7, "category_id": 3, "bbox": [1, 2.5, 10, 20], "area": 150.25, "iscrowd": 0} | changes
    return {key: value for key, value in found.items() if value is not ...}


def detection(**changes):
    found = {"image_id": 7, "category_id": 3, "bbox": [1, 2.5, 10, 20], "score": 0.5} | changes
    return {key: value for key, value in found.items() if value is not ...}


@pytest.fixture
def put(tmp_path):
    def write(content, name="file.json") -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def truth(put):
    def read(*annotations, **changes):
        return coco.read(
            put({"images": IMAGES, "annotations": list(annotations), "categories": CATEGORIES} | changes, "truth.json")
        )

    return read


def the_error(call, *arguments, **keywords) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


def test_truth_becomes_a_table(truth):
    rows = [
        annotation(id=9, image_id=7),
        annotation(id=8, image_id=42, category_id=1, iscrowd=1),
        annotation(id=2, image_id=7, bbox=[0, 0, 1, 1]),
    ]
    found = truth(*rows)
    boxes = found.boxes
    assert boxes.items.key.tolist() == ["42", "7"]
    assert boxes.items.path.tolist() == ["b.jpg", "a.jpg"]
    assert (boxes.items.width.tolist(), boxes.items.height.tolist()) == ([640, 100], [480, 50])
    assert boxes.classes == ("person", "car")
    assert found.category.tolist() == [1, 3]
    assert boxes.id.tolist() == [8, 9, 2]
    assert boxes.item.tolist() == [0, 1, 1]
    assert boxes.label.tolist() == [0, 1, 1]
    assert boxes.crowd.tolist() == [True, False, False]
    assert boxes.box.tolist()[1:] == [[1, 2.5, 10, 20], [0, 0, 1, 1]]
    assert boxes.area.tolist() == [150.25] * 3
    assert boxes.score is None
    assert found.warnings == ()


def test_detections_are_aligned_to_the_truth(truth, put):
    there = truth(annotation())
    rows = [detection(score=0.25), detection(image_id=42, category_id=1, id=77, area=3, iscrowd=1), detection()]
    found = coco_results.read(put(rows), there)
    assert found.boxes.items is there.boxes.items
    assert found.boxes.item.tolist() == [0, 1, 1]
    assert found.boxes.id.tolist() == [1, 0, 2]
    assert found.boxes.label.tolist() == [0, 1, 1]
    assert found.boxes.score.tolist() == [0.5, 0.25, 0.5]
    assert found.boxes.area.tolist() == [200, 200, 200]
    assert not found.boxes.crowd.any()
    assert found.warnings == ()


def test_nothing_found_and_nothing_there_are_legal(truth, put):
    there = truth()
    assert (len(there.boxes), len(there.boxes.items), there.warnings) == (0, 2, ())
    for content in ([], " [ ]\n", {"annotations": []}):
        assert len(coco_results.read(put(content), there).boxes) == 0
    assert len(truth(images=[], categories=[]).boxes.items) == 0
    found = coco_results.read(put([detection()]), there)
    assert len(found.boxes) == 1


def without(key: str) -> dict:
    return {name: [] for name in ("images", "annotations", "categories") if name != key}


def images(*found) -> dict:
    return without("images") | {"images": list(found)}


def categories(*found) -> dict:
    return without("categories") | {"categories": list(found)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"images": [], "annotations": [{"id": 1,', ("line 1, column 41", "the file's end")),
        ('{"images": [],\n "annotations": [{"id": 1 "x": 2}], "categories": []}', ("line 2, column 27", '"x"')),
        ("", ("line 1, column 1", "an empty file")),
        ('{"annotations": [01]}', ("line 1, column 19",)),
        ("[1, 2]", ("entry 0", "a record")),
        ('"text"', ("annotations", "text")),
        ({"detections": []}, ("'detections'", "results are a list")),
        ({"annotations": {}}, ("annotations", "a list of records")),
        (without("categories"), ("no 'categories'",)),
        (without("images"), ("no 'images'",)),
        ("[]", ("a list of records", "results file?")),
        (without("images") | {"images": {}}, (", images", "a list")),
        (images({"file_name": "a"}), ("images[0]", "`id`")),
        (images({"id": 1, "width": -4}), ("images[0]", "-4")),
        (images({"id": 1, "width": 99999999999}), ("images[0]", "99999999999")),
        (images({"id": 1}, {"id": 2}, {"id": 1}), ("images[2]", "id 1 again")),
        (categories({"id": 1, "name": "a"}, {"id": 1, "name": "b"}), ("categories[1]", "id 1 again")),
        (categories({"id": 1, "name": "a"}, {"id": 2, "name": "a"}), ("categories[1]", "name 'a' again")),
        (categories({"id": "x", "name": "a"}), ("categories[0]", "a whole id")),
        (categories({"id": 1, "name": "\ud800"}), ("categories[0]", "text")),
        (categories({"id": 10**20, "name": "a"}), ("categories[0]",)),
        ("[" * 5000, ("nested",)),
    ],
)
def test_a_file_that_is_no_truth_says_where_and_why(put, content, said):
    message = the_error(coco.read, put(content))
    for part in ("file.json", *said):
        assert part in message


def test_bytes_that_are_no_text_say_where(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b'{"a":\n "caf\xe9"}')
    assert "line 2, byte 6" in the_error(coco.read, path)
    assert "x.json" in the_error(coco.read, tmp_path / "none" / "x.json")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_are_read(tmp_path, encoding):
    path = tmp_path / "x.json"
    named = [{"id": 1, "name": "größe"}]
    path.write_text(
        json.dumps({"images": IMAGES, "annotations": [], "categories": named}, ensure_ascii=False), encoding
    )
    assert coco.read(path).boxes.classes == ("größe",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bbox": ...}, ("annotations[1]", "no 'bbox'", "masks or keypoints alone")),
        ({"image_id": ...}, ("annotations[1]", "no 'image_id'")),
        ({"category_id": ...}, ("annotations[1]", "no 'category_id'")),
        ({"bbox": 5}, ("annotations[1]", "four numbers", "5")),
        ({"bbox": None}, ("annotations[1]", "four numbers", "None")),
        ({"image_id": [7]}, ("annotations[1]", "'image_id'", "[7]")),
        ({"iscrowd": "1"}, ("annotations[1]", "'iscrowd'", "'1'")),
        ({"bbox": [1, 2, 3]}, ("annotations[1]", "'bbox'", "four numbers", "[1, 2, 3]")),
        ({"bbox": [1, 2, 3, 4, 5]}, ("annotations[1]", "four numbers")),
        ({"bbox": [1, 2, "3", 4]}, ("annotations[1]", "four numbers")),
        ({"bbox": [1, 2, -3, 4]}, ("annotations[1]", "w ≥ 0", "-3.0")),
        ({"bbox": [1, float("nan"), 3, 4]}, ("annotations[1]", "finite", "nan")),
        ({"bbox": [float("inf"), 2, 3, 4]}, ("annotations[1]", "finite", "inf")),
        ({"bbox": [-1e308, -1e308, 1e308, 4]}, ("annotations[1]", "finite")),
        ({"bbox": [1, 2, 10**400, 4]}, ("annotations[1]", "finite", "inf")),
        ({"area": float("nan")}, ("annotations[1]", "'area'", "nan")),
        ({"area": -4}, ("annotations[1]", "'area'", "-4")),
        ({"area": "big"}, ("annotations[1]", "'area'", "'big'")),
        ({"iscrowd": 2}, ("annotations[1]", "'iscrowd'", "0 or 1")),
        ({"id": "a1"}, ("annotations[1]", "'id'", "'a1'")),
        ({"id": 1.5}, ("annotations[1]", "'id'", "1.5")),
        ({"id": 5}, ("annotations[1]", "every annotation id once", "annotations[0]")),
        ({"category_id": "car"}, ("annotations[1]", "'category_id'", "'car'")),
        ({"category_id": "3"}, ("'category_id'", "a whole number")),
        ({"image_id": None}, ("annotations[1]", "'image_id'", "None")),
        ({"image_id": True}, ("annotations[1]", "'image_id'", "True")),
    ],
)
def test_a_record_that_cannot_be_meant_is_named(truth, changes, said):
    message = the_error(truth, annotation(), annotation(**{"id": 6} | changes))
    for part in said:
        assert part in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"category_id": 2}, "1 of 2 annotations are of categories that truth.json does not list; they were left out"),
        ({"image_id": 8}, "1 of 2 annotations are of images that truth.json does not list; they were left out"),
        ({"area": ...}, "1 of 2 annotations have no area"),
        ({"area": None}, "1 of 2 annotations have no area"),
        ({"id": ...}, "1 of 2 annotations have no id; they were numbered from 6 on"),
        ({"id": 0}, "pycocotools counts a detection matched to it as false"),
        ({"ignore": 1}, "1 of 2 annotations have the flag 'ignore'"),
        ({"ignore": True, "x": float("nan")}, "1 of 2 annotations have the flag 'ignore'"),
        ({"bbox": [1, 1, 0, 5]}, "1 of 2 objects have no width or no height"),
        ({"bbox": [95, 1, 10, 5]}, "1 of 2 objects reach more than a pixel beyond their image; they are kept."),
    ],
)
def test_what_is_unusual_is_counted(truth, changes, said):
    found = truth(annotation(), annotation(**{"id": 6} | changes))
    assert len(found.warnings) == 1
    assert said in found.warnings[0]
    assert len(found.boxes) == (1 if "left out" in said else 2)


@pytest.mark.parametrize(
    "changes",
    [{"iscrowd": ...}, {"iscrowd": None}, {"iscrowd": False}, {"ignore": 0}, {"ignore": False}, {"image_id": 7.0},
     {"id": 6.0}, {"segmentation": [[float("nan")]]}, {"bbox": [0.0, 0.0, 101.0, 51.0]}],
)  # fmt: skip
def test_what_is_only_another_spelling_is_not_counted(truth, changes):
    found = truth(annotation(), annotation(**{"id": 6} | changes))
    assert found.warnings == ()
    assert found.boxes.id.tolist() == [5, 6]
    assert not found.boxes.crowd.any()


def test_missing_areas_ids_and_names_are_filled(truth):
    found = truth(annotation(id=..., area=...), annotation(id=..., area=..., bbox=[0, 0, 3, 4]), categories=[{"id": 3}])
    assert found.boxes.id.tolist() == [1, 2]
    assert found.boxes.area.tolist() == [200, 12]
    assert found.boxes.classes == ("3",)
    assert "1 of 1 categories have no name" in found.warnings[0]
    unsized = truth(annotation(), images=[{"id": 7}])
    assert "1 of 1 images have no width or height" in unsized.warnings[0]
    assert unsized.boxes.items.path.tolist() == [""]


def test_image_ids_may_be_text(truth, put):
    images = [{"id": "a/b", "width": 9, "height": 9}, {"id": "07"}, {"id": 10**30}, {"id": 7}]
    there = truth(
        annotation(image_id="07"), annotation(id=6, image_id=10**30), annotation(id=7, image_id=7), images=images
    )
    assert there.boxes.item.tolist() == [1, 2, 3]
    found = coco_results.read(put([detection(image_id="a/b"), detection(image_id=7), detection(image_id="7")]), there)
    assert found.boxes.item.tolist() == [0, 3, 3]
    assert "07x (unknown images: 1" in the_error(coco_results.read, put([detection(image_id="07x")]), there)
    assert coco_results.read(put([detection(image_id=7)]), there).boxes.item.tolist() == [3]


def test_image_ids_of_64_bits_are_found_and_written(truth, tmp_path):
    """Nanoseconds, hashes: 19 digits, of which not all that can be written fit."""
    ids = [2**63 - 1, -(2**63), 10**18, 1_700_000_000_123_456_789, 2**63]
    there = truth(
        *(annotation(id=row + 1, image_id=image) for row, image in enumerate(ids[:4])), images=[{"id": i} for i in ids]
    )
    assert there.boxes.item.tolist() == [0, 1, 2, 3]
    coco.write(tmp_path / "again.json", there.boxes, there.category)
    written = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert [image["id"] for image in written["images"]] == [*ids[:4], str(2**63)]
    equal(there.boxes, coco.read(tmp_path / "again.json").boxes)


def test_ids_that_are_missing_fit_above_the_highest_or_are_asked_for(truth):
    most = 2**63 - 1
    assert truth(annotation(id=most - 1), annotation(id=...)).boxes.id.tolist() == [most - 1, most]
    message = the_error(truth, annotation(id=most), annotation(id=...))
    assert f"annotations[1], 'id'\n  expected: an id\n  got:      none, and {most}" in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"score": ...}, ("entry 1", "no 'score'")),
        ({"bbox": ..., "segmentation": {}}, ("entry 1", "no 'bbox'", "masks")),
        ({"score": float("nan")}, ("entry 1", "'score'", "nan")),
        ({"score": float("inf")}, ("entry 1", "'score'", "inf")),
        ({"score": "0.5"}, ("entry 1", "'score'", "'0.5'")),
        ({"score": None}, ("entry 1", "'score'", "None")),
        ({"image_id": "a"}, ("a (unknown images", "look like names of the images' files")),
        ({"image_id": 8}, ("entry 1", "the detector ran on", "8 (unknown images: 1; detections on them: 1 of 2)")),
        ({"bbox": [1, 2, -3, 4]}, ("entry 1", "'bbox'", "-3.0")),
        ({"category_id": 2}, ("'category_id'", "2 (unknown ids: 1; detections with them: 1 of 2)", "known-only")),
        ({"category_id": "car"}, ("'category_id'", "'car'", "--map-categories FILE")),
    ],
)
def test_a_detection_that_cannot_be_meant_is_named(truth, put, changes, said):
    message = the_error(coco_results.read, put([detection(), detection(**changes)]), truth(annotation()))
    for part in ("file.json", *said):
        assert part in message


def test_unusual_detections_are_counted(truth, put):
    there = truth(annotation())
    rows = [detection(score=1.5), detection(bbox=[9, 0, 0, 1]), detection(bbox=[90, 0, 90, 9])]
    warnings = coco_results.read(put({"annotations": rows}), there).warnings
    assert [text[:24] for text in warnings] == [
        "The results are an objec",
        "1 of 3 scores are outsid",
        "1 of 3 detections have n",
        "1 of 3 detections reach ",
    ]
    assert "x1, y1" not in warnings[-1]
    corners = coco_results.read(put([detection(bbox=[40, 30, 90, 45]), detection(bbox=[60, 10, 99, 40])]), there)
    assert "look like x1, y1, x2, y2" in corners.warnings[-1]


ODD = [
    None, True, -1, 0, 2**63, -(2**63), 10**400, 1.5, 1e300, float("nan"), float("-inf"), "", "7", "é\ud800",
    [], [1], {}, [1, 2, 3, 4], [[1]], {"id": 1},
]  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_any_value_anywhere_is_read_or_refused(put, seed):
    """Never another exception, and (pytest makes warnings errors) no overflow on the way."""
    rng = random.Random(seed)
    good = {"images": IMAGES, "annotations": [annotation(), annotation(id=6)], "categories": CATEGORIES}
    there = coco.read(put(good, "good.json"))
    read = refused = 0
    for _ in range(250):
        truth_file = json.loads(json.dumps(good))
        results = [detection(), detection(image_id=42)]
        for target in (truth_file, results):
            places = [target] if rng.random() < 0.1 else list(target.values() if target is truth_file else [target])
            place = rng.choice(places)
            entry = rng.choice(place) if isinstance(place, list) and rng.random() < 0.9 else place
            key = rng.choice(list(entry)) if isinstance(entry, dict) else rng.randrange(len(entry))
            entry[key] = rng.choice(ODD)
        for call, content in ((coco.read, truth_file), (lambda path: coco_results.read(path, there), results)):
            try:
                call(put(content))
                read += 1
            except InputError:
                refused += 1
    assert min(read, refused) > 30


# --- categories ------------------------------------------------------------------------------------------------------


def crowdless(put, ids, n=400, seed=0):
    """Truth with these category ids and the right label (place in ``ids``) of each of its boxes."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, len(ids), n)
    label[: len(ids)] = np.arange(len(ids))
    box = np.column_stack([rng.uniform(0, 500, (n, 2)), rng.uniform(20, 100, (n, 2))])
    images = [{"id": i, "width": 640, "height": 640} for i in range(1, 41)]
    rows = [
        annotation(id=r + 1, image_id=r % 40 + 1, category_id=int(ids[label[r]]), bbox=box[r].tolist())
        for r in range(n)
    ]
    categories = [{"id": int(i), "name": f"n{i}"} for i in ids]
    there = coco.read(put({"images": images, "annotations": rows, "categories": categories}, "truth.json"))

    def said(number):
        """Results whose category ids are a function of the class's place."""
        path = put(
            [detection(image_id=r % 40 + 1, category_id=number(int(label[r])), bbox=box[r].tolist()) for r in range(n)]
        )
        return path, label

    return there, said


@pytest.mark.parametrize(
    ("ids", "base", "name"),
    [(COCO_IDS, 0, "coco80-to-91"), (COCO_IDS, 1, "coco80-to-91"), (range(1, 21), 0, "contiguous"),
     (range(20), 1, "contiguous"), ([2, 5, 9], 0, "contiguous")],
)  # fmt: skip
def test_numbers_without_gaps_are_recognised_and_mapped_only_when_asked(put, ids, base, name):
    there, said = crowdless(put, list(ids))
    path, label = said(lambda k: k + base)
    message = the_error(coco_results.read, path, there)
    assert f"number the {len(ids)} classes from {base} to" in message
    assert f"--map-categories {name}" in message
    found = coco_results.read(path, there, mapping=name)
    assert (found.boxes.label == label[found.boxes.id]).all()
    assert f"numbers from {base} on" in found.warnings[0]
    assert len(found.warnings) == 1
    assert read_detections(path, there, mapping=name, threads=1).boxes.label.tolist() == found.boxes.label.tolist()


def test_known_ids_that_agree_better_another_way_raise_a_warning_and_stay(put):
    there, said = crowdless(put, COCO_IDS)
    harmless = [k for k in range(1, 80) if k in set(COCO_IDS.tolist())]
    path, label = said(lambda k: harmless[k % len(harmless)])  # every id is one of the truth's, and below 80
    found = coco_results.read(path, there)
    assert (
        found.boxes.label.tolist()
        == np.searchsorted(COCO_IDS, np.array(harmless)[label % len(harmless)])[found.boxes.id].tolist()
    )
    objects = [annotation(id=r + 1, image_id=r % 40 + 1, category_id=int(COCO_IDS[r % 9 + 14])) for r in range(80)]
    named = [{"id": int(i), "name": str(i)} for i in COCO_IDS]
    pictures = [{"id": i} for i in range(1, 41)]
    few = coco.read(put({"images": pictures, "categories": named, "annotations": objects}, "few.json"))
    shifted = put([detection(image_id=r % 40 + 1, category_id=r % 9 + 14) for r in range(80)])
    warning = coco_results.read(shifted, few).warnings[0]
    assert "pass --map-categories coco80-to-91" in warning
    assert "100% overlap an object of their class if so" in warning
    right = put([detection(image_id=r % 40 + 1, category_id=int(COCO_IDS[r % 9 + 14])) for r in range(80)])
    assert not any("map-categories" in text for text in coco_results.read(right, few).warnings)
    forced = coco_results.read(right, few, mapping="coco80-to-91").warnings
    assert any("agree better with the truth" in text for text in forced)


def test_categories_are_left_out_only_when_asked(put, truth):
    there = truth(annotation())
    path = put([detection(), detection(category_id=9), detection(category_id=1)])
    assert "9 (unknown ids: 1" in the_error(coco_results.read, path, there)
    found = coco_results.read(path, there, mapping="known-only")
    assert (found.boxes.id.tolist(), found.boxes.label.tolist()) == ([0, 2], [1, 0])
    assert "1 of 3 detections are of categories that the truth lacks" in found.warnings[0]
    path = put([detection(category_id=k) for k in (2, 0, 79)])
    counted = coco_results.read(path, there, mapping="coco80-to-91")
    assert counted.boxes.label.tolist() == [1, 0]  # 3 is COCO's car; the toothbrush is not in this truth
    message = the_error(coco_results.read, put([detection(category_id=90)]), there, mapping="coco80-to-91")
    assert "ids from 0 to 79, or from 1 to 80" in message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("map.json", '{"9": "car", "1": 1, "5": null}'),
        ("map.yaml", "9: car\n1: 1\n5:\n"),
        ("map.csv", "detection,truth\n9,car\n1,person\n5,\n"),
        (None, {9: "car", "1": np.int64(1), 5: None}),
    ],
)
def test_a_map_by_name(put, truth, name, content):
    there = truth(annotation())
    path = put([detection(category_id=9), detection(category_id=1), detection(category_id=5)])
    mapping = content if name is None else str(put(content, name))
    found = coco_results.read(path, there, mapping=mapping)
    assert (found.boxes.label.tolist(), found.boxes.id.tolist()) == ([1, 0], [0, 1])
    assert "1 of 3 detections are of categories that" in found.warnings[0]


def test_maps_with_mistakes_say_so(put, truth):
    there = truth(annotation())
    path = put([detection(category_id=9), detection(category_id="lorry")])
    assert coco_results.read(path, there, mapping={"9": 3, "lorry": "car"}).boxes.label.tolist() == [1, 1]
    assert "nothing for lorry" in the_error(coco_results.read, path, there, mapping={"9": "car"})
    assert "Did you mean 'car'?" in the_error(coco_results.read, path, there, mapping={"9": "carr", "lorry": 1})
    assert "Did you mean 'coco80-to-91'?" in the_error(coco_results.read, path, there, mapping="coco80to91")
    assert "a map of categories" in the_error(coco_results.read, path, there, mapping=str(put("[1]", "m.json")))
    assert "m.json" in the_error(coco_results.read, path, there, mapping=str(put("{", "m.json")))
    assert "m.yaml" in the_error(coco_results.read, path, there, mapping=str(put("{", "m.yaml")))


def test_the_time_grows_with_the_classes_and_not_with_their_square(put, truth):
    n = 8000
    there = truth(categories=[{"id": i, "name": f"n{i}"} for i in range(n)], images=IMAGES[:1])
    path = put([detection(image_id=42, category_id=i) for i in range(n)])
    begin = time.perf_counter()
    found = coco_results.read(path, there, mapping={i: f"n{n - 1 - i}" for i in range(n)})
    assert time.perf_counter() - begin < 2
    assert found.boxes.label.tolist() == list(range(n))[::-1]


# --- both ways, any number of threads, real files --------------------------------------------------------------------


def equal(a, b) -> None:
    for name in ("item", "label", "box", "area", "crowd", "id", "score"):
        left, right = getattr(a, name), getattr(b, name)
        assert (left is None and right is None) or (left.dtype == right.dtype and left.tobytes() == right.tobytes()), (
            name
        )
    assert a.classes == b.classes
    for name in ("key", "path", "width", "height"):
        assert getattr(a.items, name).tolist() == getattr(b.items, name).tolist()


def test_what_is_written_reads_back(truth, tmp_path):
    rng = random.Random(3)
    rows = [
        annotation(
            id=r + 1, image_id=rng.choice([7, 42]), bbox=[rng.uniform(0, 9) for _ in range(4)], area=rng.random(),
            iscrowd=rng.randrange(2), category_id=rng.choice([1, 3]),
        )
        for r in range(50)
    ]  # fmt: skip
    there = truth(*rows)
    path = tmp_path / "new" / "t.json"
    coco.write(path, there.boxes, there.category)
    again = coco.read(path)
    equal(there.boxes, again.boxes)
    assert again.category.tolist() == [1, 3]
    coco.write(path, there.boxes)
    equal(there.boxes, coco.read(path).boxes)
    assert "ascending" in the_error(coco.write, path, there.boxes, np.array([3, 1]))

    found = tmp_path / "d.json"
    found.write_text(json.dumps([detection(image_id=rng.choice([7, 42]), score=rng.random()) for _ in range(30)]))
    first = coco_results.read(found, there)
    coco_results.write(found, first.boxes, there.category)
    second = coco_results.read(found, there)
    assert second.boxes.id.tolist() == list(range(30))
    assert second.boxes.box.tobytes() == first.boxes.box.tobytes()
    assert second.boxes.score.tobytes() == first.boxes.score.tobytes()
    assert "with scores" in the_error(coco_results.write, found, there.boxes)


def test_threads_do_not_change_the_table(put, monkeypatch):
    monkeypatch.setattr(coco_records, "_SHARE", 256)
    monkeypatch.setattr(jsonfile, "_SHARE", 256)
    monkeypatch.setattr(jsonfile, "_BLOCK", 100)
    rng = random.Random(1)
    extra = {"x": "}, {", "y": [{"id": 1}, {"id": 2}]}
    rows = [
        annotation(id=r + 1, image_id=rng.choice([7, 42]), bbox=[rng.random() for _ in range(4)], **extra)
        for r in range(200)
    ]
    path = put({"annotations": rows, "images": IMAGES, "info": {"é": "}, {"}, "categories": CATEGORIES}, "truth.json")
    alone = coco.read(path, threads=1)
    for threads in (0, 2, 3, 16):
        equal(alone.boxes, read_boxes(path, threads=threads).boxes)


def test_rows_of_ids():
    rng = np.random.default_rng(0)
    for known in (rng.permutation(1000)[:50], rng.permutation(50) * 10**12 - 10**13, np.array([-(2**63), 2**63 - 1])):
        ids = np.concatenate([rng.choice(known, 100), rng.integers(-5, 2000, 50), [-(2**63), 2**63 - 1]])
        place = {int(value): row for row, value in enumerate(known)}
        assert index_of(ids, known).tolist() == [place.get(int(value), -1) for value in ids]
    assert items_of(np.array([1, 2, -3]), np.array(["x", "-3", "01", "1"])).tolist() == [3, -1, 1]
    assert items_of(np.array([2**63 - 1, -(2**63)]), np.array(["-9223372036854775808", str(2**63 - 1)])).tolist() == [
        1,
        0,
    ]
    item = rng.integers(0, 70_000, 500)
    for items in (70_000, 1 << 17):
        assert order_by(item, items).tolist() == np.argsort(item, kind="stable").tolist()
    assert order_by(np.array([0, 0, 5]), 6) is None


@pytest.mark.parametrize(
    ("truth_file", "results_file"),
    [("coco_fixture/instances_val2014_100.json", "coco_fixture/instances_val2014_fakebbox100_results.json"),
     ("coco_val212/annotations/instances_val212.json", "coco_val212/yolox_nano_416_detections.json")],
)  # fmt: skip
def test_real_files_are_what_json_says(real_data, truth_file, results_file):
    there = coco.read(real_data / truth_file)
    said = coco_results.read(real_data / results_file, there)
    assert coco_records.read(real_data / truth_file, 255).listed is False
    content = json.loads((real_data / truth_file).read_text())
    keys = {str(image["id"]): row for row, image in enumerate(content["images"])}
    expected = sorted(content["annotations"], key=lambda found: keys[str(found["image_id"])])
    assert there.boxes.id.tolist() == [found["id"] for found in expected]
    assert there.boxes.box.tolist() == [found["bbox"] for found in expected]
    assert there.boxes.area.tolist() == [found["area"] for found in expected]
    assert there.boxes.crowd.tolist() == [bool(found["iscrowd"]) for found in expected]
    assert there.category[there.boxes.label].tolist() == [found["category_id"] for found in expected]
    assert there.warnings == ()
    rows = json.loads((real_data / results_file).read_text())
    found = [rows[i] for i in said.boxes.id.tolist()]
    assert sorted(said.boxes.id.tolist()) == list(range(len(rows)))
    assert said.boxes.box.tolist() == [row["bbox"] for row in found]
    assert said.boxes.score.tolist() == [row["score"] for row in found]
    assert said.boxes.items.key[said.boxes.item].tolist() == [str(row["image_id"]) for row in found]
    assert there.category[said.boxes.label].tolist() == [row["category_id"] for row in found]
