"""Events of tracking: each cause by itself on hand-made tracks, the laws that all events keep, the kernel's twin."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from optotype import evidence as evidences
from optotype.box_geometry import iou
from optotype.evidence import Evidence
from optotype.kernels import track_events as kernel
from optotype.tables import Items, Tracks
from optotype.tasks.track.causes.alarms import ALARMS
from optotype.tasks.track.causes.missed import MISSED
from optotype.tasks.track.causes.switches import SWITCHES
from optotype.tasks.track.codes import CAUSE_NAMES, CAUSES, FACTS, TYPE_NAMES, TYPES
from optotype.tasks.track.eventing import explained, summary
from optotype.tasks.track.judging import match
from optotype.tasks.track.rules import Rules
from track_hand import Film, detections, evidence, given, sides, walk, without

BYTE = {
    "high": 0.6, "low": 0.1, "start": 0.7, "match": 0.9, "match_new": 0.7, "buffer": 5, "min_area": 10, "max_ratio": 0,
}  # fmt: skip
ALL = range(1, 41)
HERE = walk(ALL, 50)
Event = dict[str, Any]


def found(film: Film, settings: dict[str, Any] | None = None, classes: tuple[str, ...] = ("person",)) -> list[Event]:
    """The events of one film, as dictionaries with names."""
    made = evidence([film], classes)
    rules = Rules("plain", None if film.seen is None else detections([film], made), settings or {})
    return listed(explained(made, rules))


def listed(made: Evidence) -> list[Event]:
    rows = made["events"]
    return [
        {name: column[i].item() for name, column in rows.columns.items()}
        | {"type": TYPES[rows["type"][i]], "cause": CAUSES[rows["cause"][i]]}
        for i in range(len(rows))
    ]


def of(events: list[Event], type_: str) -> list[tuple[str, int, int]]:
    return [(e["cause"], e["first"], e["last"]) for e in events if e["type"] == type_]


def test_every_cause_has_words_and_a_rule() -> None:
    assert set(CAUSE_NAMES) == set(FACTS) == set(CAUSES)
    assert set(TYPE_NAMES) == set(TYPES)
    ruled = {rule.cause for rules in (MISSED, ALARMS, SWITCHES) for rule in rules}
    assert ruled | {"unexplained"} == set(CAUSES)


def test_a_perfect_tracker_has_no_events() -> None:
    assert found(Film(40, {1: HERE, 2: walk(ALL, 300)}, {7: HERE, 8: walk(ALL, 300)})) == []


def test_nothing_found_and_nothing_there() -> None:
    assert of(found(Film(40, {1: HERE}, {})), "FN") == [("unexplained", 1, 40)]
    assert of(found(Film(40, {}, {1: HERE})), "FP") == [("background", 1, 40)]
    assert found(Film(40, {}, {})) == []


def test_occluded_by_whom() -> None:
    """A larger box before it, with a lower foot, covers it all the while that it is missed."""
    before = {f: (HERE[f][0] - 10, 95.0, 40.0, 60.0) for f in range(15, 21)}
    film = Film(40, {1: HERE, 2: before}, {7: without(HERE, range(15, 21)), 8: before})
    events = found(film)
    (lost,) = [e for e in events if e["type"] == "FN"]
    assert (lost["cause"], lost["other"], lost["truth_id"], lost["first"], lost["last"]) == ("occluded", 2, 1, 15, 20)
    assert lost["fact"] == 1
    assert of(events, "Frag") == [("occluded", 15, 21)]
    assert not of(events, "IDSW")
    told = Film(
        40, {1: HERE}, {7: without(HERE, range(15, 21))}, visibility={1: {f: 0.2 if 15 <= f < 21 else 1 for f in ALL}}
    )
    (lost,) = [e for e in found(told) if e["type"] == "FN"]
    assert (lost["cause"], lost["other"]) == ("occluded", -1), "hidden, as the truth tells, by nothing with a box"
    assert lost["fact"] == pytest.approx(0.8)


def test_what_stands_behind_hides_nothing() -> None:
    behind = {f: (HERE[f][0] - 10, 70.0, 40.0, 60.0) for f in range(15, 21)}
    film = Film(40, {1: HERE, 2: behind}, {7: without(HERE, range(15, 21)), 8: behind})
    assert of(found(film), "FN") == [("unexplained", 15, 20)]


def test_detection_missing() -> None:
    gap = range(12, 16)
    film = Film(40, {1: HERE}, {7: without(HERE, gap)}, given(without(HERE, gap)))
    (lost,) = [e for e in found(film) if e["type"] == "FN"]
    assert (lost["cause"], lost["fact"]) == ("detection missing", 4)


def test_low_score_size_and_ratio() -> None:
    gap = range(12, 16)
    said = {7: without(HERE, gap)}
    seen = [*given(without(HERE, gap)), *given({f: HERE[f] for f in gap}, score=0.05)]
    (lost,) = [e for e in found(Film(40, {1: HERE}, said, seen), BYTE) if e["type"] == "FN"]
    assert lost["cause"] == "low score"
    assert lost["fact"] == pytest.approx(0.05)
    seen = given(HERE)
    for more, cause in (({"min_area": 800}, "size filter"), ({"max_ratio": 0.4}, "ratio filter")):
        film = Film(40, {1: HERE}, {}, seen)
        assert of(found(film, BYTE | more), "FN") == [(cause, 1, 40)]
    assert of(found(Film(40, {1: HERE}, {}, seen), BYTE), "FN") == [("unexplained", 1, 40)]


def test_a_low_score_is_enough_for_a_track_that_was_there() -> None:
    """ByteTrack continues with it what it had a frame ago, but begins nothing and finds nothing again."""
    seen = [
        *given({f: b for f, b in HERE.items() if f < 10}),
        *given({f: b for f, b in HERE.items() if f >= 10}, score=0.3),
    ]
    film = Film(40, {1: HERE}, {7: {f: b for f, b in HERE.items() if f < 10}}, seen)
    (lost,) = [e for e in found(film, BYTE) if e["type"] == "FN"]
    assert (lost["cause"], lost["first"]) == ("low score", 10)


def test_not_confirmed() -> None:
    film = Film(40, {1: HERE}, {7: without(HERE, range(1, 2))}, given(HERE))
    assert of(found(film, BYTE), "FN") == [("not confirmed", 1, 1)]
    film = Film(40, {1: HERE}, {7: without(HERE, range(1, 3))}, given(HERE))
    assert of(found(film, {"min_hits": 3}), "FN") == [("not confirmed", 1, 2)]


def test_badly_placed() -> None:
    off = {f: (HERE[f][0] + 10, *HERE[f][1:]) if 10 <= f < 14 else HERE[f] for f in ALL}
    events = found(Film(40, {1: HERE}, {7: off}))
    assert of(events, "FN") == of(events, "FP") == [("badly placed", 10, 13)]
    assert events[0]["fact"] == pytest.approx(1 / 3)


def test_another_class_lies_there() -> None:
    film = Film(40, {1: HERE}, {7: HERE}, said_label={7: 1})
    events = found(film, classes=("person", "car"))
    assert of(events, "FN") == of(events, "FP") == [("wrong class", 1, 40)]


def test_duplicate_and_passed_over() -> None:
    second = {f: (b[0] + 1, *b[1:]) for f, b in HERE.items() if 10 <= f < 16}
    (twice,) = found(Film(40, {1: HERE}, {7: HERE, 9: second}))
    assert (twice["type"], twice["cause"], twice["truth_id"], twice["other"]) == ("FP", "duplicate", 1, 7)
    aside = walk(ALL, 300)
    (over,) = found(Film(40, {1: HERE, 4: aside}, {7: HERE, 9: aside}, passed=frozenset({4})))
    assert (over["type"], over["cause"], over["truth_id"]) == ("FP", "passed over", 4)


def test_carried_on_without_detections() -> None:
    rest = {f: b for f, b in HERE.items() if f <= 20}
    (stale,) = found(Film(40, {1: rest}, {7: HERE}, given(rest)))
    assert (stale["cause"], stale["first"], stale["last"], stale["fact"]) == ("carried on", 21, 40, 20)


def test_at_the_border() -> None:
    leaving = walk(ALL, 540, vx=3)
    inside = {f: b for f, b in leaving.items() if b[0] + 0.6 * b[2] < 640}
    film = Film(40, {1: leaving}, {7: inside}, given(inside))
    (lost,) = [e for e in found(film) if e["type"] == "FN"]
    assert lost["cause"] == "border"
    assert 0.3 < lost["fact"] <= 1


def test_swap() -> None:
    """Two that pass each other leave with the other's identity."""
    a, b = walk(ALL, 100, vx=4), walk(ALL, 260, vx=-4)
    said = {7: {f: (a if f < 21 else b)[f] for f in ALL}, 8: {f: (b if f < 21 else a)[f] for f in ALL}}
    events = found(Film(40, {1: a, 2: b}, said))
    switches = [e for e in events if e["type"] == "IDSW"]
    assert [(e["cause"], e["truth_id"], e["other"], e["fact"]) for e in switches] == [
        ("swap", 1, 2, 0),
        ("swap", 2, 1, 0),
    ]
    assert [(e["cause"], e["prediction_id"], e["other"]) for e in events if e["type"] == "merged"] == [
        ("swap", 8, 2), ("swap", 7, 1),
    ]  # fmt: skip
    assert [(e["cause"], e["truth_id"], e["other"]) for e in events if e["type"] == "split"] == [
        ("swap", 1, 7),
        ("swap", 2, 8),
    ]


def test_crossing() -> None:
    """Where two meet one gets a new identity, the other keeps its own."""
    a, b = walk(ALL, 100, vx=4), walk(ALL, 260, vx=-4)
    said = {7: {f: a[f] for f in ALL if f < 21}, 9: {f: a[f] for f in ALL if f >= 21}, 8: b}
    events = found(Film(40, {1: a, 2: b}, said))
    (switch,) = [e for e in events if e["type"] == "IDSW"]
    assert (switch["cause"], switch["other"], switch["last"]) == ("crossing", 2, 21)
    assert of(events, "split") == [("crossing", 21, 21)]
    assert not of(events, "Frag")


def test_a_track_that_goes_over_to_another() -> None:
    """One leaves where the other begins: one track for both, and no switch."""
    a = walk(range(1, 21), 100, vx=4)
    b = walk(range(20, 41), a[20][0] + 6, vx=4)
    (merged,) = [
        e for e in found(Film(40, {1: a, 2: b}, {7: {**a, **without(b, range(20, 21))}})) if e["type"] == "merged"
    ]
    assert (merged["cause"], merged["truth_id"], merged["other"], merged["first"]) == ("crossing", 2, 1, 21)


def test_buffer_expired() -> None:
    gap = range(12, 22)
    said = {7: {f: HERE[f] for f in range(1, 12)}, 9: {f: HERE[f] for f in range(22, 41)}}
    film = Film(40, {1: HERE}, said, given(without(HERE, gap)))
    events = found(film, BYTE)
    (switch,) = [e for e in events if e["type"] == "IDSW"]
    assert (switch["cause"], switch["fact"], switch["first"], switch["last"]) == ("buffer expired", 10, 12, 22)
    assert of(events, "FN") == [("detection missing", 12, 21)]
    own = found(film, BYTE | {"sequences": {"seq-00": {"buffer": 20}}})
    assert of(own, "IDSW") == [("detection missing", 12, 22)], "the sequence's own buffer counts"


def test_camera_jerk() -> None:
    """All boxes jump at once: what moves is the camera."""
    paths = {k: walk(ALL, 60.0 * k, 80 + 30 * k) for k in range(1, 6)}
    shaken = {k: {f: (b[0] + 45 * (f >= 20), *b[1:]) for f, b in path.items()} for k, path in paths.items()}
    said = {k: {f: b for f, b in path.items() if f < 20} for k, path in shaken.items()}
    said |= {10 + k: {f: b for f, b in path.items() if f >= 21} for k, path in shaken.items()}
    film = Film(40, shaken, said, given(*shaken.values()))
    events = found(film, BYTE)
    assert of(events, "FN") == [("camera jerk", 20, 20)] * 5
    assert of(events, "IDSW") == [("camera jerk", 20, 21)] * 5
    assert next(e["fact"] for e in events if e["type"] == "IDSW") == pytest.approx(45)
    one = Film(40, {**paths, 1: shaken[1]}, {**paths, 1: said[1], 11: said[11]}, given(shaken[1], *paths.values()))
    assert of(found(one, BYTE), "IDSW") == [("moved far", 20, 21)], "one alone that jumps moves far"


def test_a_switch_to_the_second_box() -> None:
    second = {f: (b[0] + 1, *b[1:]) for f, b in HERE.items() if f >= 10}
    events = found(Film(40, {1: HERE}, {7: {f: b for f, b in HERE.items() if f < 20}, 9: second}))
    (switch,) = [e for e in events if e["type"] == "IDSW"]
    assert switch["cause"] == "duplicate"


def test_a_switch_out_of_nowhere_is_unexplained() -> None:
    """Seen all the while, alone, slow, and still renamed."""
    said = {7: {f: b for f, b in HERE.items() if f < 20}, 9: {f: b for f, b in HERE.items() if f >= 20}}
    film = Film(40, {1: HERE, 2: walk(ALL, 400)}, {**said, 8: walk(ALL, 400)}, given(HERE, walk(ALL, 400)))
    events = found(film, BYTE)
    assert [(e["type"], e["cause"]) for e in events] == [("IDSW", "unexplained"), ("split", "unexplained")]
    assert np.isnan([e["fact"] for e in events]).all()
    assert summary(explained(evidence([film]), Rules()))["IDSW"]["unexplained"] == 1


def test_too_far_for_the_tracker() -> None:
    """What is fast enough for the threshold of one tracker is too fast for that of another."""
    quick = walk(ALL, 20, vx=9)
    said = {k: {f: quick[f] for f in range(first, first + 20)} for k, first in ((7, 1), (8, 21))}
    film = Film(40, {1: quick}, said, given(quick))
    assert of(found(film, {"iou_threshold": 0.5, "max_lost": 1}), "IDSW") == [("moved far", 21, 21)]
    assert of(found(film, {"iou_threshold": 0.3, "max_lost": 1}), "IDSW") == [("unexplained", 21, 21)]


def test_low_scores_of_the_hidden_name_who_hides() -> None:
    before = {f: (HERE[f][0] - 10, 95.0, 40.0, 60.0) for f in range(15, 21)}
    seen = [*given(without(HERE, range(15, 21)), before), *given({f: HERE[f] for f in range(15, 21)}, score=0.05)]
    film = Film(40, {1: HERE, 2: before}, {7: without(HERE, range(15, 21)), 8: before}, seen)
    (lost,) = [e for e in found(film, BYTE) if e["type"] == "FN"]
    assert (lost["cause"], lost["other"]) == ("low score", 2)


def test_one_box_for_two() -> None:
    """Two that go together in one box: no score or place tells them apart."""
    beside = {f: (b[0] + 3, *b[1:]) for f, b in HERE.items()}
    (lost,) = found(Film(40, {1: HERE, 2: beside}, {7: {f: (b[0] + 1, *b[1:]) for f, b in HERE.items()}}))
    assert (lost["type"], lost["truth_id"], lost["other"]) == ("FN", 2, 1)
    assert lost["cause"] in ("one box", "occluded"), "one hides the other, too"


def crowd(seed: int) -> list[Film]:
    """Films with everything in them, at random."""
    draw = np.random.default_rng(seed)
    films = []
    for _ in range(int(draw.integers(1, 4))):
        length = int(draw.integers(1, 30))
        films.append(_film(draw, length))
    return films


def _film(draw: np.random.Generator, length: int) -> Film:
    def paths(n: int) -> dict[int, dict[int, tuple[float, float, float, float]]]:
        made = {}
        for k in range(1, n + 1):
            start = int(draw.integers(1, length + 1))
            path = walk(range(start, length + 1), float(draw.integers(0, 120)), float(draw.integers(0, 40)), 30, 40,
                        float(draw.integers(-3, 4)))  # fmt: skip
            made[k] = {f: b for f, b in path.items() if draw.random() < 0.9}
        return made

    truth = paths(int(draw.integers(0, 7)))
    said: dict[int, dict[int, Any]] = {}
    for k, path in truth.items():
        for f, (x, y, w, h) in path.items():
            if draw.random() < 0.85:
                track = k if draw.random() < 0.8 else int(draw.integers(1, 9))
                said.setdefault(track, {}).setdefault(f, (x + float(draw.integers(-6, 7)), y, w, h))
    for k, path in paths(int(draw.integers(0, 3))).items():
        said[20 + k] = path
    seen = [(f, b, float(draw.random())) for path in said.values() for f, b in path.items() if draw.random() < 0.9]
    labels = {k: int(draw.integers(0, 2)) for k in range(30)}
    passed = frozenset(k for k in truth if draw.random() < 0.15)
    known = seen if draw.random() < 0.5 else None
    return Film(length, truth, said, known, passed, {}, labels, {k: int(draw.integers(0, 2)) for k in range(30)})


@pytest.mark.parametrize("seed", range(60))
def test_every_failure_is_in_one_event(seed: int) -> None:
    films = crowd(seed)
    made = evidence(films, ("person", "car"))
    given_ = None if any(film.seen is None for film in films) else detections(films, made)
    rules = Rules("plain", given_, BYTE)
    done = explained(made, rules)
    events = done["events"]
    truth, said = made["truth"], made["predictions"]
    missed = {
        (int(truth.item[i]), int(truth["frame"][i]), int(truth["id"][i]))
        for i in range(len(truth)) if truth["kept"][i] and truth["match"][i] < 0
    }  # fmt: skip
    false = {
        (int(said.item[i]), int(said["frame"][i]), int(said["id"][i]))
        for i in range(len(said)) if said["kept"][i] and said["match"][i] < 0
    }  # fmt: skip
    for type_, column, expected in (("FN", "truth_id", missed), ("FP", "prediction_id", false)):
        rows = np.flatnonzero(events["type"] == TYPES.index(type_))
        covered = [
            (int(events.item[i]), f, int(events[column][i]))
            for i in rows for f in range(events["first"][i], events["last"][i] + 1)
        ]  # fmt: skip
        assert sorted(covered) == sorted(expected), type_
    assert _sorted(events)
    assert sum(events["type"] == TYPES.index("IDSW")) == _switches(made)
    assert sum(events["type"] == TYPES.index("Frag")) == _fragments(made)
    unexplained = events["cause"] == 0
    assert np.isnan(events["fact"][unexplained]).all()
    counts = summary(done)
    assert sum(counts[name]["events"] for name in TYPES) == counts["all"]["events"] == len(events)
    assert json.loads(json.dumps(counts)) == counts
    alone = [explained(made.take(np.array([i])), Rules("plain", None, BYTE)) for i in range(len(made))]
    whole = explained(made, Rules("plain", None, BYTE))["events"]
    for i, part in enumerate(alone):
        inside = whole.item == i
        for name, column in part["events"].columns.items():
            np.testing.assert_array_equal(column, whole[name][inside], err_msg=f"{name} hangs on the other sequences")


def tracks(films: list[Film], rows: list[tuple[Any, ...]], classes: tuple[str, ...], *, said: bool) -> Tracks:
    """One side of the films as a table."""
    item, frame, id_, label, box, kept, last = zip(*rows, strict=True) if rows else ((),) * 7
    n, s = len(rows), len(films)
    return Tracks(
        Items.of([f"seq-{i:02}" for i in range(s)], width=[640] * s, height=[480] * s), classes,
        np.array([film.length for film in films], np.int32), np.full(s, 30.0), np.array(item, np.int32),
        np.array(frame, np.int32), np.array(id_, np.int64), np.array(label, np.int32),
        np.array(box, np.float64).reshape(-1, 4), np.array(kept, bool), np.full(n, np.nan),
        np.arange(n, dtype=np.int64), np.array(last, np.float64) if said else None,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(100, 160))
def test_as_many_events_as_are_counted(seed: int) -> None:
    """CLEAR's counts by sequence and class, from TrackEval's rules, are the events of each type."""
    films = crowd(seed)
    classes = ("person", "car")
    truth, said = (tracks(films, rows, classes, said=side == 1) for side, rows in enumerate(sides(films)))
    made = match(truth, said)
    events, counts = made["events"], made["counts"]
    frames = events["last"] - events["first"] + 1
    for i in range(len(counts)):
        here = (events.item == counts.item[i]) & (events["label"] == counts["label"][i])
        for name in ("IDSW", "Frag"):
            assert (here & (events["type"] == TYPES.index(name))).sum() == counts[name][i], name
        for name in ("FN", "FP"):
            assert frames[here & (events["type"] == TYPES.index(name))].sum() == counts[name][i], name
    merged = evidences.merge([made.take(np.array([i])) for i in range(len(made))])
    np.testing.assert_array_equal(merged["events"]["cause"], events["cause"])


def _sorted(events: Any) -> bool:
    rows = list(zip(events.item.tolist(), events["first"].tolist(), events["type"].tolist(), strict=True))
    return rows == sorted(rows)


def _chains(made: Evidence) -> dict[tuple[int, int, int], list[tuple[int, int]]]:
    """Frame and track (−1: none) of each object that counts."""
    truth, said = made["truth"], made["predictions"]
    starts = said.starts(len(made))
    found_: dict[tuple[int, int, int], list[tuple[int, int]]] = {}
    for i in range(len(truth)):
        if truth["kept"][i]:
            m = int(truth["match"][i])
            track = int(said["id"][starts[truth.item[i]] + m]) if m >= 0 else -1
            key = (int(truth.item[i]), int(truth["label"][i]), int(truth["id"][i]))
            found_.setdefault(key, []).append((int(truth["frame"][i]), track))
    return found_


def _switches(made: Evidence) -> int:
    n = 0
    for chain in _chains(made).values():
        tracks = [track for _, track in chain if track >= 0]
        n += sum(a != b for a, b in pairwise(tracks))
    return n


def _fragments(made: Evidence) -> int:
    """Starts of runs of matches but the first, over the frames in which both sides have boxes of the class."""
    truth, said, n = made["truth"], made["predictions"], 0
    for (item, label, _), chain in _chains(made).items():
        both = sorted(
            {int(f) for i, k, f, kept in _kept(truth) if (i, k, kept) == (item, label, True)}
            & {int(f) for i, k, f, kept in _kept(said) if (i, k, kept) == (item, label, True)}
        )
        tracks = dict(chain)
        matched = [tracks.get(f, -1) >= 0 for f in both]
        starts = sum(now and not before for now, before in zip(matched, [False, *matched], strict=False))
        n += max(starts - 1, 0)
    return n


def _kept(rows: Any) -> list[tuple[int, int, int, bool]]:
    return list(
        zip(rows.item.tolist(), rows["label"].tolist(), rows["frame"].tolist(), rows["kept"].tolist(), strict=True)
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_kernels_twin(seed: int) -> None:
    draw = np.random.default_rng(seed)
    m, n, d = (int(draw.integers(0, 9)) for _ in range(3))
    boxes = [
        np.column_stack([draw.integers(0, 20, (k, 2)), draw.integers(0, 15, (k, 2))]).astype(float) for k in (m, n, d)
    ]
    starts = [np.array([0, k // 2, k], np.int64) for k in (m, n, d)]
    label = [draw.integers(-1, 2, k).astype(np.int32) for k in (m, n, d)]
    kept = [draw.random(k) < 0.8 for k in (m, n)]
    match, back = np.full(m, -1, np.int32), np.full(n, -1, np.int32)
    for f in range(2):
        if starts[0][f] < starts[0][f + 1] and starts[1][f] < starts[1][f + 1] and draw.random() < 0.7:
            match[starts[0][f]], back[starts[1][f]] = starts[1][f], starts[0][f]
    share, who = np.zeros((m, 7)), np.full((m, 7), -1, np.int32)
    said_share, said_who = np.zeros((n, 5)), np.full((n, 5), -1, np.int32)
    kernel.company(starts[0], boxes[0], kept[0], share, who)
    true, said, seen = zip(starts, boxes, label, strict=True)
    kernel.answers(*true, kept[0], match, *said, kept[1], back, share, who, said_share, said_who)
    kernel.detected(*true, *said[:2], *seen, share, who, said_share, said_who)
    frame = [np.searchsorted(s, np.arange(k), side="right") - 1 for s, k in zip(starts, (m, n, d), strict=True)]
    slow, said_slow = np.zeros((m, 7)), np.zeros((n, 5))
    for i in range(m):
        _company(i, m, boxes[0], frame[0], kept[0], slow)
        for j in (j for j in range(n) if frame[1][j] == frame[0][i] and kept[1][j]):
            _answer(i, j, boxes, label, kept, match, back, slow, said_slow)
    _detections(boxes, frame, label, slow, said_slow)
    np.testing.assert_allclose(share, slow, atol=1e-12)
    np.testing.assert_allclose(said_share, said_slow, atol=1e-12)


def _both(a: np.ndarray, b: np.ndarray) -> float:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return float(max(wide, 0) * max(high, 0))


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    return float(iou(a[None], b[None])[0])


def _company(i: int, m: int, box: np.ndarray, frame: np.ndarray, kept: np.ndarray, slow: np.ndarray) -> None:
    covered = 0.0
    area = box[i, 2] * box[i, 3]
    for j in range(m):
        both = _both(box[i], box[j]) if frame[j] == frame[i] and j != i else 0.0
        if both:
            feet = box[i, 1] + box[i, 3], box[j, 1] + box[j, 3]
            if feet[1] > feet[0] or (feet[0] == feet[1] and j > i):
                covered += both / area
                slow[i, kernel.HIDDEN] = max(slow[i, kernel.HIDDEN], both / area)
            if kept[i] and kept[j]:
                least = min(area, box[j, 2] * box[j, 3])
                slow[i, kernel.MEETS] = max(slow[i, kernel.MEETS], both / least)
    slow[i, kernel.COVERED] = min(covered, 1.0)


def _answer(
    i: int, j: int, boxes: Any, label: Any, kept: Any, match: Any, back: Any, slow: Any, said_slow: Any
) -> None:
    overlap, same = _iou(boxes[0][i], boxes[1][j]), label[0][i] == label[1][j]
    if kept[0][i]:
        if match[i] != j:
            column = kernel.TAKEN if back[j] >= 0 else kernel.FREE if same else kernel.WRONG
            slow[i, column] = max(slow[i, column], overlap)
        if back[j] < 0:
            column = kernel.OTHER if not same else kernel.HELD if match[i] >= 0 else kernel.LOOSE
            said_slow[j, column] = max(said_slow[j, column], overlap)
    elif back[j] < 0 and (both := _both(boxes[0][i], boxes[1][j])):
        share = max(overlap, both / (boxes[1][j, 2] * boxes[1][j, 3]))
        said_slow[j, kernel.PASSED] = max(said_slow[j, kernel.PASSED], share)


def _detections(boxes: Any, frame: Any, label: Any, slow: Any, said_slow: Any) -> None:
    for k in range(len(boxes[2])):
        mine = [i for i in range(len(boxes[0])) if frame[0][i] == frame[2][k] and label[0][i] == label[2][k]]
        if mine:
            best = max(mine, key=lambda i: (_iou(boxes[0][i], boxes[2][k]), -i))
            overlap = _iou(boxes[0][best], boxes[2][k])
            if overlap >= 0.5:
                slow[best, kernel.DETECTED] = max(slow[best, kernel.DETECTED], overlap)
        for j in range(len(boxes[1])):
            if frame[1][j] == frame[2][k]:
                said_slow[j, kernel.SEEN] = max(said_slow[j, kernel.SEEN], _iou(boxes[1][j], boxes[2][k]))
