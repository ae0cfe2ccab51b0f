"""Gaps in tracks, filled along a straight line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from optotype.tables import Array, Tracks


def interpolate(tracks: Tracks, *, longest: int = 20, least: int = 5) -> Tracks:
    """Fill the gaps of tracks between the boxes at either end.

    Gaps from one box to the next of less than ``longest`` frames are filled, in tracks of more than ``least`` boxes
    (the values of ByteTrack's authors, Zhang et al. 2022). Scores are interpolated too; filled rows follow the others
    of their frame and have ``row`` −1 and the class of the box before.

    >>> from optotype.tables import Items
    >>> gap = Tracks(Items.of(["a"]), ("car",), np.array([9], np.int32), np.array([10.0]), np.zeros(2, np.int32),
    ...     np.array([1, 3], np.int32), np.array([7, 7]), np.zeros(2, np.int32),
    ...     np.array([[0.0, 0, 8, 4], [4, 0, 8, 4]]), np.ones(2, bool), np.ones(2), np.arange(2), np.ones(2))
    >>> filled = interpolate(gap, least=1)
    >>> filled.frame.tolist(), filled.box[:, 0].tolist(), filled.row.tolist()
    ([1, 2, 3], [0.0, 2.0, 4.0], [0, -1, 1])
    """
    order = np.lexsort((tracks.frame, tracks.id, tracks.item))
    item, id_, frame = tracks.item[order], tracks.id[order], tracks.frame[order].astype(np.int64)
    same = (np.diff(item) == 0) & (np.diff(id_) == 0)
    boundary = np.concatenate([[0], np.flatnonzero(~same) + 1, [len(order)]])
    boxes = np.repeat(np.diff(boundary), np.diff(boundary))[:-1] if len(order) else np.zeros(0, np.int64)
    gap = np.diff(frame)
    before = np.flatnonzero(same & (gap > 1) & (gap < longest) & (boxes > least))
    missing = gap[before] - 1
    left = np.repeat(before, missing)
    step = np.arange(missing.sum()) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    if not len(left):
        return tracks
    return _with(tracks, order[left], order[left + 1], step, step / gap[left])


def _with(tracks: Tracks, left: Array, right: Array, step: Array, share: Array) -> Tracks:
    """The tracks and, for each of ``left``, a row ``step`` frames later, a ``share`` of the way to ``right``."""

    def between(values: Array) -> Any:
        part = share.reshape(-1, *[1] * (values.ndim - 1))
        return values[left] + (values[right] - values[left]) * part

    n = len(left)
    added: dict[str, Any] = {name: getattr(tracks, name)[left] for name in ("item", "id", "label")}
    added |= {
        "frame": (tracks.frame[left] + step).astype(np.int32),
        "box": between(tracks.box),
        "counts": np.ones(n, np.bool_),
        "visibility": np.full(n, np.nan),
        "row": np.full(n, -1),
    }
    if tracks.score is not None:
        added["score"] = between(tracks.score)
    columns: dict[str, Any] = {name: np.concatenate([getattr(tracks, name), values]) for name, values in added.items()}
    place = np.lexsort((columns["frame"], columns["item"]))
    return replace(tracks, **{name: values[place] for name, values in columns.items()})
