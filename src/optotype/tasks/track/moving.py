"""How the boxes of a sequence move together, from frame to frame: what their camera does to them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optotype.evidence import Evidence, Rows
from optotype.tables import Array, Floats
from optotype.tasks.track.chains import Chains

TABLE = "camera"
"""Table of the evidence with the camera's motion, where that was estimated from images."""

FEWEST = 3
"""Boxes in both frames, for a motion of all."""

_REACH = 4
"""Frames before and after with which a frame's motion is compared."""
_JERK = 0.25
"""A jerk moves all boxes by this share of their median width at least …"""
_RARE = 6.0
"""… and by so many times the median deviation of the sequence."""


def frame_starts(evidence: Evidence) -> Array:
    """Where the frames of each sequence begin among those of all, (items + 1,)."""
    length = np.zeros(len(evidence), np.int64)
    length[evidence["sequences"].item] = evidence["sequences"]["length"]
    return np.append(0, np.cumsum(length))


def table(evidence: Evidence, motion: Mapping[str, Floats]) -> Rows | None:
    """A row a frame, from the first on: ``move`` (frames, 2) float64, how far the scene at the image's centre moved
    since the frame before, in pixels, NaN where unknown. ``motion`` maps a sequence to (length, 2, 3); None for none.
    """
    if not motion:
        return None
    starts, rows = frame_starts(evidence), evidence["sequences"]
    centre = np.column_stack([rows["width"], rows["height"]]) / 2
    move = np.full((int(starts[-1]), 2), np.nan)
    for i, at in zip(rows.item.tolist(), centre, strict=True):
        matrix = motion.get(str(evidence.keys[i]))
        if matrix is not None:
            n = min(len(matrix), int(starts[i + 1] - starts[i]))
            move[starts[i] : starts[i] + n] = matrix[:n, :, :2] @ at + matrix[:n, :, 2] - at
    return Rows(np.repeat(np.arange(len(evidence), dtype=np.int32), np.diff(starts)), {"move": move})


def of_camera(evidence: Evidence) -> Floats | None:
    """Motion of each frame as the images show it, (frames, 2); None where it was not estimated."""
    return evidence[TABLE]["move"] if TABLE in evidence.tables else None


def preferred(known: Floats | None, otherwise: Floats) -> Floats:
    """Motions (n, 2), from the images where they are known."""
    return otherwise if known is None else np.where(np.isfinite(known), known, otherwise)


def steps(chains: Chains, frame: Array) -> tuple[Array, Array]:
    """Rows whose object is in the frame before, and its rows there; ``frame`` (n,) numbers all frames through."""
    before = chains.before(chains.order)
    follows = (before >= 0) & (frame[chains.order] - frame[before] == 1)
    return chains.order[follows], before[follows]


def of_all(box: Floats, later: Array, earlier: Array, frame: Array, frames: int) -> Floats:
    """Median displacement of the centres since the frame before, (frames, 2) in pixels; NaN with fewer than 3 boxes.

    ``later`` and ``earlier`` are the ``steps`` of the boxes, ``frame`` (n,) their frames.
    """
    centre = box[:, :2] + box[:, 2:] / 2
    step = centre[later] - centre[earlier]
    return np.column_stack([medians(step[:, axis], frame[later], frames) for axis in (0, 1)])


def told(visibility: Floats) -> Array:
    """Where the truth tells how much of an object can be seen; nowhere if it tells the same of all."""
    known = np.isfinite(visibility)
    if known.any() and np.ptp(visibility[known]) == 0:  # a column that was filled in says nothing
        return np.zeros(len(known), bool)
    return known


def medians(values: Floats, group: Array, groups: int) -> Floats:
    """Median of the values of each group, (groups,); NaN for a group of fewer than 3.

    >>> medians(np.array([1.0, 9.0, 2.0, 5.0]), np.array([0, 0, 0, 1]), 2).tolist()
    [2.0, nan]
    """
    order = np.lexsort((values, group))
    n = np.bincount(group, minlength=groups)
    start = np.cumsum(n) - n
    found = np.full(groups, np.nan)
    enough = n >= FEWEST
    low, high = (start + (n - 1) // 2)[enough], (start + n // 2)[enough]
    found[enough] = (values[order[low]] + values[order[high]]) / 2
    return found


def jerks(evidence: Evidence, motion: Floats) -> Floats:
    """How far, in pixels, all boxes jumped at each frame against the frames around it, (frames,); 0 for no jerk."""
    starts, truth = frame_starts(evidence), evidence["truth"]
    rows = truth.starts(len(evidence))
    found = np.zeros(len(motion))
    for i in range(len(evidence)):
        part = slice(starts[i], starts[i + 1])
        away = np.hypot(*(motion[part] - _around(motion[part])).T)
        width = truth["box"][rows[i] : rows[i + 1], 2]
        known = away[np.isfinite(away)]
        if len(known):
            least = max(_JERK * float(np.median(width)), _RARE * float(np.median(known)))
            found[part] = np.where(away > least, away, 0)
    return found


def _around(motion: Floats) -> Floats:
    """Median of each frame's neighbours, itself included, that are known, (n, 2)."""
    padded = np.pad(motion, ((_REACH, _REACH), (0, 0)), constant_values=np.nan)
    window = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1, axis=0), axis=2)
    n = np.isfinite(window).sum(axis=2)
    low = np.take_along_axis(window, np.maximum(n - 1, 0)[:, :, None] // 2, axis=2)[:, :, 0]
    high = np.take_along_axis(window, n[:, :, None] // 2, axis=2)[:, :, 0]
    return np.asarray(np.where(n > 0, (low + high) / 2, np.nan))
