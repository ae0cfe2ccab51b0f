"""Every failure of a tracker as an event: where it is, whom it concerns, and what goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optotype.evidence import Evidence, Rows
from optotype.tables import Array, Ints
from optotype.tasks.track import moving
from optotype.tasks.track.causes.alarms import ALARMS, Alarms
from optotype.tasks.track.causes.boxes import SOON
from optotype.tasks.track.causes.missed import MISSED, Missed
from optotype.tasks.track.causes.rule import Caused, first, most
from optotype.tasks.track.causes.switches import SWITCHES, Switches, meetings
from optotype.tasks.track.chains import Positions, runs
from optotype.tasks.track.codes import CAUSES, TYPE_CODE, TYPES, UNEXPLAINED
from optotype.tasks.track.facts import Facts, Side
from optotype.tasks.track.rules import Rules

TABLE = "events"
FEWEST = 5
"""Matched frames that make a track one of an object's, for merged tracks and split objects."""


@dataclass(frozen=True, eq=False)
class Changes:
    """Moments between two matches of one chain of a side: rows of that side ``before`` and ``after`` (n,)."""

    before: Positions
    after: Positions

    def take(self, index: Array) -> Changes:
        """Some of them."""
        return Changes(self.before[index], self.after[index])

    def __len__(self) -> int:
        return len(self.after)


@dataclass(frozen=True, eq=False)
class Events:
    """Rows of the table, before they are put in order."""

    type: str
    item: Ints
    first: Array
    last: Array
    truth_id: Array
    prediction_id: Array
    label: Ints
    caused: Caused
    other: Array


def explained(evidence: Evidence, rules: Rules) -> Evidence:
    """The evidence with the table ``events``: a row an event, by sequence and first frame.

    Columns: ``type`` and ``cause`` uint8 (``codes``), ``first`` and ``last`` int32 frames, ``truth_id`` and
    ``prediction_id`` int64 (−1: none), ``other`` int64, the id of the object behind it (of a duplicate and of a split
    object: of the other track), ``label`` int32, ``fact`` float64, what the cause was read from. An FN or FP is a run
    of frames; an IDSW and a Frag lie at the frame ``last`` where the object is found again, ``first`` is the frame
    after it was found before. Merged and split tracks lie where the further object or track begins.
    Where the camera's motion is known, the table ``camera`` is added too (``moving.table``).
    """
    if (moved := moving.table(evidence, rules.motion)) is not None:
        evidence = _with(evidence, moving.TABLE, moved)
    facts = Facts.of(evidence, rules)
    missed, alarms = _missed(facts), _alarms(facts)
    changes = _changes(facts)
    caused = _changed(facts, changes, missed, alarms)
    table = _table([_misses(facts, missed), _falses(facts, alarms), *_losses(facts, changes, caused, missed)])
    return _with(evidence, TABLE, table)


def _with(evidence: Evidence, name: str, rows: Rows) -> Evidence:
    return replace(evidence, tables={**evidence.tables, name: rows})


def summary(evidence: Evidence) -> dict[str, Any]:
    """Events by type and cause: ``{"FN": {"events": …, "frames": …, "causes": {"occluded": …}, "unexplained": …}}``.

    ``unexplained`` is a share of the events, None where there are none; ``all`` sums over the types.
    """
    rows = evidence[TABLE]
    made = {name: _counted(rows, rows["type"] == code) for code, name in enumerate(TYPES)}
    return {**made, "all": _counted(rows, np.ones(len(rows), bool))}


def _counted(rows: Rows, mask: Array) -> dict[str, Any]:
    cause = rows["cause"][mask]
    counts = np.bincount(cause, minlength=len(CAUSES))
    order = np.argsort(-counts, kind="stable")
    frames = int((rows["last"][mask] - rows["first"][mask] + 1).sum())
    return {
        "events": len(cause),
        "frames": frames,
        "causes": {CAUSES[i]: int(counts[i]) for i in order.tolist() if counts[i]},
        "unexplained": float(counts[UNEXPLAINED] / len(cause)) if len(cause) else None,
    }


@dataclass(frozen=True, eq=False)
class _Boxes:
    """Unmatched rows of a side in chain order, each with its cause; ``at`` (rows of the side,) finds them, −1."""

    row: Positions
    caused: Caused
    at: Positions


def _missed(facts: Facts) -> _Boxes:
    """All unmatched boxes of judged classes, also those that do not count: they may lie between two that do."""
    side = facts.truth
    row = side.chains.order
    row = row[(side.match[row] < 0) & (side.rows["label"][row] >= 0)]
    return _found(side, row, first(MISSED, Missed(facts, side, row), len(row)))


def _alarms(facts: Facts) -> _Boxes:
    side = facts.said
    row = side.chains.order
    row = row[(side.match[row] < 0) & side.rows["kept"][row]]
    return _found(side, row, first(ALARMS, Alarms(facts, side, row), len(row)))


def _found(side: Side, row: Positions, caused: Caused) -> _Boxes:
    at = np.full(len(side.rows), -1, np.intp)
    at[row] = np.arange(len(row))
    return _Boxes(row, caused, at)


def _of(caused: Caused, index: Array) -> Caused:
    return Caused(caused.code[index], caused.fact[index], caused.other[index])


def _misses(facts: Facts, missed: _Boxes) -> Events:
    counted = facts.truth.rows["kept"][missed.row]
    row, caused = missed.row[counted], _of(missed.caused, counted)
    return _run(facts.truth, row, caused, "FN", facts.truth.rows["id"][row], np.full(len(row), -1))


def _falses(facts: Facts, alarms: _Boxes) -> Events:
    """False boxes; the object concerned is that which the boxes overlap most."""
    said, truth = facts.said, facts.truth
    best = np.argmax(said.share[alarms.row][:, :4], axis=1) if len(alarms.row) else np.zeros(0, np.intp)
    on = said.who[alarms.row, best]
    concerned = np.where(on >= 0, truth.rows["id"][on] if len(truth.rows) else -1, -1)
    return _run(said, alarms.row, alarms.caused, "FP", concerned, said.rows["id"][alarms.row])


def _run(side: Side, row: Positions, caused: Caused, type_: str, truth_id: Array, prediction_id: Array) -> Events:
    """Consecutive frames as one event each; its ids are those of the first frame."""
    frame = side.rows["frame"]
    group = runs(side.chains, side.rows["frame"], row)
    begins = np.flatnonzero(np.diff(group, prepend=-1))
    ends = np.append(begins[1:], len(row))[: len(begins)] - 1
    made = most(caused, group, len(begins))
    start, stop = row[begins], row[ends]
    return Events(type_, side.rows.item[start], frame[start], frame[stop], truth_id[begins], prediction_id[begins],
                  side.rows["label"][start], made, made.other)  # fmt: skip


def _changes(facts: Facts) -> Changes:
    """Of an object's successive matches those between which its track changes or it is lost."""
    side = facts.truth
    row = side.chains.order[side.match[side.chains.order] >= 0]
    before = side.chains.before(row)
    before, row = before[before >= 0], row[before >= 0]
    tracks = _tracks(facts)
    chosen = (tracks[before] != tracks[row]) | (side.frame[row] - side.frame[before] > 1)
    return Changes(before[chosen], row[chosen])


def _tracks(facts: Facts) -> Ints:
    """The chain of the track that each box of the truth is matched to, −1 for none."""
    match, code = facts.truth.match, facts.said.chains.code
    return np.where(match >= 0, code[match] if len(code) else -1, -1).astype(np.int32)


def _changed(facts: Facts, changes: Changes, missed: _Boxes, alarms: _Boxes) -> Caused:
    """Why the changes happened."""
    truth = facts.truth
    gap = truth.frame[changes.after] - truth.frame[changes.before] - 1
    apart, partner = _swaps(facts, changes)
    owner, second = _earlier(facts, changes, alarms)
    meets, met = _around(truth, changes.before, changes.after)
    during = _during(truth, changes, missed)
    tracks = _tracks(facts)
    switched = tracks[changes.before] != tracks[changes.after]
    about = Switches(
        facts, changes.before, changes.after, switched, gap, during, apart, partner, meets, met, owner, second
    )
    return first(SWITCHES, about, len(changes))


def _around(truth: Side, before: Array, after: Array) -> tuple[Array, Array]:
    """Whom an object met from ``SOON`` of its boxes before one row to another: largest overlap and id."""
    chains = truth.chains
    begin = np.searchsorted(chains.code[chains.order], chains.code[before])
    start = np.maximum(chains.place[before] - SOON, begin)
    meets, who = meetings(truth, start, chains.place[after])
    return meets, np.where(who >= 0, truth.rows["id"][who], -1)


def _during(truth: Side, changes: Changes, missed: _Boxes) -> Caused:
    """Why the object was missed between the two matches."""
    place = truth.chains.place
    n = np.maximum(place[changes.after] - place[changes.before] - 1, 0)
    group = np.repeat(np.arange(len(n)), n)
    inside = np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n) + np.repeat(place[changes.before] + 1, n)
    at = missed.at[truth.chains.order[inside]]
    return most(_of(missed.caused, at[at >= 0]), group[at >= 0].astype(np.int32), len(n))


def _swaps(facts: Facts, changes: Changes) -> tuple[Array, Array]:
    """Frames to the nearest opposite switch (from the new track to the old) within ``SOON``, and whose it is."""
    apart, partner = np.full(len(changes), np.nan), np.full(len(changes), -1, np.int64)
    tracks = _tracks(facts)
    old, new = (tracks[row].astype(np.int64) for row in (changes.before, changes.after))
    rows = np.flatnonzero(old != new)
    if not len(rows):
        return apart, partner
    frame = facts.truth.frame[changes.after[rows]]
    n, span = int(facts.said.chains.code.max()) + 1, int(frame.max()) + SOON + 1
    key = (old[rows] * n + new[rows]) * span + frame
    wanted = (new[rows] * n + old[rows]) * span + frame
    order = np.argsort(key)
    place = np.searchsorted(key[order], wanted)
    for side in (place - 1, np.minimum(place, len(rows) - 1)):
        near = np.abs(key[order][side] - wanted)
        better = (side >= 0) & (near <= SOON) & ~(near >= apart[rows])
        apart[rows[better]] = near[better]
        partner[rows[better]] = facts.truth.rows["id"][changes.after[rows[order[side[better]]]]]
    return apart, partner


def _earlier(facts: Facts, changes: Changes, alarms: _Boxes) -> tuple[Array, Caused]:
    """What the new track was before: the id of another object that it was matched to last (−1: none), and why its box
    just before, if it was a false one, was false.
    """
    truth, said = facts.truth, facts.said
    new = truth.match[changes.after]
    last, _ = said.since()
    owner = np.where(last[new] >= 0, said.match[last[new]], -1)
    other = (owner >= 0) & (truth.chains.code[owner] != truth.chains.code[changes.after])
    before = said.chains.order[np.maximum(said.chains.place[new] - 1, 0)]
    at = np.where(said.chains.code[before] == said.chains.code[new], alarms.at[before], -1)
    second = Caused.unknown(len(changes))
    for name in ("code", "fact", "other"):
        getattr(second, name)[at >= 0] = getattr(alarms.caused, name)[at[at >= 0]]
    return np.where(other, truth.rows["id"][owner], -1), second


def _losses(facts: Facts, changes: Changes, caused: Caused, missed: _Boxes) -> Iterable[Events]:
    """Switches, fragmentations, split objects and merged tracks."""
    tracks = _tracks(facts)
    switched = tracks[changes.before] != tracks[changes.after]
    yield _moments("IDSW", facts, changes.take(switched), _of(caused, switched))
    broken = _broken(facts, changes)
    yield _moments("Frag", facts, changes.take(broken), _of(caused, broken))
    yield _split(facts, changes, caused)
    yield _merged(facts, changes, caused, missed)


def _moments(type_: str, facts: Facts, changes: Changes, caused: Caused) -> Events:
    rows, said = facts.truth.rows, facts.said.rows
    first_frame = np.minimum(rows["frame"][changes.before] + 1, rows["frame"][changes.after])
    return Events(
        type_, rows.item[changes.after], first_frame, rows["frame"][changes.after], rows["id"][changes.after],
        said["id"][facts.truth.match[changes.after]], rows["label"][changes.after], caused, caused.other,
    )  # fmt: skip


def _broken(facts: Facts, changes: Changes) -> Array:
    """Which changes begin a further run of matches, as CLEAR counts it: in between there is a frame in which both
    sides have boxes of the class.
    """
    sides = facts.truth, facts.said
    frames = int(max(side.frame.max(initial=0) for side in sides)) + 1
    keys = [side.rows["label"].astype(np.int64) * frames + side.frame for side in sides]
    true, said = (np.unique(key[side.rows["kept"]]) for key, side in zip(keys, sides, strict=True))
    both = np.intersect1d(true, said, assume_unique=True)
    last = both[np.searchsorted(both, keys[0][changes.after]) - 1] if len(changes) else both[:0]
    return np.asarray(last != keys[0][changes.before])


@dataclass(frozen=True, eq=False)
class _Further:
    """Main partners of a chain beyond its first: the row of the truth at which each is first matched, and the row at
    which the main partner before it was (n,).
    """

    row: Positions
    before: Positions


def _further(facts: Facts, chain: Array, partner: Array, row: Positions) -> _Further:
    """Of matches (rows of the truth with their chains, by frame) those that begin a further partner of ``FEWEST``."""
    partners = int(partner.max(initial=0)) + 1
    _, at, n = np.unique(chain.astype(np.int64) * partners + partner, return_index=True, return_counts=True)
    at = at[n >= FEWEST]
    at = at[np.lexsort((facts.truth.frame[row[at]], chain[at]))]
    same = np.flatnonzero(chain[at[1:]] == chain[at[:-1]]) + 1
    return _Further(row[at[same]], row[at[same - 1]])


def _matches(facts: Facts) -> tuple[Positions, Ints, Ints]:
    """All matched rows of the truth by frame, with their chains and those of their tracks."""
    row = np.flatnonzero(facts.truth.match >= 0)
    return row, facts.truth.chains.code[row], facts.said.chains.code[facts.truth.match[row]]


def _split(facts: Facts, changes: Changes, caused: Caused) -> Events:
    row, objects, tracks = _matches(facts)
    found = _further(facts, objects, tracks, row)
    why = _at(facts, changes, caused, found.row)
    said = facts.said.rows["id"]
    return _lying(facts, "split", found.row, why, said[facts.truth.match[found.before]])


def _merged(facts: Facts, changes: Changes, caused: Caused, missed: _Boxes) -> Events:
    """Where a track goes over to another object; where that one switches to it, with the cause of the switch."""
    row, objects, tracks = _matches(facts)
    found = _further(facts, tracks, objects, row)
    truth = facts.truth
    last, _ = facts.said.since()
    left = facts.said.match[last[truth.match[found.row]]].astype(np.intp)
    owner = truth.rows["id"][found.before]
    around = [_around(truth, left, _later(truth, left)), _around(truth, found.row, found.row)]
    meets, met = (np.where(around[0][0] >= around[1][0], *pair) for pair in zip(*around, strict=True))
    n = len(found.row)
    about = Switches(
        facts, left, found.row, np.ones(n, bool), truth.frame[found.row] - truth.frame[left] - 1,
        _during(truth, Changes(left, _later(truth, left)), missed), np.full(n, np.nan), np.full(n, -1, np.int64), meets,
        met, owner, Caused.unknown(n),
    )  # fmt: skip
    own, switch = first(SWITCHES, about, n), _at(facts, changes, caused, found.row)
    known = switch.code != UNEXPLAINED
    code, fact = np.where(known, switch.code, own.code), np.where(known, switch.fact, own.fact)
    return _lying(facts, "merged", found.row, Caused(code, fact, switch.other), owner)


def _later(truth: Side, row: Positions) -> Positions:
    """The row ``SOON`` boxes later in the same chain, or its last."""
    place, code = truth.chains.place, truth.chains.code
    end = np.searchsorted(code[truth.chains.order], code[row], side="right") - 1
    return truth.chains.order[np.minimum(place[row] + SOON, end)]


def _at(facts: Facts, changes: Changes, caused: Caused, row: Positions) -> Caused:
    """The causes of the changes that lie at the rows, unexplained where none does."""
    change = np.full(len(facts.truth.rows), -1, np.intp)
    change[changes.after] = np.arange(len(changes))
    made, at = Caused.unknown(len(row)), change[row]
    for name in ("code", "fact", "other"):
        getattr(made, name)[at >= 0] = getattr(caused, name)[at[at >= 0]]
    return made


def _lying(facts: Facts, type_: str, row: Positions, caused: Caused, other: Array) -> Events:
    rows, frame = facts.truth.rows, facts.truth.rows["frame"][row]
    return Events(type_, rows.item[row], frame, frame, rows["id"][row],
                  facts.said.rows["id"][facts.truth.match[row]], rows["label"][row], caused, other)  # fmt: skip


_COLUMNS = {
    "type": np.uint8, "first": np.int32, "last": np.int32, "truth_id": np.int64, "prediction_id": np.int64,
    "other": np.int64, "label": np.int32, "cause": np.uint8, "fact": np.float64,
}  # fmt: skip


def _table(events: Iterable[Events]) -> Rows:
    """All events by sequence, first frame, type and ids."""
    parts = [
        {
            "item": e.item, "type": np.full(len(e.item), TYPE_CODE[e.type]), "first": e.first, "last": e.last,
            "truth_id": e.truth_id, "prediction_id": e.prediction_id, "other": e.other, "label": e.label,
            "cause": e.caused.code, "fact": e.caused.fact,
        }
        for e in events
    ]  # fmt: skip
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort([whole[name] for name in ("prediction_id", "truth_id", "type", "first", "item")])
    columns = {name: whole[name][order].astype(kind) for name, kind in _COLUMNS.items()}
    return Rows(whole["item"][order].astype(np.int32), columns)
