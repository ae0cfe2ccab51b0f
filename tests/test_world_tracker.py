"""The simulated detections for trackers: what is declared is what is simulated, and its causes are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optotype.association import ByteTrack, IoU, track
from optotype.box_geometry import iou
from optotype.formats import read_tracks
from optotype.studies.demo import clips
from optotype.studies.demo.planting import WORTH, findings, outcomes
from optotype.studies.demo.records import PlantedEvents
from optotype.studies.demo.track_leg import BUFFER, FAULTS, LEAST
from optotype.studies.demo.tracker import RECALL, Detected, simulate
from optotype.tables import Items, Tracks
from optotype.tasks.track.eventing import summary
from optotype.tasks.track.judging import match
from optotype.tasks.track.rules import Rules

BYTE = ByteTrack(buffer=BUFFER, min_area=LEAST)
BY_KEY = {fault.key: fault for fault in FAULTS}
KNOCKED = tuple((i, frame) for i in range(0, 24, 3) for frame in (20, 40))
OF_DETECTIONS = ("brief", "long", "faint", "shifted", "twice", "clutter")


def street(seed: int = 0, sequences: int = 24, frames: int = 60) -> Tracks:
    """Walkers on lanes, some behind others, without pictures; a knocked camera moves them all."""
    draw = np.random.default_rng((seed, 5))
    rows = []
    for item in range(sequences):
        for k in range(12):
            tall = draw.uniform(8, 14) if draw.random() < 0.1 else draw.uniform(40, 90)
            x, y, speed = draw.uniform(0, 560), draw.uniform(60, 250), draw.uniform(-1.2, 1.2)
            for f in range(1, frames + 1):
                left = x + speed * f + 60 * sum(f >= knock for i, knock in KNOCKED if i == item)
                if -10 < left < 630:
                    rows.append((item, f, k + 1, left, y, 0.5 * tall, tall))
    table = np.array(rows)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    n, box = len(table), np.round(table[:, 3:], 2)
    items = Items.of([f"s{i:02}" for i in range(sequences)], width=[640] * sequences, height=[480] * sequences)
    item, frame = table[:, 0].astype(np.int32), table[:, 1].astype(np.int32)
    visibility = 1 - covered(item, frame, box)
    return Tracks(
        items, ("walker",), np.full(sequences, frames, np.int32), np.full(sequences, 10.0), item, frame,
        table[:, 2].astype(np.int64), np.zeros(n, np.int32), box, visibility >= 0.15, visibility,
        np.arange(n, dtype=np.int64),
    )  # fmt: skip


def covered(item: np.ndarray, frame: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Largest share of each box that one with a lower foot covers."""
    found = np.zeros(len(box))
    for key in np.unique(item * 1000 + frame):
        rows = np.flatnonzero(item * 1000 + frame == key)
        low, high = box[rows, :2], box[rows, :2] + box[rows, 2:]
        side = np.clip(np.minimum(high[:, None], high) - np.maximum(low[:, None], low), 0, None)
        share = side.prod(axis=2) / box[rows, 2:].prod(axis=1)[:, None]
        share[high[:, 1][:, None] >= high[:, 1]] = 0
        found[rows] = share.max(axis=1)
    return found


@pytest.fixture(scope="module")
def done() -> tuple[Tracks, Detected]:
    truth = street()
    return truth, simulate(truth, FAULTS, seed=0, knocked=KNOCKED)


def judged(truth: Tracks, made: Detected, settings: ByteTrack | IoU) -> tuple[list[PlantedEvents], float]:
    found = track(made.detections, settings)
    rules = Rules("plain", made.detections, settings.resolved("", 10.0))
    evidence = match(truth, found, rules=rules)
    return outcomes("tracker", evidence, truth, FAULTS, made.planted), summary(evidence)["all"]["unexplained"]


def test_planted_causes_are_named_with_both_trackers(done: tuple[Tracks, Detected]) -> None:
    truth, made = done
    found, unexplained = judged(truth, made, BYTE)
    assert all(row.events >= 5 for row in found if row.cause != "passed over"), found
    assert sum(row.named for row in found) >= 0.9 * sum(row.events for row in found)
    assert all(row.named >= WORTH * row.events for row in found), found
    assert all(f.told and f.target for f, row in zip(findings(found), found, strict=True) if row.events)
    assert unexplained < 0.05
    found, unexplained = judged(truth, made, IoU())
    hit = [row for row in found if row.cause not in ("size filter", "low score")]  # it has no such limits
    assert all(row.named >= WORTH * row.events for row in hit), hit
    assert unexplained < 0.1


def test_what_is_not_planted_is_not_named(done: tuple[Tracks, Detected]) -> None:
    """The same places without the faults: no event there has the cause."""
    truth, made = done
    plain = Detected(simulate(truth, (), seed=0).detections, made.planted)
    found, _ = judged(truth, plain, ByteTrack(buffer=BUFFER, min_area=0))
    for row in found:
        if row.cause not in ("occluded", "camera jerk"):  # these are the world's
            assert row.named <= 0.05 * row.planted, row
    assert not any(f.told for f, row in zip(findings(found), found, strict=True) if not row.named)


def test_the_simulation_does_what_is_declared(done: tuple[Tracks, Detected]) -> None:
    truth, made = done
    for key in OF_DETECTIONS:
        planted, fault = made.planted[key], BY_KEY[key]
        assert len(planted) >= 10, key
        assert (planted.last - planted.first + 1 == fault.frames).all(), key
    best, score, n = seen(truth, made.detections)
    for key, low, high in (
        ("brief", 0, 0.4),
        ("long", 0, 0.4),
        ("faint", 0.7, 1),
        ("shifted", 0.15, 0.45),
        ("twice", 0.7, 1),
    ):
        inside = rows_of(truth, made, key)
        assert low <= np.median(best[inside]) <= high, key
    assert np.median(score[rows_of(truth, made, "faint")]) < 0.1
    assert np.median(n[rows_of(truth, made, "twice")]) == 2
    struck = np.any([rows_of(truth, made, key) for key in OF_DETECTIONS if key != "clutter"], axis=0)
    plain = truth.counts & (truth.visibility >= 0.5) & ~struck
    assert abs((best[plain] > 0.6).mean() - RECALL) < 0.01
    assert (best[truth.counts & (truth.visibility < 0.5)] > 0.8).mean() < 0.05
    knocked = made.planted["knock"]
    assert set(zip(knocked.item.tolist(), knocked.first.tolist(), strict=True)) <= set(KNOCKED)
    again = simulate(truth, FAULTS, seed=0, knocked=KNOCKED).detections
    np.testing.assert_array_equal(again.box, made.detections.box)
    other = simulate(truth, FAULTS, seed=1, knocked=KNOCKED).detections
    assert len(other) != len(again) or not np.array_equal(other.box, again.box)


def seen(truth: Tracks, found: Tracks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each row of the truth the best IoU of a detection, its score, and how many lie on it."""
    best, score, n = np.zeros(len(truth)), np.zeros(len(truth)), np.zeros(len(truth), int)
    assert found.score is not None
    for i in range(len(truth)):
        rows = np.flatnonzero((found.item == truth.item[i]) & (found.frame == truth.frame[i]))
        if len(rows):
            overlap = iou(found.box[rows], np.repeat(truth.box[i : i + 1], len(rows), axis=0))
            best[i], score[i] = overlap.max(), found.score[rows[np.argmax(overlap)]]
            n[i] = (overlap > 0.5).sum()
    return best, score, n


def rows_of(truth: Tracks, made: Detected, key: str) -> np.ndarray:
    planted, inside = made.planted[key], np.zeros(len(truth), bool)
    for item, id_, first, last in zip(planted.item, planted.id, planted.first, planted.last, strict=True):
        inside |= (truth.item == item) & (truth.id == id_) & (truth.frame >= first) & (truth.frame <= last)
    return inside


def test_sequences_are_the_worlds_own_truth(tmp_path: Path) -> None:
    made = clips.write_clips(tmp_path / "a", 2, 5, seed=1, domain="south", knocked=((1, 3),))
    read = read_tracks(tmp_path / "a").tracks
    assert read.items.key.tolist() == ["world-south-00", "world-south-01"]
    for name in ("item", "frame", "id", "box", "counts"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made.truth, name), err_msg=name)
    np.testing.assert_allclose(read.visibility, made.truth.visibility, atol=1e-5)
    assert [read.classes[k] for k in read.label] == [made.truth.classes[k] for k in made.truth.label]
    assert (read.length == 5).all()
    assert (read.rate == 10).all()
    still = clips.write_clips(tmp_path / "b", 2, 5, seed=1, domain="south").truth
    first = made.truth.item == 0
    np.testing.assert_array_equal(made.truth.box[first], still.box[still.item == 0])
    shared = [
        (made.truth.box[i, 0], still.box[j, 0])
        for i in np.flatnonzero((made.truth.item == 1) & (made.truth.frame == 4))
        for j in np.flatnonzero((still.item == 1) & (still.frame == 4) & (still.id == made.truth.id[i]))
    ]
    assert np.median([abs(a - b) for a, b in shared]) > 30, "a knock moves everything"
    assert len(list((tmp_path / "a" / "world-south-00" / "img1").iterdir())) == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_worlds_faults_are_found(tmp_path: Path) -> None:
    from optotype.studies.demo import track_leg

    n, frames = track_leg.SEQUENCES, track_leg.FRAMES
    knocked = tuple((i, frame) for i in range(0, n, 3) for frame in (3 * frames // 8, 3 * frames // 4))
    made = clips.write_clips(tmp_path / "world", n, frames, seed=0, domain="south", knocked=knocked)
    for seed in range(3):
        found, unexplained = judged(made.truth, simulate(made.truth, FAULTS, seed=seed, knocked=knocked), BYTE)
        assert all(row.named >= WORTH * row.events for row in found), found
        assert unexplained < 0.05
