"""JSON files: their bytes for the scanner, and Python's own reader for whatever the scanner leaves."""

from __future__ import annotations

import codecs
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from optotype.errors import InputError
from optotype.machine import usable_cores
from optotype.tables import Array

PADDING = 8
"""Zeros after a text, so that a scan needs no other bound."""

_BLOCK, _SHARE = 1 << 20, 4 << 20


class Text(NamedTuple):
    """A file's bytes and ``PADDING`` zeros, uint8; ``valid``: the bytes are UTF-8 without a BOM or surrogates."""

    path: Path
    padded: Array
    valid: bool

    @property
    def content(self) -> memoryview:
        """The file's bytes."""
        return self.padded.data[:-PADDING]


def load(path: Path, *, threads: int = 0) -> Text:
    """Read a file whole, by several threads (0: one a core) where it is large. InputErrors name the file."""
    try:
        size = path.stat().st_size
        padded = np.empty(size + PADDING, np.uint8)
        padded[size:] = 0
        pieces = max(1, min(threads or usable_cores(), size // _SHARE))
        edges = [size * i // pieces for i in range(pieces + 1)]
        with ThreadPoolExecutor(pieces) as pool:
            ascii_only = all(pool.map(_fill, [path] * pieces, [padded] * pieces, edges[:-1], edges[1:]))
    except OSError as error:
        raise InputError(
            str(path), "a file that can be read", str(error.strerror or error), "Check the path."
        ) from error
    text = Text(path, padded, ascii_only)
    return text if ascii_only else text._replace(valid=_is_utf8(text.content))


def _fill(path: Path, padded: Array, start: int, stop: int) -> bool:
    """Read one piece; whether it is ASCII. Blocks are small so that the check finds them in the cache."""
    highest = 0
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while start < stop:
            block = padded[start : min(start + _BLOCK, stop)]
            got = file.readinto(block.data)
            if not got:
                raise OSError(0, "the file became shorter while it was read")
            highest = max(highest, int(block[:got].max()))
            start += got
    return highest < 128


def _is_utf8(content: memoryview) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _BLOCK):
            decoder.decode(content[start : start + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return bytes(content[:3]) != codecs.BOM_UTF8


def decode(text: Text) -> Any:
    """The file as Python's json reads it: any Unicode encoding, and NaN and Infinity too.

    InputErrors name line and column, both counted from 1.
    """
    fix = "Is the file complete? Write it again with a JSON writer."
    try:
        return json.loads(bytes(text.content))
    except json.JSONDecodeError as error:
        where = f"{text.path}, line {error.lineno}, column {error.colno}"
        got = "the file's end" if error.pos >= len(error.doc.rstrip()) else repr(error.doc[error.pos :][:40])
        if not error.doc.strip():
            got = "an empty file"
        raise InputError(where, f"valid JSON ({error.msg})", got, fix) from error
    except UnicodeDecodeError as error:
        before = bytes(error.object[: error.start])
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        where = f"{text.path}, line {line}, byte {column} of it"
        raise InputError(
            where, "text in UTF-8", f"byte 0x{error.object[error.start]:02x}", "Save it as UTF-8."
        ) from error
    except RecursionError as error:
        raise InputError(str(text.path), "JSON nested less than 900 deep", "deeper nesting", fix) from error
    except ValueError as error:  # a whole number of thousands of digits
        raise InputError(str(text.path), "numbers of a sensible length", str(error), fix) from error
