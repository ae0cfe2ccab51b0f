"""What is measured around every box of the truth and of a tracker, before anything is called a cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.box_geometry import iou
from optotype.evidence import Evidence, Rows
from optotype.kernels import track_events as kernel
from optotype.tables import Array, Floats, Ints, Tracks
from optotype.tasks.track import moving
from optotype.tasks.track.chains import Chains, Positions, last_true
from optotype.tasks.track.limits import Limits
from optotype.tasks.track.rules import Rules

FAR = 1 << 30
"""Frames since something that never was."""


@dataclass(frozen=True, eq=False)
class Side:
    """One side of the evidence: its ``rows``, the number ``frame`` (n,) of each among the frames of all sequences, the
    row of the other side that it is matched to, ``match`` (n,), −1 for none, and the overlaps of
    ``kernels.track_events``, ``share`` (n, …) with the rows behind them, ``who``.
    """

    rows: Rows
    frame: NDArray[np.int64]
    match: Ints
    share: Floats
    who: Ints
    chains: Chains

    def since(self) -> tuple[Positions, NDArray[np.int64]]:
        """Of every row the last matched row before it in its chain (−1: none), and how many frames ago that was."""
        order = self.chains.order
        last = last_true((self.match >= 0)[order], self.chains.code[order])
        row, ago = np.full(len(order), -1, np.intp), np.full(len(order), FAR, np.int64)
        there = last >= 0
        row[order[there]] = order[last[there]]
        ago[order[there]] = self.frame[order[there]] - self.frame[order[last[there]]]
        return row, ago


@dataclass(frozen=True, eq=False)
class Seen:
    """The detections that a tracker was given, and where the frames of each begin."""

    score: Floats
    box: Floats


@dataclass(frozen=True, eq=False)
class Facts:
    """Both sides, and: ``seen`` what the tracker was given (None: unknown), ``limits`` of the tracker, ``stay`` (m,)
    the IoU of each box of the truth with the object's in the frame before (NaN: not there), ``jerk`` (frames,) pixels
    by which all boxes jumped and ``jerks`` (frames,) how many such frames there were so far, ``size`` (items, 2) of the
    images, NaN where unknown.
    """

    truth: Side
    said: Side
    seen: Seen | None
    limits: Limits
    stay: Floats
    jerk: Floats
    jerks: NDArray[np.int64]
    size: Floats

    @classmethod
    def of(cls, evidence: Evidence, rules: Rules) -> Facts:
        """Measure all of it."""
        starts = moving.frame_starts(evidence)
        tables = evidence["truth"], evidence["predictions"]
        frames = [_frames(table.item, table["frame"], starts) for table in tables]
        matches = [
            _rows(table, other.starts(len(evidence))) for table, other in zip(tables, reversed(tables), strict=True)
        ]
        shares = [np.zeros((len(table), n)) for table, n in zip(tables, (7, 5), strict=True)]
        whos = [np.full(share.shape, -1, np.int32) for share in shares]
        begins = [np.searchsorted(frame, np.arange(starts[-1] + 1)).astype(np.int64) for frame in frames]
        box = [np.ascontiguousarray(table["box"], np.float64) for table in tables]
        label = [np.ascontiguousarray(table["label"], np.int32) for table in tables]
        kept = [np.ascontiguousarray(table["kept"], np.bool_) for table in tables]
        kernel.company(begins[0], box[0], kept[0], shares[0], whos[0])
        kernel.answers(
            begins[0], box[0], label[0], kept[0], matches[0], begins[1], box[1], label[1], kept[1], matches[1],
            shares[0], whos[0], shares[1], whos[1],
        )  # fmt: skip
        seen = None
        if rules.detections is not None:
            seen, seen_label, seen_begin = _seen(evidence, rules.detections, starts)
            kernel.detected(
                begins[0], box[0], label[0], begins[1], box[1], seen_begin, seen.box, seen_label, shares[0], whos[0],
                shares[1], whos[1],
            )  # fmt: skip
        truth, said = [
            Side(table, frame, match, share, who, Chains.of(table))
            for table, frame, match, share, who in zip(tables, frames, matches, shares, whos, strict=True)
        ]
        later, earlier = moving.steps(truth.chains, truth.frame)
        stay = np.full(len(truth.rows), np.nan)
        stay[later] = iou(box[0][later], box[0][earlier])
        motion = moving.of_all(box[0], later, earlier, truth.frame, int(starts[-1]))
        jerk = moving.jerks(evidence, moving.preferred(moving.of_camera(evidence), motion))
        return cls(truth, said, seen, Limits.of(evidence, rules), stay, jerk, np.cumsum(jerk > 0), _size(evidence))


def _frames(item: Ints, frame: Ints, starts: Array) -> NDArray[np.int64]:
    return np.asarray(starts[item] + frame - 1, np.int64)


def _rows(table: Rows, other: Array) -> Ints:
    """Matches as rows of the other table, whose items begin at ``other``."""
    match = table["match"]
    return np.where(match >= 0, other[table.item] + match, -1).astype(np.int32)


def _size(evidence: Evidence) -> Floats:
    rows = evidence["sequences"]
    size = np.full((len(evidence), 2), np.nan)
    size[rows.item] = np.column_stack([rows["width"], rows["height"]])
    size[(size <= 0).any(axis=1)] = np.nan
    return size


def _seen(evidence: Evidence, detections: Tracks, starts: Array) -> tuple[Seen, Ints, NDArray[np.int64]]:
    """Detections in the order of the evidence, their classes among its classes, and where their frames begin."""
    item = np.full(len(detections.items), -1, np.int64)
    rows = evidence["sequences"]
    item[rows["place"]] = rows.item
    here = item[detections.item]
    frame = _frames(np.maximum(here, 0), detections.frame, starts)
    order = np.flatnonzero(here >= 0)
    order = order[np.argsort(frame[order], kind="stable")]
    begin = np.searchsorted(frame[order], np.arange(starts[-1] + 1)).astype(np.int64)
    shared = [evidence.classes.index(name) if name in evidence.classes else -1 for name in detections.classes]
    of_class = np.array(shared if max(shared, default=-1) >= 0 else [kernel.ANY_CLASS] * len(shared), np.int32)
    score = np.ones(len(detections)) if detections.score is None else detections.score
    seen = Seen(score[order], np.ascontiguousarray(detections.box[order]))
    return seen, of_class[detections.label[order]], begin
