"""What goes wrong and why: events counted by type and cause, one by one as pictures, and what they go with."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import Any

import msgspec
import numpy as np

from optotype.results import Result, SliceResult
from optotype.tables import Array, Floats
from optotype.tasks.track.codes import CAUSE_NAMES, CAUSES, TYPE_CODE, TYPE_NAMES, TYPES
from optotype.tasks.track.condition_slices import AXES
from optotype.tasks.track.frames import Shown
from optotype.tasks.track.timeline import Lives, why
from optotype.tasks.wording import plural
from optotype.views import ROLES, Axis, Cell, Chart, Column, Frame, Frames, Link, Section, Series, Table, View

EACH = 8
"""Events shown of each type with each cause, the longest first."""
WORST, OF_WORST = 30, 6
"""Objects of which most goes wrong, and events shown of each besides."""
_SIZE = 480
UNEXPLAINED = CAUSES[0]
CONDITIONS = {
    "density": "Density",
    "occlusion": "Hidden share",
    "speed": "Speed",
    "size": "Size",
    "camera": "Camera motion",
}

_SCALES = {"speed": (100.0, "% of the height a frame")}
"""Conditions that are shown in another unit than they are measured in, and how many of it make one."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def events(result: Result) -> Section:
    """The section: types with their commonest cause, then causes by type."""
    found = result.errors["events"]
    lead = (
        "Every missed and every false box (runs of frames of one identity), every identity switch and every loss, with "
        "a cause where a rule over measured facts finds one. What a cause names goes with the event; that it brought "
        "it about is not shown."
    )
    return Section("events-section", "What goes wrong, and why", [_types(found), _causes(found)], lead=lead)


def _types(found: dict[str, Any]) -> Table:
    columns = [
        Column("event"),
        Column("what it is"),
        Column("events", "integer", bar=True),
        Column("frames", "integer", hint="of all events of the type together"),
        Column("commonest cause"),
        Column("its share", "percent"),
        Column("unexplained", "percent", "lower"),
    ]
    rows: list[list[Cell]] = []
    links: list[Link | None] = []
    for name in TYPES:
        of = found[name]
        cause, n = next(((c, n) for c, n in of["causes"].items() if c != UNEXPLAINED), (None, 0))
        share = n / of["events"] if of["events"] and cause else None
        rows.append([name, TYPE_NAMES[name], of["events"], of["frames"], cause, share, of["unexplained"]])
        links.append(Link("events", {"type": name}) if of["events"] else None)
    caption = (
        "FN and FP: runs of consecutive frames in which an object is missed, or a track lies on nothing. Click a row "
        "to see such events."
    )
    return Table(columns, rows, links, title="Kinds of events", caption=caption, id="event-types")


def _causes(found: dict[str, Any]) -> Table:
    used = [name for name in CAUSES if name in found["all"]["causes"]]
    used.sort(key=lambda name: (name == UNEXPLAINED, -found["all"]["causes"][name]))
    columns = [
        Column("cause"),
        Column("what it says"),
        *(Column(name, "integer", hint=TYPE_NAMES[name]) for name in TYPES),
        Column("all", "integer", bar=True),
    ]
    rows: list[list[Cell]] = [
        [name, CAUSE_NAMES[name], *(found[t]["causes"].get(name, 0) for t in (*TYPES, "all"))] for name in used
    ]
    links: list[Link | None] = [Link("events", {"cause": name}) for name in used]
    share = found["all"]["unexplained"]
    caption = "Number of events. The first rule that fits gives the cause; the rules stand in docs/tracking.md."
    if share is not None:
        caption += f" Of all {found['all']['events']:,} events {100 * share:.1f} % fit no rule."
    return Table(columns, rows, links, title="Causes", caption=caption, id="event-causes")


def conditions(result: Result) -> Section | None:
    """How recall, association and switches go with each condition; None where nothing was measured."""
    known = {name: rows for name in CONDITIONS if (rows := result.slices.get(name))}
    if not known:
        return None
    views: list[View] = []
    for name, rows in known.items():
        views += _condition(name, rows)
    lead = (
        "Objects in parts of about equal size by what is measured around them in each frame; in brackets their boxes. "
        "Recall: boxes found at IoU 0.5. Association: mean A(c) of HOTA at α 0.5, how well the identity is held."
    )
    return Section("conditions", "Under which conditions", views, lead=lead)


def _condition(name: str, rows: list[SliceResult]) -> list[Chart]:
    factor, unit = _SCALES.get(name, (1.0, AXES[name].unit))
    names = [f"{part} ({row.n:,})" for part, row in zip(_parts([row.name for row in rows], factor), rows, strict=True)]
    what = f"{CONDITIONS[name]}, {unit}"
    shares = [_series(rows, "recall", "recall", 0), _series(rows, "association", "association", 1)]
    switches = [_series(rows, "switches", "identity switches", 1, decimals=1)]
    x, share = Axis(name, categories=names), Axis("share", 0.0, 1.0, unit="ratio")
    rate = Axis("per 1,000 matched boxes", 0.0)
    return [
        Chart("dots", x, share, shares, title=f"{what}: found and held", id=f"condition-{name}"),
        Chart("bar", x, rate, switches, title=f"{what}: identity switches"),
    ]


def _parts(names: list[str], factor: float) -> list[str]:
    """Names such as '22.3 % to below 55.6 %' in the fewest digits that keep the edges apart: '22–56'."""
    edges = [[factor * float(text) for text in _NUMBER.findall(name)] for name in names]
    different = len({edge for part in edges for edge in part})
    digits = next((n for n in (2, 3) if len({_digits(e, n) for part in edges for e in part}) == different), 4)
    found = []
    for name, part in zip(names, edges, strict=True):
        shown = [_digits(edge, digits) for edge in part]
        found.append(f"< {shown[0]}" if name.startswith("below") else f"≥ {shown[0]}" if len(shown) == 1 else
                     "–".join(shown))  # fmt: skip
    return found


def _digits(value: float, digits: int) -> str:
    """At least ``digits`` significant digits, whole numbers as they are."""
    if value.is_integer():
        return f"{value:,.0f}"
    return f"{value:,.{max(digits - 1 - math.floor(math.log10(abs(value))), 0)}f}"


def _series(rows: list[SliceResult], key: str, label: str, role: int, decimals: int = 6) -> Series:
    metrics = [row.metrics[key] for row in rows]
    x = [float(i) for i in range(len(rows))]
    values, low, high = (
        [None if (value := getattr(m, part)) is None else round(value, decimals) for m in metrics]
        for part in ("value", "low", "high")
    )
    return Series(label, x, values, low, high, role=ROLES[role])


def event_frames(shown: Shown, lives: Lives) -> tuple[Frames, set[tuple[int, int]]]:
    """Events one by one, and the objects (sequence, id) of which some are shown."""
    evidence = shown.evidence
    rows = evidence["events"]
    chosen = _chosen(shown, lives)
    frames = [_event(shown, int(row)) for row in chosen]
    linked = {(int(rows.item[i]), int(rows["truth_id"][i])) for i in chosen if rows["truth_id"][i] >= 0}
    caption = (
        f"Of each type with each cause up to {EACH}, the longest first, and up to {OF_WORST} of each of the {WORST} "
        "objects of which most goes wrong. A run of frames is shown in its middle, a switch in the frame where the "
        "object is found again. Drawn are its boxes and all that meet them; found, missed, right and wrong at IoU 0.5."
    )
    facets = ["type", "cause", "sequence", *(["class"] if len(evidence.classes) > 1 else [])]
    return Frames("events", frames, shown.names, facets, 0.0, "Events one by one", caption, "event"), linked


def _chosen(shown: Shown, lives: Lives) -> list[int]:
    """Events to be shown, each once: types in their order, causes in turn."""
    rows = shown.evidence["events"]
    length = rows["last"] - rows["first"] + 1
    last = (rows["cause"].astype(np.int64) - 1) % len(CAUSES)  # what is unexplained after all that is not
    order = np.lexsort((np.arange(len(rows)), -length, last, rows["type"]))
    kind = rows["type"][order].astype(np.int64) * len(CAUSES) + last[order]
    rank = np.arange(len(order)) - np.searchsorted(kind, kind)
    order, rank = order[rank < EACH], rank[rank < EACH]
    found = order[np.lexsort((rank, rows["type"][order]))].tolist()
    worst = [(int(lives.item[i]), int(lives.id[i])) for i in lives.worst()[:WORST].tolist() if lives.wrong[i]]
    mine: dict[tuple[int, int], list[int]] = defaultdict(list)
    concerned = np.flatnonzero(np.isin(rows["truth_id"], [who for _, who in worst]))
    for i in concerned[np.lexsort((-length[concerned], rows["type"][concerned] == TYPE_CODE["FN"]))].tolist():
        mine[int(rows.item[i]), int(rows["truth_id"][i])].append(i)
    more = [i for who in worst for i in mine[who][:OF_WORST]]
    return list(dict.fromkeys([*found, *more]))


def _event(shown: Shown, row: int) -> Frame:
    evidence, rows = shown.evidence, shown.evidence["events"]
    item = int(rows.item[row])
    name, cause = TYPES[rows["type"][row]], CAUSES[rows["cause"][row]]
    frame = _frame_of(name, int(rows["first"][row]), int(rows["last"][row]))
    truth_id, track_id, other = (int(rows[c][row]) for c in ("truth_id", "prediction_id", "other"))
    objects = shown.of("truth", item, frame, {truth_id} - {-1})
    tracks = shown.of("predictions", item, frame, {track_id} - {-1})
    box = _around(evidence["truth"]["box"][objects], evidence["predictions"]["box"][tracks], name)
    near = [shown.meeting(table, item, frame, box) for table in ("truth", "predictions")]
    only = (_first(objects, near[0]), _first(tracks, near[1]))
    facets = {"type": name, "cause": cause, "sequence": str(evidence.keys[item])}
    if len(evidence.classes) > 1:
        facets["class"] = evidence.classes[rows["label"][row]]
    if truth_id >= 0:
        facets["object"] = str(truth_id)
    drawn = shown.frame(item, frame, size=_SIZE, title=f"{TYPE_NAMES[name]}: {cause}", only=only)
    facts = _facts(shown, row, name, frame, (truth_id, track_id, other))
    return msgspec.structs.replace(drawn, focus=shown.around(item, box), facets=facets, facts=facts, tone="bad")


def _frame_of(name: str, first: int, last: int) -> int:
    return (first + last) // 2 if name in ("FN", "FP") else last


def _around(objects: Floats, tracks: Floats, name: str) -> Floats:
    """The box around what an event is about: of a missed object it alone, of a false box the track's."""
    boxes = {"FN": objects, "FP": tracks}.get(name, np.concatenate([objects, tracks]))
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    return np.concatenate([low, high - low])


def _first(own: Array, rest: Array) -> Array:
    return np.concatenate([own, rest[~np.isin(rest, own)]])


def _facts(shown: Shown, row: int, name: str, frame: int, ids: tuple[int, int, int]) -> list[tuple[str, str]]:
    rows = shown.evidence["events"]
    item, first, last = int(rows.item[row]), int(rows["first"][row]), int(rows["last"][row])
    truth_id, track_id, other = ids
    n = last - first + 1
    when = (
        f"{frame:,}"
        if n == 1 or name not in ("FN", "FP")
        else f"{frame:,} of {first:,} to {last:,} ({plural(n, 'frame')})"
    )
    found = [("sequence", str(shown.evidence.keys[item])), ("frame", when)]
    found += [("object", f"id {truth_id}")] if truth_id >= 0 else []
    found += [("track", f"id {track_id}")] if track_id >= 0 else []
    if name in ("IDSW", "Frag") and (before := _before(shown, item, truth_id, frame)):
        found.append(("before", f"track id {before[0]} until frame {before[1]:,}"))
    return [*found, ("why", why(int(rows["cause"][row]), float(rows["fact"][row]), other))]


def _before(shown: Shown, item: int, truth_id: int, frame: int) -> tuple[int, int] | None:
    """The track that had an object last before a frame, and until when."""
    evidence = shown.evidence
    truth, said = evidence["truth"], evidence["predictions"]
    rows = np.arange(*truth.starts(len(evidence))[item : item + 2])
    rows = rows[(truth["id"][rows] == truth_id) & (truth["frame"][rows] < frame) & (truth["match"][rows] >= 0)]
    if not len(rows):
        return None
    last = rows[-1]
    track = said["id"][said.starts(len(evidence))[item] + truth["match"][last]]
    return int(track), int(truth["frame"][last])
