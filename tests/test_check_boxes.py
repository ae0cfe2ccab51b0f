"""The check of detection data: each fault is found once and said plainly, and sound data has none."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

import optotype
from box_sets import box_set
from optotype.box_geometry import size_of
from optotype.cli import run
from optotype.data import box_copies, check_boxes, check_frames
from optotype.data.box_copies import NEARLY, alike_before
from optotype.data.check import check
from optotype.data.check_boxes import names_of
from optotype.data.findings import Findings
from optotype.errors import InputError
from optotype.formats import coco
from optotype.listing import BoxListing

ROOT = Path(__file__).parents[1]


def document(boxes: list[dict], *, images: int = 2, classes: int = 2, size: tuple[int, int] = (200, 100)) -> dict:
    """A COCO document; ``boxes`` are annotations, of image 1 and class 1 where they do not say."""
    listed = [{"id": i + 1, "file_name": f"{i + 1}.png", "width": size[0], "height": size[1]} for i in range(images)]
    annotations = []
    for number, record in enumerate(boxes, 1):
        whole = {"id": number, "image_id": 1, "category_id": 1, "iscrowd": 0, **record}
        annotations.append({"area": whole["bbox"][2] * whole["bbox"][3], **whole})
    categories = [{"id": k + 1, "name": f"class {k + 1}"} for k in range(classes)]
    return {"images": listed, "annotations": annotations, "categories": categories}


def written(folder: Path, content: dict) -> Path:
    path = folder / "instances.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def sound() -> list[dict]:
    """Ten objects of two classes on each of two images, none like another."""
    return [
        {"image_id": i, "category_id": k, "bbox": [10 + 18 * j, 10 + 40 * (k - 1), 15, 20 + j]}
        for i in (1, 2) for k in (1, 2) for j in range(10)
    ]  # fmt: skip


def kinds(found: Findings) -> dict[str, int]:
    return {finding.kind: found.count(finding.kind) for finding in found.findings}


def picture(path: Path, seed: int, size: tuple[int, int] = (200, 100), **how: object) -> None:
    coarse = np.random.default_rng([8, seed]).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(path, **how)


def test_sound_data_has_no_findings_and_is_counted(tmp_path):
    crowd = {"bbox": [0, 0, 50, 50], "iscrowd": 1}
    found = check(written(tmp_path, document([*sound(), crowd], images=2)))
    assert found.task == "detect"
    assert found.findings == []
    assert found.summary == "2 classes, 2 images, 40 objects, 1 crowd, classes even"
    first = found.classes[0]
    assert (first.name, first.objects, first.images, first.crowds) == ("class 1", 20, 2, 1)
    assert found.boxes is not None
    assert found.boxes.sizes == {"small": 40, "medium": 0, "large": 0}
    assert found.boxes.per_image == check_boxes.Spread(20, 20, 20)
    assert (found.boxes.height.least, found.boxes.height.median, found.boxes.height.most) == (20, 24.5, 29)
    assert found.notes == ["The images were not looked at; --images names the folder that holds them."]


@pytest.mark.parametrize(
    ("extra", "kind", "part"),
    [
        ({"bbox": [250, 10, 20, 20]}, "off_image", "1.png: class 1 at 250, 10, 20 × 20 (annotation 41)"),
        ({"bbox": [190, 10, 12, 20]}, "beyond", "1 object reaches beyond the image by more than a pixel"),
        ({"bbox": [0.5, 0, 199, 99.5]}, "whole_image", "1 box covers the whole image"),
        ({"bbox": [50, 80, 0, 10]}, "zero_size", "1 box without width or height"),
        ({"bbox": [50, 80, 0.4, 10]}, "below_pixel", "1 box narrower or lower than a pixel"),
        ({"bbox": [5, 85, 150, 7]}, "aspect_outliers", "1 box longer than 20:1"),
        ({"bbox": [50, 75, 20, 20], "area": 405}, "area_too_large", "1 object with an area larger than the box"),
        ({"bbox": [50, 75, 20, 20], "area": 0}, "area_zero", "1 object with the area 0"),
        ({"bbox": [10, 10, 15, 20]}, "duplicate_boxes", "(annotation 1) = class 1 at 10, 10, 15 × 20 (annotation 41)"),
        ({"bbox": [10, 10.4, 15, 20]}, "near_duplicate_boxes", "IoU 0.95 or more"),
        ({"bbox": [10, 10, 15, 20], "category_id": 2}, "boxes_other_class", "(annotation 1) = class 2 at"),
    ],
)  # fmt: skip
def test_one_faulty_box_is_one_finding(tmp_path, extra, kind, part):
    found = check(written(tmp_path, document([*sound(), extra])))
    assert kinds(found) == {kind: 1}
    assert part in str(found.findings[0])


@pytest.mark.parametrize(
    "extra",
    [
        {"bbox": [180, 10, 20.9, 20]},
        {"bbox": [2, 0, 198, 100]},
        {"bbox": [50, 80, 1, 10]},
        {"bbox": [50, 75, 20, 20], "area": 404},
        {"bbox": [10, 10, 15, 20], "iscrowd": 1},
        {"bbox": [10, 11.1, 15, 20]},
        {"bbox": [10, 10, 15, 20], "image_id": 3},
    ],
)
def test_what_is_just_right_is_no_finding(tmp_path, extra):
    found = check(written(tmp_path, document([*sound(), extra], images=3 if "image_id" in extra else 2)))
    assert found.findings == []


def test_a_box_three_times_is_two_copies_and_no_near_ones(tmp_path):
    extra = [{"bbox": [10, 10, 15, 20]}, {"bbox": [10, 10, 15, 20]}, {"bbox": [10, 10, 15, 20], "category_id": 2}]
    found = check(written(tmp_path, document([*sound(), *extra])))
    assert kinds(found) == {"duplicate_boxes": 2, "boxes_other_class": 1}


def test_faults_of_classes_and_images(tmp_path):
    rows = np.arange(150)
    many = [{"bbox": [float(i % 15) * 13, float(i // 15) * 9, 11, 8]} for i in rows.tolist()]
    content = document([*many, {"category_id": 2, "bbox": [30, 30, 40, 20]}], images=3, classes=3)
    content["images"][1] |= {"file_name": "1.png", "width": None}
    found = check(written(tmp_path, content))
    assert kinds(found) == {
        "repeated_file": 1, "uneven": 1, "empty_class": 1, "rare_class": 1, "no_objects": 2, "many_objects": 1,
        "unsized": 1,
    }  # fmt: skip
    severity = {finding.kind: finding.severity for finding in found.findings}
    assert severity["uneven"] == "warning"
    assert severity["no_objects"] == "note"
    assert "the largest class has 150 times as many objects as the smallest" in str(found.findings)
    few = [*many[:30], *({"category_id": 2, "bbox": [30 + i, 30, 40, 20 + 3 * i]} for i in range(3))]
    found = check(written(tmp_path, document(few, images=1)))
    assert {f.kind: f.severity for f in found.findings} == {"uneven": "note", "rare_class": "note"}


def test_nothing_in_the_file(tmp_path):
    found = check(written(tmp_path, document([], images=0, classes=0)))
    assert kinds(found) == {"no_images": 1}
    assert found.summary == "0 classes, 0 images, 0 objects"
    found = check(written(tmp_path, document([], images=2, classes=1)))
    assert kinds(found) == {"no_objects": 2, "empty_class": 1}
    assert found.findings[0].severity == "error"


def test_what_the_reader_says_is_said_once(tmp_path):
    content = document([*sound(), {"bbox": [190, 10, 12, 20]}, {"bbox": [50, 80, 0, 10]}])
    for record in content["annotations"]:
        del record["area"]
    content["annotations"].append({"id": 900, "image_id": 77, "category_id": 1, "bbox": [1, 1, 9, 9], "area": 81})
    content["images"].append({"id": 3, "file_name": "3.png"})
    found = check(written(tmp_path, content))
    assert kinds(found) == {"file": 2, "beyond": 1, "zero_size": 1, "unsized": 1, "no_objects": 1}
    said = [finding.text for finding in found.findings if finding.kind == "file"]
    assert len(said) == 2
    assert any("have no area" in text for text in said)
    assert any("does not list" in text for text in said)
    assert (found.count("beyond"), found.count("zero_size"), found.count("unsized")) == (1, 1, 1)


@pytest.mark.parametrize("area", [1024, 1024.5, 9216, 9216.5])
def test_an_area_on_a_border_is_called_as_everywhere(tmp_path, area):
    found = check(written(tmp_path, document([{"bbox": [1, 1, 190, 95], "area": area}], classes=1)))
    assert found.boxes is not None
    assert [name for name, n in found.boxes.sizes.items() if n] == [size_of(area)]


def test_what_is_said_of_the_file_does_not_hang_on_the_words_about_its_boxes(tmp_path):
    boxes = [{"bbox": [20 * i, 10 + i, 20 * i + 18, 60 + i]} for i in range(10)]
    listing = coco.read(written(tmp_path, document(boxes, images=1, classes=1, size=(220, 90))))
    listing = replace(listing, of_file=("{Odd}.",), of_boxes=("In other words.",))
    assert listing.warnings == ("{Odd}.", "In other words.")
    found = check_boxes.find(listing, names_of(listing.boxes.items), np.array([[220, 90]]))
    assert [finding.text for finding in found if finding.kind == "file"] == ["{Odd}"]
    assert sum(finding.count for finding in found if finding.kind == "corners") == 10


def test_corners_instead_of_sizes(tmp_path):
    boxes = [{"bbox": [20 * i, 10 + i, 20 * i + 18, 60 + i], "image_id": 1 + i % 2} for i in range(10)]
    found = check(written(tmp_path, document(boxes, classes=1, size=(220, 90))))
    assert found.count("corners") == 10
    assert "x1, y1, x2, y2" in found.findings[0].text


# Copies of boxes


def naive_alike(group: np.ndarray, box: np.ndarray, label: np.ndarray | None) -> list[bool]:
    """All pairs, one by one."""
    along = [x + box_copies._TURN * y for x, y in box[:, :2].tolist()]
    found = [False] * len(box)
    for i, (x, y, w, h) in enumerate(box.tolist()):
        for j, (a, b, c, d) in enumerate(box.tolist()):
            if group[i] != group[j] or (along[j], j) >= (along[i], i) or (label is not None and label[i] == label[j]):
                continue
            shared = max(0, min(x + w, a + c) - max(x, a)) * max(0, min(y + h, b + d) - max(y, b))
            found[i] |= w * h > 0 and shared / (w * h + c * d - shared) >= NEARLY
    return found


@pytest.mark.parametrize("seed", range(30))
def test_the_sweep_finds_what_all_pairs_find(seed):
    draw = np.random.default_rng([9, seed])
    n = int(draw.integers(0, 60))
    centre = draw.integers(0, 6, n)
    box = draw.uniform(5, 60, (6, 4))[centre] * draw.uniform(1 - draw.choice([0, 0.02, 0.05]), 1, (n, 4))
    box[draw.random(n) < 0.05, 2] = 0
    group, label = draw.integers(0, 2, n), draw.integers(0, 2, n)
    for other in (None, label):
        found = alike_before(group, box, other)
        assert (found >= 0).tolist() == naive_alike(group, box, other)
        there = found >= 0
        assert (group[found[there]] == group[there]).all()


def test_the_time_grows_with_the_boxes_and_not_with_their_square():
    draw = np.random.default_rng(4)
    for box in (
        np.column_stack([draw.uniform(0, 2000, (36_500, 2)), draw.uniform(10, 60, (36_500, 2))]),
        np.column_stack([draw.uniform(100, 100.1, (36_500, 2)), draw.uniform(50, 50.1, (36_500, 2))]),
        np.column_stack([np.full(36_500, 10.0), np.arange(36_500) * 5.0, np.full((36_500, 2), [400.0, 4.0])]),
    ):
        begin = time.perf_counter()
        alike_before(np.zeros(len(box), np.int64), box)
        assert time.perf_counter() - begin < 2


@pytest.mark.parametrize("seed", range(20))
def test_any_boxes_can_be_looked_at_and_a_reordered_file_says_the_same(tmp_path, seed):
    truth, _ = box_set(seed)
    sizes = np.column_stack([truth.items.width, truth.items.height])
    listing = BoxListing(truth, np.arange(len(truth.classes)))
    found = check_boxes.find(listing, names_of(truth.items), sizes)
    path = tmp_path / "truth.json"
    coco.write(path, truth)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["annotations"].reverse()
    path.write_text(json.dumps(content), encoding="utf-8")
    again = check(path)
    counted = {f.kind: f.count for f in found}
    again_counted = {kind: n for kind, n in kinds(again).items() if kind not in ("uneven", "boxes_other_class")}
    assert again_counted == {kind: n for kind, n in counted.items() if kind != "boxes_other_class"}
    assert again.boxes == check_boxes.counts(truth)
    assert sum(row.objects for row in again.classes) == again.boxes.objects == (~truth.crowd).sum()


# With images


def test_images_missing_unreadable_resized_and_turned(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for i in (1, 4, 5):
        picture(folder / f"{i}.png", i)
    picture(folder / "3.png", 3, (100, 50))
    (folder / "6.png").write_bytes(b"no image")
    (folder / "4.png").write_bytes((folder / "1.png").read_bytes())
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(folder / "7.png", 7, exif=exif)
    found = check(written(tmp_path, document(sound(), images=7)), images=folder)
    assert kinds(found) == {
        "missing": 1, "unreadable": 1, "other_size": 1, "unturned_size": 1, "rotated": 1, "exact_duplicates": 1,
        "duplicates_other_boxes": 1, "no_objects": 5,
    }  # fmt: skip
    text = str(found.findings)
    assert "3.png: 200 × 100 in the JSON file, 100 × 50 as displayed" in text
    assert "7.png: 200 × 100 in the JSON file, 100 × 200 as displayed" in text
    assert "6.png: not an image" in text
    assert found.notes == []
    assert check(tmp_path / "instances.json", images=folder, threads=1) == found


def test_images_lie_below_their_path_or_their_name(tmp_path):
    (tmp_path / "val").mkdir()
    for i in (1, 2):
        picture(tmp_path / "val" / f"{i}.png", i)
    content = document(sound())
    for image in content["images"]:
        image |= {"file_name": f"val/{image['file_name']}", "width": None, "height": None}
    path = written(tmp_path, content)
    for folder in (tmp_path, tmp_path / "val"):
        assert check(path, images=folder).findings == []
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    found = check(path, images=elsewhere)
    assert found.count("missing") == 2
    assert found.findings[0].severity == "error"
    assert "the folder of these images?" in found.findings[0].fix
    with pytest.raises(InputError, match="--images"):
        check(path, images=tmp_path / "nowhere")


# The task, the command, the manual


def test_the_task_follows_from_the_path(tmp_path):
    path = written(tmp_path, document(sound()))
    assert optotype.check(path, task="detect") == optotype.check(str(path))
    path.rename(tmp_path / "boxes.txt")
    assert check(tmp_path / "boxes.txt", task="detect").task == "detect"
    with pytest.raises(InputError, match="--images"):
        check(tmp_path, images=tmp_path)
    with pytest.raises(InputError, match="--classes"):
        check(tmp_path / "boxes.txt", task="detect", classes=("a",))
    with pytest.raises(InputError, match="a folder"):
        check(tmp_path, task="detect")


def test_command_prints_counts_findings_and_classes(tmp_path, capsys):
    content = document([*sound(), {"bbox": [10, 10, 15, 20]}])
    content["categories"][0]["name"] = "[red]\x1b[2J{n}"
    path = written(tmp_path, content)
    assert run(["check", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 classes, 2 images, 41 objects, 1 box drawn twice, classes uneven 1:1.1")
    assert "objects by size     small 41 (100 %), medium 0 (0 %), large 0 (0 %)" in out
    assert "objects per image   20 to 21, median 20.5" in out
    assert "\x1b[2J" not in out
    assert "1 object with the same box and class as another" in out
    assert re.search(r"class 2 +2 +20 +48\.8 %", out)
    assert run(["check", str(path), "--fail", "--json"]) == 1
    found = msgspec.json.decode(capsys.readouterr().out, type=Findings)
    assert found == check(path)
    content["annotations"].pop()
    assert run(["check", str(written(tmp_path, content)), "--fail"]) == 0


def test_findings_table_of_the_manual_is_what_is_found():
    source = "".join(Path(part.__file__).read_text(encoding="utf-8") for part in (check_boxes, check_frames))
    named = set(re.findall(r'(?:any_finding|\.found|\.paired)\(\s*"(\w+)"', source))
    assert len(named) > 20
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    part = text.partition("## What `check` looks for in detection data")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", part, re.MULTILINE))
    assert rows.keys() == named
    assert f"IoU of at least {NEARLY}" in rows["near_duplicate_boxes"]
    assert f"fewer than {check_boxes.RARE} objects" in rows["rare_class"]
    assert f"more than {check_boxes.MANY} objects" in rows["many_objects"]
    assert f"above {check_boxes.LONG:g}:1" in rows["aspect_outliers"]
    assert f"more than {check_boxes.TOO_LARGE} times" in rows["area_too_large"]


def test_real_photos(real_data):
    folder = real_data / "coco_val212"
    found = check(folder / "annotations" / "instances_val212.json", images=folder / "images")
    assert found.summary == "80 classes, 212 images, 1,900 objects, 22 crowds, classes uneven 1:471"
    assert kinds(found) == {"uneven": 1, "whole_image": 3, "aspect_outliers": 2, "rare_class": 34, "no_objects": 2}
    found = check(real_data / "coco_fixture" / "instances_val2014_100.json")
    assert kinds(found) == {"empty_class": 10, "uneven": 1, "rare_class": 49}
