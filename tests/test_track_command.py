"""``optotype track`` as a user meets it: what lies on disk afterwards, what is said, and what is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import optotype
from optotype.association import TRACKERS
from optotype.cli import run
from optotype.errors import InputError, MissingExtraError
from optotype.inference.draw import _WRONG
from optotype.inference.video import footage
from optotype.metrics.tracking import NUMBERS
from optotype.studies import sweeping
from optotype.studies.sweeping import sweep
from optotype.studies.trackers import combinations, settings_of
from optotype.studies.tracking import _shown
from optotype.tasks.track.codes import CAUSE_NAMES, CAUSES, FACTS
from optotype.tasks.track.rules import PROTOCOLS

NAMES = ("walk-01", "walk-02")
LENGTH, WIDTH, HEIGHT = 30, 160, 120


def things(sequence: int) -> list[tuple[int, int, float, float]]:
    """Frame, id, left and top of things of 20 × 30 that walk to the right, in order of frames."""
    rng = np.random.default_rng(sequence)
    starts = [(5.0 + 4 * i, 3.0 + 38 * i) for i in range(3)]
    return [
        (frame, i + 1, x + 3 * frame + rng.normal(0, 0.3), y)
        for frame in range(1, LENGTH + 1)
        for i, (x, y) in enumerate(starts)
    ]


def score(frame: int, i: int, sequence: int) -> float:
    """Now and then a thing is seen badly, so that thresholds matter."""
    return 0.35 if (frame + 3 * i + sequence) % 11 < 3 else 0.9


def missing(frame: int, i: int) -> bool:
    return i == 2 and 12 <= frame < 16


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of two sequences with frames and truth, and a folder ``det`` of detections."""
    root = tmp_path_factory.mktemp("walks")
    ground = (
        np.random.default_rng(3)
        .integers(0, 255, (HEIGHT // 4, WIDTH // 4, 3), dtype=np.uint8)
        .repeat(4, 0)
        .repeat(4, 1)
    )
    (root / "det").mkdir()
    for s, name in enumerate(NAMES):
        (root / "train" / name / "gt").mkdir(parents=True)
        (root / "train" / name / "img1").mkdir()
        size = f"imWidth={WIDTH}\nimHeight={HEIGHT}"
        info = f"[Sequence]\nname={name}\nseqLength={LENGTH}\nframeRate=10\n{size}\nimDir=img1\n"
        (root / "train" / name / "seqinfo.ini").write_text(info)
        rows = things(s)
        truth = [f"{f},{i},{x:.2f},{y:.2f},20,30,1,1,1\n" for f, i, x, y in rows]
        (root / "train" / name / "gt" / "gt.txt").write_text("".join(truth))
        seen = [
            f"{f},-1,{x + 0.4:.4f},{y - 0.3:.4f},20.5,30.25,{score(f, i, s)}\n"
            for f, i, x, y in rows[::-1]
            if not missing(f, i)
        ]
        (root / "det" / f"{name}.txt").write_text("".join(seen))
        for f in range(1, LENGTH + 1):
            Image.fromarray(ground).save(root / "train" / name / "img1" / f"{f:06}.jpg")
    return root


def lines(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", ndmin=2)


def test_everything_is_left_in_the_folder(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["track", str(data / "det"), "--tracker", "iou", "--images", str(data / "train"), "--out", str(out)]
    assert run(words) == 0
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert files == {*(f"{n}.txt" for n in NAMES), "track.json", "rows.npz", *(f"pictures/{n}.jpg" for n in NAMES)}
    said = capfd.readouterr()
    assert (
        "iou (clean): 2 sequences, 60 frames, 172 detections\n  iou_threshold 0.5, max_lost 1 frame, low none\n"
        in said.err
    )
    assert "172 boxes of 8 tracks in 2 sequences of 60 frames" in said.out
    record = json.loads((out / "track.json").read_text())
    assert record["format"] == "optotype.tracks/1"
    assert (record["tracker"], record["reference"], record["command"][:8]) == ("iou", False, "optotype")
    assert record["settings"]["max_lost"] == record["settings"]["sequences"]["walk-01"]["max_lost"] == 1
    assert record["sequences"]["walk-02"] == {"length": LENGTH, "rate": 10.0, "width": WIDTH, "height": HEIGHT}
    assert Path(record["detections"]["path"]) == data / "det"


def test_rows_say_which_detection_a_line_was(data: Path, tmp_path: Path) -> None:
    optotype.track(data / "det", tracker="iou", out=tmp_path / "out", digits=None)
    rows = np.load(tmp_path / "out" / "rows.npz")
    for s, name in enumerate(rows["sequence"].tolist()):
        of = rows["row"][rows["start"][s] : rows["start"][s + 1]]
        made, seen = lines(tmp_path / "out" / f"{name}.txt"), lines(data / "det" / f"{name}.txt")
        np.testing.assert_allclose(made[:, [0, 2, 3, 4, 5, 6]], seen[of][:, [0, 2, 3, 4, 5, 6]], rtol=1e-14)


def test_digits(data: Path, tmp_path: Path) -> None:
    for digits, text in (("2", "41.62"), ("0", "42")):
        out = tmp_path / f"d{digits}"
        assert run(["track", str(data / "det"), "--tracker", "iou", "--out", str(out), "--digits", digits]) == 0
        row = (out / "walk-01.txt").read_text().splitlines()[0].split(",")
        assert len(row[2].partition(".")[2]) == len(text.partition(".")[2])
    full = tmp_path / "full"
    assert run(["track", str(data / "det"), "--tracker", "iou", "--out", str(full), "--digits", "full"]) == 0
    exact = lines(full / "walk-01.txt")[:, 2]
    assert set(exact) <= set(lines(data / "det" / "walk-01.txt")[:, 2])


def test_the_same_files_are_written_again(data: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        optotype.track(data / "det", images=data / "train", out=tmp_path / name, interpolate=True)
    for file in (tmp_path / "a").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes(), file


def test_settings_given_are_those_that_run(data: Path, tmp_path: Path) -> None:
    words = ["track", str(data / "det"), "--high", "0.5", "--buffer", "0.2", "--set", "match_low=0.4", "fuse-score=no"]
    assert run([*words, "--out", str(tmp_path / "out")]) == 0
    settings = json.loads((tmp_path / "out" / "track.json").read_text())["settings"]
    assert [settings[k] for k in ("high", "buffer", "match_low", "fuse_score")] == [0.5, 0.2, 0.4, False]
    assert settings["sequences"]["walk-01"]["buffer"] == 6, "without images the rate is not known: 30 is taken"


def test_gaps_are_filled_and_sequences_chosen(data: Path, tmp_path: Path) -> None:
    options = {"settings": {"buffer": 3, "high": 0.3, "start": 0.3}, "sequences": ["*-02"]}
    open_ = optotype.track(data / "det", out=tmp_path / "a", **options)
    filled = optotype.track(data / "det", out=tmp_path / "b", interpolate=True, **options)
    assert sorted(p.name for p in (tmp_path / "a").glob("*.txt")) == ["walk-02.txt"]
    assert len(filled.tracks) == len(open_.tracks) + 4 == 3 * LENGTH
    assert np.flatnonzero(filled.tracks.row == -1).size == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tracker", "bytetrak"], "Did you mean 'bytetrack'?"),
        (["--tracker", "iou", "--buffer", "3"], "a setting of the tracker 'iou'"),
        (["--set", "bufer=3"], "Did you mean 'buffer'?"),
        (["--set", "buffer"], "name=value"),
        (["--set", "fuse_score=maybe"], "true or false"),
        (["--set", "high=0.5", "--high", "0.6"], "each setting once"),
        (["--high", "1.5"], "Correct --high."),
        (["--set", "match_low=1.5"], "Correct --set match_low=…."),
        (["--tracker", "iou", "--set", "max_lost=1.5"], "a whole number"),
        (["--digits", "two"], "a number of decimals"),
        (["--digits", "99"], "0 to 15"),
        (["--video-size", "0"], "64 to 8,192"),
        (["--cmc"], "the images of all"),
        (["--sweep", "high=0.5,0.6"], "a truth to measure against"),
        (["--sweep", "high=0.5,0.6", "--truth", "x", "--video"], "Leave it out"),
        (["--sweep", "high=0.5,0.5", "--truth", "x"], "different values"),
        (["--sweep", "high", "--truth", "x"], "name=value"),
        (["--sequences", "walc-01"], "Did you mean 'walk-01'?"),
        (["--truth", "nowhere"], "nowhere"),
        (["--truth", "OTHER"], "Check that they belong together"),
        (["--images", "nowhere"], "nowhere"),
    ],
)
def test_what_is_wrong_is_told(
    words: list[str], told: str, data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other" / "ride" / "gt").mkdir(parents=True)
    (tmp_path / "other" / "ride" / "gt" / "gt.txt").write_text("1,1,5,5,9,9,1,1,1\n")
    words = [word.replace("OTHER", str(tmp_path / "other")) for word in words]
    assert run(["track", str(data / "det"), "--out", str(tmp_path / "out"), *words]) == 1
    said = capfd.readouterr().err
    assert told in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.txt").write_text("")
    assert run(["track", str(data / "det"), "--out", str(tmp_path)]) == 1
    assert "new or empty folder" in capfd.readouterr().err


def test_frames_are_no_detections(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "robot.mp4").write_bytes(b"a video, or not")
    for path, got in (
        (tmp_path / "robot.mp4", "a video"),
        (data / "train" / NAMES[0] / "img1", "a folder of images"),
    ):
        assert run(["track", str(path), "--out", str(tmp_path / "out")]) == 1
        said = capfd.readouterr().err
        assert got in said
        assert "Run a detector first" in said


def test_scores_that_are_no_shares_are_told(data: Path, tmp_path: Path) -> None:
    rows = lines(data / "det" / "walk-01.txt")
    rows[:, 6] *= 100
    np.savetxt(tmp_path / "walk-01.txt", rows, "%.6g", ",")
    done = optotype.track(tmp_path / "walk-01.txt", out=tmp_path / "out")
    assert any("Scores go up to 90" in text for text in done.warnings)
    assert not any("Scores" in text for text in optotype.track(data / "det", out=tmp_path / "b").warnings)


def test_evaluating_knows_the_detections_and_whether_they_changed(data: Path, tmp_path: Path) -> None:
    own = tmp_path / "det"
    own.mkdir()
    for name in NAMES:
        (own / f"{name}.txt").write_bytes((data / "det" / f"{name}.txt").read_bytes())
    optotype.track(own, out=tmp_path / "out")
    options = {"resamples": 0, "report": False}
    found = optotype.evaluate("track", data / "train", tmp_path / "out", out=tmp_path / "e", **options)
    assert not [text for text in found.warnings if "detections" in text]
    text = (own / "walk-01.txt").read_text()
    (own / "walk-01.txt").write_text("\n".join(text.splitlines()[1:]))
    found = optotype.evaluate("track", data / "train", tmp_path / "out", out=tmp_path / "f", **options)
    assert [text for text in found.warnings if "no longer those that were tracked" in text]


# Pictures


def test_the_first_frame_is_drawn_from_the_images_corner(data: Path, tmp_path: Path) -> None:
    optotype.track(data / "det", images=data / "train", tracker="iou", out=tmp_path / "out")
    with Image.open(tmp_path / "out" / "pictures" / "walk-01.jpg") as drawn:
        assert drawn.size == (WIDTH, HEIGHT)


def test_a_broken_image_spoils_its_picture_alone(data: Path, tmp_path: Path) -> None:
    name, told = NAMES[0], []
    (tmp_path / name / "img1").mkdir(parents=True)
    for i in range(1, LENGTH + 1):
        (tmp_path / name / "img1" / f"{i:06}.jpg").write_bytes(b"no image")
    options = {"images": tmp_path, "sequences": [name], "say": told.append}
    optotype.track(data / "det", out=tmp_path / "out", **options)
    assert [text for text in told if "000001.jpg" in text and "blank canvas" in text]
    with Image.open(tmp_path / "out" / "pictures" / f"{name}.jpg") as drawn:
        assert min(drawn.size) > 50
    if find_spec("cv2"):
        with pytest.raises(InputError, match=r"000001\.jpg(.|\n)*The tracks are written to .*b; the video of walk-01"):
            optotype.track(data / "det", out=tmp_path / "b", video=True, **options)
        assert {p.name for p in (tmp_path / "b").iterdir()} == {f"{name}.txt", "track.json", "rows.npz", "pictures"}


def test_a_video_of_each_sequence(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cv2")
    out = tmp_path / "out"
    words = ["track", str(data / "det"), "--images", str(data / "train"), "--out", str(out), "--video"]
    assert run([*words, "--video-size", "80"]) == 0
    for name in NAMES:
        found = footage(out / f"{name}.webm")
        assert (found.length, found.rate, found.width, found.height) == (LENGTH, 10, 80, 60)
    assert "blank" not in capfd.readouterr().err


def test_without_images_boxes_lie_on_a_blank_canvas(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    told: list[str] = []
    optotype.track(data / "det", out=tmp_path / "out", video=True, say=told.append, sequences=["walk-01"])
    assert [text for text in told if "blank canvas" in text]
    assert [text for text in told if "has 25" in text]
    found = footage(tmp_path / "out" / "walk-01.webm")
    assert (found.length, found.rate) == (LENGTH, 25)


def red(path: Path, frame: int) -> int:
    pixels = list(footage(path).frames())[frame - 1].astype(int)
    return int((np.abs(pixels - np.array(_WRONG)).max(axis=2) < 60).sum())


def test_a_truth_shows_what_is_missed(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    options = {"tracker": "iou", "video": True, "sequences": ["walk-01"]}
    optotype.track(data / "det", out=tmp_path / "a", truth=data / "train", **options)
    path = tmp_path / "a" / "walk-01.webm"
    assert red(path, 13) > 30
    assert red(path, 5) == 0


def test_a_video_ends_with_the_images(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    name, told = NAMES[0], []
    for i in range(1, 9):
        file = data / "train" / name / "img1" / f"{i:06}.jpg"
        (tmp_path / name / "img1").mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "img1" / file.name).write_bytes(file.read_bytes())
    (tmp_path / name / "seqinfo.ini").write_bytes((data / "train" / name / "seqinfo.ini").read_bytes())
    optotype.track(data / "det", images=tmp_path, out=tmp_path / "out", video=True, sequences=[name], say=told.append)
    assert footage(tmp_path / "out" / f"{name}.webm").length == 8
    assert [text for text in told if "images of 8 of 30 frames" in text]


def test_frames_may_be_a_video(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    optotype.track(data / "det", images=data / "train", out=tmp_path / "a", video=True, video_size=160)
    for images in (tmp_path / "a", tmp_path / "a" / "walk-01.webm"):
        out = tmp_path / f"b{images.suffix}"
        chosen = None if images.is_dir() else ["walk-01"]
        done = optotype.track(data / "det", images=images, out=out, sequences=chosen)
        assert done.tracks.length.tolist() == [LENGTH] * len(done.tracks.items)
        assert done.tracks.rate.tolist() == [10.0] * len(done.tracks.items)
        assert done.warnings == ()
    with pytest.raises(InputError, match="a video called walk-02"):
        optotype.track(data / "det", images=tmp_path / "a" / "walk-01.webm", out=tmp_path / "c")


def test_a_video_that_is_too_short_is_refused(data: Path, tmp_path: Path) -> None:
    film = pytest.importorskip("optotype.inference.film")
    pytest.importorskip("cv2")
    with film.Film(tmp_path / "walk-01.webm", 64, 48, 10) as reel:
        for _ in range(5):
            reel.add(np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(InputError, match="frames 1 … 5 of its video"):
        optotype.track(data / "det" / "walk-01.txt", images=tmp_path / "walk-01.webm", out=tmp_path / "out")


def test_camera_motion_is_kept(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    told: list[str] = []
    done = optotype.track(data / "det", images=data / "train", out=tmp_path / "out", cmc=True, say=told.append)
    found = np.load(tmp_path / "out" / "camera.npz")
    assert found["sequence"].tolist() == list(NAMES)
    assert found["matrix"].shape == (2 * LENGTH, 2, 3)
    for s in range(2):
        known = found["known"][found["start"][s] : found["start"][s + 1]]
        assert known.tolist() == [False] + [True] * (LENGTH - 1)
    np.testing.assert_allclose(found["matrix"][1:], np.broadcast_to(np.eye(2, 3), (2 * LENGTH - 1, 2, 3)), atol=0.02)
    assert json.loads((tmp_path / "out" / "track.json").read_text())["settings"]["cmc"] is True
    still = optotype.track(data / "det", images=data / "train", out=tmp_path / "b")
    np.testing.assert_array_equal(done.tracks.id, still.tracks.id)


def test_without_opencv_the_extra_is_named(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optotype.errors.find_spec", lambda name: None)
    for options in ({"video": True}, {"cmc": True}):
        with pytest.raises(MissingExtraError, match=r"optotype\[video\]"):
            optotype.track(data / "det", images=data / "train", out=tmp_path / "out", **options)
    optotype.track(data / "det", images=data / "train", out=tmp_path / "out")


def test_an_opencv_that_cannot_be_loaded_is_told_before_anything_is_written(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_name: str) -> None:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr("optotype.errors.find_spec", lambda name: name)
    monkeypatch.setattr("optotype.errors.import_module", broken)
    for options in ({"video": True}, {"cmc": True}):
        with pytest.raises(InputError, match=r"extra 'video' \(cv2 cannot be loaded\)\n.*libGL(.|\n)*headless"):
            optotype.track(data / "det", images=data / "train", out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written_is_told_first(
    data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.txt").write_text("")
    assert run(["track", str(data / "det"), "--out", str(tmp_path / "old.txt" / "out")]) == 1
    said = capfd.readouterr().err
    assert "old.txt is a file" in said
    assert "bytetrack (clean)" not in said


def test_the_truth_is_not_tracked(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="This is the truth"):
        optotype.track(data / "train", out=tmp_path / "out")


def test_settings_with_an_option_are_known() -> None:
    from inspect import signature

    from optotype.association.settings import FLAGS
    from optotype.cli.track import track

    known = {field.name for kind in TRACKERS.values() for field in fields(kind.settings)}
    assert known & set(signature(track).parameters) == FLAGS


# Sweeps

GRID = ["high=0.3,0.6", "buffer=0.1,0.3,1"]


def test_every_combination_is_measured_as_by_hand(data: Path, tmp_path: Path) -> None:
    found = sweep(data / "det", data / "train", out=tmp_path / "s", combinations=combinations(GRID))
    assert found.swept == {"high": [0.3, 0.6], "buffer": [0.1, 0.3, 1.0]}
    assert [tuple(row.settings.values()) for row in found.rows] == list(product([0.3, 0.6], [0.1, 0.3, 1.0]))
    for i, row in enumerate(found.rows):
        out = tmp_path / f"t{i}"
        optotype.track(data / "det", images=data / "train", out=out, settings=row.settings, digits=None)
        judged = optotype.evaluate("track", data / "train", out, out=tmp_path / f"e{i}", resamples=0, report=False)
        for key, value in row.metrics.items():
            assert value == pytest.approx(judged[key].value, abs=1e-12), key
    values = [row.metrics["HOTA"] for row in found.rows]
    assert found.best == int(np.argmax(values))
    assert len({round(value, 6) for value in values if value is not None}) > 2


def test_what_the_best_is_worth_on_other_scenes(data: Path, tmp_path: Path) -> None:
    """By hand: of each sequence the combination that is best on the other, both measured together."""
    found = sweep(data / "det", data / "train", out=tmp_path / "s", combinations=combinations(GRID))
    values = np.zeros((len(found.rows), 2))
    for i, row in enumerate(found.rows):
        for s, name in enumerate(NAMES):
            one = sweep(
                data / "det", data / "train", out=tmp_path / f"{i}{s}", combinations=[row.settings], sequences=[name]
            )
            values[i, s] = one.rows[0].metrics["HOTA"]
            assert one.held_out == {}
    chosen = [int(np.argmax(values[:, 1])), int(np.argmax(values[:, 0]))]
    (tmp_path / "mixed").mkdir()
    for i, name in zip(chosen, NAMES, strict=True):
        out = tmp_path / f"m{name}"
        settings = found.rows[i].settings
        optotype.track(data / "det", images=data / "train", out=out, settings=settings, sequences=[name], digits=None)
        (tmp_path / "mixed" / f"{name}.txt").write_bytes((out / f"{name}.txt").read_bytes())
    judged = optotype.evaluate(
        "track", data / "train", tmp_path / "mixed", out=tmp_path / "e", resamples=0, report=False
    )
    for key, value in found.held_out.items():
        assert value == pytest.approx(judged[key].value, abs=1e-12), key


def test_a_sweep_leaves_its_numbers_and_a_report(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "s"
    words = ["track", str(data / "det"), "--truth", str(data / "train"), "--out", str(out), "--sweep", *GRID]
    assert run(words) == 0
    assert {path.name for path in out.iterdir()} == {"sweep.csv", "sweep.json", "report.html"}
    with (out / "sweep.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    kept = json.loads((out / "sweep.json").read_text())
    assert [float(row["HOTA"]) for row in rows] == [row["metrics"]["HOTA"] for row in kept["rows"]]
    assert [row["buffer"] for row in rows[:3]] == ["0.1", "0.3", "1.0"]
    said = capfd.readouterr()
    assert "6 combinations of high, buffer" in said.err
    assert "optimistic: when each of the 2 scenes" in said.out
    drawn = (out / "report.html").read_bytes()
    assert b"Of 6 combinations" in drawn
    (out / "report.html").unlink()
    assert run(["report", str(out)]) == 0
    assert (out / "report.html").read_bytes() == drawn
    capfd.readouterr()
    assert run(["report", str(out), "--format", "json"]) == 0
    assert json.loads(capfd.readouterr().out) == kept


def test_nothing_to_measure_is_said(data: Path, tmp_path: Path) -> None:
    found = sweep(data / "det", data / "train", out=tmp_path / "s", combinations=combinations(["high=1", "start=1"]))
    assert found.best is None or found.rows[found.best].metrics["HOTA"] == 0


def test_more_lines_than_colours_become_a_choice(tmp_path: Path, data: Path) -> None:
    from optotype.studies.sweep_views import page

    words = ["high=" + ",".join(f"{0.2 + 0.05 * i:.2f}" for i in range(8)), "buffer=1,2,3,4,5,6,7"]
    found = sweep(data / "det", data / "train", out=tmp_path / "s", combinations=combinations(words))
    (chart, *_) = page(found).sections[1].views
    assert {series.group for series in chart.series} == {f"buffer {i} s" for i in range(1, 8)}
    assert all(len(series.y) == 8 for series in chart.series)


def test_held_out_of_one_scene_is_not_known() -> None:
    assert sweeping.held_out([], ["a", "a"]) == {}


# The page


def cells(header: str) -> dict[str, str]:
    """Of the table of docs/tracking.md with this header: first column → all of the others."""
    text = (Path(__file__).parents[1] / "docs" / "tracking.md").read_text(encoding="utf-8").splitlines()
    start = text.index(f"| {header} |") + 2
    rows = []
    for line in text[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().replace("`", "") for cell in line.strip("|").split("|")])
    return {row[0]: " | ".join(row[1:]) for row in rows}


def test_the_pages_settings_are_those_of_the_trackers() -> None:
    table = cells("tracker | settings")
    for header in ("tracker | how | source", "tracker | what differs in reference mode"):
        assert set(cells(header)) == set(table) == set(TRACKERS)
    for name, text in table.items():
        clean, theirs = settings_of(name), settings_of(name, reference=True)
        told = {}
        for part in text.split(", "):
            key, _, value = part.partition(" (")[0].partition(" ")
            told[key] = value
        shown = {
            field.name: " / ".join(dict.fromkeys(_shown(getattr(one, field.name)) for one in (clean, theirs)))
            for field in fields(clean)
        }
        assert told == shown, name


def test_the_pages_numbers_and_causes_are_those_of_the_code() -> None:
    keys = [key for row in cells("key | what") for key in row.split(", ")]
    assert sorted(keys) == sorted(number.key for number in NUMBERS)
    named = {name: f"{CAUSE_NAMES[name]} | {FACTS[name]}" for name in CAUSES if name != "unexplained"}
    assert cells("cause | of what | measured") == named
    assert {name for row in cells("protocol | what is judged") for name in row.split(", ")} == set(PROTOCOLS)
