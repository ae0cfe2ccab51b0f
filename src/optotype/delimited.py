"""Tables as text: comma, semicolon or tab between the values; every value remembers its line."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from optotype.errors import InputError, did_you_mean

DELIMITERS = (",", ";", "\t")
_SPECIAL = re.compile(r'[,;\t"\r\n]|^\s|\s$')
_HEADER_CHARACTERS = 1_000_000
_QUOTES = "Write the file with a CSV writer: quotes around values that hold the delimiter, quotes or line breaks."


@dataclass(frozen=True)
class TextTable:
    """``header`` names the columns, ``rows`` holds values as written, ``lines`` where each row begins (from 1)."""

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    delimiter: str

    def where(self, row: int) -> str:
        """Name of a row's place, for errors."""
        return f"{self.path}, line {self.lines[row]}"

    def column(self, name: str) -> list[str]:
        """The values of one column."""
        at = self.header.index(name)
        return [row[at] for row in self.rows]


def read(path: Path, *, required: Sequence[str], fix: str) -> TextTable:
    """Read a delimited text file whose header holds the ``required`` columns (any case, stored in lower case).

    UTF-8 with or without BOM, or UTF-16 with BOM. The delimiter is the one that yields the required columns. Blank
    lines and columns without a name (such as an exported row number) are left out. InputErrors name the line.
    """
    text = _text(path)
    if not text.strip():
        raise InputError(f"{path}, line 1", f"a header with the columns {', '.join(required)}", "an empty file", fix)
    delimiter = max(DELIMITERS, key=lambda d: (_score(text, d, required), -DELIMITERS.index(d)))
    lines, rows = _records(path, text, delimiter)
    names = _header(path, lines[0], rows[0], required, fix)
    width = len(rows[0])
    for line, row in zip(lines, rows, strict=True):
        if len(row) != width:
            got = f"{len(row)} values"
            raise InputError(f"{path}, line {line}", f"{width} values, one a column of the header", got, _QUOTES)
    kept = [i for i, name in enumerate(names) if name]
    if len(kept) < width:
        rows = [[row[i] for i in kept] for row in rows]
    return TextTable(path, tuple(names[i] for i in kept), rows[1:], lines[1:], delimiter)


def write(stream: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a comma-separated table, UTF-8, quoted where needed, lines ending in a line feed."""
    for row in itertools.chain([header], rows):
        stream.write((",".join(map(_quoted, row)) + "\n").encode())


def _quoted(value: object) -> str:
    """As RFC 4180 has it; csv.writer leaves a lone carriage return bare, which no reader takes back."""
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(str(path), "a text file that can be read", str(error.strerror), "Check the path.") from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}", "text in UTF-8", f"byte 0x{raw[error.start]:02x}", "Save the file as UTF-8."
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{path}, line {line}", "a text file", "a NUL character", "Is this the right file?")
    return text


def _score(text: str, delimiter: str, required: Sequence[str]) -> tuple[int, int]:
    """How well a delimiter fits the header: required columns found, then number of columns."""
    head = io.StringIO(text[:_HEADER_CHARACTERS].lstrip("\r\n"), newline="")
    try:
        names = [name.strip().lower() for name in next(csv.reader(head, delimiter=delimiter))]
    except csv.Error:
        return 0, 0
    return sum(name in names for name in required), len(names)


def _records(path: Path, text: str, delimiter: str) -> tuple[list[int], list[list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines, rows, start = [], [], 1
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                lines.append(start)
                rows.append(row)
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}, line {start}", "well-formed CSV", str(error), _QUOTES) from error
    return lines, rows


def _header(path: Path, line: int, row: list[str], required: Sequence[str], fix: str) -> list[str]:
    where = f"{path}, line {line}"
    names = [name.strip() for name in row]
    lowered = [name.lower() for name in names]
    for name in required:
        if lowered.count(name) == 1:
            names[lowered.index(name)] = name
        elif name not in lowered:
            shown = ", ".join(repr(n) for n in names[:8]) + (" …" if len(names) > 8 else "")
            hint = did_you_mean(name, [n for n in lowered if n])
            hint = hint.replace("Did you mean", f"Is '{name}' meant by") if hint.startswith("Did") else fix
            raise InputError(where, f"a header with the columns {', '.join(required)}", shown, hint)
    for name in names:
        if name and names.count(name) > 1:
            raise InputError(where, "every column once", f"'{name}' {names.count(name)} times", "Rename a column.")
    return names
