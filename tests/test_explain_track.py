"""Misses of a tracker: what they go with, by conditions of objects in frames, and slices of recall and switches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optotype import evidence as evidences
from optotype import results
from optotype.association import ByteTrack, track
from optotype.cli import run
from optotype.diagnose.causes import Causes, causes, sections, sentences
from optotype.diagnose.conditions import TABLE, Objects, Tracked, attach, measure
from optotype.errors import InputError
from optotype.evidence import Evidence, Rows
from optotype.formats import write_tracks
from optotype.studies.explained import causes_of
from optotype.studies.explaining import _tracked
from optotype.tables import Items, Tracks
from optotype.tasks.track.codes import CAUSE_CODE, TYPE_CODE
from optotype.tasks.track.condition_slices import AXES, slices, surroundings
from optotype.tasks.track.judging import match
from optotype.tasks.track.reading import _motion
from optotype.tasks.track.rules import Rules
from optotype.views import Table
from test_track_events import crowd
from track_hand import Film, evidence, walk


def streets(seed: int = 0, sequences: int = 24, frames: int = 30, walkers: int = 10) -> Tracks:
    """Walkers of all sizes and speeds that do not hide each other."""
    draw = np.random.default_rng((seed, 3))
    n = sequences * walkers * frames
    item, who, frame = (a.ravel() for a in np.meshgrid(
        np.arange(sequences), np.arange(walkers), np.arange(1, frames + 1), indexing="ij"))  # fmt: skip
    tall = np.exp(draw.normal(3.6, 0.5, (sequences, walkers, 1)))
    speed = tall * draw.uniform(0, 0.06, (sequences, walkers, 1))
    left = 120.0 * np.arange(walkers)[None, :, None] + speed * np.arange(frames)
    size = np.broadcast_to(tall, left.shape).ravel()
    box = np.column_stack([left.ravel(), 300 - size / 2, 0.5 * size, size])
    order = np.lexsort((who, frame, item))
    items = Items.of([f"s{i:02}" for i in range(sequences)], width=[1400] * sequences, height=[600] * sequences)
    return Tracks(
        items, ("walker",), np.full(sequences, frames, np.int32), np.full(sequences, 10.0),
        item[order].astype(np.int32), frame[order].astype(np.int32), who[order].astype(np.int64), np.zeros(n, np.int32),
        box[order], np.ones(n, bool), np.full(n, np.nan), np.arange(n, dtype=np.int64),
    )  # fmt: skip


def overlooked(truth: Tracks, seed: int = 0) -> Tracks:
    """Tracks that lose what is small."""
    draw = np.random.default_rng((seed, 4))
    small = truth.box[:, 3] < np.quantile(truth.box[:, 3], 0.25)
    seen = draw.random(len(truth)) < np.where(small, 0.4, 0.95)
    said = truth.take(seen)
    return replace(said, score=np.full(len(said), 0.9))


def explained(truth: Tracks, said: Tracks) -> tuple[Causes, Evidence]:
    found = match(truth, said)
    conditions = measure("track", _tracked(found), truth.items, images=False)
    found = attach(found, truth.items, conditions)
    return causes(found, skipped=conditions.skipped), found


def test_planted_causes_are_found() -> None:
    pytest.importorskip("sklearn")
    truth = streets()
    made, found = explained(truth, overlooked(truth))
    assert (made.task, made.n, made.groups) == ("track", len(truth), 24)
    assert made.failures == (found["truth"]["match"] < 0).sum()
    shown = [(e.condition, e.place) for e in made.effects if e.p_holm is not None and e.p_holm < 0.05]
    assert ("size", "low") in shown
    texts = [sentence.text for sentence in sentences(made)]
    assert texts[0].startswith("Misses go with size: where it is below")
    assert not {"sharpness", "contrast"} & {key for key, _ in made.skipped}, "no pixels of sequences are looked at"
    views = sections(made)
    assert "in every frame anew" in views[0].lead
    table = next(v for s in views for v in s.views if isinstance(v, Table))
    assert "objects" in [column.label for column in table.columns]


def test_few_scenes_have_rates_and_no_tests() -> None:
    truth = streets(1, sequences=6)
    made, found = explained(truth, overlooked(truth, 1))
    assert made.warnings == ["No tests and intervals: fewer than 20 independent groups."]
    assert all(e.p is None and e.difference.low is None for e in made.effects)
    assert made.slices == []
    for rows in slices(found).values():
        assert all(m.low is None for row in rows for m in row.metrics.values())


def test_conditions_are_of_the_frame() -> None:
    """Others, overlap and spacing are those of the same frame, and equal to stills of it."""
    films = crowd(4)
    made = evidence(films, ("person", "car"))
    truth, kept = made["truth"], np.flatnonzero(made["truth"]["kept"])
    objects = _tracked(made)
    assert len(objects) == len(kept)
    items = Items.of(made.keys.tolist(), width=[640] * len(made), height=[480] * len(made))
    found = measure("track", objects, items, images=False).values
    frames, place = np.unique(objects.image, return_inverse=True)
    stills = Items.of([f"{i:05}" for i in range(len(frames))], width=[640] * len(frames), height=[480] * len(frames))
    same = measure("detect", Objects(place.astype(np.int32), objects.label, objects.box), stills, images=False).values
    for key in ("others", "overlap", "spacing", "position", "truncation"):
        np.testing.assert_array_equal(found[key], same[key], err_msg=key)
    counts = np.bincount(place)
    np.testing.assert_array_equal(surroundings(made, kept).density(), counts[place])
    np.testing.assert_array_equal(found["others"], counts[place] - 1)
    assert truth["frame"][kept].max() > 1


@pytest.mark.parametrize("seed", range(8))
def test_motion_by_hand(seed: int) -> None:
    """Speed, age, camera and what is hidden, object by object."""
    made = evidence(crowd(seed), ("person", "car"))
    rows = np.flatnonzero(made["truth"]["kept"])
    around = surroundings(made, rows)
    box, key = around.box, list(zip(around.item.tolist(), around.label.tolist(), around.id.tolist(), strict=True))
    image, n = around.image, len(rows)
    at = {(k, int(f)): i for i, (k, f) in enumerate(zip(key, image, strict=True))}
    first = {k: min(int(image[i]) for i in range(n) if key[i] == k) for k in set(key)}
    centre = box[:, :2] + box[:, 2:] / 2
    steps = {}
    speed, camera, hidden = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n)
    for i in range(n):
        for f in (int(image[i]) + 1, int(image[i]) - 1):  # the frame before counts, where there is one
            if (j := at.get((key[i], f))) is not None:
                speed[i] = np.hypot(*(centre[i] - centre[j])) / box[i, 3]
        if (j := at.get((key[i], int(image[i]) - 1))) is not None:
            steps.setdefault(int(image[i]), []).append(centre[i] - centre[j])
        for j in range(n):
            foot = box[i, 1] + box[i, 3], box[j, 1] + box[j, 3]
            if i != j and image[i] == image[j] and (foot[1] > foot[0] or (foot[1] == foot[0] and j > i)):
                side = np.minimum(box[i, :2] + box[i, 2:], box[j, :2] + box[j, 2:]) - np.maximum(box[i, :2], box[j, :2])
                hidden[i] += np.clip(side, 0, None).prod() / box[i, 2:].prod()
    for i in range(n):
        if len(moves := steps.get(int(image[i]), [])) >= 3:
            camera[i] = np.hypot(*np.median(moves, axis=0))
    np.testing.assert_allclose(around.speed(), speed)
    np.testing.assert_allclose(around.camera(), camera)
    np.testing.assert_allclose(around.occlusion(), np.minimum(hidden, 1), atol=1e-12)
    assert around.age().tolist() == [int(image[i]) - first[key[i]] for i in range(n)]


def test_visibility_is_used_unless_it_says_nothing() -> None:
    tracked = Tracked(np.arange(3), np.arange(3), np.array([0.2, 1.0, np.nan]))
    box = np.tile([0.0, 0, 10, 10], (3, 1))
    items = Items.of(["a"], width=[90], height=[90])
    one = np.zeros(3, np.int32)
    found = measure("track", Objects(one, one, box, tracked), items, images=False).values["occlusion"]
    assert found.tolist() == [0.8, 0, 0]
    filled = replace(tracked, visibility=np.ones(3))
    assert "occlusion" not in measure("track", Objects(one, one, box, filled), items, images=False).values


def test_slices_are_ratios_of_sums() -> None:
    truth = streets(2)
    _, found = explained(truth, track(overlooked(truth, 2), ByteTrack()))
    made = slices(found, resamples=200)
    assert set(made) <= set(AXES)
    assert {"size", "speed"} <= set(made)
    rows, said = found["truth"], found["predictions"]
    size = np.sqrt(rows["box"][:, 2] * rows["box"][:, 3])
    edges = np.quantile(size, [0.2, 0.4, 0.6, 0.8], method="inverted_cdf")
    code = np.searchsorted(edges, size, side="right")
    starts = said.starts(len(found))[rows.item]
    tracks = np.where(rows["match"] >= 0, said["id"][starts + np.maximum(rows["match"], 0)], -1)
    last: dict[tuple[int, int], int] = {}
    switched = np.zeros(len(rows), bool)
    for i in range(len(rows)):
        key = (int(rows.item[i]), int(rows["id"][i]))
        if tracks[i] >= 0:
            switched[i] = last.get(key, tracks[i]) != tracks[i]
            last[key] = tracks[i]
    for part, row in enumerate(made["size"]):
        inside = code == part
        assert row.n == inside.sum()
        hit = inside & (rows["match"] >= 0)
        assert row.metrics["recall"].value == hit.sum() / inside.sum()
        assert row.metrics["switches"].value == pytest.approx(1000 * (switched & inside).sum() / hit.sum())
        assert row.metrics["association"].value == pytest.approx(np.nanmean(rows["association"][inside]))
        assert row.metrics["recall"].low < row.metrics["recall"].value < row.metrics["recall"].high
    assert made["size"][0].metrics["recall"].high < made["size"][-1].metrics["recall"].low
    assert slices(found, resamples=20, threads=1) == slices(found, resamples=20, threads=2)


def test_nothing_to_part() -> None:
    made = evidence([Film(40, {1: walk(range(1, 41), 50, vx=0)}, {})])
    assert slices(made) == {}, "too few, and all alike"
    none = evidence([Film(5, {}, {})])
    assert slices(none) == {}
    truth = made["truth"]
    columns = {**truth.columns, "kept": np.zeros(len(truth), bool)}
    passed = replace(made, tables={**made.tables, "truth": Rows(truth.item, columns)})
    assert slices(passed) == {}


def test_a_folder_is_explained_later(tmp_path: Path) -> None:
    truth = streets(3, sequences=5)
    said = overlooked(truth, 3)
    for i, name in enumerate(truth.items.key.tolist()):
        (tmp_path / "truth" / name / "gt").mkdir(parents=True)
        (tmp_path / "truth" / name / "seqinfo.ini").write_text(
            f"[Sequence]\nname={name}\nseqLength=30\nframeRate=10\nimWidth=1400\nimHeight=600\n", encoding="utf-8"
        )
        rows = np.flatnonzero(truth.item == i)
        text = "".join(f"{truth.frame[r]},{truth.id[r] + 1},{','.join(map(str, truth.box[r]))},1,1,1\n" for r in rows)
        (tmp_path / "truth" / name / "gt" / "gt.txt").write_text(text, encoding="utf-8")
    write_tracks(tmp_path / "tracks", replace(said, id=said.id + 1))
    out = tmp_path / "out"
    words = [str(tmp_path / "truth"), str(tmp_path / "tracks"), "--out", str(out), "--no-causes", "--no-report"]
    assert run(["evaluate", "track", *words]) == 0
    assert not results.load(out / "eval.json").causes
    assert run(["explain", str(out)]) == 0
    found = causes_of(results.load(out / "eval.json"))
    assert found is not None
    assert found.task == "track"
    assert {e.condition for e in found.effects} >= {"size", "speed", "age"}
    kept = evidences.load(out / "evidence.npz")
    assert len(kept[TABLE]) == len(truth)


def test_the_cameras_motion_is_taken_from_the_images_where_it_was_estimated(tmp_path: Path) -> None:
    """A pan of 7 px, of which the boxes show nothing, is what the camera did."""
    truth = streets(sequences=2, frames=12)
    said = overlooked(truth)
    write_tracks(tmp_path / "said", said)
    pan = np.tile([[1.0, 0, 7], [0, 1, 0]], (12, 1, 1))
    known = np.arange(12) > 0
    np.savez(tmp_path / "said" / "camera.npz", sequence=np.array(["s00"]), start=[0, 12], matrix=pan, known=known)
    motion = _motion(tmp_path / "said")
    found = match(truth, said, rules=Rules(motion=motion))
    moved = _tracked(found)
    camera = surroundings(found, np.flatnonzero(found["truth"]["kept"])).camera()
    first, frame = found["truth"].item == 0, found["truth"]["frame"]
    np.testing.assert_array_equal(camera[first & (frame > 1)], 7.0)
    np.testing.assert_array_equal(measure("track", moved, truth.items, images=False).values["camera"], camera)
    np.testing.assert_array_equal(
        camera[~first], surroundings(match(truth, said), np.arange(len(truth))).camera()[~first]
    )


def test_a_jerk_of_the_camera_is_seen_in_its_motion() -> None:
    """Identities change where the images say that the camera jerked."""
    truth = streets(sequences=1, frames=20)
    said = replace(truth, id=truth.id + 100 * (truth.frame > 10), score=np.ones(len(truth)))
    matrix = np.tile([[1.0, 0, 0], [0, 1, 0]], (20, 1, 1))
    matrix[10, 0, 2] = 60
    events = match(truth, said, rules=Rules(motion={"s00": matrix}))["events"]
    switches = events["type"] == TYPE_CODE["IDSW"]
    assert switches.sum() == 10
    assert set(events["cause"][switches]) == {CAUSE_CODE["camera jerk"]}
    without = match(truth, said)["events"]
    assert CAUSE_CODE["camera jerk"] not in set(without["cause"])


def test_a_damaged_file_of_camera_motion_is_told(tmp_path: Path) -> None:
    (tmp_path / "camera.npz").write_bytes(b"PK not a zip")
    with pytest.raises(InputError, match=r"camera\.npz"):
        _motion(tmp_path)
    np.savez(
        tmp_path / "camera.npz", sequence=np.array(["a"]), start=[0, 2], matrix=np.zeros((2, 3)), known=[True, True]
    )
    with pytest.raises(InputError, match=r"camera\.npz"):
        _motion(tmp_path)
