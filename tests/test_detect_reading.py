"""Options of evaluate about detection, and what the command leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import optotype
from box_sets import box_set
from optotype.cli import run
from optotype.errors import InputError
from optotype.formats import coco, coco_results, read_items
from optotype.tasks.detect.reading import rules_of
from optotype.tasks.reading import Asked


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    truth, found = box_set(3, images=30, classes=3, grid=False)
    coco.write(tmp_path / "gt.json", truth)
    coco_results.write(tmp_path / "dt.json", found)
    return tmp_path / "gt.json", tmp_path / "dt.json"


def asked(**options) -> Asked:
    return Asked("gt.json", Path("dt.json"), **options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"areas": ("tiny",)}, "NAME=LEAST-LARGEST"),
        ({"areas": ("a=5-1",)}, "a range of areas"),
        ({"areas": ("all=0-5",)}, "none called 'all'"),
        ({"areas": ("a=0-5", "a=5-9")}, "different names"),
        ({"areas": tuple(f"a{i}=0-5" for i in range(5))}, "up to 4 ranges"),
        ({"areas": ("a=1e-",)}, "a range of areas"),
        ({"max_dets": ()}, "ascending whole numbers"),
        ({"max_dets": (10, 1)}, "ascending whole numbers"),
        ({"max_dets": (0, 1)}, "ascending whole numbers"),
    ],
)
def test_impossible_rules_are_refused(options, match):
    with pytest.raises(InputError, match=match):
        rules_of(asked(**options))


def test_open_ends_of_areas():
    assert rules_of(asked(areas=("huge=65536-",))).ranges[1] == ("huge", 65536.0, 1e10)


def test_options_of_another_task_are_refused(files, tmp_path):
    with pytest.raises(InputError, match="--split"):
        optotype.evaluate("detect", *files, out=tmp_path / "o", split="val")
    with pytest.raises(InputError, match="--protocol"):
        optotype.evaluate("detect", *files, out=tmp_path / "o", protocol="voc")
    with pytest.raises(InputError, match="--iou-type"):
        optotype.evaluate("detect", *files, out=tmp_path / "o", iou_type="segm")
    with pytest.raises(InputError, match="--strict"):
        optotype.evaluate("classify", *files, out=tmp_path / "o", strict=True)
    assert not (tmp_path / "o").exists()


def test_only_some_images(files, tmp_path):
    every = optotype.evaluate("detect", *files, out=tmp_path / "a", resamples=0, causes=False, report=False)
    ids = [str(image["id"]) for image in json.loads(files[0].read_text())["images"]]
    listed = tmp_path / "ids.txt"
    listed.write_text("\n".join(ids[:5]))
    some = optotype.evaluate(
        "detect", *files, out=tmp_path / "b", resamples=0, causes=False, report=False, item_ids=listed
    )
    assert every.n.items == len(ids)
    assert some.n.items == 5
    assert read_items(tmp_path / "b" / "data.csv").key.tolist() == ids[:5]
    with pytest.raises(InputError, match="--item-ids"):
        optotype.evaluate("detect", *files, out=tmp_path / "c", item_ids="nothing")


def test_the_command_writes_the_same_bytes_again(files, tmp_path, capsys):
    for name in ("a", "b"):
        line = ["evaluate", "detect", *map(str, files), "--out", str(tmp_path / name), "--bootstrap", "50", "--json"]
        assert run([*line, "--no-causes", "--no-report"]) == 0
    a, b = (json.loads((tmp_path / name / "eval.json").read_text()) for name in ("a", "b"))
    a.pop("provenance")
    b.pop("provenance")
    assert a == b
    assert (tmp_path / "a" / "evidence.npz").read_bytes() == (tmp_path / "b" / "evidence.npz").read_bytes()
    assert capsys.readouterr().out.count('"optotype.eval/1"') == 2


def test_the_hash_is_of_what_was_judged_not_of_the_file(files, tmp_path):
    first = optotype.evaluate("detect", *files, out=tmp_path / "a", resamples=0, causes=False, report=False)
    other = tmp_path / "other.json"
    content = json.loads(files[0].read_text())
    content["images"].reverse()
    other.write_text(json.dumps(content, indent=1))
    second = optotype.evaluate("detect", other, files[1], out=tmp_path / "b", resamples=0, causes=False, report=False)
    assert first.provenance.truth.sha256 == second.provenance.truth.sha256
    content["annotations"][0]["bbox"][0] += 1
    other.write_text(json.dumps(content))
    third = optotype.evaluate("detect", other, files[1], out=tmp_path / "c", resamples=0, causes=False, report=False)
    assert first.provenance.truth.sha256 != third.provenance.truth.sha256


def test_a_truth_without_images_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "gt.json").write_text('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}')
    (tmp_path / "dt.json").write_text("[]")
    with pytest.raises(InputError, match="at least one item"):
        optotype.evaluate("detect", tmp_path / "gt.json", tmp_path / "dt.json", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
