"""Connected parts of the classes in a label map, and how much of each is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array = NDArray[Any]

_ONES = np.uint64(0x0101010101010101)
_TOP = np.uint64(56)
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_BYTE = np.zeros(64, np.int64)
for _bit in range(64):
    _BYTE[int(_DE_BRUIJN) << _bit >> 58 & 63] = _bit >> 3
"""Which byte a bit is in, by the sequence's six bits that the bit shifts to the top (de Bruijn)."""

SCRATCH = 14
"""Rows of scratch that ``parts`` needs."""


@jit("int32(int32[::1], int32)")
def _root(parent: Array, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@jit("void(int32[::1], int32, int32)")
def _join(parent: Array, i: int, j: int) -> None:
    """Join two runs; the root is the first of them, so that parts are in the order of their first pixels."""
    a, b = _root(parent, i), _root(parent, j)
    if a < b:
        parent[b] = a
    elif b < a:
        parent[a] = b


@jit("int64(uint8[::1], uint64[::1], int64, int64)")
def _until(labels: Array, words: Array, i: int, stop: int) -> int:
    """Where the run of equal labels that begins at ``i`` ends, at ``stop`` at the latest; ``words`` are eight each."""
    value = labels[i]
    whole = np.uint64(value) * _ONES
    while i < stop:
        word = i >> 3
        if word < len(words):
            other = (words[word] ^ whole) >> np.uint64((i & 7) << 3)  # of what is at i and after it in its word
            if other != 0:
                lowest = other & (~other + np.uint64(1))
                further: int = _BYTE[(lowest * _DE_BRUIJN) >> np.uint64(58)]
                return min(stop, i + further)
            i = (word + 1) << 3
        elif labels[i] == value:
            i += 1
        else:
            return i
    return stop


@jit("int64(uint8[::1], uint64[::1], int64, int64)")
def _total(flags: Array, words: Array, i: int, stop: int) -> int:
    """How many of the flags from ``i`` to ``stop`` are 1; the bytes of a word are added by one multiplication."""
    total = np.int64(0)
    while i < stop:
        word, n = i >> 3, min(8 - (i & 7), stop - i)
        if word < len(words):
            some = words[word] >> np.uint64((i & 7) << 3)
            if n < 8:
                some &= (np.uint64(1) << np.uint64(n << 3)) - np.uint64(1)
            total += np.int64((some * _ONES) >> _TOP)
            i += n
        else:
            total += flags[i]
            i += 1
    return int(total)


@jit("uint64[::1](uint8[::1])")
def _words(labels: Array) -> Array:
    return labels[: len(labels) & ~7].view(np.uint64)


@jit("int64(uint8[::1], int64, int64, int64, int32[::1], int32[::1], int32[::1])")
def _runs(labels: Array, width: int, height: int, classes: int, first: Array, last: Array, parent: Array) -> int:
    """Runs of equal class along rows, joined where they touch in the eight directions; returns how many there are.

    ``labels`` (height · width,); ``first`` is where each run begins and ``last`` where it ends.
    """
    words = _words(labels)
    runs, above, above_end = 0, 0, 0
    for y in range(height):
        begin = runs
        i, end = y * width, (y + 1) * width
        while i < end:
            start, value = i, labels[i]
            i = _until(labels, words, i, end)
            if value >= classes:
                continue
            first[runs], last[runs], parent[runs] = start, i, runs
            while above < above_end and last[above] + width < start:
                above += 1
            other = above
            while other < above_end and first[other] + width <= i:
                if labels[first[other]] == value:
                    _join(parent, other, runs)
                other += 1
            runs += 1
        above, above_end = begin, runs
    return runs


@jit(
    "int64(uint8[:,::1], uint8[:,::1], uint8[:,::1], int64, int64, int32[:,::1], int64[:,::1], uint8[::1], "
    "float64[:,::1], int64[:,::1], uint8[::1])"
)
def parts(
    truth: Array, said: Array, rim: Array, classes: int, least: int, scratch: Array, sums: Array, label: Array,
    box: Array, counts: Array, confused: Array,
) -> int:  # fmt: skip
    """Judge the connected parts (8 neighbours) of the truth's classes, and return how many have ``least`` pixels.

    ``truth``, ``said`` and ``rim`` (0 or 1) are (h, w), ``scratch`` (SCRATCH, h · w). ``sums`` (classes, 4), zeros,
    becomes by class the pixels, those right, those of the rim, and those right of the rim. The parts, in the order of
    their first pixels: ``label``, ``box`` (m, 4) x, y, w, h, ``counts`` (m, 4) pixels, right, most often said of the
    wrong ones, rim; ``confused`` what was said then (the least of equals, 255 where all are right).
    """
    h, w = truth.shape
    labels, spoken, near = truth.reshape(h * w), said.reshape(h * w), rim.reshape(h * w)
    spoken_words, near_words = _words(spoken), _words(near)
    first, last, parent = scratch[0], scratch[1], scratch[2]  # of runs
    area, right, rims = scratch[3], scratch[4], scratch[5]  # of parts, at their first run
    left, top, stop_x, stop_y = scratch[6], scratch[7], scratch[8], scratch[9]
    head, following, wrong, length = scratch[10], scratch[11], scratch[12], scratch[13]  # of stretches that are wrong
    runs = _runs(labels, w, h, classes, first, last, parent)
    stretches = 0
    for i in range(runs):
        root = _root(parent, i)
        parent[i] = root
        start, stop = first[i], last[i]
        y, value = start // w, labels[start]
        x = start - y * w
        if root == i:
            head[i], area[i], right[i], rims[i] = -1, 0, 0, 0
            left[i], top[i], stop_x[i] = x, y, x + stop - start
        left[root] = min(left[root], x)
        stop_x[root] = max(stop_x[root], x + stop - start)
        stop_y[root] = y + 1
        j = start
        hits, close, close_hits = 0, 0, 0
        while j < stop:
            begin = j
            j = _until(spoken, spoken_words, j, stop)
            edge = _total(near, near_words, begin, j)
            close += edge
            if spoken[begin] == value:
                hits += j - begin
                close_hits += edge
            else:
                wrong[stretches], length[stretches] = spoken[begin], j - begin
                following[stretches] = head[root]
                head[root] = stretches
                stretches += 1
        area[root] += stop - start
        right[root] += hits
        rims[root] += close
        sums[value, 0] += stop - start
        sums[value, 1] += hits
        sums[value, 2] += close
        sums[value, 3] += close_hits
    found = 0
    tally = np.zeros(256, np.int64)
    for i in range(runs):
        if parent[i] != i or area[i] < least:
            continue
        j = head[i]
        while j >= 0:
            tally[wrong[j]] += length[j]
            j = following[j]
        most = 255
        for value in range(255, -1, -1):
            if tally[value] > 0 and tally[value] >= tally[most]:
                most = value
        label[found], confused[found] = labels[first[i]], most
        box[found, 0], box[found, 1] = left[i], top[i]
        box[found, 2], box[found, 3] = stop_x[i] - left[i], stop_y[i] - top[i]
        counts[found, 0], counts[found, 1], counts[found, 2], counts[found, 3] = area[i], right[i], tally[most], rims[i]
        for value in range(256):
            tally[value] = 0
        found += 1
    return found
