"""The order of images, which decides between equal scores: as pycocotools and tidecv have it, whatever the shards."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optotype.evidence import Evidence
from optotype.kernels import ranking
from optotype.tables import Array, Floats, Ints, Strings

_LONGEST = 18
"""Digits of a number that surely fits 64 bits."""


def numeric_order(keys: Strings) -> Ints:
    """Place (n,) of each item: keys that are whole numbers of 64 bits by value, then the others as they come.

    >>> numeric_order(np.array(["10", "9", "a.jpg", "-5"])).tolist()
    [2, 1, 3, 0]
    """
    digits = np.char.lstrip(keys, "-")
    length = np.char.str_len(digits)
    whole = np.char.isdecimal(digits) & (np.char.str_len(keys) - length <= 1)
    number, value = whole & (length <= _LONGEST), np.zeros(len(keys), np.int64)
    value[number] = keys[number].astype(np.int64)
    for i in np.flatnonzero(whole & ~number).tolist():
        if -(2**63) <= (long := int(keys[i])) < 2**63:
            number[i], value[i] = True, long
    return _places(np.lexsort((value, ~number)))


def file_order(evidence: Evidence) -> Ints:
    """Place (n,) of each item in the truth's file; where that is not known, the order of ``numeric_order``."""
    return _places(np.lexsort((numeric_order(evidence.keys), evidence["images"]["place"])))


def _places(order: Array) -> Ints:
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return place


class Ranked(NamedTuple):
    """Rows (n,) by class and falling score, and where each class begins (K + 1,)."""

    order: Ints
    start: Array


def rank(label: Ints, score: Floats, item: Ints, place: Ints, classes: int, rows: Ints | None = None) -> Ranked:
    """Order rows (all of them, or ``rows``) by class and falling score.

    Of equal scores the one whose image's ``place`` (items,) is first leads, then the one that comes first.
    """
    order = np.arange(len(label), dtype=np.int32) if rows is None else np.array(rows, np.int32)
    spare = np.empty_like(order)
    ascending = place[item[order]]
    if len(order) and not bool((ascending[1:] >= ascending[:-1]).all()):
        ranking.by_code(order, place[item], spare, np.empty(len(place) + 1, np.int64))
        order, spare = spare, order
    ranking.by_score(order, np.ascontiguousarray(score).view(np.uint64), spare)
    out, start = np.empty_like(order), np.empty(classes + 1, np.int64)
    ranking.by_code(order, label, out, start)
    return Ranked(out, start)
