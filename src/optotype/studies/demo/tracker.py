"""A simulated detector for trackers, whose faults are declared: what it sees in sequences of the world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optotype.tables import Array, Floats, Ints, Tracks

RECALL = 0.99
"""Of the simulated detector where no fault strikes."""
HIDDEN = 0.5
"""What is seen by less than this share is not detected."""

_JITTER = 0.02
"""Standard deviation of place and of the logarithm of width and height, in widths and heights."""
_SCORES, _FAINT = (0.75, 0.98), (0.02, 0.08)
_MISPLACED = (0.2, 0.35)
"""IoU of badly placed boxes."""
_MARGIN = 6
"""Frames before and after a planted run in which its thing is seen as ever."""


@dataclass(frozen=True)
class Fault:
    """One declared weakness: it ``does`` something for ``frames`` frames in a row to ``rate`` of the things that are
    there for long enough (of what is imagined: ``rate`` things a sequence). An event of ``type`` should follow, and its
    cause be named ``cause``.
    """

    key: str
    says: str
    does: str
    type: str
    cause: str
    rate: float = 0.0
    frames: int = 0


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


def simulate(truth: Tracks, faults: tuple[Fault, ...], *, seed: int) -> Detected:
    """Detections with the faults in them, of the rows of ``truth`` that count; same arguments, same detections."""
    rng = np.random.default_rng(seed)
    chains = _chains(truth)
    planted = _plant(truth, faults, chains, rng)
    struck = {fault.does: np.zeros(len(truth), bool) for fault in faults}
    for fault in faults:
        if fault.key in planted:
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
    parts = [(truth.item[seen], truth.frame[seen], truth.label[seen], box[seen], score[seen]),
             (truth.item[again], truth.frame[again], truth.label[again], _beside(truth.box[again]),
              0.97 * score[again])]  # fmt: skip
    parts += [_imagined(truth, planted[f.key], rng) for f in faults if f.does == "imagine"]
    return Detected(_table(truth, [np.concatenate(column) for column in zip(*parts, strict=True)]), planted)


def _chains(truth: Tracks) -> list[Array]:
    """Rows of each thing, as long as it counts and is well seen without a break."""
    order = np.lexsort((truth.id, truth.item))
    order = order[(truth.counts & (truth.visibility >= HIDDEN))[order]]
    broken = (np.diff(truth.id[order]) != 0) | (np.diff(truth.item[order]) != 0) | (np.diff(truth.frame[order]) != 1)
    return [part for part in np.split(order, np.flatnonzero(broken) + 1) if len(part)]


def _plant(
    truth: Tracks, faults: tuple[Fault, ...], chains: list[Array], rng: np.random.Generator
) -> dict[str, Planted]:
    """Every thing is struck by one fault at most, at some time of its being there."""
    drawn = {fault.key: [] for fault in faults if fault.rate}
    on_things = [fault for fault in faults if fault.does in ("miss", "fade", "misplace", "repeat")]
    ends = np.cumsum([fault.rate for fault in on_things])
    for rows, u in zip(chains, rng.random(len(chains)).tolist(), strict=True):
        which = int(np.searchsorted(ends, u, side="right"))
        if which < len(on_things):
            fault = on_things[which]
            room = len(rows) - fault.frames - 2 * _MARGIN
            if room >= 0:
                start = _MARGIN + int(rng.integers(0, room + 1))
                drawn[fault.key].append(rows[start : start + fault.frames])
    made = {key: _of(truth, parts) for key, parts in drawn.items()}
    for fault in faults:
        if fault.does == "see":
            made[fault.key] = _of(truth, _unseen(truth, fault, rng))
        if fault.does == "imagine":
            made[fault.key] = _clutter(truth, fault, rng)
    return made


def _of(truth: Tracks, parts: list[Array]) -> Planted:
    first = np.array([part[0] for part in parts], np.intp)
    last = np.array([part[-1] for part in parts], np.intp)
    nothing = np.full((len(parts), 4), np.nan)
    return Planted(truth.item[first], truth.id[first], truth.frame[first], truth.frame[last], nothing)


def _unseen(truth: Tracks, fault: Fault, rng: np.random.Generator) -> list[Array]:
    """Runs of rows that the truth passes over, of things wide enough to be taken for a detection."""
    order = np.lexsort((truth.id, truth.item))
    order = order[(~truth.counts & (truth.box[:, 2:].min(axis=1) >= 4) & (truth.visibility > 0))[order]]
    broken = (np.diff(truth.id[order]) != 0) | (np.diff(truth.item[order]) != 0) | (np.diff(truth.frame[order]) != 1)
    parts = [part for part in np.split(order, np.flatnonzero(broken) + 1) if len(part) >= fault.frames]
    return [part[: fault.frames] for part in parts if rng.random() < fault.rate]


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
    item, frame, label, box, score = columns
    order = np.lexsort((-score, frame, item))
    n = len(order)
    starts = np.searchsorted(item[order], np.arange(len(truth.items)))
    return replace(
        truth, item=item[order].astype(np.int32), frame=frame[order].astype(np.int32), id=np.full(n, -1, np.int64),
        label=label[order].astype(np.int32), box=np.round(box[order], 2), counts=np.ones(n, bool),
        visibility=np.full(n, np.nan), row=(np.arange(n) - starts[item[order]]).astype(np.int64),
        score=np.round(score[order], 4),
    )  # fmt: skip
