"""Every layout that the world is written in reads back exactly."""

from __future__ import annotations

import configparser
import contextlib
import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optotype.cli import run
from optotype.errors import InputError
from optotype.world import attributes, sequences, streets
from optotype.world.export import coco, listing, mot
from optotype.world.export.masks import SPLITS
from optotype.world.export.stills import split
from optotype.world.export.whole import CLIP, Plan, export
from optotype.world.labels import CAMVID_COLOURS, LABELS, OBJECT_CLASSES, STUDY_CLASSES
from optotype.world.render import render
from optotype.world.scene import Frame

PLAN = Plan(6, "south", seed=4, width=160, height=120, threads=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("world") / "w", PLAN)


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    scenes = (streets.scene(PLAN.seed, i, PLAN.domain, width=160, height=120) for i in range(PLAN.frames))
    return [render(scene) for scene in scenes]


def _pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_images_are_the_frames_and_stored_once(folder: Path, frames: list[Frame]) -> None:
    for i, frame in enumerate(frames):
        name = f"{i:06}.png"
        assert np.array_equal(_pixels(folder / "images" / name), frame.image)
        others = [folder / "detect" / "images", *(folder / "segment" / at / "images" for at in ("camvid", "index"))]
        assert all((other / name).samefile(folder / "images" / name) for other in others)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_coco_reads_back(folder: Path, frames: list[Frame]) -> None:
    pycocotools = pytest.importorskip("pycocotools.coco")
    crowds = 0
    for part in SPLITS:
        with contextlib.redirect_stdout(io.StringIO()):
            truth = pycocotools.COCO(str(folder / "detect" / "annotations" / f"instances_{part}.json"))
        members = [i for i in range(PLAN.frames) if split(i) == part]
        assert sorted(truth.imgs) == [i + 1 for i in members]
        for i in members:
            objects, found = attributes.objects(frames[i]), truth.imgToAnns[i + 1]
            kept = np.flatnonzero(objects.status == attributes.OBJECT)
            assert len(found) == len(kept) + len(objects.crowds.kind)
            for row, entry in zip(kept, found, strict=False):
                assert entry["bbox"] == objects.box[row].tolist()
                assert truth.cats[entry["category_id"]]["name"] == OBJECT_CLASSES[objects.kind[row]]
                mask = frames[i].thing == objects.thing[row]
                assert np.array_equal(truth.annToMask(entry).astype(bool), mask)
                assert entry["area"] == mask.sum()
                assert entry["iscrowd"] == 0
            for box, entry in zip(objects.crowds.box, found[len(kept) :], strict=True):
                crowds += 1
                assert entry["iscrowd"] == 1
                assert entry["bbox"] == box.tolist()
                x, y, w, h = box.astype(int)
                mask = truth.annToMask(entry)
                assert mask.sum() == mask[y : y + h, x : x + w].sum() == entry["area"] > 0
    assert crowds, "some frame has a crowd"


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_run_lengths_of_masks_at_the_edges() -> None:
    masks = pytest.importorskip("pycocotools.mask")
    draw = np.random.default_rng(0)
    cases = [draw.random((5, 7)) < share for share in (0.1, 0.5, 0.9, 1.0)]
    for case in cases:
        case[draw.integers(5), draw.integers(7)] = True
        counts = list(coco._runs(np.flatnonzero(case.T.ravel()), case.size))
        packed = masks.frPyObjects({"size": [5, 7], "counts": counts}, 5, 7)
        assert np.array_equal(masks.decode(packed).astype(bool), case)
        assert sum(counts) == case.size


def test_camvid_masks_read_back(folder: Path, frames: list[Frame]) -> None:
    root = folder / "segment" / "camvid"
    with (root / "class_dict.csv").open(encoding="utf-8") as stream:
        table = {(int(r["r"]), int(r["g"]), int(r["b"])): r["name"] for r in csv.DictReader(stream)}
    assert len(table) == 32
    for i, frame in enumerate(frames):
        seen = _pixels(root / "labels" / f"{i:06}_L.png")
        for label in np.unique(frame.label):
            colours = np.unique(seen[frame.label == label], axis=0)
            assert [table[tuple(c)] for c in colours.tolist()] == [LABELS[label].camvid]
    assert set(table) == set(CAMVID_COLOURS.values())


def test_index_masks_and_cityscapes_read_back(folder: Path, frames: list[Frame]) -> None:
    root = folder / "segment"
    names = (root / "index" / "classes.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert tuple(names) == STUDY_CLASSES
    listed = []
    for part in SPLITS:
        stems = (root / "index" / f"{part}.txt").read_text(encoding="utf-8").split()
        assert stems == [f"{i:06}" for i in range(PLAN.frames) if split(i) == part]
        listed += stems
    assert len(listed) == PLAN.frames
    for i, frame in enumerate(frames):
        mask = _pixels(root / "index" / "masks" / f"{i:06}.png")
        base = f"{PLAN.domain}_{i:06}_000000"
        ids = _pixels(root / "cityscapes" / "gtFine" / split(i) / PLAN.domain / f"{base}_gtFine_labelIds.png")
        picture = root / "cityscapes" / "leftImg8bit" / split(i) / PLAN.domain / f"{base}_leftImg8bit.png"
        assert np.array_equal(_pixels(picture), frame.image)
        for label in np.unique(frame.label):
            here = frame.label == label
            study = LABELS[label].study
            assert set(mask[here].tolist()) == {STUDY_CLASSES.index(study) if study else 255}
            assert set(ids[here].tolist()) == {LABELS[label].cityscapes}


def test_sequences_read_back(folder: Path) -> None:
    root = folder / "track" / "world-south-0000"
    about = configparser.ConfigParser()
    about.read(root / "seqinfo.ini")
    assert about["Sequence"]["seqLength"] == str(PLAN.frames)
    assert (about["Sequence"]["imWidth"], about["Sequence"]["frameRate"]) == ("160", "10")
    rows = np.loadtxt(root / "gt" / "gt.txt", delimiter=",")
    names = (root / "gt" / "labels.txt").read_text(encoding="utf-8").split("\n")
    before = None
    for number, scene in enumerate(sequences.sequence(4, 0, "south", PLAN.frames, width=160, height=120), 1):
        frame = render(scene)
        assert np.array_equal(_pixels(root / "img1" / f"{number:06}.png"), frame.image)
        objects = attributes.objects(frame, before)
        moving = [i for i in range(len(objects)) if not OBJECT_CLASSES[objects.kind[i]].startswith("traffic")]
        found = rows[rows[:, 0] == number]
        assert found[:, 1].tolist() == objects.thing[moving].tolist()
        np.testing.assert_allclose(found[:, 2:4] - 1, objects.extent[moving, :2], atol=0.0051)
        np.testing.assert_allclose(found[:, 4:6], objects.extent[moving, 2:], atol=0.0051)
        assert [names[int(c) - 1] for c in found[:, 7]] == [OBJECT_CLASSES[k] for k in objects.kind[moving]]
        assert (found[:, 6] == (objects.status[moving] == attributes.OBJECT)).all()
        assert (found[:, 8] <= objects.visible[moving] + 1e-4).all()
        before = scene


def test_class_numbers_are_those_of_motchallenge() -> None:
    assert mot.CLASSES[:5] == ("person", "rider", "car", "bicycle", "motorbike")


def test_attributes_are_listed(folder: Path, frames: list[Frame]) -> None:
    with (folder / "objects.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    objects = [attributes.objects(frame) for frame in frames]
    assert len(rows) == sum(map(len, objects))
    first = objects[0]
    for i in range(len(first)):
        assert int(rows[i]["id"]) == first.thing[i]
        assert rows[i]["class"] == OBJECT_CLASSES[first.kind[i]]
        assert float(rows[i]["visible"]) == pytest.approx(first.visible[i], rel=1e-5)
        assert rows[i]["speed"] == ""
    with (folder / "track" / "objects.csv").open(encoding="utf-8") as stream:
        assert any(float(row["speed"] or 0) > 1 for row in csv.DictReader(stream))


def test_the_folder_says_what_it_is(folder: Path) -> None:
    about = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    assert (about["format"], about["seed"], about["domain"], about["frames"]) == ("optotype.world/1", 4, "south", 6)
    assert not folder.with_name("w.part").exists()


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_threads_do_not_change_a_bit_and_fewer_frames_are_the_first(folder: Path, tmp_path: Path) -> None:
    alone = export(tmp_path / "alone", Plan(6, "south", 4, 160, 120, threads=1))
    assert _hashes(alone) == _hashes(folder)
    few = export(tmp_path / "few", Plan(2, "south", 4, 160, 120, tasks=("segment", "track"), threads=2))
    whole = _hashes(folder)
    for path, digest in _hashes(few).items():
        if path.endswith(".png"):
            assert whole[path] == digest
    rows = (few / "objects.csv").read_text(encoding="utf-8")
    assert (folder / "objects.csv").read_text(encoding="utf-8").startswith(rows)


def test_sequences_follow_each_other(tmp_path: Path) -> None:
    root = export(tmp_path / "long", Plan(CLIP + 2, "north", 0, 32, 32, tasks=("track",)))
    lengths = [len(list((root / "track" / f"world-north-{i:04}" / "img1").iterdir())) for i in (0, 1)]
    assert lengths == [CLIP, 2]
    assert not (root / "images").exists()


def test_an_interrupted_export_does_not_pass_as_whole(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        assert of == 3
        if done == 2:
            raise KeyboardInterrupt

    plan = Plan(3, width=64, height=48, tasks=("detect",))
    with pytest.raises(KeyboardInterrupt):
        export(tmp_path / "w", plan, stop)
    assert not (tmp_path / "w").exists()
    assert (tmp_path / "w.part" / "world.json").exists()
    with pytest.raises(InputError, match="interrupted"):
        export(tmp_path / "w", plan)


@pytest.mark.parametrize(
    ("plan", "said"),
    [(Plan(0), "--frames"), (Plan(1, width=8), "--size"), (Plan(1, tasks=()), "--tasks")],
)
def test_impossible_plans_are_refused(plan: Plan, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        export(tmp_path / "w", plan)
    assert not any(tmp_path.iterdir())


def test_what_lies_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="something is there"):
        export(tmp_path / "w", Plan(1))
    assert [path.name for path in tmp_path.rglob("*.*")] == ["mine.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    assert (export(tmp_path / "w", Plan(1, width=64, height=48, tasks=("detect",))) / "world.json").exists()


class TestCommand:
    def test_list_names_everything(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["data", "list"]) == 0
        shown = capsys.readouterr().out
        assert "world" in shown
        assert "digits" in shown

    def test_get_world(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = f"data get world --frames 1 --size 64x48 --domain south --tasks detect classify --out {tmp_path / 'w'}"
        assert run(words.split()) == 0
        assert "1 images of the south for each of detect, classify" in capsys.readouterr().out.replace("\n", " ")
        assert sorted(p.name for p in (tmp_path / "w").iterdir()) == [
            "classify", "detect", "images", "objects.csv", "world.json",
        ]  # fmt: skip

    def test_get_catalogued(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        pytest.importorskip("sklearn")
        assert run(["data", "get", "digits", "--out", str(tmp_path)]) == 0
        assert (tmp_path / "digits" / "7").is_dir()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("data get", "a name"),
            ("data get wurld", "Did you mean 'world'"),
            ("data get world", "--out"),
            ("data get world --size big --out x", "480x360"),
            ("data get digits --frames 3", "Leave --frames out"),
        ],
    )
    def test_what_is_wrong_is_said(self, words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(words.split()) == 1
        assert said in capsys.readouterr().err


def test_the_page_says_what_the_code_does() -> None:
    text = " ".join((Path(__file__).parents[1] / "docs" / "world.md").read_text(encoding="utf-8").split())
    for name, number in coco.CATEGORY.items():
        assert f"{name} {number}" in text
    assert f"fewer than {attributes.LEAST_PIXELS} pixels or {attributes.LEAST_VISIBLE * 100:g} %" in text
    assert f"{CLIP} frames a sequence" in text
    for column in listing.COLUMNS[3:]:
        if not column.startswith("extent"):
            assert f"`{column}`" in text
