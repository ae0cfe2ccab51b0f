"""JSON's numbers to float64 as Python's ``float`` reads them, correctly rounded.

Up to 19 digits are kept exactly. A mantissa up to 2⁵³ with a power of ten up to 22 takes one rounded operation (Clinger
1990); the rest goes through a 128-bit product (Lemire 2021, "Number parsing at a gigabyte per second"; that this always
decides: Mushtak and Lemire 2023). Longer numbers are decided where the kept digits and their successor round alike.
"""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels._words import byte, high, leading, real, trailing, word

Array: TypeAlias = NDArray[Any]

_LEAST, _MOST = -342, 308
_EXACT = 1 << 53
_ROOM_8, _ROOM_1 = np.uint64(10**11), np.uint64(10**18)  # mantissas that take eight digits, or one, and stay below 10¹⁹
_HUGE = 10**15  # exponents stop growing here: no file has so many digits that it could matter

_ZEROS = np.uint64(0x3030303030303030)
_HIGHS = np.uint64(0x8080808080808080)
_TENS = 10.0 ** np.arange(23)
_WHOLE_TENS = 10 ** np.arange(9, dtype=np.uint64)
_U0, _U1, _U3, _U8 = np.uint64(0), np.uint64(1), np.uint64(3), np.uint64(8)

BAD, DECIDED, UNDECIDED = 0, 1, 2
"""What ``number`` found: no number, its value, or one whose value the digits kept leave open."""


@functools.cache
def powers() -> Array:
    """Five to each power from −342 to 308 as 128 bits, the highest set: (651, 2) uint64, upper half first.

    Rounded down, from −27 to −1 up, which is the table for which the rounding is proven.

    >>> powers()[342].tolist() == [1 << 63, 0]
    True
    """
    table = np.empty((_MOST - _LEAST + 1, 2), np.uint64)
    for q in range(_LEAST, _MOST + 1):
        five = 5 ** abs(q)
        if q < 0:
            size = five.bit_length()
            five = (1 << (size + 127 if q >= -27 else 2 * size + 128)) // five + 1
        size = five.bit_length()
        five = five << 128 - size if size < 128 else five >> size - 128
        table[q - _LEAST] = five >> 64, five & (1 << 64) - 1
    return table


@jit("int64(uint64)")
def digits(text: Any) -> Any:
    """How many of the eight bytes of a word are digits before the first that is none."""
    d = text ^ _ZEROS
    other = ((d + np.uint64(0x7676767676767676)) | d) & _HIGHS
    return trailing(other) >> 3


@jit("uint64(uint64, int64)")
def value(text: Any, n: int) -> Any:
    """The number that the first n digits (1 … 8) of a word say."""
    d = (text ^ _ZEROS) << np.uint64(64 - 8 * n)
    d = (d * np.uint64(10) + (d >> _U8)) & np.uint64(0x00FF00FF00FF00FF)
    d = ((d * np.uint64(100)) + (d >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    return ((d & np.uint64(0xFFFFFFFF)) * np.uint64(10000) + (d >> np.uint64(32))) & np.uint64(0xFFFFFFFF)


@jit("uint64(uint64, int64, uint64, uint64)")
def rounded(mantissa: Any, power: int, upper: Any, lower: Any) -> Any:
    """Bits of the float64 nearest to mantissa · 10^power, mantissa > 0, −342 ≤ power ≤ 308; ties to even.

    ``upper`` and ``lower`` are the power's row of the table.
    """
    shift = leading(mantissa)
    m = mantissa << np.uint64(shift)
    top, low = high(m, upper), m * upper
    if top & np.uint64(0x1FF) == np.uint64(0x1FF):
        more = high(m, lower)
        low += more
        if more > low:
            top += _U1
    carry = np.int64(top >> np.uint64(63))
    down = np.uint64(carry + 9)
    found = top >> down
    exponent = ((217706 * power) >> 16) + 63 + carry - shift + 1023
    if exponent <= 0:  # subnormal
        if exponent <= -63:
            return _U0
        found >>= np.uint64(1 - exponent)
        return (found + (found & _U1)) >> _U1  # rounding up to the least normal number carries by itself
    if low <= _U1 and -4 <= power <= 23 and found & _U3 == _U1 and found << down == top:
        found ^= _U1  # halfway: to the even neighbour
    found = (found + (found & _U1)) >> _U1
    if found >= np.uint64(_EXACT):
        found >>= _U1
        exponent += 1
    if exponent >= 0x7FF:
        return np.uint64(0x7FF0000000000000)
    return (found & np.uint64((1 << 52) - 1)) | np.uint64(exponent) << np.uint64(52)


@jit("uint64(uint64, int64, uint64[:, ::1])")
def nearest(mantissa: Any, power: int, table: Array) -> Any:
    """Bits of the float64 nearest to mantissa · 10^power."""
    if power < _LEAST or mantissa == _U0:
        return _U0
    if power > _MOST:
        return np.uint64(0x7FF0000000000000)
    return rounded(mantissa, power, table[power - _LEAST, 0], table[power - _LEAST, 1])


@jit("UniTuple(int64, 2)(int64, int64)")
def exponent_at(p: int, power: Any) -> Any:
    """Read what may follow a number's digits, an exponent, and add it to ``power``; the place after it, 0 for none."""
    if byte(p) | np.uint8(32) != 101:
        return p, power
    p += 1
    negative = byte(p) == 45
    if negative or byte(p) == 43:
        p += 1
    first, e = p, np.int64(0)
    while np.uint8(byte(p) - np.uint8(48)) < 10:
        if e < _HUGE:
            e = 10 * e + np.int64(byte(p)) - 48
        p += 1
    if p == first:
        return 0, 0
    return p, power - e if negative else power + e


@jit("Tuple((int64, uint64, int64, boolean))(int64, uint64)")
def mantissa_at(p: int, m: Any) -> Any:
    """Read digits on to m: the place after them, m, how many digits did not fit in, whether any of those was not 0."""
    dropped, lost = 0, False
    while True:
        text = word(p)
        n = digits(text)
        if n == 0 or m >= _ROOM_8:
            break
        m = m * _WHOLE_TENS[n] + value(text, n)
        p += n
        if n < 8:
            return p, m, 0, False
    while np.uint8(byte(p) - np.uint8(48)) < 10:
        d = np.uint64(byte(p)) - np.uint64(48)
        if m < _ROOM_1:
            m = m * np.uint64(10) + d
        else:
            dropped += 1
            lost |= d != _U0
        p += 1
    return p, m, dropped, lost


@jit("Tuple((int64, float64, int64))(int64, uint64[:, ::1])")
def number(p: int, table: Array) -> Any:
    """Read a number by JSON's grammar at an address: (BAD | DECIDED | UNDECIDED, its value, the address after it).

    As Python's json, a whole number −0 is 0, and what is too large is infinite.
    """
    negative = byte(p) == 45
    first = p + negative
    p, m, power, lost = mantissa_at(first, _U0)
    if p == first or (byte(first) == 48 and p > first + 1):
        return BAD, 0.0, p
    point = p
    if byte(p) == 46:
        p, m, dropped, more = mantissa_at(p + 1, m)
        power -= p - point - 1 - dropped
        lost |= more
        if p == point + 1:
            return BAD, 0.0, p
    end, power = exponent_at(p, power)
    if end == 0:
        return BAD, 0.0, p
    if m == _U0:
        return DECIDED, (-0.0 if negative and end > point else 0.0), end
    if not lost and m <= np.uint64(_EXACT) and -22 <= power <= 22:
        x = np.float64(m)
        x = x * _TENS[power] if power >= 0 else x / _TENS[-power]
        return DECIDED, (-x if negative else x), end
    bits = nearest(m, power, table)
    if lost and nearest(m + _U1, power, table) != bits:
        return UNDECIDED, 0.0, end
    x = real(bits)
    return DECIDED, (-x if negative else x), end


@jit("Tuple((int64, float64, int64))(int64, uint64[:, ::1])")
def real_at(p: int, table: Array) -> Any:
    """As ``number``; short ones, ending within eight bytes, in one go."""
    text = word(p)
    n = digits(text)
    if 0 < n < 8 and not (n > 1 and byte(p) == 48):
        end = byte(p + n)
        if end == 46:
            shift = np.uint64(8 * n)
            joined = (text & ((np.uint64(1) << shift) - np.uint64(1))) | ((text >> np.uint64(8)) >> shift << shift)
            total = digits(joined)
            if n < total < 7:
                end = byte(p + total + 1)
                if end != 101 and end != 69:
                    return 1, np.float64(value(joined, total)) / _TENS[total - n], p + total + 1
        elif end != 101 and end != 69:
            return 1, np.float64(value(text, n)), p + n
    return number(p, table)
