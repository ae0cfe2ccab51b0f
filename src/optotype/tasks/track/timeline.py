"""Every object over the frames of its sequence: who has it when, and how much of it goes wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.evidence import Evidence
from optotype.tables import Array, Ints
from optotype.tasks.track.codes import CAUSE_NAMES, CAUSES, FACTS, TYPE_CODE
from optotype.views import Lane, Link, Moment, Timeline

MOST_LANES = 3000
KINDS = ("identity switch", "fragmentation")
_MOMENTS = {TYPE_CODE["IDSW"]: 0, TYPE_CODE["Frag"]: 1}


@dataclass(frozen=True, eq=False)
class Lives:
    """Objects (n,), each with the runs of frames in which one track, or none, has it.

    ``item``, ``id``, ``label`` and ``frames`` (judged boxes) are of the objects, in the order of sequences and ids;
    ``wrong`` counts the frames in which the track that has the object longest does not have it, ``missed`` those in
    which none has it, ``switches`` how often the track changes. The runs of object i are ``start[i]`` to
    ``start[i + 1]``: ``first`` and ``last`` frame, and ``track`` (−1: none).
    """

    item: Ints
    id: NDArray[np.int64]
    label: Ints
    frames: NDArray[np.int64]
    wrong: NDArray[np.int64]
    missed: NDArray[np.int64]
    switches: NDArray[np.int64]
    start: NDArray[np.int64]
    first: Ints
    last: Ints
    track: NDArray[np.int64]

    @classmethod
    def of(cls, evidence: Evidence) -> Lives:
        """Of all objects that are judged."""
        truth, said = evidence["truth"], evidence["predictions"]
        rows = np.flatnonzero(truth["kept"])
        rows = rows[np.lexsort((truth["frame"][rows], truth["id"][rows], truth["label"][rows], truth.item[rows]))]
        item, identity, label, frame = truth.item[rows], truth["id"][rows], truth["label"][rows], truth["frame"][rows]
        match = truth["match"][rows].astype(np.int64)
        place = np.where(match >= 0, match + said.starts(len(evidence))[item], 0)
        track = np.where(match >= 0, said["id"][place] if len(said) else -1, -1)
        new = np.ones(len(rows), bool)
        new[1:] = (np.diff(item) != 0) | (np.diff(identity) != 0) | (np.diff(label) != 0)
        begins = new.copy()
        begins[1:] |= (np.diff(track) != 0) | (np.diff(frame) != 1)
        head, run = np.flatnonzero(new), np.flatnonzero(begins)
        ends = np.append(run[1:], len(rows)) - 1 if len(run) else run
        owner = np.cumsum(new)[run] - 1
        n = len(head)
        length = ends - run + 1
        held = _longest(owner, track[run], length, n)
        frames = np.bincount(owner, length, n).astype(np.int64)
        missed = np.bincount(owner, length * (track[run] < 0), n).astype(np.int64)
        return cls(
            item[head], identity[head], label[head], frames, frames - held, missed, _switches(owner, track[run], n),
            np.searchsorted(owner, np.arange(n + 1)).astype(np.int64), frame[run], frame[ends] if len(run) else frame,
            track[run],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.item)

    def runs(self, i: int) -> slice:
        """Where the runs of an object are."""
        return slice(int(self.start[i]), int(self.start[i + 1]))

    def worst(self) -> Array:
        """Objects, those first of which most goes wrong."""
        return np.lexsort((self.id, self.item, -self.switches, -self.wrong))


def _longest(owner: Array, track: Array, length: Array, n: int) -> NDArray[np.int64]:
    """Frames of the track that has each object longest, (n,)."""
    held = track >= 0
    found = np.zeros(n, np.int64)
    if held.any():
        pairs, code = np.unique(np.stack([owner[held], track[held]]), axis=1, return_inverse=True)
        sums = np.bincount(code.ravel(), length[held])
        np.maximum.at(found, pairs[0], sums.astype(np.int64))
    return found


def _switches(owner: Array, track: Array, n: int) -> NDArray[np.int64]:
    """How often the track of each object changes, (n,)."""
    owner, track = owner[track >= 0], track[track >= 0]
    changed = (np.diff(owner) == 0) & (np.diff(track) != 0)
    return np.bincount(owner[1:][changed], minlength=n) if len(owner) else np.zeros(n, np.int64)


def timeline(evidence: Evidence, lives: Lives, linked: set[tuple[int, int]]) -> Timeline:
    """A lane each object, the worst first; those in ``linked`` (sequence, id) lead to their events."""
    order = lives.worst()[:MOST_LANES]
    known = told(evidence, {(int(lives.item[i]), int(lives.id[i])) for i in order.tolist()})
    lanes = [lane(evidence, lives, i, known, linked=linked) for i in order.tolist()]
    cut = f" The {MOST_LANES:,} of {len(lives):,} of which most goes wrong." if len(lives) > len(order) else ""
    facets = ["sequence", "class"] if len(evidence.classes) > 1 else ["sequence"]
    caption = (
        "A lane is an object of the truth, blue while the first track that found it has it, in another colour while "
        "another has. Those first of which most goes wrong: frames in which not the track has it that has it longest. "
        f"Point at a bar, or step through it with the arrow keys, to see who has it and why it is lost.{cut}"
    )
    return Timeline(
        "timeline", lanes, list(KINDS), facets, title="Track by track", caption=caption, unit="object"
    )  # fmt: skip


Told = dict[tuple[int, int], list[tuple[int, int, int, str]]]
"""Sequence and id of an object → its events: type, first and last frame, why."""


def told(evidence: Evidence, wanted: set[tuple[int, int]]) -> Told:
    """The events of some objects (sequence, id) that show on their lanes."""
    events = evidence["events"]
    chosen = np.flatnonzero(np.isin(events["type"], [TYPE_CODE["FN"], *_MOMENTS]))
    columns = (events.item, events["truth_id"], events["type"], events["first"], events["last"], events["cause"],
               events["fact"], events["other"])  # fmt: skip
    found: Told = {}
    for item, who, kind, first, last, cause, fact, other in zip(*(c[chosen].tolist() for c in columns), strict=True):
        if (item, who) in wanted:
            found.setdefault((item, who), []).append((kind, first, last, why(cause, fact, other)))
    return found


def why(cause: int, fact: float, other: int = -1) -> str:
    """A cause with what it was read from.

    >>> why(CAUSES.index("occluded"), 0.71, 8)
    'occluded: something nearer hid it (share hidden 0.71, id 8)'
    """
    name = CAUSES[cause]
    found = [] if math.isnan(fact) or not FACTS[name] else [f"{FACTS[name]} {fact:.3g}"]
    found += [f"id {other}"] if other >= 0 else []
    return f"{name}: {CAUSE_NAMES[name]}" + (f" ({', '.join(found)})" if found else "")


def lane(
    evidence: Evidence, lives: Lives, i: int, events: Told, *, linked: set[tuple[int, int]], title: str = ""
) -> Lane:
    """An object's lane."""
    item, identity, runs = int(lives.item[i]), int(lives.id[i]), lives.runs(i)
    mine = events.get((item, identity), [])
    missed = [(first, last, text) for kind, first, last, text in mine if kind == TYPE_CODE["FN"]]
    tracks = lives.track[runs].tolist()
    names = {track: k for k, track in enumerate(dict.fromkeys(t for t in tracks if t >= 0))}
    spans = list(zip(lives.first[runs].tolist(), lives.last[runs].tolist(), tracks, strict=True))
    sequence = str(evidence.keys[item])
    facets = {"sequence": sequence}
    if len(evidence.classes) > 1:
        facets["class"] = evidence.classes[lives.label[i]]
    return Lane(
        title or f"id {identity}",
        sequence,
        int(evidence["sequences"]["length"][item]),
        [first for first, _, _ in spans],
        [last for _, last, _ in spans],
        [names.get(track, -1) for track in tracks],
        ["" if track >= 0 else _reasons(missed, first, last) for first, last, track in spans],
        [f"track {track}" for track in names],
        [Moment(last, _MOMENTS[kind], text) for kind, _, last, text in mine if kind in _MOMENTS],
        facets,
        _facts(lives, i),
        Link("events", {"sequence": sequence, "object": str(identity)}) if (item, identity) in linked else None,
    )


def _facts(lives: Lives, i: int) -> list[tuple[str, str]]:
    columns: list[tuple[str, Any]] = [
        ("frames", lives.frames), ("missed", lives.missed), ("switches", lives.switches),
    ]  # fmt: skip
    return [(name, f"{int(column[i]):,}") for name, column in columns]


def _reasons(missed: list[tuple[int, int, str]], first: int, last: int) -> str:
    """Why an object is missed in a run: the reasons of the events that lie in it."""
    return "; ".join(dict.fromkeys(text for start, end, text in missed if start <= last and end >= first))
