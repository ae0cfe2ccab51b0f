"""How often each pair of labels lies on the same pixel of two label maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array = NDArray[Any]

VALUES = 256
LANES = 2
_WORD = 8
_ONES = np.uint64(0x0101010101010101)
_BYTE = np.uint64(255)
_SHIFT = np.uint64(8)


@jit("void(uint8[::1], uint8[::1], int32[:,::1])")
def count(truth: Array, said: Array, table: Array) -> None:
    """Add the pixels of two maps (n,) to ``table`` (LANES, 65536), at 256 · truth + said of any lane.

    Eight pixels are looked at as one word: label maps are runs of equal pixels, and eight equal pairs are one addition.
    Neighbours that differ go to lanes in turn, as two additions to one address in a row wait for each other.
    """
    words = len(truth) // _WORD
    whole, other = truth[: words * _WORD].view(np.uint64), said[: words * _WORD].view(np.uint64)
    for i in range(words):
        x, y = whole[i], other[i]
        a, b = x & _BYTE, y & _BYTE
        if x == a * _ONES and y == b * _ONES:
            table[0, (a << _SHIFT) | b] += np.int32(_WORD)
        else:
            for j in range(_WORD):
                table[j % LANES, ((x & _BYTE) << _SHIFT) | (y & _BYTE)] += np.int32(1)
                x >>= _SHIFT
                y >>= _SHIFT
    for i in range(words * _WORD, len(truth)):
        table[0, (np.int64(truth[i]) << 8) | said[i]] += np.int32(1)


@jit("int64(int32[:,::1], uint8[::1], uint8[::1], uint8[::1], int64[::1])")
def drain(table: Array, values: Array, truth: Array, said: Array, n: Array) -> int:
    """Move the pairs of ``values`` (v,) that occur from ``table`` into rows, and return how many there are.

    ``truth`` and ``said`` uint8 and ``n`` int64 hold up to v² rows, by truth and then said in the order of the values.
    """
    found = 0
    for a in values:
        for b in values:
            cell = (np.int64(a) << 8) | b
            pixels = np.int64(0)
            for lane in range(LANES):
                pixels += table[lane, cell]
                table[lane, cell] = 0
            if pixels > 0:
                truth[found], said[found], n[found] = a, b, pixels
                found += 1
    return found
