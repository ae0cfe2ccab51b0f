"""A simulated detector for trackers, whose faults are declared: what it sees in sequences of the world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optotype.box_geometry import iou, pairs_within
from optotype.tables import Array, Floats, Ints, Tracks

RECALL = 0.99
"""Of the simulated detector where no fault strikes."""
HIDDEN = 0.5
"""What is seen by less than this share is not detected."""

_JITTER = 0.02
"""Standard deviation of place and of the logarithm of width and height, in widths and heights."""
_SCORES, _FAINT = (0.75, 0.98), (0.02, 0.08)
_WIDE = 4.0
"""Pixels of the shorter side of what is seen though it does not count."""
_WHOLE = 0.9
"""Share of a box inside the picture from which on what is not seen of its thing is hidden, and not cut off."""
_SURELY = 0.8
"""Share of a filter's area below which a box is filtered, whatever a tracker makes of its size."""
_MISPLACED = (0.2, 0.35)
"""IoU of badly placed boxes."""
_LEAST = 500.0
"""Square pixels of a thing that a run is planted on, so that no filter of a tracker hides it."""
_MEETS = 0.3
"""IoU with something that counts from which on one cannot tell which of both was found."""
_BEFORE, _AFTER = 4, 2
"""Frames before and after a knock in which its thing is seen."""
_MARGIN = 6
"""Frames before and after a planted run in which its thing is seen as ever."""


@dataclass(frozen=True)
class Fault:
    """One declared weakness: it ``does`` something for ``frames`` frames in a row to ``rate`` of the things that are
    there for long enough (of what is imagined: ``rate`` things a sequence). An event of ``type`` should follow, and its
    cause be named ``cause``.

    What it ``does``: miss, fade (next to no score), misplace, repeat, imagine, and see what does not count. Three are
    not of the detections: to hide is the world's, to filter boxes of up to ``area`` square pixels the tracker's, and to
    knock the camera's.
    """

    key: str
    says: str
    does: str
    type: str
    cause: str
    rate: float = 0.0
    frames: int = 0
    area: float = 0.0


@dataclass(frozen=True, eq=False)
class Planted:
    """Where a fault was planted: sequences, ids of the truth (−1: none), first and last frames, boxes (n, 4) of what is
    imagined, else NaN.
    """

    item: Ints
    id: NDArray[np.int64]
    first: Ints
    last: Ints
    box: Floats

    def __len__(self) -> int:
        return len(self.item)


@dataclass(frozen=True, eq=False)
class Detected:
    """``detections`` as simulated, by key of the fault what was ``planted``."""

    detections: Tracks
    planted: dict[str, Planted]


def simulate(
    truth: Tracks, faults: tuple[Fault, ...], *, seed: int, knocked: tuple[tuple[int, int], ...] = ()
) -> Detected:
    """Detections with the faults in them, of the rows of ``truth`` that count; same arguments, same detections.

    ``knocked`` are sequences and frames at which the camera was knocked.
    """
    rng = np.random.default_rng(seed)
    planted = _plant(truth, faults, rng, knocked)
    struck = {fault.does: np.zeros(len(truth), bool) for fault in faults}
    for fault in faults:
        struck[fault.does] |= _rows(truth, planted[fault.key])
    none = np.zeros(len(truth), bool)
    seen = truth.counts & (truth.visibility >= HIDDEN) & (rng.random(len(truth)) < RECALL)
    seen |= struck.get("see", none)
    seen &= ~struck.get("miss", none)
    box = _jittered(truth.box, rng)
    off = struck.get("misplace", none)
    box[off] = _moved(truth, off, rng)
    score = rng.uniform(*_SCORES, len(truth))
    faint = struck.get("fade", none)
    score[faint] = rng.uniform(*_FAINT, int(faint.sum()))
    again = seen & struck.get("repeat", none)
    parts: list[tuple[Array, ...]] = [
             (truth.item[seen], truth.frame[seen], truth.label[seen], box[seen], score[seen]),
             (truth.item[again], truth.frame[again], truth.label[again], _beside(truth.box[again]),
              0.97 * score[again])]  # fmt: skip
    parts += [_imagined(truth, planted[f.key], rng) for f in faults if f.does == "imagine"]
    return Detected(_table(truth, [np.concatenate(column) for column in zip(*parts, strict=True)]), planted)


def _runs(truth: Tracks, chosen: Array) -> list[Array]:
    """Rows of each thing in consecutive frames that are all ``chosen``."""
    order = np.lexsort((truth.id, truth.item))
    order = order[chosen[order]]
    broken = (np.diff(truth.id[order]) != 0) | (np.diff(truth.item[order]) != 0) | (np.diff(truth.frame[order]) != 1)
    return [part for part in np.split(order, np.flatnonzero(broken) + 1) if len(part)]


def _plant(
    truth: Tracks, faults: tuple[Fault, ...], rng: np.random.Generator, knocked: tuple[tuple[int, int], ...]
) -> dict[str, Planted]:
    area = truth.box[:, 2] * truth.box[:, 3]
    clear = truth.counts & (truth.visibility >= HIDDEN)
    made = {
        key: _of(truth, parts) for key, parts in _drawn(_runs(truth, clear & (area >= _LEAST)), faults, rng).items()
    }
    for fault in faults:
        if fault.does == "imagine":
            made[fault.key] = _clutter(truth, fault, rng)
        elif fault.does == "see":
            wide = ~truth.counts & (truth.box[:, 2:].min(axis=1) >= _WIDE) & (area >= _LEAST) & ~_on_others(truth)
            parts = [part[: fault.frames] for part in _runs(truth, wide) if len(part) >= fault.frames]
            made[fault.key] = _of(truth, [part for part in parts if rng.random() < fault.rate])
        elif fault.does == "hide":
            hidden = truth.counts & ~clear & (_inside(truth) >= _WHOLE) & (area >= _LEAST)
            made[fault.key] = _of(truth, [part for part in _runs(truth, hidden) if len(part) >= fault.frames])
        elif fault.does == "filter":
            made[fault.key] = _of(truth, _runs(truth, clear & (area <= _SURELY * fault.area)))
        elif fault.does == "knock":
            runs = _runs(truth, clear & (area >= _LEAST))
            made[fault.key] = _of(truth, [part for run in runs for part in _at_knocks(truth, run, knocked)])
    return made


def _at_knocks(truth: Tracks, run: Array, knocked: tuple[tuple[int, int], ...]) -> list[Array]:
    """The row of each knock that a thing has been seen before for some time, and is seen after."""
    frame, item = truth.frame[run], int(truth.item[run[0]])
    at = [knock - int(frame[0]) for i, knock in knocked if i == item]
    return [run[k : k + 1] for k in at if _BEFORE <= k < len(run) - _AFTER]


def _on_others(truth: Tracks) -> NDArray[np.bool_]:
    """Whether a box lies on one of something that counts."""
    span = int(truth.frame.max(initial=0)) + 1
    frame = truth.item.astype(np.int64) * span + truth.frame
    counts = np.flatnonzero(truth.counts)
    a, b = pairs_within(frame, frame[counts])
    meets = (a != counts[b]) & (iou(truth.box[a], truth.box[counts[b]]) >= _MEETS)
    return np.bincount(a[meets], minlength=len(truth)) > 0


def _inside(truth: Tracks) -> Floats:
    """Share of each box inside the picture."""
    low, high = truth.box[:, :2] - 1, truth.box[:, :2] - 1 + truth.box[:, 2:]
    limit = np.column_stack([truth.items.width, truth.items.height])[truth.item]
    side = np.clip(np.minimum(high, limit) - np.maximum(low, 0), 0, None)
    return np.asarray(side.prod(axis=1) / np.maximum(truth.box[:, 2:].prod(axis=1), 1e-9))


def _drawn(chains: list[Array], faults: tuple[Fault, ...], rng: np.random.Generator) -> dict[str, list[Array]]:
    """Runs of rows by fault: every thing is struck by one at most, at some time of its being there."""
    faults = tuple(fault for fault in faults if fault.does in ("miss", "fade", "misplace", "repeat"))
    drawn: dict[str, list[Array]] = {fault.key: [] for fault in faults}
    ends = np.cumsum([fault.rate for fault in faults])
    for rows, u in zip(chains, rng.random(len(chains)).tolist(), strict=True):
        which = int(np.searchsorted(ends, u, side="right"))
        if which < len(faults) and len(rows) >= faults[which].frames + 2 * _MARGIN:
            start = int(rng.integers(_MARGIN, len(rows) - faults[which].frames - _MARGIN + 1))
            drawn[faults[which].key].append(rows[start : start + faults[which].frames])
    return drawn


def _of(truth: Tracks, parts: list[Array]) -> Planted:
    first = np.array([part[0] for part in parts], np.intp)
    last = np.array([part[-1] for part in parts], np.intp)
    nothing = np.full((len(parts), 4), np.nan)
    return Planted(truth.item[first], truth.id[first], truth.frame[first], truth.frame[last], nothing)


def _clutter(truth: Tracks, fault: Fault, rng: np.random.Generator) -> Planted:
    """Boxes that stand still where nothing is for as long as they do."""
    found = []
    limit = np.column_stack([truth.items.width, truth.items.height]).astype(np.float64)
    for item, length in enumerate(truth.length.tolist()):
        rows = np.flatnonzero(truth.item == item)
        for _ in range(rng.poisson(fault.rate)):
            for _ in range(50):
                side = rng.uniform(18, 40, 2)
                corner = rng.random(2) * (limit[item] - side)
                first = int(rng.integers(1, max(2, length - fault.frames)))
                last = min(length, first + fault.frames - 1)
                during = rows[(truth.frame[rows] >= first) & (truth.frame[rows] <= last)]
                x, y, w, h = truth.box[during].T
                meets = (
                    (x < corner[0] + side[0]) & (x + w > corner[0]) & (y < corner[1] + side[1]) & (y + h > corner[1])
                )
                if not meets.any():
                    found.append((item, first, last, *corner, *side))
                    break
    table = np.array(found, np.float64).reshape(-1, 7)
    return Planted(table[:, 0].astype(np.int32), np.full(len(table), -1, np.int64), table[:, 1].astype(np.int32),
                   table[:, 2].astype(np.int32), table[:, 3:])  # fmt: skip


def _rows(truth: Tracks, planted: Planted) -> NDArray[np.bool_]:
    """Rows of the truth in the planted runs."""
    span = int(truth.frame.max(initial=0)) + 1
    names, at = np.unique(np.column_stack([truth.item, truth.id]), axis=0, return_inverse=True)
    struck = np.zeros(len(names) * span, bool)
    rows = {tuple(name): i for i, name in enumerate(names.tolist())}
    for item, id_, first, last in zip(planted.item.tolist(), planted.id.tolist(), planted.first.tolist(),
                                      planted.last.tolist(), strict=True):  # fmt: skip
        if id_ >= 0:
            start = rows[item, id_] * span
            struck[start + first : start + last + 1] = True
    return np.asarray(struck[at.ravel() * span + truth.frame])


def _jittered(box: Floats, rng: np.random.Generator) -> Floats:
    """Boxes about where they should be."""
    side = box[:, 2:]
    grown = side * np.exp(rng.normal(0, _JITTER, side.shape))
    centre = box[:, :2] + side / 2 + side * rng.normal(0, _JITTER, side.shape)
    return np.column_stack([centre - grown / 2, grown])


def _moved(truth: Tracks, off: Array, rng: np.random.Generator) -> Floats:
    """Boxes moved sideways so far that IoU is as a badly placed one's, one way for each thing."""
    box = truth.box[off].copy()
    iou = rng.uniform(*_MISPLACED, len(box))
    box[:, 0] += np.where(truth.id[off] % 2, 1, -1) * (1 - iou) / (1 + iou) * box[:, 2]
    return box


def _beside(box: Floats) -> Floats:
    """Second boxes, a little aside of the first."""
    moved = box.copy()
    moved[:, :2] += 0.14 * box[:, 2:]
    return moved


def _imagined(truth: Tracks, planted: Planted, rng: np.random.Generator) -> tuple[Array, ...]:
    n = planted.last - planted.first + 1
    which = np.repeat(np.arange(len(n)), n)
    frame = planted.first[which] + np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n)
    label = np.unique(truth.label)[rng.integers(0, len(np.unique(truth.label)), len(n))]
    return planted.item[which], frame, label[which], planted.box[which], rng.uniform(*_SCORES, len(which))


def _table(truth: Tracks, columns: list[Array]) -> Tracks:
    """Detections by sequence and frame, in the order of falling scores as a detector gives them."""
    item, frame, label = columns[:3]
    box, score = (np.asarray(column, np.float64) for column in columns[3:])
    order = np.lexsort((-score, frame, item))
    n = len(order)
    starts = np.searchsorted(item[order], np.arange(len(truth.items)))
    return replace(
        truth, item=item[order].astype(np.int32), frame=frame[order].astype(np.int32), id=np.full(n, -1, np.int64),
        label=label[order].astype(np.int32), box=box[order].round(2), counts=np.ones(n, bool),
        visibility=np.full(n, np.nan), row=(np.arange(n) - starts[item[order]]).astype(np.int64),
        score=score[order].round(4),
    )  # fmt: skip
