"""Detections of whole sequences into tracks."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optotype.association.holding import NO_MOTION, Holding
from optotype.association.rounding import rounded
from optotype.association.settings import Settings
from optotype.association.voting import Votes
from optotype.errors import InputError
from optotype.machine import usable_cores
from optotype.tables import Array, Floats, Tracks


@dataclass(frozen=True, eq=False)
class _Found:
    """Rows of one sequence: frame, id, label, box and score of each, and the detection it was (row of the table)."""

    frame: Array
    id: Array
    label: Array
    box: Floats
    score: Floats
    detection: Array
    born: int


def track(
    detections: Tracks,
    settings: Settings,
    *,
    per_class: bool = True,
    reference: bool = False,
    dense_ids: bool = False,
    motion: Mapping[str, Floats] | None = None,
    threads: int = 0,
) -> Tracks:
    """Give the detections identities.

    ``detections`` have scores; their ids are not looked at. Classes are tracked apart (``per_class``), and identities
    are then numbered from 1 in the order in which they are first put out; or together, and a box has the class of most
    boxes of its track so far, the latest of equally frequent ones. ``dense_ids``: numbered from 1 without gaps in each
    sequence. ``reference``: as the authors' code goes about it, see the settings; identities of ByteTrack run on over
    the sequences, and boxes and scores are rounded as its evaluator writes them.

    ``motion`` holds, by name of the sequence, the camera's motion into each frame from the one before, (length, 2, 3)
    affine in pixels; the tracks move along. Sequences are shared out over ``threads`` (0: all cores).

    The result has one row a box in order of frames, ``row`` being that of its detection (−1: none). It is what
    ``Online`` gives frame by frame.

    >>> from optotype.tables import Items
    >>> one = np.array([0, 0, 0, 0], np.int32)
    >>> seen = Tracks(Items.of(["street"]), ("car",), np.array([2], np.int32), np.array([10.0]), one,
    ...     np.array([1, 1, 2, 2], np.int32), np.full(4, -1), one,
    ...     np.array([[0.0, 0, 8, 4], [50, 0, 8, 4], [51, 0, 8, 4], [1, 0, 8, 4]]), np.ones(4, bool), np.ones(4),
    ...     np.arange(4), np.array([0.9, 0.8, 0.8, 0.9]))
    >>> from optotype.association.settings import IoU
    >>> track(seen, IoU()).id.tolist(), track(seen, IoU()).row.tolist()
    ([1, 2, 1, 2], [0, 1, 3, 2])
    """
    if detections.score is None:
        raise InputError("detections", "boxes with scores", "no scores", "Give the detector's output, not the truth.")
    moved = _checked_motion(detections, motion or {})
    start = detections.starts()

    def one(s: int) -> _Found:
        rows = slice(int(start[s]), int(start[s + 1]))
        return _sequence(detections, s, rows, settings, per_class, reference, dense_ids, moved.get(s, NO_MOTION))

    with ThreadPoolExecutor(min(threads or usable_cores(), max(len(detections.items), 1))) as pool:
        found = list(pool.map(one, range(len(detections.items))))
    return _table(detections, found, run_on=reference and settings.NAME == "bytetrack" and not dense_ids)


def _checked_motion(detections: Tracks, motion: Mapping[str, Floats]) -> dict[int, Floats]:
    """Motion by row of the sequence, as the kernels take it."""
    known = detections.items.key.tolist()
    moved = {}
    for name, affine in motion.items():
        if name not in known:
            raise InputError("motion", "names of the sequences", f"'{name}'", "Correct the name.")
        s = known.index(name)
        expected = (int(detections.length[s]), 2, 3)
        if affine.shape != expected or not np.isfinite(affine).all():
            raise InputError(f"motion of '{name}'", f"finite numbers of shape {expected}", f"shape {affine.shape}",
                             "Give a 2 × 3 matrix a frame.")  # fmt: skip
        moved[s] = np.ascontiguousarray(affine, np.float64).reshape(-1, 6)
    return moved


def _sequence(
    detections: Tracks, s: int, rows: slice, settings: Settings, per_class: bool, reference: bool, dense_ids: bool,
    motion: Floats,
) -> _Found:  # fmt: skip
    """Track one sequence, its classes apart or together."""
    assert detections.score is not None
    key, rate = str(detections.items.key[s]), float(detections.rate[s])
    frame, label = detections.frame[rows], detections.label[rows]
    box, score = np.ascontiguousarray(detections.box[rows]), np.ascontiguousarray(detections.score[rows])
    apart = per_class and len(detections.classes) > 1
    parts: list[tuple[Array, ...]] = []
    born = 0
    for k in np.unique(label).tolist() if apart else [-1]:
        index = np.flatnonzero(label == k) if apart else np.arange(len(frame))
        start = np.searchsorted(frame[index], np.arange(1, detections.length[s] + 2))
        held = Holding(settings, sequence=key, rate=rate, reference=reference)
        own = (box[index], score[index]) if apart else (box, score)
        out, who = held.run(start, *own, motion)
        chosen = np.full(len(who), k)
        if not apart:
            chosen = Votes(len(detections.classes)).add(who, label[index].astype(np.int64), held.slots)
        which = np.where(who[:, 2] >= 0, index[who[:, 2]] if len(index) else -1, -1)
        parts.append((who[:, 0] + 1, who[:, 1], chosen, out, which))
        born += held.born
    found = _merged(parts, born, int(rows.start))
    found = replace(found, id=by_appearance(found.id * (len(detections.classes) + 1) + found.label)) if apart else found
    found = replace(found, id=by_appearance(found.id)) if dense_ids else found
    if reference and settings.NAME != "iou":
        found = replace(found, box=rounded(found.box, 1), score=rounded(found.score, 2))
    return found


def _merged(parts: list[tuple[Array, ...]], born: int, first: int) -> _Found:
    """The rows of all classes in order of frames."""
    if not parts:
        none = np.zeros(0, np.int64)
        return _Found(none, none, none, np.zeros((0, 4)), np.zeros(0), none, 0)
    frame, id_, label, out, which = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(frame, kind="stable")
    which = np.where(which >= 0, which + first, -1)
    return _Found(frame[order], id_[order], label[order], out[order, :4], out[order, 4], which[order], born)


def by_appearance(ids: Array) -> NDArray[np.int64]:
    """Identities numbered from 1 in the order in which they first appear.

    >>> by_appearance(np.array([7, 3, 7, 9])).tolist()
    [1, 2, 1, 3]
    """
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(1, len(first) + 1)
    return rank[inverse]


def _table(detections: Tracks, found: list[_Found], *, run_on: bool) -> Tracks:
    """The rows of all sequences as tracks; where identities run on, each sequence counts from the one before."""
    before = np.cumsum([0] + [f.born for f in found])[: len(found)] if run_on else np.zeros(len(found), np.int64)
    count = [len(f.frame) for f in found]

    def joined(name: str) -> Array:
        return np.concatenate([getattr(f, name) for f in found]) if found else np.zeros(0)

    n, which = sum(count), joined("detection").astype(np.int64)
    row = np.where(which >= 0, detections.row[which] if len(detections) else -1, -1)
    return Tracks(
        detections.items, detections.classes, detections.length, detections.rate,
        item=np.repeat(np.arange(len(found)), count).astype(np.int32),
        frame=joined("frame").astype(np.int32),
        id=joined("id").astype(np.int64) + np.repeat(before, count),
        label=joined("label").astype(np.int32),
        box=joined("box").reshape(-1, 4).astype(np.float64),
        counts=np.ones(n, np.bool_),
        visibility=np.full(n, np.nan),
        row=row.astype(np.int64),
        score=joined("score").astype(np.float64),
    )  # fmt: skip
