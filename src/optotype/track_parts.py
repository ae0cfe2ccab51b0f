"""From the boxes of each sequence's file to one table of tracks: what is checked, put in order, and told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optotype.box_checks import order_by
from optotype.errors import InputError, and_more, did_you_mean
from optotype.sequences import select
from optotype.tables import Array, Floats, Items, Tracks

MOT_CLASSES = (
    "pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non-motorised vehicle", "static person",
    "distractor", "occluder", "occluder on the ground", "occluder full", "reflection", "crowd",
)  # fmt: skip
"""MOTChallenge's classes 1 … 13, in the order of their numbers."""

SHOWN = 5
"""Most names, or rows of a fault, that are put into words."""

_TABLE = 1 << 22
_NUMBERED = re.compile(r"class ([1-9]\d*)")

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Part:
    """The boxes of one sequence, a row each in the order of the file, not yet checked.

    ``frame``, ``id``, ``label`` (n,) int64; ``box`` (n, 4), ``score`` (None: the truth) and ``visibility`` float64;
    ``counts`` bool. ``label`` is −1 where a class is not known. ``where(row)`` names a row's place for errors, and
    ``first`` is what the file calls the first frame.
    """

    frame: Integers
    id: Integers
    label: Integers
    box: Floats
    counts: NDArray[np.bool_]
    visibility: Floats
    where: Callable[[int], str]
    score: Floats | None = None
    first: int = 1

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, index: Array) -> Part:
        """The rows at ``index``; ``where`` still counts those of the file."""
        names = ("frame", "id", "label", "box", "counts", "visibility")
        score = None if self.score is None else self.score[index]
        return replace(self, **{name: getattr(self, name)[index] for name in names}, score=score)


class Fault(NamedTuple):
    """Rows that cannot be meant: ``places`` and ``got`` are those of the first few of ``number``."""

    kind: str
    number: int
    places: tuple[str, ...]
    expected: str
    got: tuple[str, ...]
    fix: str

    def error(self) -> InputError:
        """The fault as what is raised about it."""
        more = and_more(self.number - 1, "such rows")
        return InputError(self.places[0], self.expected, f"{self.got[0]}{more}", self.fix)


class Assembled(NamedTuple):
    """A table, what is unusual about it in sentences, and the faulty rows that were left out."""

    tracks: Tracks
    warnings: list[str]
    faults: list[Fault]


def empty_part(scored: bool) -> Part:
    """No boxes."""
    none, real = np.zeros(0, np.int64), np.zeros(0)
    return Part(none, none, none, np.zeros((0, 4)), none > 0, real, str, real if scored else None)


def numbers_of(classes: Sequence[str]) -> list[int]:
    """The number by which a file's column 8 calls each class: that of its name ``class N``, else its place from 1.

    >>> numbers_of(["class 3", "class 7"]), numbers_of(["cat", "dog"])
    ([3, 7], [1, 2])
    """
    found = [_NUMBERED.fullmatch(name) for name in classes]
    return [int(match[1]) for match in found if match] if all(found) else list(range(1, len(classes) + 1))


def one_judged(classes: Sequence[str]) -> bool:
    """Whether one class alone is tracked, the first: there are no others, or they are MOTChallenge's.

    >>> one_judged(["cat"]), one_judged(MOT_CLASSES), one_judged(["cat", "dog"])
    (True, True, False)
    """
    return len(classes) == 1 or tuple(classes) == MOT_CLASSES


def counts_from_zero(parts: Sequence[Part], length: Sequence[int]) -> bool:
    """Whether frames are counted from 0: the least of all is 0 and each would still be one of its sequence, one later.

    ``length`` holds each sequence's number of frames, 0 where unknown.
    """
    ends = [(int(p.frame.min()), int(p.frame.max()), n) for p, n in zip(parts, length, strict=True) if len(p)]
    return any(low == 0 for low, _, _ in ends) and all(low >= 0 and (not n or high < n) for low, high, n in ends)


def moved(parts: Sequence[Part]) -> list[Part]:
    """The same boxes a frame later."""
    return [replace(part, frame=part.frame + 1) for part in parts]


def assemble(
    items: Items, classes: tuple[str, ...], length: Array, rate: Array, parts: Sequence[Part], *, what: str,
    identified: bool = True, lenient: bool = False,
) -> Assembled:  # fmt: skip
    """One table of the parts, one a row of ``items``; ``what`` names the boxes in the plural.

    Without ``identified`` ids are not looked at: all become −1. Rows with a frame outside the sequence, an unknown
    class, a negative id or side, or an id that is there twice in a frame raise InputErrors, or, with ``lenient``, are
    left out and told as faults.
    """
    faults: list[Fault] = []
    sorted_parts: list[tuple[Part, Array]] = []
    for part, frames in zip(parts, length.tolist(), strict=True):
        given = part if identified else replace(part, id=np.full(len(part), -1, np.int64))
        found, kept = _faults(given, frames, classes, identified)
        if found and not lenient:
            raise found[0].error()
        faults += found
        order = np.arange(len(part)) if kept is None else np.flatnonzero(kept)
        later = order_by(part.frame if kept is None else part.frame[order], frames + 1)
        order = order if later is None else order[later]
        sorted_parts.append((given if kept is None and later is None else given.take(order), order))
    tracks = _joined(items, classes, length, rate, sorted_parts)
    return Assembled(tracks, _unusual(tracks, what), faults)


def _joined(
    items: Items, classes: tuple[str, ...], length: Array, rate: Array, parts: list[tuple[Part, Array]]
) -> Tracks:
    scored = bool(parts) and parts[0][0].score is not None

    def column(name: str, kind: type) -> Array:
        return np.concatenate([getattr(part, name) for part, _ in parts]).astype(kind, copy=False)

    return Tracks(
        items=items, classes=classes, length=length.astype(np.int32), rate=rate.astype(np.float64),
        item=np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part, _ in parts]),
        frame=column("frame", np.int32), id=column("id", np.int64), label=column("label", np.int32),
        box=column("box", np.float64), counts=column("counts", np.bool_),
        visibility=column("visibility", np.float64), row=np.concatenate([order for _, order in parts]).astype(np.int64),
        score=column("score", np.float64) if scored else None,
    )  # fmt: skip


def _faults(part: Part, length: int, classes: tuple[str, ...], identified: bool) -> tuple[list[Fault], Array | None]:
    """What is wrong with the rows of a sequence of ``length`` frames, and the mask of the good ones (None: all are)."""
    if not len(part):
        return [], None
    found: list[Fault] = []
    kept = np.ones(len(part), np.bool_)
    frame, box = part.frame, part.box

    def note(kind: str, bad: Any, expected: str, got: Callable[[int], str], fix: str) -> None:
        rows = np.flatnonzero(bad & kept)
        if len(rows):
            some = rows[:SHOWN].tolist()
            places, words = tuple(map(part.where, some)), tuple(map(got, some))
            found.append(Fault(kind, len(rows), places, expected, words, fix))
            kept[rows] = False

    if frame.min() < 1 or frame.max() > length:
        past = part.first - 1
        note("outside", (frame < 1) | (frame > length), f"a frame of the sequence, {1 + past} … {length + past:,}",
             lambda row: f"frame {frame[row] + past}", "Correct the line, or the length in seqinfo.ini.")  # fmt: skip
    if box[:, 2:].min() < 0:
        note("negative_size", (box[:, 2:] < 0).any(axis=1), "left, top, width, height with width ≥ 0 and height ≥ 0",
             lambda row: f"width {box[row, 2]:g}, height {box[row, 3]:g}", "Correct or drop the line.")  # fmt: skip
    if part.label.min() < 0:
        note("unknown_class", part.label < 0, f"one of the classes {listed(classes)}", lambda _: "another class",
             "Correct the line, or name all classes with --classes.")  # fmt: skip
    if identified and part.id.min() < 0:
        note("negative_id", part.id < 0, "an id, 0 or more", lambda row: f"id {part.id[row]}",
             "Give each track an id; detections without ids are no tracks.")  # fmt: skip
    if identified and kept.any():
        note("repeated_id", _repeated(part, kept), "every id once in a frame",
             lambda row: f"id {part.id[row]} again in frame {frame[row] + part.first - 1}",
             "Give each object an id of its own.")  # fmt: skip
    return found, None if kept.all() else kept


def _repeated(part: Part, kept: Array) -> Array:
    """Mask of the kept rows whose id was there before in the same frame."""
    from optotype.kernels.mot_scan import repeated

    rows = np.arange(len(part)) if kept.all() else np.flatnonzero(kept)
    bad = np.zeros(len(part), np.bool_)
    if not len(rows):
        return bad
    frame, number = part.frame[rows], part.id[rows]
    order = order_by(frame, int(frame.max()) + 1)
    if order is not None:
        frame, number = frame[order], number[order]
    if int(number.max()) >= _TABLE:
        number = np.unique(number, return_inverse=True)[1]
    if repeated(frame, number, np.full(int(number.max()) + 1, -1, np.int64)) < 0:
        return bad
    pair = np.column_stack([part.frame[rows], part.id[rows]])
    first = np.unique(pair, axis=0, return_index=True)[1]
    bad[rows] = True
    bad[rows[first]] = False
    return bad


def _unusual(tracks: Tracks, what: str) -> list[str]:
    flat = int(np.count_nonzero((tracks.box[:, 2] == 0) | (tracks.box[:, 3] == 0)))
    if not flat:
        return []
    return [f"{flat:,} of {len(tracks):,} {what} have no width or no height; they are kept and overlap nothing."]


def identified(path: Path, tracks: Tracks) -> Tracks:
    """The same tracks; InputErrors name a box without an id, and one whose id was there before in the same frame."""
    starts = tracks.starts().tolist()
    for item, (first, end) in enumerate(pairwise(starts)):
        rows = slice(first, end)
        name = f"{path}, sequence '{tracks.items.key[item]}'"
        part = Part(
            tracks.frame[rows].astype(np.int64), tracks.id[rows], tracks.label[rows].astype(np.int64), tracks.box[rows],
            tracks.counts[rows], tracks.visibility[rows], partial(_row_of, name, first),
        )  # fmt: skip
        found, _ = _faults(part, int(tracks.length[item]), tracks.classes, identified=True)
        if found:
            raise found[0].error()
    return tracks


def _row_of(name: str, first: int, row: int) -> str:
    return f"{name}, row {first + row}"


def listed(names: Sequence[str]) -> str:
    """The first few names, and that there are more.

    >>> listed(["a", "b", "c", "d", "e", "f"])
    'a, b, c, d, e …'
    """
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


def of_sequences(tracks: Tracks, wanted: Sequence[str] | None) -> Tracks:
    """The tracks of some sequences (``sequences.select``), or of all."""
    if not wanted:
        return tracks
    names = tracks.items.key.tolist()
    return _of_rows(tracks, np.array([names.index(name) for name in select(names, wanted)], np.int64), tracks.items)


def _of_rows(tracks: Tracks, rows: Array, items: Items) -> Tracks:
    """The sequences at ``rows`` (ascending) of ``items``, which are the table's own."""
    place = np.full(len(items), -1, np.int64)
    place[rows] = np.arange(len(rows))
    inside = tracks.take(place[tracks.item] >= 0)
    return replace(inside, items=items.take(rows), item=place[inside.item].astype(np.int32),
                   length=tracks.length[rows], rate=tracks.rate[rows])  # fmt: skip


def aligned(path: Path, said: Tracks, truth: Tracks, missing: str) -> tuple[Tracks, tuple[str, ...]]:
    """What was said, on the truth's sequences and classes; a missing sequence is an InputError, or ``empty``."""
    names, there = truth.items.key.tolist(), said.items.key.tolist()
    lacking = [name for name in names if name not in set(there)]
    if lacking and (missing == "error" or len(lacking) == len(names)):
        raise InputError(str(path), f"{len(names)} sequences", f"none of {listed(lacking)}",
                         "Choose with --sequences, or count them as empty with --missing empty.")  # fmt: skip
    if strange := [name for name in said.classes if name not in truth.classes]:
        raise InputError(f"{path}, classes", f"those of the truth: {listed(truth.classes)}", listed(strange),
                         did_you_mean(strange[0], truth.classes))  # fmt: skip
    place = {name: row for row, name in enumerate(names)}
    item = np.array([place.get(name, -1) for name in there], np.int32)[said.item]
    rows = np.flatnonzero(item >= 0)
    rows = rows[np.argsort(item[rows], kind="stable")]
    label = np.array([truth.classes.index(name) for name in said.classes], np.int32)
    columns = {name: getattr(said, name)[rows] for name in ("frame", "id", "box", "counts", "visibility", "row")}
    score = None if said.score is None else said.score[rows]
    try:
        found = replace(truth, **columns, item=item[rows], label=label[said.label[rows]], score=score)
    except InputError as error:
        raise InputError(f"{path}: {error.where}", error.expected, error.got, error.fix) from error
    return found, ((f"No results for {listed(lacking)}: counted as empty.",) if lacking else ())
