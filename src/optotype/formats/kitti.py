"""KITTI's tracking labels, read only: SEQ.txt of frame, id, type, …, left, top, right, bottom, …, score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from optotype.classes import ClassList, natural_order
from optotype.errors import InputError, did_you_mean
from optotype.listing import TrackListing
from optotype.sequences import Place, frame_files, picture_size, select, text_files
from optotype.tables import Items, Tracks
from optotype.track_parts import Part, assemble, empty_part, listed
from optotype.track_trees import ends_said, for_each, kitti_folder, result_files

RATE = 10.0
"""Frames a second of KITTI's cameras."""

DONT_CARE = "DontCare"
_LARGEST = (1 << 31) - 1
_WHAT = "frame id type truncated occluded alpha left top right bottom …, at least 10 words"


class _Lines:
    """The words of one file's rows, each with its line."""

    def __init__(self, path: Path, least: int) -> None:
        self.path = path
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(str(path), "text in UTF-8", str(error), "Save the file as UTF-8 text.") from error
        filled = [(number, words) for number, line in enumerate(lines, 1) if (words := line.split())]
        for number, words in filled:
            if len(words) < least:
                raise InputError(f"{path}, line {number}", _WHAT, f"{len(words)} words", "Complete the line.")
        self.number = [number for number, _ in filled]
        self.words = [words for _, words in filled]

    def where(self, row: int) -> str:
        return f"{self.path}, line {self.number[row]}"

    def numbers(self, column: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """A column as finite float64, (n,); InputErrors name the line."""
        found = np.zeros(len(self.words))
        for row, words in enumerate(self.words):
            try:
                found[row] = float(words[column])
            except ValueError:
                found[row] = np.nan
            if not np.isfinite(found[row]):
                raise InputError(f"{self.where(row)}, column {column + 1}", "a finite number", repr(words[column]),
                                 "Correct or drop the line.")  # fmt: skip
        return found

    def whole(self, column: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """A column cut to whole numbers of at most 31 bits, (n,)."""
        found = self.numbers(column)
        bad = np.abs(found) >= _LARGEST
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(f"{self.where(row)}, column {column + 1}", f"a number below {_LARGEST:,}",
                             self.words[row][column], "Correct or drop the line.")  # fmt: skip
        return found.astype(np.int64)

    def types(self) -> list[str]:
        return [words[2] for words in self.words]


def read(
    path: Path, *, protocol: str = "plain", classes: ClassList | None = None, sequences: Sequence[str] | None = None,
    lenient: bool = False,
) -> TrackListing:  # fmt: skip
    """The truth in ``label_02``: classes are the types that occur, in natural order, or ``classes``.

    Frames and pixels count from 0 there and from 1 in the table. Rows of the type ``DontCare`` do not count; they have
    ids of their own, for theirs are all −1, and the first class. Images are looked for in ``image_02`` beside the
    folder. InputErrors name the line; with ``lenient`` rows that cannot be meant become faults instead.
    """
    _check_plain(protocol)
    folder = kitti_folder(path)
    files = {file.stem: file for file in ([folder] if folder.is_file() else text_files(folder))}
    names = select(list(files), sequences) if sequences else list(files)
    lines = [_Lines(files[name], 10) for name in names]
    kinds = natural_order(kind for found in lines for kind in found.types() if kind != DONT_CARE)
    known = classes or kinds or ("object",)
    parts = [_part(found, known, scored=False, lenient=lenient) for found in lines]
    measured = [_place(folder, name, part) for name, part in zip(names, parts, strict=True)]
    places = [place for place, _ in measured]
    items = Items.of(
        names, path=["" if place.frames is None else str(place.frames.absolute()) for place in places], group=names,
        width=[place.width for place in places], height=[place.height for place in places],
    )  # fmt: skip
    length = np.array([place.length for place in places], np.int32)
    found = assemble(items, known, length, np.full(len(names), RATE), parts, what="boxes of the truth",
                     lenient=lenient)  # fmt: skip
    said = ends_said(places, [images for _, images in measured], first=0)
    return TrackListing(found.tracks, (*said, *found.warnings), tuple(found.faults))


def read_results(path: Path, truth: Tracks, *, protocol: str = "plain", missing: str = "error") -> TrackListing:
    """A tracker's SEQ.txt in KITTI's columns, the score last, on the truth's sequences and classes."""
    _check_plain(protocol)
    names = truth.items.key.tolist()
    files = result_files(path, names)
    lacking = [name for name in names if name not in files]
    if lacking and (missing == "error" or len(lacking) == len(names)):
        raise InputError(str(path), f"SEQ.txt {for_each(names)}", f"none for {listed(lacking)}",
                         "Write the missing files, or count them as empty with --missing empty.")  # fmt: skip
    parts = [_part(_Lines(files[name], 10), truth.classes, scored=True) if name in files else empty_part(True)
             for name in names]  # fmt: skip
    said = [f"No results for {listed(lacking)}: counted as empty."] if lacking else []
    said += [f"'{files[name]}' is empty: the tracker scores 0 there."
             for name, part in zip(names, parts, strict=True) if name in files and not len(part)]  # fmt: skip
    found = assemble(truth.items, truth.classes, truth.length, truth.rate, parts, what="boxes of the results")
    return TrackListing(found.tracks, (*said, *found.warnings))


def _check_plain(protocol: str) -> None:
    if protocol != "plain":
        raise InputError("--protocol", "plain, for KITTI's labels", repr(protocol), "Leave --protocol out.")


def _part(lines: _Lines, classes: ClassList, *, scored: bool, lenient: bool = False) -> Part:
    """The rows of a file; results leave DontCare out and have 18 columns, or no score, which is then 1."""
    kinds = lines.types()
    if scored and DONT_CARE in kinds:
        row = kinds.index(DONT_CARE)
        raise InputError(lines.where(row), "a type of the truth", DONT_CARE, "Leave such rows out of results.")
    index = {name: i for i, name in enumerate(classes)} | {DONT_CARE: 0}
    for row, kind in enumerate(kinds):
        if kind not in index and not lenient:
            raise InputError(lines.where(row), f"one of the types {listed(classes)}", repr(kind),
                             did_you_mean(kind, classes))  # fmt: skip
    label = np.array([index.get(kind, -1) for kind in kinds], np.int64)
    passed = np.array([kind == DONT_CARE for kind in kinds], np.bool_)
    number = lines.whole(1)
    number[passed] = int(number.max(initial=-1)) + 1 + np.arange(int(passed.sum()))
    left, top, right, bottom = (lines.numbers(column) for column in (6, 7, 8, 9))
    box = np.column_stack([left + 1, top + 1, right - left, bottom - top]).reshape(-1, 4)
    score = None
    if scored:
        full = bool(lines.words) and all(len(words) > 17 for words in lines.words)
        score = lines.numbers(17) if full else np.ones(len(kinds))
    frame = lines.whole(0) + 1
    return Part(frame, number, label, box, ~passed, np.full(len(kinds), np.nan), lines.where, score, first=0)


def _place(folder: Path, name: str, part: Part) -> tuple[Place, int | None]:
    """Where the frames lie, how many there are, and how large they are; and how ``ends_said`` is to tell of it."""
    root = folder.parent if folder.is_dir() else folder.parent.parent
    frames = root / "image_02" / name
    last = max(int(part.frame.max(initial=0)), 1)
    files = frame_files(frames)
    if not files:
        return Place(name, length=last), 0
    width, height = picture_size(files[0])
    place = Place(name, frames=frames, length=max(last, len(files)), width=width, height=height)
    return place, len(files) if last > len(files) else None
