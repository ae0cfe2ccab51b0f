"""What two trackers do to the same objects: boxes, identity switches, whole tracks, and where that can be seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from optotype.diagnose.compare.records import EventDifference
from optotype.evidence import Evidence
from optotype.tables import Array
from optotype.tasks.track.codes import CAUSES, TYPE_CODE, TYPES
from optotype.tasks.track.frames import Film, Shown
from optotype.tasks.track.timeline import Lives, lane, told
from optotype.views import Drawn, Frame, Lane

WITHIN = 5
"""Frames by which two trackers' switches of one object may lie apart and be the same."""
MOST_LANES, MOST_FRAMES, MOST_BOXES = 60, 40, 40


@dataclass(frozen=True, eq=False)
class Switched:
    """Identity switches: of the first tracker alone, of the second alone, of both; masks of their events, and pairs."""

    avoided: Array
    made: Array
    both: int


def found(evidence: Evidence) -> Array:
    """Which boxes of the truth (m,) count and are matched."""
    truth = evidence["truth"]
    return np.asarray(truth["kept"] & (truth["match"] >= 0))


def switches(first: Evidence, second: Evidence) -> Switched:
    """Switches of one object pair up, earliest first, where they are at most ``WITHIN`` frames apart."""
    sides = [np.flatnonzero(e["events"]["type"] == TYPE_CODE["IDSW"]) for e in (first, second)]
    left = [np.ones(len(rows), bool) for rows in sides]
    times: list[dict[tuple[int, int], list[tuple[int, int]]]] = [{}, {}]
    for side, (evidence, rows) in enumerate(zip((first, second), sides, strict=True)):
        events = evidence["events"]
        columns = (events.item[rows].tolist(), events["truth_id"][rows].tolist(), events["last"][rows].tolist())
        for k, (item, who, frame) in enumerate(zip(*columns, strict=True)):
            times[side].setdefault((item, who), []).append((frame, k))
    for key, mine in times[0].items():
        theirs = sorted(times[1].get(key, []))
        i = 0
        for frame, k in sorted(mine):
            while i < len(theirs) and theirs[i][0] < frame - WITHIN:
                i += 1
            if i < len(theirs) and theirs[i][0] <= frame + WITHIN:
                left[0][k] = left[1][theirs[i][1]] = False
                i += 1
    masks = []
    for evidence, rows, alone in zip((first, second), sides, left, strict=True):
        mask = np.zeros(len(evidence["events"]), bool)
        mask[rows[alone]] = True
        masks.append(mask)
    return Switched(masks[0], masks[1], int((~left[0]).sum()))


def by_cause(first: Evidence, second: Evidence) -> list[EventDifference]:
    """Events of each type with each cause, of both trackers; none where neither has any."""
    counts = np.stack([
        np.bincount(e["events"]["type"].astype(np.int64) * len(CAUSES) + e["events"]["cause"],
                    minlength=len(TYPES) * len(CAUSES)) for e in (first, second)
    ])  # fmt: skip
    return [
        EventDifference(TYPES[k // len(CAUSES)], CAUSES[k % len(CAUSES)], *counts[:, k].tolist())
        for k in np.flatnonzero(counts.sum(axis=0)).tolist()
    ]


def held(lives: tuple[Lives, Lives]) -> Array:
    """Frames for which the second's main identity holds each object longer than the first's, (n,)."""
    a, b = (side.frames - side.wrong for side in lives)
    return np.asarray(b - a)


def changed_lanes(sides: tuple[Evidence, Evidence], lives: tuple[Lives, Lives], names: tuple[str, str]) -> list[Lane]:
    """Of the objects whose hold changes most, their lanes with the first tracker and the second."""
    gain = held(lives)
    order = np.argsort(-np.abs(gain), kind="stable")[: MOST_LANES // 2]
    order = order[gain[order] != 0]
    keys = {(int(lives[0].item[i]), int(lives[0].id[i])) for i in order.tolist()}
    known = [told(evidence, keys) for evidence in sides]
    return [
        lane(evidence, life, i, events, linked=set(), title=f"id {life.id[i]} · {name}")
        for i in order.tolist()
        for evidence, life, events, name in zip(sides, lives, known, names, strict=True)
    ]


def changed_frames(sides: tuple[Evidence, Evidence], names: tuple[str, str]) -> list[Frame]:
    """Frames, without pictures, amid the longest runs in which one tracker finds an object and the other does not.

    One of each object; sequences take turns.
    """
    a, b = map(found, sides)
    shown = [Shown(evidence, Film(lambda _: None)) for evidence in sides]
    truth = sides[0]["truth"]
    rows = np.flatnonzero(a != b)
    rows = rows[np.lexsort((truth["frame"][rows], truth["id"][rows], truth["label"][rows], truth.item[rows]))]
    new = np.ones(len(rows), bool)
    for column in (truth.item, truth["id"], truth["label"], b):
        new[1:] |= column[rows][1:] != column[rows][:-1]
    new[1:] |= np.diff(truth["frame"][rows]) != 1
    start = np.flatnonzero(new)
    length = np.diff(np.append(start, len(rows)))
    longest = np.argsort(-length, kind="stable")
    chosen: list[tuple[int, int, int]] = []
    seen: set[tuple[int, int]] = set()
    each: Counter[int] = Counter()
    for i in longest.tolist():
        row = int(rows[start[i] + length[i] // 2])
        who = (int(truth.item[row]), int(truth["id"][row]))
        if who not in seen:
            seen.add(who)
            chosen.append((each[who[0]], row, int(length[i])))
            each[who[0]] += 1
    turns = sorted(chosen, key=lambda one: (one[0], -one[2]))[:MOST_FRAMES]
    return [_frame(shown, names, row, n, bool(b[row])) for _, row, n in turns]


def _frame(shown: list[Shown], names: tuple[str, str], row: int, n: int, fixed: bool) -> Frame:
    evidence = shown[0].evidence
    truth = evidence["truth"]
    item, frame, who = int(truth.item[row]), int(truth["frame"][row]), int(truth["id"][row])
    sequence = str(evidence.keys[item])
    change = "fixed" if fixed else "broken"
    box = truth["box"][row]
    objects = np.concatenate([[row], np.setdiff1d(shown[0].meeting("truth", item, frame, box), [row])])
    drawn = shown[0].drawn(objects[:MOST_BOXES], np.zeros(0, np.intp))
    role = list(drawn.role)
    note = list(drawn.note)
    role[0], note[0] = "missed", f"{change}, {note[0]}"
    parts = [Drawn(drawn.x, drawn.y, drawn.w, drawn.h, drawn.label, drawn.score, role, note)]
    for side, name in zip(shown, names, strict=True):
        tracks = side.meeting("predictions", item, frame, box)[:MOST_BOXES]
        theirs = side.drawn(np.zeros(0, np.intp), tracks)
        notes = [f"{name} {text}" for text in theirs.note]
        parts.append(Drawn(theirs.x, theirs.y, theirs.w, theirs.h, theirs.label, theirs.score, theirs.role, notes))
    whole = Drawn(*([value for part in parts for value in getattr(part, column)] for column in Drawn.__struct_fields__))
    facts = [("object", f"id {who}"), ("for", f"{n} frames")]
    facets = {"change": change, "sequence": sequence, "frame": str(frame)}
    title = f"{change}: id {who}"
    focus = shown[0].around(item, box)
    return Frame(title, *shown[0].size(item), whole, None, focus, facets, facts, "good" if fixed else "bad")
