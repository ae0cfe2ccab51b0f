"""MOTChallenge's text files: truth, results and detections, a row a box, and what lies beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from optotype.classes import ClassList
from optotype.errors import InputError, did_you_mean
from optotype.files import write_atomic
from optotype.listing import TrackListing
from optotype.machine import usable_cores
from optotype.sequences import Place, frame_files, scene_of
from optotype.tables import Array, Floats, Items, Tracks
from optotype.track_parts import (
    MOT_CLASSES,
    Integers,
    Part,
    assemble,
    counts_from_zero,
    empty_part,
    listed,
    moved,
    numbers_of,
    one_judged,
)
from optotype.track_rows import COLUMNS, Rows
from optotype.track_rows import read as read_rows
from optotype.track_trees import detection_places, ends_said, for_each, informed, measured, result_files, truth_places

__all__ = ["MOT_CLASSES", "frame_files", "read", "read_detections", "read_results", "scene_of", "write"]

DISTRACTED = ("mot16", "mot17", "mot20")
"""Protocols whose truth has MOTChallenge's classes."""

_TRUTH = "frame,id,left,top,width,height,considered,class,visibility"
_ZERO_BASED = "The detections count frames from 0, MOTChallenge from 1: all were moved by one."
_RESULT = "frame,id,left,top,width,height,score, with or without more"


class _Truth(NamedTuple):
    """How column 8 of the truth is read: the classes, the number of each, and whether it is passed over."""

    classes: ClassList
    numbers: list[int]
    passed: bool = False


# Truth


def read(
    path: Path, *, protocol: str = "plain", classes: ClassList | None = None, sequences: Sequence[str] | None = None,
    lenient: bool = False,
) -> TrackListing:  # fmt: skip
    """The truth of one or more sequences, in natural order or that of their seqmap.

    Under ``mot16``, ``mot17`` and ``mot20`` classes are MOTChallenge's 13, under ``mot15`` there is one, and under
    ``plain`` they are ``classes``, those of ``labels.txt``, or the numbers that occur. Frames count from 1; where all
    count from 0 they are moved, which is told. InputErrors name the line; with ``lenient`` rows that cannot be meant
    become faults instead.
    """
    places, said = truth_places(path, sequences)
    least = 8 if protocol in DISTRACTED else 7
    what = f"at least {least} columns ({_TRUTH})"
    rows = _each(partial(read_rows, least=least, what=what), [place.labels or path for place in places])
    truth = _classes_of(rows, places, protocol, classes)
    parts = [_truth_part(found, truth, protocol, lenient) for found in rows]
    zero_based = counts_from_zero(parts, [place.length for place in places])
    if zero_based:
        parts = moved(parts)
        said.append("The truth counts frames from 0, MOTChallenge from 1: all were moved by one.")
    places, more = _measured(places, parts)
    said += [*more, *_cut(rows, "the truth"), *_empty(rows, "no box")]
    items, length, rate = _items(places)
    found = assemble(items, truth.classes, length, rate, parts, what="boxes of the truth", lenient=lenient)
    return TrackListing(found.tracks, (*said, *found.warnings), tuple(found.faults), zero_based)


def _each(function: Callable[[Path], Rows], paths: Sequence[Path]) -> list[Rows]:
    """The function's answers for each file, several at a time."""
    with ThreadPoolExecutor(max(1, min(usable_cores(), len(paths)))) as pool:
        return list(pool.map(function, paths))


def _truth_part(rows: Rows, truth: _Truth, protocol: str, lenient: bool) -> Part:
    conf = rows.whole("score")
    shares = None if protocol == "mot15" else rows.column("visibility")
    unknown = np.full(len(rows), np.nan)
    shown = unknown if shares is None else np.where((shares >= 0) & (shares <= 1), shares, np.nan)
    considered = np.ones(len(rows), np.bool_) if conf is None else conf != 0
    return _part(rows, _labels(rows, truth, lenient=lenient), considered, shown, None)


def _part(rows: Rows, label: Integers, counts: Array, visibility: Floats, score: Floats | None) -> Part:
    frame, number = rows.whole("frame"), rows.whole("id")
    assert frame is not None, "every row has the first six columns"
    assert number is not None, "every row has the first six columns"
    box = np.ascontiguousarray(rows.values[2:6].T)
    return Part(frame, number, label, box, counts, visibility, rows.where, score)


def _labels(rows: Rows, truth: _Truth, *, lenient: bool = False) -> Integers:
    """The class of each row (n,): where column 8 has its number.

    InputErrors name the line of a number that no class has; with ``lenient`` its label is −1.
    """
    number = None if truth.passed else rows.column("class")
    if number is None or not len(rows):
        return np.zeros(len(rows), np.int64)
    top = max(truth.numbers, default=0)
    table = np.full(top + 2, -1, np.int64)
    table[truth.numbers] = np.arange(len(truth.numbers))
    label = table[np.clip(number, 0, top + 1).astype(np.int64)]
    label[(number < 1) | (number != np.trunc(number))] = -1
    if label.min() < 0 and not lenient:
        row = int(np.argmax(label < 0))
        shown = f"{number[row]:g}"
        known = [name if name == f"class {n}" else f"{n} {name}"
                 for n, name in zip(truth.numbers, truth.classes, strict=True)]  # fmt: skip
        fix = "Correct the line, or name all classes with --classes."
        if truth.classes == MOT_CLASSES:
            fix = "Correct the line. Boxes without classes are judged by --protocol mot15 or plain."
        raise InputError(f"{rows.where(row)}, column 8", f"the number of a class: {listed(known)}", shown, fix)
    return label


def _classes_of(rows: list[Rows], places: list[Place], protocol: str, given: ClassList | None) -> _Truth:
    if protocol == "mot15":
        return _Truth(("pedestrian",), [1], passed=True)
    if protocol in DISTRACTED:
        return _Truth(MOT_CLASSES, list(range(1, 14)))
    names = given if given is not None else _named(places)
    present = _present(rows)
    if not present or present[-1] < 1:
        return _without_column(rows, names)
    return _numbered(present) if names is None else _Truth(names, list(range(1, len(names) + 1)))


def _without_column(rows: list[Rows], names: ClassList | None) -> _Truth:
    """The one class of files that name none; InputError where there are several to choose from."""
    if names is not None and len(names) > 1 and any(map(len, rows)):
        raise InputError(f"{rows[0].path}, column 8", f"one of {len(names)} classes by its number", "no class",
                         "Add the column, or give one class.")  # fmt: skip
    return _Truth(names or ("object",), [1], passed=True)


def _numbered(present: list[int]) -> _Truth:
    """Classes that have no names but their numbers."""
    numbers = [number for number in present if number >= 1]
    return _Truth(tuple(f"class {number}" for number in numbers), numbers)


def _present(rows: list[Rows]) -> list[int]:
    """The numbers in column 8 of all files, ascending."""
    there = [column for found in rows if (column := found.whole("class")) is not None and len(column)]
    return np.unique(np.concatenate([_distinct(column) for column in there])).tolist() if there else []


def _distinct(column: Integers) -> Integers:
    low, high = int(column.min()), int(column.max())
    small = low >= -1 and high < len(column) + 1000
    return np.flatnonzero(np.bincount(column + 1)) - 1 if small else np.unique(column)


def _named(places: list[Place]) -> ClassList | None:
    """The names in the sequences' ``labels.txt``, which are all the same; None where there is none."""
    found: dict[ClassList, Path] = {}
    for place in places:
        folder = (place.labels or Path()).parent
        for file in (folder / "labels.txt", folder.parent.parent / "labels.txt"):
            if file.is_file() and file != place.labels:
                lines = (line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines())
                found.setdefault(tuple(line for line in lines if line), file)
                break
    if len(found) > 1:
        first, second = list(found.values())[:2]
        raise InputError(str(second), f"the classes of '{first}'", "others", "Give one list with --classes.")
    names = next(iter(found), None)
    if names is not None and len(set(names)) < len(names):
        raise InputError(str(found[names]), "every class once", listed(names), "Rename the repeated class.")
    return names


def _measured(places: list[Place], parts: list[Part]) -> tuple[list[Place], list[str]]:
    """The places with their lengths and sizes, and what is said of lengths that were not written anywhere."""
    found = [measured(place, int(part.frame.max(initial=0))) for place, part in zip(places, parts, strict=True)]
    for place, _ in found:
        if not 0 < place.length < 1 << 31:
            where = str(place.labels or place.name)
            raise InputError(where, "a sequence of at least one frame", f"{place.length} frames",
                             "Add seqinfo.ini with seqLength, or the images.")  # fmt: skip
    places = [place for place, _ in found]
    return places, ends_said(places, [images for _, images in found])


def _items(places: list[Place]) -> tuple[Items, Array, Array]:
    """The sequences as items, with their lengths and rates."""
    items = Items.of(
        [place.name for place in places],
        path=["" if place.frames is None else str(place.frames.absolute()) for place in places],
        group=[scene_of(place.name) for place in places],
        width=[place.width for place in places],
        height=[place.height for place in places],
    )
    return items, np.array([p.length for p in places], np.int32), np.array([p.rate for p in places], np.float64)


def _cut(rows: list[Rows], what: str) -> list[str]:
    """What is said of frames and ids that are no whole numbers."""
    n = 0
    for found in rows:
        for name in ("frame", "id"):
            values = found.column(name)
            n += 0 if values is None else int(np.count_nonzero(values != np.trunc(values)))
    return [f"{n:,} frames and ids of {what} are no whole numbers; they were cut to such."] if n else []


def _empty(rows: list[Rows], what: str) -> list[str]:
    """What is said of files without rows: ``what`` they do not hold, and what comes of it."""
    empty = [str(found.path) for found in rows if not len(found)]
    if not empty:
        return []
    return [f"'{empty[0]}' holds {what}." if len(empty) == 1 else f"{len(empty)} files hold {what}: {listed(empty)}."]


# Results


def read_results(path: Path, truth: Tracks, *, protocol: str = "plain", missing: str = "error") -> TrackListing:
    """What a tracker said on the truth's sequences and in its classes, from SEQ.txt in a folder or its ``data``.

    A sequence without a file is an InputError unless ``missing`` is ``empty``; files of other sequences are passed over
    and told. Under ``mot15`` … ``mot20`` column 8 is at most 1; under ``plain`` it is the class's number, and may be
    absent, 0 or −1 only where there is one class.
    """
    names = truth.items.key.tolist()
    files = result_files(path, names)
    said = _check_names(path, names, files, missing)
    there = [name for name in names if name in files]
    what = f"at least 7 columns ({_RESULT})"
    rows = _each(partial(read_rows, least=7, what=what), [files[name] for name in there])
    by_name = dict(zip(there, rows, strict=True))
    classes = _Truth(truth.classes, numbers_of(truth.classes))
    parts = [_result_part(by_name[name], classes, protocol) if name in by_name else empty_part(True) for name in names]
    zero_based = counts_from_zero(parts, truth.length.tolist())
    if zero_based:
        parts = moved(parts)
        said.append("The results count frames from 0, MOTChallenge from 1: all were moved by one.")
    said += [*_cut(rows, "the results"), *_empty(rows, "no box, so that the tracker scores 0 there")]
    found = assemble(truth.items, truth.classes, truth.length, truth.rate, parts, what="boxes of the results")
    return TrackListing(found.tracks, (*said, *found.warnings), zero_based=zero_based)


def _check_names(path: Path, names: list[str], files: dict[str, Path], missing: str) -> list[str]:
    lacking = [name for name in names if name not in files]
    strange = [name for name in files if name not in set(names)]
    if lacking and (missing == "error" or len(lacking) == len(names)):
        fix = "Write the missing files, choose with --sequences, or count them as empty with --missing empty."
        if strange and did_you_mean(lacking[0], strange).startswith("Did"):
            fix = f"{did_you_mean(lacking[0], strange)} Rename the file. Otherwise: {fix[0].lower()}{fix[1:]}"
        raise InputError(str(path), f"SEQ.txt {for_each(names)}",
                         f"none for {len(lacking)}: {listed(lacking)}", fix)  # fmt: skip
    said = [f"No results for {listed(lacking)}: counted as empty."] if lacking else []
    if strange:
        which = "1 file of results belongs" if len(strange) == 1 else f"{len(strange)} files of results belong"
        said.append(f"{which} to no sequence that is judged: {listed(strange)}.")
    return said


def _result_part(rows: Rows, truth: _Truth, protocol: str) -> Part:
    n = len(rows)
    label, number, score = np.zeros(n, np.int64), rows.column("class"), rows.column("score")
    if protocol == "plain" and len(truth.classes) > 1:
        label = _result_labels(rows, truth)
    elif protocol == "plain" and number is not None:
        expected = f"{truth.numbers[0]}, 0 or −1: the truth has one class, '{truth.classes[0]}'"
        _refuse_class(rows, (number >= 1) & (number != truth.numbers[0]), expected, "Leave out boxes of other classes.")
    elif number is not None:
        _refuse_class(rows, number >= 2, "1, 0 or −1: pedestrians alone are judged",
                      "Leave out other classes, or use --protocol plain.")  # fmt: skip
    return _part(rows, label, np.ones(n, np.bool_), np.full(n, np.nan), np.zeros(n) if score is None else score)


def _refuse_class(rows: Rows, bad: Array, expected: str, fix: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        got = f"class {rows.values[COLUMNS.index('class'), row]:g}"
        raise InputError(f"{rows.where(row)}, column 8", expected, got, fix)


def _result_labels(rows: Rows, truth: _Truth) -> Integers:
    if not len(rows):
        return np.zeros(0, np.int64)
    number = rows.column("class")
    if number is None or bool((number < 1).any()):
        row = 0 if number is None else int(np.argmax(number < 1))
        fix = "Write each box's class there."
        if truth.classes and truth.classes[0] in ("class 1", MOT_CLASSES[0]):
            fix += " Are these pedestrians of MOTChallenge? Then choose --protocol mot17 (or mot15, mot16, mot20)."
        raise InputError(f"{rows.where(row)}, column 8", f"one of {len(truth.classes)} classes by its number",
                         "no class" if number is None else f"{number[row]:g}", fix)  # fmt: skip
    return _labels(rows, truth)


# Detections


def read_detections(
    path: Path, *, sequences: Sequence[str] | None = None, images: Path | None = None,
    classes: ClassList | None = None, like: Tracks | None = None,
) -> TrackListing:  # fmt: skip
    """Detections (ids −1) where there need be no truth: a folder of SEQ.txt, sequences with det/det.txt, or one file.

    ``images`` is a tree, a sequence or a folder of frames that says how long the sequences are. With ``like`` the
    sequences and classes are that table's; those without detections are empty.
    """
    places = detection_places(path, sequences)
    if like is not None:
        known = {place.name: place for place in places}
        if len(places) == 1 == len(like.items):
            known[str(like.items.key[0])] = places[0]
        places = [known[name] for name in like.items.key.tolist() if name in known]
    what = f"at least 7 columns ({_RESULT})"
    rows = _each(partial(read_rows, least=7, what=what), [place.labels or path for place in places])
    given = classes if like is None else like.classes
    truth = _detected_classes(rows, given, like)
    parts = [_detection_part(found, truth) for found in rows]
    if like is not None:
        return _on(like, {place.name: part for place, part in zip(places, parts, strict=True)}, path)
    places = [place if images is None else informed(place, images) for place in places]
    said: list[str] = []
    zero_based = counts_from_zero(parts, [place.length for place in places])
    if zero_based:
        parts = moved(parts)
        said.append(_ZERO_BASED)
    places, more = _measured(places, parts)
    said += [*more, *_cut(rows, "the detections"), *_empty(rows, "no detection")]
    items, length, rate = _items(places)
    found = assemble(items, truth.classes, length, rate, parts, what="detections", identified=False)
    return TrackListing(found.tracks, (*said, *found.warnings), zero_based=zero_based)


def _on(like: Tracks, parts: dict[str, Part], path: Path) -> TrackListing:
    """The detections on the sequences of another table."""
    names = like.items.key.tolist()
    lacking = [name for name in names if name not in parts]
    if len(lacking) == len(names):
        raise InputError(str(path), f"detections of {listed(names)}", "none of these", "Check the folder.")
    said = [f"No detections of {listed(lacking)}."] if lacking else []
    every = [parts.get(name, empty_part(True)) for name in names]
    zero_based = counts_from_zero(every, like.length.tolist())
    said += [_ZERO_BASED] if zero_based else []
    found = assemble(
        like.items, like.classes, like.length, like.rate, moved(every) if zero_based else every, what="detections",
        identified=False,
    )  # fmt: skip
    return TrackListing(found.tracks, (*said, *found.warnings), zero_based=zero_based)


def _detected_classes(rows: list[Rows], given: ClassList | None, like: Tracks | None) -> _Truth:
    present = _present(rows)
    if like is not None and one_judged(like.classes):
        return _Truth(like.classes, [1], passed=True)
    if not present or present[-1] < 1:
        return _without_column(rows, given)
    return _numbered(present) if given is None else _Truth(given, numbers_of(given))


def _detection_part(rows: Rows, truth: _Truth) -> Part:
    n = len(rows)
    score = rows.column("score")
    label = _labels(rows, truth)
    return _part(rows, label, np.ones(n, np.bool_), np.full(n, np.nan), np.zeros(n) if score is None else score)


# Writing


def write(folder: Path, tracks: Tracks, *, digits: int | None = 2) -> None:
    """Write SEQ.txt of each sequence atomically: frame,id,left,top,width,height,score,class,−1,−1.

    Boxes have ``digits`` decimals and scores four; None writes all digits that are needed to get the same numbers back.
    The class is its number, −1 where there is one class; a score that is not there is 1.
    """
    numbers = np.array(numbers_of(tracks.classes) if len(tracks.classes) > 1 else [-1])
    number = numbers[tracks.label] if len(tracks.classes) > 1 else np.full(len(tracks), -1)
    score = np.ones(len(tracks)) if tracks.score is None else tracks.score
    real = "%r" if digits is None else f"%.{digits}f"
    line = f"%d,%d,{real},{real},{real},{real},{'%r' if digits is None else '%.4f'},%d,-1,-1\n"
    columns = (tracks.frame, tracks.id, *tracks.box.T, score, number)
    starts = tracks.starts().tolist()
    for name, first, end in zip(tracks.items.key.tolist(), starts[:-1], starts[1:], strict=True):
        rows = zip(*(column[first:end].tolist() for column in columns), strict=True)
        write_atomic(folder / f"{name}.txt", "".join([line % row for row in rows]))
