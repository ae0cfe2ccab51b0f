"""COCO's JSON as columns: the records of truth and results, scanned fast, or read by Python's json where need be."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from optotype import jsonfile
from optotype.box_checks import whole
from optotype.errors import InputError
from optotype.jsonfile import PADDING, Text
from optotype.kernels.record_keys import AREA, BOX, CATEGORY, CROWD, ID, IGNORE, IMAGE, SCORE
from optotype.machine import usable_cores
from optotype.tables import Array, Floats

KEYS = {
    IMAGE: "image_id", CATEGORY: "category_id", BOX: "bbox", AREA: "area", SCORE: "score", CROWD: "iscrowd", ID: "id",
    IGNORE: "ignore",
}  # fmt: skip
"""The bits of ``Records.has`` and the keys they stand for."""

_SHORTEST = 40  # bytes of a record that has what every record must have
_SHARE = 1 << 20  # bytes for which another thread is worth its start
_MOST_OPEN = 1 << 16
_BETWEEN = re.compile(rb"\}[ \t\n\r]*,[ \t\n\r]*\{")
_SPACE = re.compile(rb"[ \t\n\r]*")
_NUMBER = re.compile(rb"[-+.0-9eE]+")


@dataclass(frozen=True, eq=False)
class Records:
    """The records of a list, a row each, in the file's order.

    ``image`` and ``category`` (n,) are int64, or strings where the file has any; ``box`` (n, 4), ``area`` and ``score``
    (n,) float64, ``crowd`` (n,) bool, ``id`` (n,) int64. ``has`` (n,) uint8 holds the bits (``KEYS``) of what a record
    has; a value that it lacks is arbitrary, but ``crowd`` False.
    """

    image: Array
    category: Array
    box: Floats
    area: Floats
    score: Floats
    crowd: NDArray[np.bool_]
    id: NDArray[np.int64]
    has: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.has)

    def lacking(self, bits: int) -> Array:
        """Rows of the records that lack any of the keys."""
        if int(np.bitwise_and.reduce(self.has, initial=255)) & bits == bits:
            return np.zeros(0, np.intp)
        return np.flatnonzero(self.has & bits != bits)


class Image(msgspec.Struct):
    """One of a file's ``images``."""

    id: int | str
    file_name: str | None = None
    width: int | None = None
    height: int | None = None


class Category(msgspec.Struct):
    """One of a file's ``categories``."""

    id: int
    name: str | None = None


class Document(NamedTuple):
    """A file's records, its images and categories (None: the key is not there), and what a record is called in errors.

    ``listed``: the records are the whole file, a list, as of results.
    """

    path: Path
    records: Records
    images: list[Image] | None
    categories: list[Category] | None
    listed: bool

    def where(self, row: int) -> str:
        """Name of a record's place, for errors."""
        return f"{self.path}, entry {row} (from 0)" if self.listed else f"{self.path}, annotations[{row}]"


def read(path: Path, wanted: int, *, threads: int = 0) -> Document:
    """The records of a COCO file, with the keys whose bits are in ``wanted``, and its images and categories.

    ``bbox`` has four numbers, ids are whole numbers or strings, flags 0, 1, false or true, and null is as absent where
    a key may be; anything else is an InputError that names the record.
    """
    text = jsonfile.load(path, threads=threads)
    found = _scanned(text, wanted, threads or usable_cores()) if text.valid else None
    return found or _decoded(text, wanted)


def require(document: Document, bits: int) -> None:
    """Raise InputError for the first record that lacks one of the keys."""
    lacking = document.records.lacking(bits)
    if len(lacking):
        row = int(lacking[0])
        names = [name for bit, name in KEYS.items() if bit & bits]
        missing = [name for bit, name in KEYS.items() if bit & bits & ~int(document.records.has[row])]
        more = f" (nor have {len(lacking) - 1} more records)" if len(lacking) > 1 else ""
        fix = "Add the key to every record."
        if "bbox" in missing:
            fix += " Boxes are what is measured; masks or keypoints alone are not enough."
        raise InputError(document.where(row), f"the keys {', '.join(names)}", f"no '{missing[0]}'{more}", fix)


def id_of(key: str) -> int | str:
    """The id that a key stands for: a whole number where the key is one as COCO would write it.

    >>> id_of("139"), id_of("0139"), id_of("a/b.jpg")
    (139, '0139', 'a/b.jpg')
    """
    number = whole(key)
    return key if number is None else number


def _scanned(text: Text, wanted: int, threads: int) -> Document | None:
    """The file by the scanner; None where something in it is unusual."""
    from optotype.kernels import json_scan  # loaded only where there is JSON to scan

    spans = np.full((3, 2), -1, np.int64)
    code = json_scan.outline(text.padded, 0, spans)
    if code not in (json_scan.RECORDS, json_scan.LIST):
        return None
    records, end = _list(text, int(spans[1, 0]), wanted, threads)
    if records is None:
        return None
    if code == json_scan.LIST:
        ended = _after(text, end) == len(text.padded) - PADDING
        return Document(text.path, records, None, None, True) if ended else None
    if json_scan.outline(text.padded, end, spans) != json_scan.WHOLE:
        return None
    try:
        images = _struct(text, spans[0], list[Image])
        categories = _struct(text, spans[2], list[Category])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Document(text.path, records, images, categories, False)


def _struct(text: Text, span: Array, kind: Any) -> Any:
    return None if span[0] < 0 else msgspec.json.decode(text.padded[span[0] : span[1]].data, type=kind)


def _after(text: Text, at: int) -> int:
    """The place after white space."""
    found = _SPACE.match(text.content, at)
    assert found is not None, "the pattern takes nothing too"
    return found.end()


class _Part(NamedTuple):
    records: Records
    next: int
    closed: bool


def _list(text: Text, at: int, wanted: int, threads: int) -> tuple[Records | None, int]:
    """The records of the list that begins there, and the place after it.

    Threads begin where a record may begin; a part counts only if the one before ends exactly there, since what looks
    like the border of two records may lie inside one.
    """
    if text.padded[at] != ord("["):
        return None, at
    first = _after(text, at + 1)
    if text.padded[first] == ord("]"):
        return _joined([]), first + 1
    starts = _guessed(text, first, threads)
    stops = [*starts[1:], len(text.padded)]
    with ThreadPoolExecutor(len(starts)) as pool:
        guessed = list(pool.map(lambda start, stop: _part(text, start, stop, wanted), starts, stops))
    parts, at = [], first
    for start, stop, part in zip(starts, stops, guessed, strict=True):
        found = part if start == at else _part(text, at, stop, wanted)
        if found is None:
            return None, at
        parts.append(found.records)
        at = found.next
        if found.closed:
            break
    return _joined(parts, wanted), at


def _guessed(text: Text, first: int, threads: int) -> list[int]:
    """Places at which a record may begin, the first of them certain."""
    length = len(text.content) - first
    pieces = max(1, min(threads, length // _SHARE))
    starts = [first]
    for i in range(1, pieces):
        found = _BETWEEN.search(text.content, first + length * i // pieces)
        if found and found.end() - 1 > starts[-1]:
            starts.append(found.end() - 1)
    return starts


def _part(text: Text, first: int, stop: int, wanted: int) -> _Part | None:
    from optotype.kernels import json_scan
    from optotype.kernels.json_float import powers

    n = max(0, stop - first) // _SHORTEST + 1  # only the rows that are filled take memory
    image, category, id_ = (np.empty(n, np.int64) for _ in range(3))
    box, area, score = np.empty((n, 4)), np.empty(n), np.empty(n)
    crowd, has = np.zeros(n, np.uint8), np.empty(n, np.uint8)
    undecided, ended = np.empty((_MOST_OPEN, 3), np.int64), np.array([0, 0, first], np.int64)
    columns = (image, category, box, area, score, crowd, id_, has, undecided, ended)
    if json_scan.records(text.padded, first, stop, wanted, powers(), *columns) != json_scan.WHOLE:
        return None
    rows, open_, after = ended.tolist()
    for row, column, at in undecided[:open_].tolist():
        digits = _NUMBER.match(text.content, at)
        assert digits is not None, "the scanner read a number there"
        target = box[row, column : column + 1] if column < 4 else (area, score)[column - 4][row : row + 1]
        target[0] = float(digits.group())
    kept: list[Array] = [
        values[:rows] for values in (image, category, box, area, score, crowd.view(np.bool_), id_, has)
    ]
    return _Part(Records(*kept), abs(after), after < 0)


def _joined(parts: list[Records], wanted: int = 0) -> Records:
    """The rows of all parts; columns that were not asked for are not copied."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        whole, real = np.zeros(0, np.int64), np.zeros(0)
        return Records(whole, whole, np.zeros((0, 4)), real, real, np.zeros(0, np.bool_), whole, np.zeros(0, np.uint8))
    n = sum(map(len, parts))
    names = {"image": IMAGE, "category": CATEGORY, "box": BOX, "area": AREA, "score": SCORE, "crowd": CROWD, "id": ID}
    columns = {"has": np.concatenate([part.has for part in parts])}
    for name, bit in names.items():
        values = [getattr(part, name) for part in parts]
        columns[name] = np.concatenate(values) if bit & wanted else np.zeros((n, *values[0].shape[1:]), values[0].dtype)
    return Records(**columns)


def _decoded(text: Text, wanted: int) -> Document:
    """The file by Python's json, or an InputError that says what is wrong in it."""
    top = jsonfile.decode(text)
    listed = isinstance(top, list)
    fix = "Truth is an object with images, annotations and categories; results are a list of records."
    if not listed and not (isinstance(top, dict) and "annotations" in top):
        got = f"the keys {', '.join(map(repr, top)) or 'none'}" if isinstance(top, dict) else repr(top)
        raise InputError(str(text.path), "a COCO file: an object with 'annotations', or a list", got[:200], fix)
    objects = top if listed else top["annotations"]
    if not isinstance(objects, list):
        raise InputError(f"{text.path}, annotations", "a list of records", f"{objects!r:.80}", fix)
    document = Document(text.path, _joined([]), None, None, listed)
    for row, value in enumerate(objects):
        if not isinstance(value, dict):
            raise InputError(document.where(row), "a record: an object", f"{value!r:.80}", fix)
    document = document._replace(records=_collected(document, objects, wanted))
    if listed:
        return document
    images, categories = (
        _listed(text.path, top, key, kind) for key, kind in (("images", Image), ("categories", Category))
    )
    return document._replace(images=images, categories=categories)


def _listed(path: Path, top: dict[str, Any], key: str, kind: type[Any]) -> list[Any] | None:
    """The images or categories, None where the key is not there; an InputError names the first that is wrong."""
    if key not in top:
        return None
    if not isinstance(top[key], list):
        raise InputError(f"{path}, {key}", "a list", f"{top[key]!r:.80}", "Write a list of objects.")
    found = []
    for row, value in enumerate(top[key]):
        try:
            found.append(msgspec.convert(value, kind))
        except (msgspec.ValidationError, UnicodeEncodeError) as error:
            expected = "id, file_name, width and height" if kind is Image else "a whole id and a name"
            got = f"{error} in {value!r:.80}"
            raise InputError(f"{path}, {key}[{row}]", f"an object with {expected}", got, "Correct it.") from error
    return found


def _collected(document: Document, objects: list[dict[str, Any]], wanted: int) -> Records:
    """Columns from objects, with the rules of the scanner and some more forms allowed."""
    n = len(objects)
    has = np.zeros(n, np.uint8)
    columns: dict[int, Any] = {}
    for bit, key in KEYS.items():
        if not bit & wanted:
            continue
        optional = bit in (AREA, CROWD, ID, IGNORE)
        rows = [i for i, record in enumerate(objects) if key in record and not (optional and record[key] is None)]
        values = [_value(document, row, key, bit, objects[row][key]) for row in rows]
        if bit == IGNORE:
            rows = [row for row, value in zip(rows, values, strict=True) if value]
        has[rows] |= bit
        columns[bit] = _column(bit, values, np.array(rows, np.intp), n)
    empty = {bit: _column(bit, [], np.zeros(0, np.intp), n) for bit in KEYS}
    image, category, box, area, score, crowd, id_, _ = (columns.get(bit, empty[bit]) for bit in KEYS)
    return Records(image, category, box, area, score, crowd, id_, has)


def _column(bit: int, values: list[Any], rows: Array, n: int) -> Array:
    kind: Any = np.float64 if bit in (BOX, AREA, SCORE) else np.bool_ if bit in (CROWD, IGNORE) else np.int64
    if any(isinstance(value, str) for value in values):
        values = [str(value) for value in values]
        kind = f"<U{max(map(len, values))}"
    column = np.zeros((n, 4) if bit == BOX else n, kind)
    if bit != IGNORE and len(rows):
        column[rows] = values
    return column


def _value(document: Document, row: int, key: str, bit: int, value: Any) -> Any:
    found = _READ[bit](value)
    if found is None:
        raise InputError(f"{document.where(row)}, '{key}'", _EXPECTED[bit], f"{value!r:.80}", "Correct the record.")
    return found


def _box(value: Any) -> list[float | None] | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    numbers = [_real(number) for number in value]
    return None if None in numbers else numbers


def _flag(value: Any) -> bool | None:
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None


def _whole(value: Any) -> int | None:
    """A whole number, also one written as 7.0, if it has 64 bits at most."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not -(1 << 63) <= value < 1 << 63:
        return None
    return int(value) if value == int(value) else None


def _id(value: Any) -> int | str | None:
    """A whole number or text; a number of more than 64 bits as text."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63 else _whole(value)


def _real(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


_EXPECTED = {
    IMAGE: "an id: a whole number or text", CATEGORY: "an id: a whole number", BOX: "four numbers x, y, w, h",
    AREA: "a number", SCORE: "a number", CROWD: "0 or 1", ID: "a whole number", IGNORE: "0 or 1",
}  # fmt: skip

_READ = {IMAGE: _id, CATEGORY: _id, BOX: _box, AREA: _real, SCORE: _real, CROWD: _flag, ID: _whole, IGNORE: _flag}
