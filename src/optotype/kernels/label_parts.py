"""Connected parts of the classes in a label map, and how much of each is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array = NDArray[Any]


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


@jit("int64(uint8[:,::1], int64, int32[::1], int32[::1], int32[::1], int32[::1])")
def _runs(labels: Array, classes: int, row: Array, first: Array, last: Array, parent: Array) -> int:
    """Runs of equal class along rows, joined where they touch in the eight directions; returns how many there are."""
    h, w = labels.shape
    runs, above, above_end = 0, 0, 0
    for y in range(h):
        begin = runs
        x = 0
        while x < w:
            value = labels[y, x]
            start = x
            x += 1
            while x < w and labels[y, x] == value:
                x += 1
            if value >= classes:
                continue
            row[runs], first[runs], last[runs], parent[runs] = y, start, x, runs
            while above < above_end and last[above] < start:
                above += 1
            other = above
            while other < above_end and first[other] <= x:
                if labels[y - 1, first[other]] == value:
                    _join(parent, other, runs)
                other += 1
            runs += 1
        above, above_end = begin, runs
    return runs


@jit(
    "int64(uint8[:,::1], uint8[:,::1], boolean[:,::1], int64, int64, int64[:,::1], uint8[::1], float64[:,::1], "
    "int64[:,::1], uint8[::1])"
)
def parts(
    truth: Array, said: Array, rim: Array, classes: int, least: int, sums: Array, label: Array, box: Array,
    counts: Array, confused: Array,
) -> int:  # fmt: skip
    """Judge the connected parts (8 neighbours) of the truth's classes, and return how many have ``least`` pixels.

    ``truth``, ``said`` and ``rim`` are (h, w). ``sums`` (classes, 4) becomes by class the pixels, those right, those
    of the rim, and those right of the rim. The parts, in the order of their first pixels: ``label``, ``box`` (m, 4) x,
    y, w, h, ``counts`` (m, 4) pixels, right, most often said of the wrong ones, rim; ``confused`` what was said then
    (the least of equals, 255 where all are right).
    """
    h, w = truth.shape
    row, first, last, parent = (
        np.empty(h * w, np.int32), np.empty(h * w, np.int32), np.empty(h * w, np.int32), np.empty(h * w, np.int32),
    )  # fmt: skip
    runs = _runs(truth, classes, row, first, last, parent)
    part = np.empty(runs, np.int32)
    area, right, edge = np.zeros(runs, np.int64), np.zeros(runs, np.int64), np.zeros(runs, np.int64)
    bounds = np.empty((runs, 4), np.int32)
    head, following = np.full(runs, np.int32(-1)), np.empty(h * w, np.int32)
    wrong, length = np.empty(h * w, np.uint8), np.empty(h * w, np.int32)
    stretches = 0
    sums[:] = 0
    for i in range(runs):
        root = _root(parent, i)
        part[i] = root
        y, start, stop = row[i], first[i], last[i]
        value = truth[y, start]
        if root == i:
            bounds[i, 0], bounds[i, 1], bounds[i, 2], bounds[i, 3] = start, y, stop, y + 1
        else:
            bounds[root, 0] = min(bounds[root, 0], start)
            bounds[root, 2] = max(bounds[root, 2], stop)
            bounds[root, 3] = y + 1
        x = start
        hits, near, near_hits = 0, 0, 0
        while x < stop:
            found = said[y, x]
            begin, close = x, 0
            while x < stop and said[y, x] == found:
                close += rim[y, x]
                x += 1
            near += close
            if found == value:
                hits += x - begin
                near_hits += close
            else:
                wrong[stretches], length[stretches] = found, x - begin
                following[stretches] = head[root]
                head[root] = stretches
                stretches += 1
        area[root] += stop - start
        right[root] += hits
        edge[root] += near
        sums[value, 0] += stop - start
        sums[value, 1] += hits
        sums[value, 2] += near
        sums[value, 3] += near_hits
    found_parts = 0
    tally = np.zeros(256, np.int64)
    for i in range(runs):
        if part[i] != i or area[i] < least:
            continue
        label[found_parts] = truth[row[i], first[i]]
        box[found_parts, 0], box[found_parts, 1] = bounds[i, 0], bounds[i, 1]
        box[found_parts, 2], box[found_parts, 3] = bounds[i, 2] - bounds[i, 0], bounds[i, 3] - bounds[i, 1]
        tally[:] = 0
        j = head[i]
        while j >= 0:
            tally[wrong[j]] += length[j]
            j = following[j]
        most = 255
        for value in range(255, -1, -1):
            if tally[value] > 0 and tally[value] >= tally[most]:
                most = value
        confused[found_parts] = most
        counts[found_parts, 0], counts[found_parts, 1] = area[i], right[i]
        counts[found_parts, 2], counts[found_parts, 3] = tally[most], edge[i]
        found_parts += 1
    return found_parts
