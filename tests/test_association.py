"""The trackers against slow twins, frame by frame against whole sequences, and what goes around them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from naive_trackers import NAIVE, MatrixFilter, SplitFilter
from optotype.association import TRACKERS, ByteTrack, IoU, OCSort, Online, Settings, Sort, interpolate, track
from optotype.errors import InputError
from optotype.tables import Items, Tracks

ALL = [IoU(), Sort(), ByteTrack(), OCSort()]
VARIED = [
    IoU(iou_threshold=0.3, max_lost=4, low=0.2), Sort(iou_threshold=0.1, max_age=5, min_hits=1, low=0.3),
    ByteTrack(high=0.5, start=0.5, match=0.8, buffer=0.1, fuse_score=False, max_ratio=0.9),
    OCSort(high=0.4, delta=1, inertia=0.9, max_age=6, min_hits=0, iou_threshold=0.1),
]  # fmt: skip


def table(frames: list[Any], *, classes: int = 1, names: tuple[str, ...] = ("a",), rate: float = 30.0) -> Tracks:
    """Frames (box, score[, label]) of one sequence as detections; several names: each has them all."""
    one = [np.concatenate([f[k] for f in frames]) for k in range(2)]
    label = np.concatenate([f[2] if len(f) > 2 else np.zeros(len(f[1]), int) for f in frames])
    frame = np.repeat(np.arange(1, len(frames) + 1), [len(f[1]) for f in frames])
    n, s = len(frame), len(names)
    return Tracks(
        Items.of(list(names)), tuple(f"c{k}" for k in range(classes)), np.full(s, len(frames), np.int32),
        np.full(s, rate), np.repeat(np.arange(s), n).astype(np.int32), np.tile(frame, s).astype(np.int32),
        np.full(n * s, -1), np.tile(label, s).astype(np.int32), np.tile(one[0].reshape(-1, 4), (s, 1)),
        np.ones(n * s, bool), np.full(n * s, np.nan), np.tile(np.arange(n), s), np.tile(one[1], s),
    )  # fmt: skip


def walk(seed: int, *, frames: int = 80, objects: int = 9, grid: bool = False) -> list[Any]:
    """Objects that walk, cross, are missed and doubled; some frames are empty. ``grid``: whole pixels, few scores."""
    rng = np.random.default_rng(seed)
    place, speed = rng.uniform(0, 160, (objects, 2)), rng.normal(0, 3, (objects, 2))
    size = rng.uniform(14, 40, (objects, 2)) * [1, 2]
    made = []
    for _ in range(frames):
        place, speed = place + speed, np.clip(speed + rng.normal(0, 0.6, speed.shape), -6, 6)
        place, speed = np.clip(place, -20, 200), np.where((place < 0) | (place > 180), -speed, speed)
        seen = rng.random(objects) < 0.8
        box = np.c_[
            place[seen] + rng.normal(0, 1.5, (seen.sum(), 2)), size[seen] * rng.normal(1, 0.04, (seen.sum(), 2))
        ]
        twice = rng.random(len(box)) < 0.15
        box = np.concatenate([box, box[twice] + rng.normal(0, 2, (twice.sum(), 4)), rng.uniform(5, 60, (1, 4))])
        score = np.clip(rng.beta(5, 2.5, len(box)), 0.02, 0.99)
        if grid:
            box, score = np.maximum(np.round(box / 4) * 4, [-99, -99, 4, 4]), np.round(score * 10) / 10
            again = rng.random(len(box)) < 0.2
            box, score = np.concatenate([box, box[again]]), np.concatenate([score, score[again]])
        box[:, 2:] = np.maximum(box[:, 2:], 1)
        order = rng.permutation(len(box))
        keep = 0 if rng.random() < 0.06 else len(box)
        made.append((box[order][:keep], score[order][:keep]))
    return made


def run_naive(frames: list[Any], settings: Settings, reference: bool, kind: Any = SplitFilter) -> list[Any]:
    resolved = settings.resolved("a", 30.0, reference=reference)
    if settings.NAME == "iou":
        return NAIVE["iou"](frames, resolved)
    return NAIVE[settings.NAME](frames, resolved, kind)


def run_online(frames: list[Any], settings: Settings, reference: bool) -> list[Any]:
    tracker = Online(settings, reference=reference, sequence="a")
    steps = [tracker.update(*frame) for frame in frames]
    return [list(zip(s.id.tolist(), s.box.tolist(), s.score.tolist(), s.row.tolist(), strict=True)) for s in steps]


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("settings", [*ALL, *VARIED], ids=lambda s: s.NAME)
@pytest.mark.parametrize("seed", range(6))
def test_the_kernels_do_what_the_slow_trackers_do(settings: Settings, reference: bool, seed: int) -> None:
    kind, grid = (SplitFilter, True) if seed % 2 else (MatrixFilter, False)
    frames = walk(seed, grid=grid)
    expected, found = run_naive(frames, settings, reference, kind), run_online(frames, settings, reference)
    tolerance = 0.051 if reference and settings.NAME != "iou" else 1e-7
    assert sum(map(len, expected)) > 40
    for theirs, ours in zip(expected, found, strict=True):
        assert [(r[0], r[3]) for r in ours] == [(r[0], r[3]) for r in theirs]
        if theirs:
            assert np.allclose([r[1] for r in ours], [r[1] for r in theirs], rtol=0, atol=tolerance)
            assert np.allclose([r[2] for r in ours], [r[2] for r in theirs], rtol=0, atol=0.0051 if reference else 0)


def rows_of(tracks: Tracks, s: int = 0) -> list[Any]:
    """Rows (frame, id, box, score, label, row) of one sequence."""
    m = tracks.item == s
    assert tracks.score is not None
    columns = (tracks.frame, tracks.id, tracks.box, tracks.score, tracks.label, tracks.row)
    return list(zip(*(c[m].tolist() for c in columns), strict=True))


def labelled(seed: int, classes: int) -> list[Any]:
    rng = np.random.default_rng(seed + 99)
    return [(box, score, rng.integers(0, classes, len(score))) for box, score in walk(seed)]


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("per_class", [False, True])
@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize("settings", ALL, ids=lambda s: s.NAME)
def test_frame_by_frame_is_the_whole(settings: Settings, classes: int, per_class: bool, reference: bool) -> None:
    frames = labelled(3, classes)
    whole = track(
        table(frames, classes=classes), settings, per_class=per_class, reference=reference, dense_ids=classes > 1
    )
    options: dict[str, Any] = {"per_class": per_class, "reference": reference, "dense_ids": classes > 1}
    tracker = Online(settings, classes=classes, sequence="a", **options)
    before, found = 0, []
    for f, (box, score, label) in enumerate(frames, 1):
        step = tracker.update(box, score, label)
        row = np.where(step.row >= 0, step.row + before, -1)
        columns = (step.id, step.box, step.score, step.label, row)
        found += [(f, *r) for r in zip(*(c.tolist() for c in columns), strict=True)]
        before += len(score)
    assert found == rows_of(whole)
    assert len(found) > 20


@pytest.mark.parametrize("settings", ALL, ids=lambda s: s.NAME)
def test_the_number_of_threads_and_neighbours_do_not_matter(settings: Settings) -> None:
    frames = walk(1)
    many = track(table(frames, names=("a", "b", "c")), settings, threads=3)
    for s in range(3):
        assert rows_of(many, s) == rows_of(track(table(frames), settings, threads=1))


def test_identities_of_the_reference_run_on_over_sequences() -> None:
    detections = table(walk(1), names=("a", "b"))
    ours, theirs = track(detections, ByteTrack()), track(detections, ByteTrack(), reference=True)
    assert ours.id[ours.item == 1].min() == 1
    assert theirs.id[theirs.item == 1].min() > theirs.id[theirs.item == 0].max()
    again = track(detections, ByteTrack(), reference=True, dense_ids=True)
    assert set(again.id[again.item == 1].tolist()) == set(range(1, again.id[again.item == 1].max() + 1))


def test_clean_bytetrack_numbers_without_gaps() -> None:
    ids = set(track(table(walk(2)), ByteTrack()).id.tolist())
    theirs = set(track(table(walk(2)), ByteTrack(), reference=True).id.tolist())
    assert ids == set(range(1, len(ids) + 1))
    assert theirs != set(range(1, len(theirs) + 1))


@pytest.mark.parametrize("settings", [*ALL, *VARIED], ids=lambda s: s.NAME)
def test_every_row_is_of_one_detection(settings: Settings) -> None:
    detections = table(walk(5))
    found = track(detections, settings)
    assert len(set(found.row.tolist())) == len(found)
    assert detections.score is not None
    assert found.score is not None
    assert np.array_equal(detections.score[found.row], found.score)
    assert np.array_equal(detections.frame[found.row], found.frame)
    assert len({(f, i) for f, i in zip(found.frame.tolist(), found.id.tolist(), strict=True)}) == len(found)


@pytest.mark.parametrize("settings", ALL, ids=lambda s: s.NAME)
def test_classes_tracked_apart_are_tracked_as_if_alone(settings: Settings) -> None:
    frames = labelled(4, 3)
    found = track(table(frames, classes=3), settings)
    for k in range(3):
        alone = [(box[label == k], score[label == k]) for box, score, label in frames]
        expected = track(table(alone), settings, dense_ids=True)
        mine = found.label == k
        assert np.array_equal(found.box[mine], expected.box)
        assert len(set(zip(found.id[mine].tolist(), expected.id.tolist(), strict=True))) == len(
            set(expected.id.tolist())
        )


def test_a_class_is_by_votes_the_latest_of_equal_ones() -> None:
    box = np.array([[0.0, 0, 20, 20]])
    labels = [1, 0, 0, 1, 2, 1, 1]
    frames = [(box, np.array([0.9]), np.array([k])) for k in labels]
    found = track(table(frames, classes=3), IoU(), per_class=False)
    assert set(found.id.tolist()) == {1}
    assert found.label.tolist() == [1, 0, 0, 1, 1, 1, 1]


def test_stale_boxes_are_put_out_in_reference_mode_alone() -> None:
    box, none = (np.array([[0.0, 0, 20, 20]]), np.array([0.9])), (np.zeros((0, 4)), np.zeros(0))
    frames = [box, none, box, none, none, box]
    assert track(table(frames), IoU()).frame.tolist() == [1, 3, 6]
    assert track(table(frames), IoU()).id.tolist() == [1, 1, 2]
    stale = track(table(frames), IoU(), reference=True)
    assert stale.frame.tolist() == [1, 2, 3, 4, 6]
    assert stale.row.tolist() == [0, -1, 1, -1, 2]


@pytest.mark.parametrize("settings", [*ALL, IoU(max_lost=30)], ids=lambda s: s.NAME)
def test_memory_is_bounded(settings: Settings) -> None:
    """After 20,000 frames as much is held as after 1,000."""
    rng = np.random.default_rng(0)
    tracker = Online(settings, dense_ids=True)
    held = []
    for f in range(20_000):
        box = np.c_[rng.uniform(0, 900, (6, 2)), np.full((6, 2), 40.0)]
        tracker.update(box, np.full(6, 0.95))
        if f in (999, 19_999):
            held.append((tracker._whole.slots, len(tracker._whole._out), len(tracker._numbers._known)))  # type: ignore[union-attr]
    assert held[0][0] == held[1][0] <= 512
    assert held[0][1] == held[1][1] <= 2048
    assert held[1][2] <= 512


def test_many_boxes_at_once_are_made_room_for() -> None:
    rng = np.random.default_rng(0)
    box = np.c_[rng.uniform(0, 3000, (500, 2)), np.full((500, 2), 60.0)]
    frames = [(box[:2], np.full(2, 0.9)), (box, np.full(500, 0.9)), (box + 1, np.full(500, 0.9))]
    for settings in (IoU(), Sort(), OCSort()):
        assert np.bincount(track(table(frames), settings).frame).tolist()[1:] == [2, 500, 500]
    expected = run_naive(frames, ByteTrack(), False)
    assert [r[1:2] + r[5:6] for r in rows_of(track(table(frames), ByteTrack()))][-3:] == [
        (r[0], r[3] + 502) for r in expected[2][-3:]
    ]


def shifted(frames: list[Any], seed: int) -> tuple[list[Any], np.ndarray]:
    """The frames seen by a camera that turns, zooms and jerks, and its motion into each frame."""
    rng = np.random.default_rng(seed)
    total, motion, made = np.eye(3), [], []
    for box, score in frames:
        turn, zoom = rng.choice([0, np.pi / 2, np.pi]), rng.choice([0.5, 1.0, 1.0, 2.0])
        step = np.eye(3)
        step[:2, :2] = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        step[:2, 2] = rng.uniform(-400, 400, 2)
        total = step @ total
        motion.append(step[:2])
        centre = (box[:, :2] + box[:, 2:] / 2) @ total[:2, :2].T + total[:2, 2]
        size = box[:, 2:] * np.sqrt(abs(np.linalg.det(total[:2, :2])))
        made.append((np.c_[centre - size / 2, size], score))
    return made, np.array(motion)


@pytest.mark.parametrize("settings", [IoU(), OCSort(min_area=0), ByteTrack(min_area=0), Sort()], ids=lambda s: s.NAME)
def test_tracks_move_with_the_camera(settings: Settings) -> None:
    """Through any zoom, turn and jerk that is known, most tracks stay the same; without knowing it they all end."""
    still = walk(7, frames=60, objects=5)
    moved, motion = shifted([(np.c_[b[:, :2], b[:, 2:3], b[:, 2:3]], s) for b, s in still], 1)
    square = [(np.c_[b[:, :2], b[:, 2:3], b[:, 2:3]], s) for b, s in still]
    expected = track(table(square), settings)
    with_motion = track(table(moved), settings, motion={"a": motion})
    same = {(f, r): i for f, i, r in zip(with_motion.frame, with_motion.id, with_motion.row, strict=True)}
    theirs = {(f, r): i for f, i, r in zip(expected.frame, expected.id, expected.row, strict=True)}
    pairs = {(same[k], theirs[k]) for k in same.keys() & theirs.keys()}
    assert len(same.keys() & theirs.keys()) > 0.85 * len(theirs)
    assert len(pairs) < 1.4 * len(set(theirs.values()))
    blind = track(table(moved), settings)
    assert len(blind) < 0.7 * len(expected) or len(set(blind.id.tolist())) > 1.4 * len(set(expected.id.tolist()))
    tracker = Online(settings, sequence="a")
    steps = [tracker.update(*frame, motion=m) for frame, m in zip(moved, motion, strict=True)]
    assert np.array_equal(np.concatenate([s.id for s in steps]), with_motion.id)


def test_a_still_camera_changes_nothing() -> None:
    still = {"a": np.tile(np.eye(2, 3), (80, 1, 1))}
    for settings in (*ALL, *VARIED):
        a, b = track(table(walk(2)), settings), track(table(walk(2)), settings, motion=still)
        assert np.array_equal(a.id, b.id)
        assert np.allclose(a.box, b.box, rtol=0, atol=1e-9)


def gap_table() -> Tracks:
    """Track 4 has boxes in frames 1-6, 8, 27 and 28; track 9 in 1 and 3."""
    frame = np.array([1, 2, 3, 4, 5, 6, 8, 27, 28, 1, 3])
    order = np.argsort(frame, kind="stable")
    box = np.c_[10.0 * frame, frame, np.full(11, 8.0), 4.0 * frame]
    n = 11
    return Tracks(
        Items.of(["a"]), ("c",), np.array([30], np.int32), np.array([25.0]), np.zeros(n, np.int32),
        frame[order].astype(np.int32), np.repeat([4, 9], [9, 2])[order], np.zeros(n, np.int32), box[order],
        np.ones(n, bool), np.full(n, np.nan), np.arange(n), np.linspace(0.1, 0.9, n)[order],
    )  # fmt: skip


def test_gaps_are_filled_along_a_line() -> None:
    filled = interpolate(gap_table())
    new = filled.row < 0
    assert filled.frame[new].tolist() == [7, *range(9, 27)]
    assert set(filled.id[new].tolist()) == {4}
    assert np.allclose(filled.box[new][:, 0], 10.0 * filled.frame[new])
    assert np.allclose(filled.box[new][:, 3], 4.0 * filled.frame[new])
    assert interpolate(gap_table(), longest=2).frame.tolist() == gap_table().frame.tolist()
    assert (interpolate(gap_table(), longest=19).row < 0).sum() == 1
    assert (interpolate(gap_table(), least=1).row < 0).sum() == 20
    assert (interpolate(gap_table(), least=9).row < 0).sum() == 0


def test_no_boxes_at_all() -> None:
    empty = table([(np.zeros((0, 4)), np.zeros(0))] * 5)
    for settings in ALL:
        for reference in (False, True):
            assert len(track(empty, settings, reference=reference)) == 0
    assert len(interpolate(track(empty, IoU()))) == 0


def test_boxes_without_a_side_are_passed_over() -> None:
    frames = [(np.array([[0.0, 0, 0, 9], [5, 5, 9, 0], [40, 40, 9, 9]]), np.full(3, 0.9))] * 6
    for settings in (Sort(), ByteTrack(), OCSort()):
        assert set(track(table(frames), settings).row.tolist()) == set(range(2, 18, 3))


@pytest.mark.parametrize("name", TRACKERS)
def test_settings_out_of_range_are_named(name: str) -> None:
    kind = TRACKERS[name].settings
    assert name == kind.NAME  # type: ignore[attr-defined]
    for field, (least, most) in kind.RANGES.items():  # type: ignore[attr-defined]
        for value in (least - 1, most + 1, float("nan")):
            with pytest.raises(InputError, match=f"Correct --(set {field}|{field.replace('_', '-')})"):
                kind(**{field: value})
    assert kind.reference().resolved("b", float("nan"))["reference"] is False  # type: ignore[attr-defined]


def test_the_evaluator_changes_settings_by_the_name_of_the_sequence() -> None:
    settings = ByteTrack.reference()
    names = {
        "MOT17-02-DPM": (30, 0.6, 0.7, True), "MOT17-05-FRCNN": (14, 0.6, 0.7, True),
        "MOT17-06-SDP": (14, 0.65, 0.75, True), "MOT17-12-FRCNN": (30, 0.7, 0.8, True),
        "MOT17-14-FRCNN": (25, 0.67, 0.77, True), "MOT20-05": (30, 0.6, 0.7, False), "MOT20-08": (30, 0.3, 0.4, False),
        "corridor": (30, 0.6, 0.7, True),
    }  # fmt: skip
    for name, expected in names.items():
        found = settings.resolved(name, 14.0, reference=True)
        assert (found["buffer"], found["fuse_score"]) == (expected[0], expected[3])
        assert np.allclose([found["high"], found["start"]], expected[1:3])
    assert replace(settings, evaluator=False).resolved("MOT17-05-FRCNN", 14.0, reference=True)["buffer"] == 30
    assert ByteTrack(buffer=2.0).resolved("x", 12.5)["buffer"] == 25


def test_wrong_input_is_named() -> None:
    detections = table(walk(0))
    with pytest.raises(InputError, match="scores"):
        track(replace(detections, score=None), IoU())
    with pytest.raises(InputError, match="names of the sequences"):
        track(detections, IoU(), motion={"b": np.zeros((80, 2, 3))})
    with pytest.raises(InputError, match=r"\(80, 2, 3\)"):
        track(detections, IoU(), motion={"a": np.zeros((79, 2, 3))})
    tracker = Online(IoU(), classes=2)
    with pytest.raises(InputError, match="classes"):
        tracker.update(np.zeros((1, 4)), np.ones(1))
    with pytest.raises(InputError, match="0 … 1"):
        tracker.update(np.zeros((1, 4)), np.ones(1), np.array([2]))
    for box, score in (([[0, 0, 1, np.nan]], [1.0]), ([[0, 0, -1, 1]], [1.0]), ([[0, 0, 1, 1]], [np.inf])):
        with pytest.raises(InputError, match="finite"):
            Online(IoU()).update(np.array(box, float), np.array(score))
    with pytest.raises(InputError, match="one score a box"):
        Online(IoU()).update(np.zeros((2, 4)), np.ones(1))


def test_the_tables_are_as_wide_as_the_kernels_want_them() -> None:
    from optotype.kernels import track_ocsort

    assert TRACKERS["ocsort"].state == track_ocsort.WIDTH
    assert OCSort.RANGES["delta"][1] == track_ocsort.LONGEST
