"""Ordering detections by class and falling score, ties as they came: a stable radix sort of the scores' bits."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]

_DIGIT = 11
_PASSES = 6
_SIGN = np.uint64(1 << 63)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@jit("void(int32[::1], int32[::1], int32[::1], int64[::1])")
def by_code(order: Array, code: Array, out: Array, start: Array) -> None:
    """Stable counting sort of ``order`` (n,) by ``code`` (of the rows it names, 0 … m − 1) into ``out`` (n,).

    ``start`` (m + 1,) is filled with where each code's rows begin.
    """
    start[:] = 0
    for i in range(len(order)):
        start[code[order[i]] + 1] += 1
    for c in range(len(start) - 1):
        start[c + 1] += start[c]
    place = start[:-1].copy()
    for i in range(len(order)):
        c = code[order[i]]
        out[place[c]] = order[i]
        place[c] += 1


@jit("void(int32[::1], uint64[::1], int32[::1])")
def by_score(order: Array, bits: Array, spare: Array) -> None:
    """Stable sort of ``order`` (n,), in place, by falling score; ``bits`` (rows,) are the scores' bits as uint64.

    −0 counts as 0. ``spare`` (n,) is scratch; six passes over eleven bits each, those in which all agree left out.
    """
    n = len(order)
    counts = np.zeros((_PASSES, 1 << _DIGIT), np.int64)
    low = np.uint64((1 << _DIGIT) - 1)
    key = np.empty(n, np.uint64)
    turned = np.empty(n, np.uint64)
    for i in range(n):
        b = bits[order[i]]
        if b == _SIGN:
            b = np.uint64(0)
        b = b if b & _SIGN else b ^ (_ALL ^ _SIGN)
        key[i] = b
        for p in range(_PASSES):
            counts[p, (b >> np.uint64(p * _DIGIT)) & low] += 1
    here, there, keys, others = order, spare, key, turned
    turns = 0
    for p in range(_PASSES):
        shift = np.uint64(p * _DIGIT)
        if n == 0 or counts[p, (keys[0] >> shift) & low] == n:
            continue
        total = 0
        for d in range(1 << _DIGIT):
            c = counts[p, d]
            counts[p, d] = total
            total += c
        for i in range(n):
            d = (keys[i] >> shift) & low
            j = counts[p, d]
            counts[p, d] = j + 1
            there[j] = here[i]
            others[j] = keys[i]
        here, there = there, here
        keys, others = others, keys
        turns += 1
    if turns & 1:
        order[:] = spare
