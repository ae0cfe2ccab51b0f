"""What 'check' says of sequences with tracks: each planted fault is found, and nothing else is made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import optotype
from optotype.cli import run
from optotype.data.findings import Findings
from optotype.errors import InputError
from optotype.track_trees import is_tree


def sequence(root: Path, name: str, rows: list[str], *, length: int = 5, images: int = 0) -> Path:
    folder = root / name
    (folder / "gt").mkdir(parents=True)
    (folder / "gt" / "gt.txt").write_text("".join(row + "\n" for row in rows))
    text = f"[Sequence]\nseqLength={length}\nframeRate=25\nimWidth=64\nimHeight=48\n"
    (folder / "seqinfo.ini").write_text(text)
    if images:
        (folder / "img1").mkdir()
        for i in range(images):
            Image.new("RGB", (64, 48), (i, 0, 0)).save(folder / "img1" / f"{i + 1:06}.png")
    return folder


def straight(number: int = 1, length: int = 5, *, kind: int = 1) -> list[str]:
    """A box that goes to the right, labelled in every frame."""
    return [f"{frame},{number},{2 * frame},{10 * number},10,8,1,{kind},1" for frame in range(1, length + 1)]


def kinds(found: Findings) -> dict[str, int]:
    return {finding.kind: finding.count for finding in found.findings}


def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path) -> None:
    sequence(tmp_path, "a", straight(1) + straight(2), images=5)
    found = optotype.check(tmp_path)
    assert (found.task, found.images, found.findings, found.failed) == ("track", 5, [], False)
    [row] = found.sequences
    assert (row.name, row.frames, row.rate, row.width, row.height, row.tracks, row.boxes) == ("a", 5, 25, 64, 48, 2, 10)
    assert found.summary == "1 sequence, 5 frames, 2 tracks, 10 boxes, 1 class, classes even"


@pytest.mark.parametrize(
    ("rows", "kind", "count", "shown"),
    [
        ([*straight(), "5,1,0,0,9,9,1,1,1"], "repeated_id", 1, "gt.txt, line 6: id 1 again in frame 5"),
        ([*straight(), "6,1,0,0,9,9,1,1,1", "9,1,0,0,9,9,1,1,1"], "outside", 2, "gt.txt, line 6: frame 6"),
        ([*straight(), "5,2,0,0,9,-9,1,1,1", "4,2,1,1,9,9,1,1,1"], "negative_size", 1, "line 6: width 9, height -9"),
        ([*straight(), "5,-1,0,0,9,9,1,1,1"], "negative_id", 1, "line 6: id -1"),
        ([*straight(), "5,2,5,5,0,9,1,1,1", "4,2,5,5,9,9,1,1,1"], "zero_size", 1, "a, frame 5: id 2 at 5, 5, 0 × 9"),
        ([*straight(), "5,2,65,5,9,9,1,1,1", "4,2,64,5,9,9,1,1,1"], "off_image", 1, "a, frame 5: id 2 at 65, 5, 9 × 9"),
        ([row for row in straight() if row[0] not in "23"], "gaps", 1, "a, id 1: 2 frames after frame 1"),
        ([*straight(2, 3), "4,2,60,5,9,9,1,1,1"], "leaps", 1, "a, frame 3: id 2 at 6, 20, 10 × 8, then at 60, 5"),
        ([*straight(2, 4), "5,2,10,20,10,8,1,2,1"], "classes_of_id", 1, "a, frame 5: id 2"),
        ([*straight(), "5,2,5,5,9,9,1,1,1"], "single", 1, "a, frame 5: id 2"),
        (straight(length=4), "no_objects", 1, "a: 1 of 5"),
        ([row.replace(row[0], str(int(row[0]) - 1), 1) for row in straight()], "zero_based", 1, None),
    ],
)
def test_planted_faults_are_found(tmp_path: Path, rows: list[str], kind: str, count: int, shown: str | None) -> None:
    sequence(tmp_path, "a", rows, images=5)
    found = optotype.check(tmp_path)
    assert kinds(found)[kind] == count
    [finding] = [finding for finding in found.findings if finding.kind == kind]
    assert finding.fix
    assert finding.text[0] != "{"
    if shown is not None:
        assert shown in finding.examples[0]


def test_images_and_seqinfo_are_compared(tmp_path: Path) -> None:
    folder = sequence(tmp_path, "a", straight(), images=4)
    sequence(tmp_path, "b", straight())
    found = kinds(optotype.check(tmp_path))
    assert found == {"length": 1, "no_images": 1}
    Image.new("RGB", (32, 48)).save(folder / "img1" / "000001.png")
    found = optotype.check(tmp_path)
    assert kinds(found)["size"] == 1
    assert found.failed
    with pytest.raises(InputError, match="--images"):
        optotype.check(tmp_path, images=tmp_path / "nowhere")


def test_images_may_lie_elsewhere(tmp_path: Path) -> None:
    sequence(tmp_path / "gt", "a", straight())
    sequence(tmp_path / "frames", "a", [], images=5)
    assert kinds(optotype.check(tmp_path / "gt", images=tmp_path / "frames")) == {}


def test_mot_classes_and_distractors(tmp_path: Path) -> None:
    rows = straight(1) + straight(2, kind=7)[:3]
    rows[5:] = [row.replace(",1,7,", ",0,7,") for row in rows[5:]]
    sequence(tmp_path, "MOT17-02-SDP", rows, images=5)
    found = optotype.check(tmp_path)
    assert [(row.name, row.objects, row.tracks, row.crowds) for row in found.classes] == [
        ("pedestrian", 5, 1, 0),
        ("static person", 0, 0, 3),
    ]
    assert (found.tracks.ignored, found.tracks.distractors, found.tracks.boxes) == (3, 3, 5)


def test_an_empty_tree_of_labels(tmp_path: Path) -> None:
    sequence(tmp_path, "a", [], images=5)
    found = optotype.check(tmp_path)
    assert {"no_tracks", "no_objects", "file"} <= set(kinds(found))


def test_what_a_folder_is_for(tmp_path: Path) -> None:
    sequence(tmp_path / "MOT17" / "train", "a", straight())
    for path in (tmp_path / "MOT17" / "train", tmp_path / "MOT17", tmp_path / "MOT17" / "train" / "a"):
        assert is_tree(path)
    assert is_tree(tmp_path / "MOT17" / "train" / "a" / "gt" / "gt.txt")
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "photos" / "cat" / "1.png")
    assert not is_tree(tmp_path / "photos")
    assert not is_tree(tmp_path / "nowhere")
    (tmp_path / "photos.txt").write_text("path,label\ncat/1.png,cat\n")
    assert not is_tree(tmp_path / "photos.txt")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sequence(tmp_path, "a", [*straight(), "5,1,0,0,9,9,1,1,1"], images=5)
    assert run(["check", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    for part in ("1 sequence, 5 frames", "1 id twice in a frame", "gt.txt, line 6", "64 × 48", "per second"):
        assert part in text
    assert run(["check", str(tmp_path), "--fail"]) == 1
    capsys.readouterr()
    assert run(["check", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["task"], found["sequences"][0]["frames"], found["tracks"]["boxes"]) == ("track", 5, 5)
    assert run(["check", str(tmp_path), "--task", "track", "--classes", "wildlife"]) == 0


def test_real_sequences(real_data: Path) -> None:
    found = optotype.check(real_data / "tud_campus")
    assert (found.images, found.tracks.tracks, found.tracks.boxes) == (71, 8, 359)
    assert not found.failed
