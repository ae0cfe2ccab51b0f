"""The lanes of a timeline as flat lists of whole numbers, and what they take in the page."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from optotype.views import Lane, Timeline

_OVERHEAD = 24
"""Bytes of a lane besides its numbers and words."""


def lane_codes(view: Timeline) -> dict[str, int]:
    """Codes of the texts beside runs and moments; the empty one is 0."""
    texts = (text for lane in view.lanes for text in (*lane.note, *(moment.text for moment in lane.moments)))
    return {text: code for code, text in enumerate(dict.fromkeys(["", *texts]))}


def runs(lane: Lane, codes: Mapping[str, int]) -> list[int]:
    """Four numbers a run: frames since the end of the one before, its frames, who (−1: nobody), the code of its note.

    A run that ends before it begins is left out.

    >>> lane = Lane("7", "a", 20, [3, 9], [5, 9], [0, -1], ["", "occluded"], ["12"])
    >>> runs(lane, {"": 0, "occluded": 1})
    [2, 3, 0, 0, 3, 1, -1, 1]
    """
    found, end = [], 0
    for first, last, by, note in zip(lane.first, lane.last, lane.by, lane.note, strict=True):
        if last >= first:
            found += [int(first) - end - 1, int(last) - int(first) + 1, int(by), codes[note]]
            end = int(last)
    return found


def moments(lane: Lane, codes: Mapping[str, int]) -> list[int]:
    """Three numbers a moment, in order of time: frame, kind, code of its text."""
    ordered = sorted(lane.moments, key=lambda moment: moment.frame)
    return [number for one in ordered for number in (int(one.frame), int(one.kind), codes[one.text])]


def row(lane: Lane, codes: Mapping[str, int], schema: int) -> list[Any]:
    """A lane as the page's script reads it; ``schema`` is the place of its labels of facts."""
    link = lane.link and [lane.link.gallery, lane.link.filter]
    length = max(1, int(lane.length))
    texts = [text for _, text in lane.facts]
    return [lane.title, lane.group, length, runs(lane, codes), lane.names, moments(lane, codes), schema, texts, link]


def fitting(views: Sequence[Timeline], room: int) -> tuple[list[int], int]:
    """How many of the first lanes of each view fit into equal shares of ``room`` bytes, and the bytes they take."""
    counts, used = [], 0
    for view in views:
        codes = dict.fromkeys(lane_codes(view), 100)
        sums = list(itertools.accumulate((_lane_bytes(lane, codes) for lane in view.lanes), initial=0))
        counts.append(max(n for n, total in enumerate(sums) if n == 0 or total <= room // len(views)))
        used += sums[counts[-1]]
    return counts, used


def _lane_bytes(lane: Lane, codes: Mapping[str, int]) -> int:
    return _OVERHEAD + 5 * len(lane.facets) + len(json.dumps(row(lane, codes, 0), separators=(",", ":")))
