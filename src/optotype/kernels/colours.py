"""Colours of label masks to class indices."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]


@jit("void(uint8[::1], uint64[::1], uint8[::1], uint8[::1], uint64[::1])")
def index_colours(pixels: Array, words: Array, table: Array, out: Array, wide: Array) -> None:
    """Class of each colour: ``pixels`` (3n,) R, G, B → ``out`` (n,) by ``table`` (2²⁴,), index r + 256 g + 65,536 b.

    ``words`` and ``wide`` are the same memory as ``pixels`` and ``out``, eight bytes at a time as far as whole words of
    eight pixels go. Label maps are made of runs: eight pixels of the colour before them are recognised by three words,
    those that differ are looked up one by one.
    """
    whole = min(len(words) // 3, len(wide))
    ones = np.uint64(0x0101010101010101)
    first, second, third, label = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    known = False
    for j in range(whole):
        a, b, c = words[3 * j], words[3 * j + 1], words[3 * j + 2]
        if known and a == first and b == second and c == third:
            wide[j] = label
            continue
        same = True
        colour = np.int64(a & np.uint64(0xFFFFFF))
        value = table[colour]
        out[8 * j] = value
        for k in range(8 * j + 1, 8 * j + 8):
            at = 3 * k
            own = np.int64(pixels[at]) | (np.int64(pixels[at + 1]) << 8) | (np.int64(pixels[at + 2]) << 16)
            if own != colour:
                same = False
            out[k] = table[own]
        if same:
            known, first, second, third, label = True, a, b, c, np.uint64(value) * ones
    for k in range(8 * whole, len(out)):
        at = 3 * k
        out[k] = table[np.int64(pixels[at]) | (np.int64(pixels[at + 1]) << 8) | (np.int64(pixels[at + 2]) << 16)]
