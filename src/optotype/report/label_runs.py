"""Label maps as runs in bytes, and what they take in the page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from optotype.views import Areas, Labelled, LabelMaps

NO_CLASS_CODE = 255
_BITS = 7  # of a length in each byte; the highest bit says that more follow
_NUMBERS = 28  # bytes of the five numbers beside an entry's maps


def encoded(areas: Areas) -> str:
    """Base64 of a byte for the label and a varint (LEB128) for the length of each run.

    >>> base64.b64decode(encoded(Areas(20, 10, [3, -1], [1, 199]))).hex(" ")
    '03 01 ff c7 01'
    """
    label = np.asarray(areas.label, np.int64)
    length = np.asarray(areas.length, np.int64)
    assert int(length.sum()) == areas.width * areas.height, "runs that fill the map"
    sizes = 1 + np.searchsorted(1 << _BITS * np.arange(1, 5), length, side="right")
    starts = np.cumsum(sizes + 1) - sizes - 1
    out = np.empty(int((sizes + 1).sum()), np.uint8)
    out[starts] = np.where(label < 0, NO_CLASS_CODE, label)
    for k in range(int(sizes.max(initial=0))):
        there = sizes > k
        more = (sizes[there] > k + 1).astype(np.int64) << _BITS
        out[starts[there] + 1 + k] = (length[there] >> _BITS * k & (1 << _BITS) - 1) | more
    return base64.b64encode(out.tobytes()).decode("ascii")


def scene_bytes(entry: Labelled) -> int:
    """About what an entry's maps take in the page; maps that several entries share are counted for each."""
    return _NUMBERS + sum(len(encoded(areas)) + 4 for areas in (entry.truth, entry.said))


def scenes(view: LabelMaps, kept: list[int]) -> dict[str, Any]:
    """The ``maps`` of the entries that are kept, each once, and an entry a row in ``scenes``.

    A map is width, height and runs; an entry's row is width and height of the image, the places of its two maps, and
    the class that it is about (-1: all).
    """
    places: dict[tuple[int, int, str], int] = {}

    def place(areas: Areas) -> int:
        return places.setdefault((areas.width, areas.height, encoded(areas)), len(places))

    rows = [
        (max(1, int(one.width)), max(1, int(one.height)), place(one.truth), place(one.said), int(one.focus))
        for one in (view.frames[position] for position in kept)
    ]
    return {"scenes": rows, "maps": list(places)}
