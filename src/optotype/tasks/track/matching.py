"""Tracks against objects, frame by frame, as HOTA, CLEAR and Identity match them, by the rules of MOTChallenge."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError
from optotype.evidence import Evidence, Rows
from optotype.kernels import box_overlaps, identity
from optotype.kernels.clear import IOU, clear
from optotype.kernels.hota import hota
from optotype.machine import usable_cores
from optotype.metrics.tracking import ALPHAS, COUNTS, MIDDLE, SUMS
from optotype.tables import Array, Floats, Ints, Tracks
from optotype.tasks.aligning import check_aligned
from optotype.tasks.track.rules import Rules

JUDGED = ("pedestrian",)
"""What the protocols of MOTChallenge judge."""

DISTRACTORS = ("person on vehicle", "static person", "distractor", "reflection")
"""What a tracker may find or not under ``mot16`` and ``mot17``."""

OF_MOT20 = (*DISTRACTORS, "non-motorised vehicle")


def distractors(protocol: str) -> tuple[str, ...]:
    """Classes on which a tracker's boxes are dropped."""
    return {"mot16": DISTRACTORS, "mot17": DISTRACTORS, "mot20": OF_MOT20}.get(protocol, ())


Integers = NDArray[np.int64]


def match(truth: Tracks, prediction: Tracks, *, rules: Rules | None = None, threads: int = 0) -> Evidence:
    """Evidence of a tracker: tables ``sequences``, ``truth``, ``predictions`` and ``counts``, rows in the files' order.

    ``classes`` are those that are judged. ``sequences``: ``place`` among the truth's items, ``length``, ``width``,
    ``height`` int32, ``rate`` float64. ``truth``: ``frame``, ``id``, ``label`` (−1: of a class that is not judged),
    ``box``, ``visibility``, ``kept`` (it is judged), ``match`` int32, the position among the sequence's predictions of
    CLEAR's match, −1 for none, and ``association`` float64, A(c) of HOTA's match at α 0.5, NaN for none.
    ``predictions``: ``frame``, ``id``, ``label``, ``box``, ``score`` (NaN: none), ``row``, ``match`` among the truth's
    rows, and ``kept`` (False: dropped, it lies on a distractor). ``counts``, a row a sequence and class: ``label`` and
    the columns ``COUNTS`` and ``SUMS`` of ``metrics.tracking``.

    Both sides must be of the same sequences and classes, each id once in a frame (InputError). ``rules`` None: protocol
    ``plain``. The result does not depend on ``threads`` (0: all cores). Source: TrackEval 1.3.0.
    """
    _check(truth, prediction)
    protocol = _Protocol.of((rules or Rules()).protocol, truth.classes)
    order = np.argsort(truth.items.key, kind="stable").astype(np.int32)
    ours, theirs = _truth(truth, order, protocol), _said(prediction, order, protocol)
    counts = _no_counts(len(order), len(protocol.classes))

    def judge(s: int) -> None:
        of_classes = {name: values[s] for name, values in counts.items()}
        _judge(protocol, int(truth.length[order[s]]), ours.of_sequence(s), theirs.of_sequence(s), of_classes)

    workers = min(threads or usable_cores(), len(order))
    if workers > 1:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(judge, range(len(order))))
    else:
        for s in range(len(order)):
            judge(s)
    every, k = np.arange(len(order), dtype=np.int32), len(protocol.classes)
    tables = {
        "sequences": Rows(every, {
            "place": order, "length": truth.length[order], "rate": truth.rate[order],
            "width": truth.items.width[order], "height": truth.items.height[order],
        }),
        "truth": ours.table(),
        "predictions": theirs.table(),
        "counts": Rows(
            np.repeat(every, k),
            {"label": np.tile(np.arange(k, dtype=np.int32), len(order))}
            | {name: values.reshape(-1, *values.shape[2:]) for name, values in counts.items()},
        ),
    }  # fmt: skip
    return Evidence("track", protocol.classes, truth.items.key[order], truth.items.groups()[order], tables)


@dataclass(frozen=True, eq=False)
class _Protocol:
    """``label`` (K,) is the number among the judged ``classes`` of each class of the tables, −1 for none."""

    name: str
    classes: tuple[str, ...]
    label: Ints
    distractor: NDArray[np.bool_]

    @classmethod
    def of(cls, name: str, classes: tuple[str, ...]) -> _Protocol:
        none = np.zeros(len(classes), np.bool_)
        if name == "plain":
            return cls(name, classes, np.arange(len(classes), dtype=np.int32), none)
        if name == "mot15":
            return cls(name, JUDGED, np.zeros(len(classes), np.int32), none)
        if JUDGED[0] not in classes:
            raise InputError("classes of the truth", f"MOTChallenge's, '{JUDGED[0]}' among them, for {name}",
                             ", ".join(classes), "Choose --protocol plain for other classes.")  # fmt: skip
        label = [0 if of == JUDGED[0] else -1 for of in classes]
        return cls(name, JUDGED, np.array(label, np.int32), np.array([of in distractors(name) for of in classes]))


@dataclass(frozen=True, eq=False)
class _Side:
    """Columns of one side's table in the order of the keys; ``starts`` (s + 1,) says where each sequence begins.

    ``distractor`` is of the rows of the truth.
    """

    item: Ints
    starts: Integers
    columns: dict[str, Array]
    distractor: NDArray[np.bool_] | None = None

    def of_sequence(self, s: int) -> _Side:
        """One sequence; its columns are views, so that what is written there is in the table."""
        rows = slice(self.starts[s], self.starts[s + 1])
        columns = {name: values[rows] for name, values in self.columns.items()}
        return _Side(self.item[rows], self.starts, columns, None if self.distractor is None else self.distractor[rows])

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.item)

    def table(self) -> Rows:
        return Rows(self.item, self.columns)


def _truth(truth: Tracks, order: Ints, protocol: _Protocol) -> _Side:
    side, columns = _arranged(truth, order, ("frame", "id", "box", "visibility", "counts"))
    label = columns.pop("class")
    columns["label"] = protocol.label[label]
    columns["kept"] = columns.pop("counts") & (columns["label"] >= 0)
    columns["match"] = np.full(len(truth), -1, np.int32)
    columns["association"] = np.full(len(truth), np.nan)
    return _Side(*side, columns, protocol.distractor[label])


def _said(said: Tracks, order: Ints, protocol: _Protocol) -> _Side:
    side, columns = _arranged(said, order, ("frame", "id", "box", "score", "row"))
    columns["label"] = protocol.label[columns.pop("class")]
    if (columns["label"] < 0).any():
        raise InputError("classes of the tracks", f"only {JUDGED[0]} under {protocol.name}", "others",
                         "Drop the other classes, or choose --protocol plain.")  # fmt: skip
    columns["kept"] = np.ones(len(said), np.bool_)
    columns["match"] = np.full(len(said), -1, np.int32)
    return _Side(*side, columns)


def _arranged(tracks: Tracks, order: Ints, names: Sequence[str]) -> tuple[tuple[Ints, Integers], dict[str, Array]]:
    """The sequences of ``order`` one after the other: the sequence of each row and where each begins, and columns."""
    columns: dict[str, Array] = {"class": tracks.label} | {name: getattr(tracks, name) for name in names}
    if "score" in columns and tracks.score is None:
        columns["score"] = np.full(len(tracks), np.nan)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    item = place[tracks.item]
    if bool((order[1:] < order[:-1]).any()):
        rows = np.argsort(item, kind="stable")
        item, columns = item[rows], {name: values[rows] for name, values in columns.items()}
    starts = np.searchsorted(item, np.arange(len(order) + 1))
    return (item, starts), {name: np.ascontiguousarray(values) for name, values in columns.items()}


def _no_counts(sequences: int, classes: int) -> dict[str, Array]:
    counts = {name: np.zeros((sequences, classes), np.int64) for name in COUNTS}
    return counts | {name: np.zeros((sequences, classes, *shape), kind) for name, (shape, kind) in SUMS.items()}


class _Pairs(NamedTuple):
    """Boxes of a frame that overlap: rows of both sides, their IoU, and where the pairs of each frame begin."""

    start: Integers
    row: Ints
    column: Ints
    iou: Floats


class _Frames(NamedTuple):
    """Where the rows of each frame begin, on both sides, (F + 1,)."""

    truth: Integers
    said: Integers


def _judge(protocol: _Protocol, length: int, truth: _Side, said: _Side, counts: dict[str, Array]) -> None:
    """Write what matching finds in one sequence into the columns of both sides and into ``counts`` (K, …)."""
    turn = np.arange(1, length + 2)
    frames = _Frames(np.searchsorted(truth["frame"], turn), np.searchsorted(said["frame"], turn))
    pairs = _overlaps(frames, truth, said, within=protocol.name == "plain" and len(protocol.classes) > 1)
    if truth.distractor is not None and truth.distractor.any():
        box_overlaps.drop_distracted(*frames, *pairs, truth.distractor, said["kept"])
    counts["frames"][:] = length
    present = sum(np.bincount(side["label"][side["kept"]], minlength=len(protocol.classes)) for side in (truth, said))
    for k in np.flatnonzero(present).tolist():
        _count(k, frames, pairs, truth, said, {name: values[k : k + 1] for name, values in counts.items()})


def _overlaps(frames: _Frames, truth: _Side, said: _Side, *, within: bool) -> _Pairs:
    room = 2 * (len(truth) + len(said)) + 64
    start = np.empty(len(frames.truth), np.int64)
    while True:
        row, column, iou = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room)
        sides = truth["box"], said["box"], truth["label"], said["label"]
        count = box_overlaps.overlaps(*frames, *sides, within, start, row, column, iou)
        if count <= room:
            return _Pairs(start, row[:count], column[:count], iou[:count])
        room = count


def _count(k: int, frames: _Frames, pairs: _Pairs, truth: _Side, said: _Side, into: dict[str, Array]) -> None:
    """The numbers of class ``k``, written ``into`` (1, …), and its matches, written into the columns of both sides."""
    rows, frame, place = _of_class(k, truth, frames.truth)
    said_rows, said_frame, said_place = _of_class(k, said, frames.said)
    pairs = _narrowed(pairs, place, said_place)
    number, ids = _numbered(truth["id"][rows])
    said_number, said_ids = _numbered(said["id"][said_rows])
    boxes, said_boxes = np.bincount(number, minlength=ids), np.bincount(said_number, minlength=said_ids)
    into["truth"][0], into["predictions"][0] = len(rows), len(said_rows)
    into["truth_ids"][0], into["prediction_ids"][0] = ids, said_ids

    met = number[pairs.row], said_number[pairs.column]
    meeting, who, said_who = (np.empty(len(pairs.row), np.int32) for _ in range(3))
    meetings = box_overlaps.meetings(ids, said_ids, *met, meeting, who, said_who)
    who, said_who = who[:meetings], said_who[:meetings]

    found = np.empty(len(rows), np.int32)
    numbers = np.empty(len(_CLEAR), np.int64)
    into["MOTP_sum"][0] = clear(frame, said_frame, *pairs, number, said_number, ids, found, numbers)
    for name, value in zip(_CLEAR, numbers.tolist(), strict=True):
        into[name][0] = value
    matched = np.flatnonzero(found >= 0)
    truth["match"][rows[matched]] = said_rows[found[matched]]
    said["match"][said_rows[found[matched]]] = rows[matched]

    sums, association = np.empty((4, len(ALPHAS))), np.full(len(rows), np.nan)
    hits = np.empty(len(ALPHAS), np.int64)
    hota(
        frame, said_frame, *pairs, meeting, who, said_who, boxes, said_boxes, ALPHAS, MIDDLE, hits, sums, association
    )  # fmt: skip
    truth["association"][rows] = association
    into["HOTA_TP"][0], into["HOTA_FN"][0], into["HOTA_FP"][0] = hits, len(rows) - hits, len(said_rows) - hits
    into["AssA"][0], into["AssRe"][0], into["AssPr"][0], into["LocA"][0] = sums

    shared = np.bincount(meeting[pairs.iou >= IOU], minlength=meetings).astype(np.float64)
    some = np.flatnonzero(shared)
    ours, theirs = who[some].astype(np.int64), said_who[some].astype(np.int64)
    into["IDTP"][0] = identity.heaviest(ids, said_ids, ours, theirs, shared[some])
    for kind, of in (("", "TP"), ("ID", "IDTP")):
        into[f"{kind}FN"][0], into[f"{kind}FP"][0] = len(rows) - into[of][0], len(said_rows) - into[of][0]


_CLEAR = ("TP", "IDSW", "Frag", "MT", "PT", "ML")


def _of_class(k: int, side: _Side, start: Integers) -> tuple[Array, Integers, Ints | None]:
    """Kept rows of class ``k``, where their frames begin, and the place of each row among them (None: all are)."""
    mask = side["kept"] & (side["label"] == k)
    rows = np.flatnonzero(mask).astype(np.int32)
    if len(rows) == len(mask):
        return rows, start, None
    before = np.append(0, np.cumsum(mask))
    return rows, before[start], np.where(mask, before[:-1], -1).astype(np.int32)


def _narrowed(pairs: _Pairs, place: Ints | None, said_place: Ints | None) -> _Pairs:
    """The pairs between rows that have a place, with their places."""
    if place is None and said_place is None:
        return pairs
    row = pairs.row if place is None else place[pairs.row]
    column = pairs.column if said_place is None else said_place[pairs.column]
    inside = (row >= 0) & (column >= 0)
    return _Pairs(np.append(0, np.cumsum(inside))[pairs.start], row[inside], column[inside], pairs.iou[inside])


def _numbered(ids: Integers) -> tuple[Ints, int]:
    """Each id by its number among those that occur, in ascending order, and how many there are."""
    if not len(ids):
        return np.zeros(0, np.int32), 0
    low, high = int(ids.min()), int(ids.max())
    if high - low > 4 * len(ids) + 1024:
        there, number = np.unique(ids, return_inverse=True)
        return number.astype(np.int32), len(there)
    seen = np.zeros(high - low + 1, np.bool_)
    seen[ids - low] = True
    last = np.cumsum(seen, dtype=np.int32)
    return (last[ids - low] - 1).astype(np.int32, copy=False), int(last[-1])


def _check(truth: Tracks, prediction: Tracks) -> None:
    check_aligned(truth, prediction, "tracks", "sequence")
    if not len(truth.items):
        raise InputError("matching", "at least one sequence", "none", "Check the truth's sequences.")
    for name, side in (("truth", truth), ("tracks", prediction)):
        _check_ids(name, side, truth)


def _check_ids(name: str, side: Tracks, truth: Tracks) -> None:
    """Every box has an id, in a frame of the truth, and no other box of the frame has it."""
    if len(bad := np.flatnonzero((side.id < 0) | (side.frame > truth.length[side.item]))):
        i = bad[0]
        got = f"id {side.id[i]} in frame {side.frame[i]} of '{side.items.key[side.item[i]]}'"
        raise InputError(f"the {name}, row {i}", "an id of 0 or more in a frame of the sequence", got,
                         "Correct or drop the row.")  # fmt: skip
    number, ids = _numbered(side.id)
    new = (np.diff(side.frame) != 0) | (np.diff(side.item) != 0)
    start = np.concatenate([[0], np.flatnonzero(new) + 1, [len(side)]]).astype(np.int64)
    i = box_overlaps.second_of_frame(start, number, ids)
    if i >= 0:
        got = f"id {side.id[i]} twice in frame {side.frame[i]} of '{side.items.key[side.item[i]]}'"
        raise InputError(f"the {name}, row {i}", "every id once in a frame", got,
                         "Give each object of a frame an id of its own.")  # fmt: skip
