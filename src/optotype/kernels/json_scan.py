"""COCO's records from a JSON file's bytes to columns, by JSON's grammar and without an object a record.

The text must end in eight zeros: a zero is nowhere allowed in JSON, so that every loop stops there. Whatever is not as
expected ends the scan with ``ODD``, valid or not: the floor above then reads the file in another way.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels._words import byte, trailing, word
from optotype.kernels.json_float import BAD, UNDECIDED, digits, exponent_at, real_at, value
from optotype.kernels.record_keys import AREA, BOX, CATEGORY, CROWD, ID, IGNORE, IMAGE, SCORE

Array: TypeAlias = NDArray[Any]

ODD, WHOLE, RECORDS, LIST = -1, 0, 1, 2
"""What a scan ended with: something unexpected, the end, the value of ``annotations``, a list at the top."""

_U0 = np.uint64(0)
_ONES = np.uint64(0x0101010101010101)
_HIGHS = np.uint64(0x8080808080808080)
_QUOTES, _SLASHES = np.uint64(0x2222222222222222), np.uint64(0x5C5C5C5C5C5C5C5C)
_DEEPEST = 64


def _spelt(text: str) -> Any:
    return np.uint64(int.from_bytes(text.encode(), "little"))


def _low(n: int) -> Any:
    return np.uint64((1 << 8 * n) - 1)


_TRUE, _NULL, _FALS = _spelt("true"), _spelt("null"), _spelt("fals")
_IMAGE_ID, _CATEGORY, _Y_ID = _spelt("image_id"), _spelt("category"), _spelt('_id"')
_BBOX, _AREA, _SCORE, _CROWD = _spelt('bbox"'), _spelt('area"'), _spelt('score"'), _spelt('iscrowd"')
_ID, _IGNORE = _spelt('id"'), _spelt('ignore"')
_IMAGES, _ANNOTATI, _ONS = _spelt('images"'), _spelt("annotati"), _spelt('ons"')
_CATEGORI, _ES = _spelt("categori"), _spelt('es"')
_LOW3, _LOW4, _LOW5, _LOW6, _LOW7 = _low(3), _low(4), _low(5), _low(6), _low(7)


@jit("int64(int64)")
def space(p: int) -> Any:
    """The place after white space."""
    while byte(p) == 32 or byte(p) == 10 or byte(p) == 13 or byte(p) == 9:
        p += 1
    return p


@jit("int64(int64)")
def string(p: int) -> Any:
    """The place after the string whose quote is before p; 0 if it is none."""
    while True:
        text = word(p)
        quote, slash = text ^ _QUOTES, text ^ _SLASHES
        control = (text - _ONES * np.uint64(32)) & ~text
        found = (((quote - _ONES) & ~quote) | ((slash - _ONES) & ~slash) | control) & _HIGHS
        if found == _U0:
            p += 8
            continue
        p += trailing(found) >> 3
        if byte(p) == 34:
            return p + 1
        if byte(p) != 92:
            return 0
        c = byte(p + 1)
        p += 2
        if c == 117:  # \u and four hexadecimal digits
            for _ in range(4):
                h = byte(p) | np.uint8(32)
                if not (48 <= byte(p) <= 57 or 97 <= h <= 102):
                    return 0
                p += 1
        elif not (c == 34 or c == 92 or c == 47 or c == 98 or c == 102 or c == 110 or c == 114 or c == 116):
            return 0


@jit("int64(int64)")
def number_end(p: int) -> Any:
    """The place after the number at p; 0 if it is none."""
    if byte(p) == 45:
        p += 1
    zero = byte(p) == 48
    n = digits(word(p))
    if n == 0 or (zero and n > 1):
        return 0
    p += n
    while n == 8:
        n = digits(word(p))
        p += n
    if byte(p) == 46:
        p += 1
        n = digits(word(p))
        if n == 0:
            return 0
        p += n
        while n == 8:
            n = digits(word(p))
            p += n
    end, _ = exponent_at(p, 0)
    return end


@jit("int64(int64)")
def entry(p: int) -> Any:
    """The place of the value whose key's quote is at p; 0 if there is none."""
    if byte(p) != 34:
        return 0
    p = string(p + 1)
    if p == 0:
        return 0
    p = space(p)
    return space(p + 1) if byte(p) == 58 else 0


@jit("int64(int64)")
def skip(p: int) -> Any:
    """The place after the value at p; 0 if it is none, or nested more than 64 deep."""
    depth, objects = 0, _U0  # the lowest bit of objects: whether the innermost is one
    while True:
        c = byte(p)
        opened = False
        if c == 91 or c == 123:
            if depth == _DEEPEST:
                return 0
            depth += 1
            objects = (objects << np.uint64(1)) | np.uint64(c == 123)
            p = space(p + 1)
            opened = byte(p) != c + 2
            if opened and c == 123:
                p = entry(p)
        elif c == 34:
            p = string(p + 1)
        elif c == 45 or 48 <= c <= 57:
            p = number_end(p)
        else:
            text = word(p) & np.uint64(0xFFFFFFFF)
            if text in (_TRUE, _NULL):
                p += 4
            elif text == _FALS and byte(p + 4) == 101:
                p += 5
            else:
                return 0
        if p == 0:
            return 0
        while not opened:
            if depth == 0:
                return p
            p = space(p)
            c = byte(p)
            if c == 44:
                p = space(p + 1)
                if objects & np.uint64(1):
                    p = entry(p)
                    if p == 0:
                        return 0
                opened = True
            elif c == (125 if objects & np.uint64(1) else 93):
                depth -= 1
                objects >>= np.uint64(1)
                p += 1
            else:
                return 0


@jit("UniTuple(int64, 2)(int64)")
def whole_at(p: int) -> Any:
    """The whole number of up to 18 digits at p, and the place after it, 0 for none."""
    negative = byte(p) == 45
    if negative:
        p += 1
    text = word(p)
    n = digits(text)
    if n == 0 or (n > 1 and byte(p) == 48):
        return 0, 0
    found = np.int64(value(text, n))
    p += n
    if n == 8:
        for _ in range(11):
            d = np.int64(byte(p)) - 48
            if d < 0 or d > 9:
                break
            if found >= 10**17:
                return 0, 0
            found = 10 * found + d
            p += 1
    return (-found if negative else found), p


@jit("UniTuple(int64, 2)(int64)")
def flag_at(p: int) -> Any:
    """Whether 0, 1, false or true is at p, and the place after it, 0 for none of them."""
    c = byte(p)
    if c == 48 or c == 49:
        return np.int64(c) - 48, p + 1
    text = word(p) & np.uint64(0xFFFFFFFF)
    if text == _TRUE:
        return 1, p + 4
    if text == _FALS and byte(p + 4) == 101:
        return 0, p + 5
    return 0, 0


@jit("int64(int64)")
def key_at(p: int) -> Any:
    """The bit of the key whose text begins at p; 0 for one that is not ours, −1 for one with escapes."""
    text = word(p)
    if text == _IMAGE_ID:
        return IMAGE if byte(p + 8) == 34 else 0
    if text == _CATEGORY:
        return CATEGORY if word(p + 8) & np.uint64(0xFFFFFFFF) == _Y_ID else 0
    if text & _LOW5 == _BBOX:
        return BOX
    if text & _LOW6 == _SCORE:
        return SCORE
    if text & _LOW5 == _AREA:
        return AREA
    if text == _CROWD:
        return CROWD
    if text & _LOW3 == _ID:
        return ID
    if text & _LOW7 == _IGNORE:
        return IGNORE
    while byte(p) != 34 and byte(p) != 0:
        if byte(p) == 92:
            return -1
        p += 1
    return 0


@jit(
    "int64(uint8[::1], int64, int64, int64, uint64[:, ::1], int64[::1], int64[::1], float64[:, ::1], float64[::1],"
    " float64[::1], uint8[::1], int64[::1], uint8[::1], int64[:, ::1], int64[::1])"
)
def records(
    text: Array, first: int, stop: int, wanted: int, table: Array, image: Array, category: Array, box: Array,
    area: Array, score: Array, crowd: Array, id: Array, has: Array, open: Array, ended: Array,  # noqa: A002
) -> int:  # fmt: skip
    """Read the records of a list that begin in first … stop − 1 of the text (bytes); ``first`` is a record's.

    ``wanted`` has the bits of the keys to read; what is absent from a record stays as it is in its row of the columns,
    and ``has`` (n,) gets the bits of those that are there. Numbers that their first 19 digits do not decide are noted
    in ``open`` (m, 3): row, column (0 … 3 of the box, 4 area, 5 score), place. ``ended`` (3,): rows read, rows of
    ``open``, and the place of the next record, or after the list's end, then negative. Returns WHOLE or ODD.
    """
    base = text.ctypes.data
    p, limit = base + first, base + stop
    row, undecided = 0, 0
    while p < limit:
        if row == len(has) or byte(p) != 123:
            return ODD
        p = space(p + 1)
        found = 0
        if byte(p) == 125:
            p += 1
        else:
            while True:
                if byte(p) != 34:
                    return ODD
                key = key_at(p + 1)
                if key < 0:
                    return ODD
                p = entry(p)
                if p == 0:
                    return ODD
                key &= wanted
                if key & found & ~IGNORE:
                    return ODD  # a key twice
                if key == BOX:
                    if byte(p) != 91:
                        return ODD
                    for j in range(4):
                        p = space(p + 1)
                        state, x, end = real_at(p, table)
                        if state == BAD:
                            return ODD
                        if state == UNDECIDED:
                            if undecided == len(open):
                                return ODD
                            open[undecided, 0], open[undecided, 1], open[undecided, 2] = row, j, p - base
                            undecided += 1
                        box[row, j] = x
                        p = space(end)
                        if byte(p) != (93 if j == 3 else 44):
                            return ODD
                    p += 1
                elif key in (SCORE, AREA):
                    state, x, end = real_at(p, table)
                    if state == BAD:
                        return ODD
                    if state == UNDECIDED:
                        if undecided == len(open):
                            return ODD
                        column = 4 if key == AREA else 5
                        open[undecided, 0], open[undecided, 1], open[undecided, 2] = row, column, p - base
                        undecided += 1
                    if key == SCORE:
                        score[row] = x
                    else:
                        area[row] = x
                    p = end
                elif key in (CROWD, IGNORE):
                    flag, p = flag_at(p)
                    if key == CROWD:
                        crowd[row] = flag
                    elif flag == 0:
                        found &= ~IGNORE
                        key = 0
                elif key != 0:
                    n, p = whole_at(p)
                    if key == IMAGE:
                        image[row] = n
                    elif key == CATEGORY:
                        category[row] = n
                    else:
                        id[row] = n
                else:
                    p = skip(p)
                if p == 0:
                    return ODD
                found |= key
                p = space(p)
                if byte(p) == 125:
                    p += 1
                    break
                if byte(p) != 44:
                    return ODD
                p = space(p + 1)
        has[row] = found
        row += 1
        p = space(p)
        ended[0], ended[1] = row, undecided
        if byte(p) == 93:
            ended[2] = -(p + 1 - base)
            return WHOLE
        if byte(p) != 44:
            return ODD
        p = space(p + 1)
        ended[2] = p - base
    return WHOLE


@jit("int64(uint8[::1], int64, int64[:, ::1])")
def outline(text: Array, after: int, spans: Array) -> int:
    """Walk along a file's top level, from its beginning (``after`` 0) or from after a value.

    ``spans`` (3, 2), −1 where not found yet, gets where the values of images, annotations and categories begin and end.
    Stops at the value of annotations (RECORDS) or at a list in place of an object (LIST): ``spans[1, 0]`` is where.
    """
    base = text.ctypes.data
    p, end = base + after, base + len(text) - 8
    first = after == 0
    if first:
        p = space(p)
        if byte(p) == 91:
            spans[1, 0] = p - base
            return LIST
        if byte(p) != 123:
            return ODD
        p = space(p + 1)
        if byte(p) == 125:
            return WHOLE if space(p + 1) == end else ODD
    while True:
        if not first:
            p = space(p)
            if byte(p) == 125:
                return WHOLE if space(p + 1) == end else ODD
            if byte(p) != 44:
                return ODD
            p = space(p + 1)
        first = False
        key = p + 1
        if byte(p) != 34 or key_at(key) < 0:
            return ODD
        p = entry(p)
        if p == 0:
            return ODD
        start, which = word(key), -1
        if start & _LOW7 == _IMAGES:
            which = 0
        elif start == _ANNOTATI and word(key + 8) & _LOW4 == _ONS:
            which = 1
        elif start == _CATEGORI and word(key + 8) & _LOW3 == _ES:
            which = 2
        if which >= 0:
            if spans[which, 0] >= 0:
                return ODD
            spans[which, 0] = p - base
            if which == 1:
                return RECORDS
        p = skip(p)
        if p == 0:
            return ODD
        if which >= 0:
            spans[which, 1] = p - base
