"""Rows of numbers from a text's bytes to columns, whatever separates them: commas, semicolons, spaces, tabs.

The text must end in eight zeros, which stop every loop. A word that is no number as JSON spells it is left to the floor
above, which knows Python's spellings and the file's name.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels._words import byte
from optotype.kernels.json_float import BAD, DECIDED, real_at

Array: TypeAlias = NDArray[Any]

WHOLE, FEW, RAGGED = 0, 1, 2
"""What a scan ended with: the end, a row of too few words, a row of more or fewer words than the first."""


@jit("boolean(uint8)")
def separates(c: Any) -> Any:
    """Whether a byte ends a word."""
    return c == 44 or c == 10 or c == 32 or c == 13 or c == 9 or c == 59


@jit("int64(int64)")
def blank(p: int) -> Any:
    """The place after spaces and tabs."""
    while byte(p) == 32 or byte(p) == 9:
        p += 1
    return p


@jit("UniTuple(int64, 5)(uint8[::1], int64, int64, uint64[:, ::1], float64[:, ::1], int64[:, ::1])")
def scan(text: Array, start: int, least: int, table: Array, out: Array, odd: Array) -> Any:
    """Read all rows from byte ``start``: (code, rows, words a row, odd words, place of the row that ended it).

    ``out`` (columns, rows) takes the first columns of each row; it needs room for a row every 2 · least bytes. ``odd``
    (k, 4) takes row, column, first byte and end of the first k words that are no numbers of JSON, which are NaN in
    ``out``; more of them are only counted.
    """
    base = text.ctypes.data
    p, stop = base + start, base + len(text) - 8
    rows, width, odds = 0, -1, 0
    while True:
        while byte(p) == 10 or byte(p) == 32 or byte(p) == 13 or byte(p) == 9:
            p += 1
        if p >= stop:
            return WHOLE, rows, width, odds, p - base
        row, c = p, 0
        while True:
            first = p
            negative = byte(p) == 45
            if negative or byte(p) == 43:
                p += 1
            state, x = BAD, np.nan
            if np.uint8(byte(p) - np.uint8(48)) < 10:
                state, x, p = real_at(p, table)
            if state != DECIDED or not (separates(byte(p)) or p >= stop):
                p = first
                while not separates(byte(p)) and p < stop:
                    p += 1
                if odds < len(odd):
                    odd[odds, 0], odd[odds, 1], odd[odds, 2], odd[odds, 3] = rows, c, first - base, p - base
                odds += 1
                x = np.nan
            if c < len(out):
                out[c, rows] = -x if negative else x
            c += 1
            p = blank(p)
            if byte(p) == 44 or byte(p) == 59:
                p = blank(p + 1)
            if byte(p) == 10 or byte(p) == 13 or p >= stop:
                break
        if c < least:
            return FEW, rows, c, odds, row - base
        if width >= 0 and c != width:
            return RAGGED, rows, c, odds, row - base
        width = c
        rows += 1


@jit("int64(int64[::1], int64[::1], int64[::1])")
def repeated(frame: Array, number: Array, last: Array) -> int:
    """The first row whose number (≥ 0) was there before in the same frame, −1 for none; frames (≥ 0) ascend.

    ``last`` has a place a number, all of them −1.
    """
    for i in range(len(frame)):
        if last[number[i]] == frame[i]:
            return i
        last[number[i]] = frame[i]
    return -1
