"""One file of a sequence's boxes, a row a line: frame, id, left, top, width, height, and what follows."""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError, and_more
from optotype.tables import Array, Floats

COLUMNS = ("frame", "id", "left", "top", "width", "height", "score", "class", "visibility")
"""The columns that are read; what stands to the right of them must be numbers too, but is passed over."""

_PADDING = 8
_LARGEST = 2.0**53  # up to here every whole number is a float64
_ODD = 1 << 10
_HEAD = 1 << 12  # bytes by which a file is known
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE | re.ASCII)
_BREAK = re.compile(rb"\r\n|\n|\r")
_WORDS = re.compile(rb"[ \t]*[,;][ \t]*|[ \t]+")


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one file: ``values`` (columns there are, at most ``COLUMNS``; n) float64, all of them finite."""

    path: Path
    values: Floats

    def __len__(self) -> int:
        return int(self.values.shape[1])

    def column(self, name: str) -> Floats | None:
        """A column of ``COLUMNS``, shape (n,), None where the file ends before it."""
        place = COLUMNS.index(name)
        return self.values[place] if place < len(self.values) else None

    def whole(self, name: str) -> NDArray[np.int64] | None:
        """A column cut to whole numbers towards zero, as TrackEval does, shape (n,)."""
        values = self.column(name)
        return None if values is None else values.astype(np.int64)

    def where(self, row: int) -> str:
        """File and line of a row, for errors."""
        return f"{self.path}, line {line_of(self.path.read_bytes(), row)}"


def line_of(content: bytes, row: int) -> int:
    r"""Number, from 1, of the line that holds a row, counted from 0; empty lines are no rows.

    >>> line_of(b"1,2\r\n\r\n3,4", 1)
    3
    """
    filled = [number for number, line in enumerate(_BREAK.split(content), 1) if line.strip()]
    return filled[row]


def read(path: Path, *, least: int, what: str) -> Rows:
    """The rows of a file with at least ``least`` numbers a row; ``what`` says in errors what a row should be.

    Commas, semicolons, spaces and tabs separate, in any mixture; the numbers are those that Python's ``float`` gives.
    An empty file has no rows. InputErrors name the line.
    """
    from optotype.kernels import mot_scan  # loaded only where there are rows to scan
    from optotype.kernels.json_float import powers

    padded = _padded(path)
    n = len(padded) - _PADDING
    start = 3 if padded[:3].tobytes() == codecs.BOM_UTF8 else 0
    values = np.empty((len(COLUMNS), n // (2 * least) + 1))
    odd = np.empty((_ODD, 4), np.int64)
    code, rows, width, odds, place = mot_scan.scan(padded, start, least, powers(), values, odd)
    if odds > len(odd):
        odd = np.empty((odds, 4), np.int64)
        code, rows, width, odds, place = mot_scan.scan(padded, start, least, powers(), values, odd)
    if odds or code != mot_scan.WHOLE:
        content = padded[:n].tobytes()
        _fill(path, content, values, odd[:odds])
        if code != mot_scan.WHOLE:
            _refuse_row(path, content, place, width, least if code == mot_scan.FEW else None, what)
    if width > 0 and _both(padded):
        raise InputError(str(path), "commas or semicolons between the numbers", "both: are the commas decimal points?",
                         "Write 10.5, not 10,5.")  # fmt: skip
    found = Rows(path, values[: min(max(width, 0), len(COLUMNS)), :rows] if rows else values[:, :0])
    _check_numbers(found)
    return found


def _padded(path: Path) -> Array:
    """A file's bytes and ``_PADDING`` zeros after them."""
    try:
        with path.open("rb", buffering=0) as file:
            padded = np.empty(os.fstat(file.fileno()).st_size + _PADDING, np.uint8)
            end = 0
            while got := file.readinto(padded.data[end:-_PADDING]):
                end += got
    except OSError as error:
        raise InputError(
            str(path), "a text file that can be read", str(error.strerror or error), "Check the path."
        ) from error
    padded = padded[: end + _PADDING]
    padded[end:] = 0
    head = padded[: min(end, _HEAD)].tobytes()
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head:
        raise InputError(str(path), "text in UTF-8", "UTF-16, or no text", "Save the file as UTF-8 text.")
    return padded


def _both(padded: Array) -> bool:
    """Whether semicolons and commas separate, the latter perhaps inside numbers."""
    head = padded[:_HEAD].tobytes()
    return b";" in head and b"," in head


def _fill(path: Path, content: bytes, values: Floats, odd: Array) -> None:
    """Put numbers that only Python spells so (``7.``, ``007``, ``nan``) where they belong."""
    for row, column, first, end in odd.tolist():
        word = content[first:end].decode("utf-8", "replace")
        if not _NUMBER.fullmatch(word):
            name = COLUMNS[column] if column < len(COLUMNS) else f"column {column + 1}"
            got = f"{word!r} as {name}" if word else f"nothing as {name}"
            fix = "Correct the line." if row else "Remove a header; columns are told by their place."
            raise InputError(f"{path}, line {line_of(content, row)}", "numbers", got, fix)
        if column < len(values):
            values[column, row] = float(word)


def _refuse_row(path: Path, content: bytes, place: int, width: int, least: int | None, what: str) -> None:
    line = len(_BREAK.findall(content[:place])) + 1
    shown = _BREAK.split(content[place : place + 120])[0].decode("utf-8", "replace")
    got = f"{width} column{'' if width == 1 else 's'}: {shown}"
    if least is not None:
        raise InputError(f"{path}, line {line}", what, got, "Add what is missing, −1 where it is not known.")
    raise InputError(f"{path}, line {line}", "as many columns as in the lines above", got,
                     "Write the same columns in each line.")  # fmt: skip


def _check_numbers(rows: Rows) -> None:
    """Raise InputError for numbers that are not finite, and for frames and ids beyond what is exact."""
    values = rows.values
    for name, limit in ((n, _LARGEST if n in ("frame", "id", "class") else np.inf) for n in COLUMNS[: len(values)]):
        column = values[COLUMNS.index(name)]
        bad = ~(np.abs(column) < limit)
        if bad.any():
            row = int(np.argmax(bad))
            more = and_more(int(bad.sum()) - 1, "such rows")
            raise InputError(rows.where(row), f"a finite number as {name}", f"{column[row]:g}{more}",
                             "Correct or drop the line.")  # fmt: skip


def words(path: Path) -> list[bytes]:
    """The words of a file's first line that is not empty; none where the file is empty or cannot be read."""
    line = _first_line(path)
    return _WORDS.split(line) if line else []


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            head = stream.read(4096).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return b""
    return next((line.strip() for line in _BREAK.split(head) if line.strip()), b"")


def holds_rows(path: Path) -> bool:
    """Whether a text file is meant to hold rows: it is empty, begins with a number, or has columns, say of a header."""
    line = _first_line(path)
    return not line or is_number(_WORDS.split(line)[0]) or sum(map(line.count, (b",", b";", b"\t"))) >= 5


def is_number(word: bytes) -> bool:
    """Whether a word of a file is a number."""
    return _NUMBER.fullmatch(word.decode("latin-1")) is not None
