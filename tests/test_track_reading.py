"""What 'evaluate track' reads: protocol, how the tracker ran, its detections, frames that are counted differently."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optotype.cli import run
from optotype.errors import InputError
from optotype.formats import read_items, read_track_detections, read_tracks, write_tracks
from optotype.kernels.track_offset import cover
from optotype.tables import Items, Tracks
from optotype.tasks.reading import Asked
from optotype.tasks.track.reading import digest, hashes, keep, offset, read


def moving(seed: int = 0, *, sequences: int = 3, length: int = 40, speed: float = 6) -> Tracks:
    """Boxes that go straight on, ten in each sequence."""
    rng = np.random.default_rng(seed)
    n = 10
    item, frame, number = (
        v.ravel() for v in np.meshgrid(range(sequences), range(1, length + 1), range(n), indexing="ij")
    )
    start, step = rng.uniform(0, 2000, (sequences, n, 2)), rng.choice([-speed, speed], (sequences, n, 2))
    corner = start[item, number] + frame[:, None] * step[item, number]
    box = np.column_stack([corner, np.full(len(item), 40.0), np.full(len(item), 80.0)])
    return Tracks(
        Items.of([f"S-{i}" for i in range(sequences)]), ("object",), np.full(sequences, length, np.int32),
        np.full(sequences, 25.0), item.astype(np.int32), frame.astype(np.int32), number, np.zeros(len(item), np.int32),
        box, np.ones(len(item), bool), np.full(len(item), np.nan), np.arange(len(item)), None,
    )  # fmt: skip


def later(tracks: Tracks, by: int) -> Tracks:
    frame = tracks.frame + by
    kept = (frame >= 1) & (frame <= tracks.length[tracks.item])
    return replace(tracks.take(kept), frame=frame[kept].astype(np.int32), score=np.ones(int(kept.sum())))


def with_rows(folder: Path, tracks: Tracks) -> Path:
    """Truth as MOTChallenge has it."""
    for i, name in enumerate(tracks.items.key.tolist()):
        place = folder / name
        (place / "gt").mkdir(parents=True)
        rows = np.flatnonzero(tracks.item == i)
        lines = [
            ",".join(map(repr, [int(tracks.frame[r]), int(tracks.id[r]), *tracks.box[r].tolist(), 1, 1, 1]))
            for r in rows
        ]
        (place / "gt" / "gt.txt").write_text("\n".join(lines))
        (place / "seqinfo.ini").write_text(f"[Sequence]\nseqLength={tracks.length[i]}\nframeRate=25\n")
    return folder


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, Path]:
    tracks = moving(length=6)
    write_tracks(tmp_path / "said", later(tracks, 0), digits=None)
    return str(with_rows(tmp_path / "gt", tracks)), tmp_path / "said"


def test_both_sides_and_the_rules(files: tuple[str, Path]) -> None:
    found = read(Asked(*files))
    assert found.warnings == ()
    assert (found.rules["rules"].protocol, found.rules["rules"].detections) == ("plain", None)
    assert found.prediction.items is found.truth.items is found.items
    assert np.array_equal(found.prediction.box, found.truth.box)
    found = read(Asked(*files, protocol="mot20", sequences=("S-1",)))
    assert (len(found.truth), found.rules["rules"].protocol, len(found.truth.classes)) == (60, "mot20", 13)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"protocol": "mot18"}, "one of plain, mot15, mot16, mot17, mot20"),
        ({"split": "val"}, "--split"),
        ({"max_dets": (1,)}, "--max-dets"),
        ({"missing": "none"}, "error or empty"),
        ({"sequences": ("S_1",)}, "Did you mean 'S-1'"),
        ({"detections": "nowhere"}, "nowhere"),
        ({"classes": "nowhere"}, "nowhere"),
    ],
)
def test_options_that_cannot_be_meant(files: tuple[str, Path], options: dict, match: str) -> None:
    with pytest.raises(InputError, match=match):
        read(Asked(*files, **options))


def test_only_tracking_takes_its_options(files: tuple[str, Path]) -> None:
    from optotype.tasks.detect.reading import read as detect

    with pytest.raises(InputError, match="--missing"):
        detect(Asked(*files, missing="empty"))


def test_mot_by_name_is_told_of_its_protocol(tmp_path: Path) -> None:
    tracks = moving(length=6, sequences=1)
    tracks = replace(tracks, items=Items.of(["MOT20-01"]))
    write_tracks(tmp_path / "said", later(tracks, 0), digits=None)
    truth = str(with_rows(tmp_path / "gt", tracks))
    assert any("--protocol mot20" in text for text in read(Asked(truth, tmp_path / "said")).warnings)
    assert read(Asked(truth, tmp_path / "said", protocol="mot20")).warnings == ()


def test_how_the_tracker_ran(files: tuple[str, Path], tmp_path: Path) -> None:
    truth, said = files
    detections = tmp_path / "det"
    write_tracks(detections, later(moving(length=6), 0))
    record = {
        "format": "optotype.tracks/1", "tracker": "sort", "reference": False, "settings": {"max_age": 1},
        "detections": {"path": str(detections), "sha256": hashes(read_track_detections(detections).tracks)},
    }  # fmt: skip
    (said / "track.json").write_text(json.dumps(record))
    rules = read(Asked(truth, said)).rules["rules"]
    assert rules.settings == {"tracker": "sort", "reference": False, "max_age": 1}
    assert rules.detections.id.tolist() == [-1] * 180
    (detections / "S-1.txt").write_text("1,-1,0,0,5,5,1\n")
    found = read(Asked(truth, said))
    assert found.rules["rules"].detections is None
    assert any("no longer those that were tracked" in text for text in found.warnings)
    found = read(Asked(truth, said, detections=str(detections)))
    assert len(found.rules["rules"].detections) == 121
    record["detections"] = {"path": "gone"}
    (said / "track.json").write_text(json.dumps(record))
    assert read(Asked(truth, said)).rules["rules"].detections is None
    (detections / "S-1.txt").write_text("1,-1,0,0,x,5,1\n")
    record["detections"] = {"path": "../det"}
    (said / "track.json").write_text(json.dumps(record))
    assert any("could not be read" in text for text in read(Asked(truth, said)).warnings)
    (said / "track.json").write_text("{")
    with pytest.raises(InputError, match=r"track\.json"):
        read(Asked(truth, said))


# Offsets


@pytest.mark.parametrize("seed", range(4))
def test_an_offset_is_found_and_named(seed: int) -> None:
    tracks = moving(seed)
    assert offset(tracks, later(tracks, 0)) == []
    assert "one frame earlier" in offset(tracks, later(tracks, 1))[0]
    assert "one frame later" in offset(tracks, later(tracks, -1))[0]


def test_no_offset_is_made_up() -> None:
    still = moving(speed=0)
    assert offset(still, later(still, 1)) == []  # nothing moves: nobody can tell
    few = moving(sequences=1, length=2)
    assert offset(few, later(few, 1)) == []
    none = later(moving(), 0).take(np.zeros(0, np.int64))
    assert offset(moving(), none) == []
    assert offset(none, later(moving(), 0)) == []
    noisy = later(moving(), 0)
    noise = np.random.default_rng(0).normal(0, 3, noisy.box.shape)
    assert offset(moving(), replace(noisy, box=np.maximum(noisy.box + noise, 0))) == []


def test_cover_against_loops() -> None:
    rng = np.random.default_rng(1)
    truth, said = rng.uniform(0, 20, (30, 4)), rng.uniform(0, 20, (40, 4))
    pieces, among = np.array([[0, 4], [4, 4], [10, 30]]), np.array([[3, 9], [0, 5], [20, 40]])
    found = np.zeros(3)
    cover(truth, pieces, said, among, 0.3, found)
    for i in range(3):
        total = 0.0
        for x, y, w, h in truth[slice(*pieces[i])]:
            best = 0.0
            for a, b, c, d in said[slice(*among[i])]:
                wide, high = min(x + w, a + c) - max(x, a), min(y + h, b + d) - max(y, b)
                shared = max(wide, 0) * max(high, 0)
                best = max(best, shared / (w * h + c * d - shared))
            total += best if best >= 0.3 else 0
        assert found[i] == pytest.approx(total, abs=1e-12)


# What is kept


def test_the_hash_is_of_what_was_judged(files: tuple[str, Path], tmp_path: Path) -> None:
    truth = read_tracks(Path(files[0])).tracks
    write_tracks(tmp_path / "t.npz", truth)
    assert digest(read_tracks(tmp_path / "t.npz").tracks) == digest(truth)
    turned = read_tracks(Path(files[0]), sequences=["S-1"]).tracks
    assert digest(turned) != digest(truth)
    assert digest(replace(truth, length=truth.length + np.int32(1))) != digest(truth)
    assert digest(replace(truth, counts=~truth.counts)) != digest(truth)


def test_sequences_are_kept(files: tuple[str, Path], tmp_path: Path) -> None:
    (Path(files[0]) / "S-0" / "img1").mkdir()
    truth = read_tracks(Path(files[0])).tracks
    keep(tmp_path / "out" / "data.csv", truth)
    items = read_items(tmp_path / "out" / "data.csv")
    assert items.key.tolist() == truth.items.key.tolist()
    assert items.file(0) == Path(files[0]) / "S-0" / "img1"
    assert items.path.tolist()[1:] == ["", ""]


def test_the_command_reads_and_keeps(
    files: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, said = files
    (said / "S-2.txt").unlink()
    frames = tmp_path / "frames" / "S-0" / "img1"
    frames.mkdir(parents=True)
    words = ["evaluate", "track", truth, str(said), "--bootstrap", "0", "--no-report", "--no-causes", "--json"]
    assert run([*words, "--out", str(tmp_path / "out")]) == 1
    assert "--missing empty" in capsys.readouterr().err
    assert run([*words, "--out", str(tmp_path / "out"), "--missing", "empty"]) == 0
    caught = capsys.readouterr()
    assert json.loads(caught.out)["metrics"]["FN"]["value"] == 60
    assert "No results for S-2" in caught.err
    chosen = ["--sequences", "S-0", "--images", str(tmp_path / "frames"), "--protocol", "mot17"]
    assert run([*words, "--out", str(tmp_path / "one"), *chosen]) == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["HOTA"]["value"] == 1
    assert read_items(tmp_path / "one" / "data.csv").file(0) == frames
    assert (
        run([*words, "--out", str(tmp_path / "two"), "--images", str(tmp_path / "frames"), "--missing", "empty"]) == 1
    )
    assert "the frames of 'S-1'" in capsys.readouterr().err


def test_few_groups_are_spoken_of_once(
    files: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn")
    truth, said = files
    (said / "S-2.txt").unlink()
    out = str(tmp_path / "out")
    assert run(["evaluate", "track", truth, str(said), "--missing", "empty", "--no-report", "--out", out]) == 0
    caught = capsys.readouterr()
    assert "too few (at least 20)" in caught.err
    assert "fewer than 20 independent groups" not in caught.out
    assert run(["explain", out]) == 0
    assert "fewer than 20 independent groups" in capsys.readouterr().out
