"""Precision–recall curves that share a ranking: the layout that ``kernels.sweep`` reads, once or for many resamples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optotype.kernels import sweep
from optotype.tables import Floats, Ints

Longs = NDArray[np.int64]

MOST_PARTS = 32


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves over detections that are ranked by class and falling score.

    Points (P,) are detections that may count, by class (``class_start`` (K + 1,)), each with its ``group`` and a
    ``part`` below 32; a curve counts the parts in its bits of ``curve_parts`` (Q,). Events (E,), by class, are the
    detections at which a curve does more than count: ``event_point`` says before which point (for the detection's own
    part to be counted: its place + 1), ``event_group`` whose weight it has. Steps (S,), by curve and then by rank, are
    what a curve does at an event: ``step_tp`` is added to its true positives, ``step_n`` to its count beside the
    parts. Objects, the rows of ``total_group`` and ``total_counter``, are added up in counters; ``curve_total`` (Q,)
    names the one that a curve divides by.
    """

    class_start: Longs
    group: Ints
    part: NDArray[np.uint8]
    event_start: Longs
    event_point: Longs
    event_group: Ints
    curve_class: Ints
    curve_parts: NDArray[np.uint32]
    curve_total: Ints
    step_start: Longs
    step_event: Ints
    step_tp: NDArray[np.int8]
    step_n: NDArray[np.int8]
    total_group: Ints
    total_counter: Ints
    counters: int

    def __len__(self) -> int:
        return len(self.curve_class)

    @cached_property
    def _masks(self) -> tuple[NDArray[np.uint32], Ints]:
        masks, index = np.unique(self.curve_parts, return_inverse=True)
        return masks, index.astype(np.int32)

    @cached_property
    def _curve_start(self) -> Longs:
        return np.searchsorted(self.curve_class, np.arange(len(self.class_start))).astype(np.int64)

    @cached_property
    def positives(self) -> Longs:
        """Objects of each curve, (Q,)."""
        return np.bincount(self.total_counter, minlength=self.counters)[self.curve_total].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Swept:
    """Curves with every detection counted once.

    ``precision`` (Q, 101) at the recalls of the grid, 0 where one is not reached and NaN without objects; ``recall``
    (Q,) at the end; ``counted`` (Q,) detections; ``at`` (Q, 101) the event that reaches the recall, −1 for none.
    """

    precision: Floats
    recall: Floats
    counted: Longs
    at: Longs


def sweep_once(curves: Curves, grid: Floats, spacing: float) -> Swept:
    """Every curve on the data as they are; a precision is tp / (n + ``spacing``)."""
    Q = len(curves)
    precision, recall = np.full((Q, sweep.RECALLS), np.nan), np.full(Q, np.nan)
    counted, at = np.zeros(Q, np.int64), np.full((Q, sweep.RECALLS), -1, np.int64)
    sweep.once(
        curves.class_start, curves.part, curves.event_start, curves.event_point, curves.curve_class, curves.curve_parts,
        curves.positives, curves.step_start, curves.step_event, curves.step_tp, curves.step_n, grid, spacing,
        precision, recall, counted, at,
    )  # fmt: skip
    return Swept(precision, recall, counted, at)


@dataclass(frozen=True, eq=False)
class SweptLanes:
    """Curves under some resamples side by side, lanes last.

    ``totals`` (counters, L) objects; of each curve, (Q, L): ``ap`` (NaN without objects), the true positives ``found``
    and the detections ``counted``, in weight.
    """

    totals: Floats
    ap: Floats
    found: Floats
    counted: Floats


def sweep_lanes(curves: Curves, weights: Floats) -> SweptLanes:
    """Every curve under whole weights of the groups, (groups, LANES) float64."""
    Q, lanes = len(curves), sweep.LANES
    totals = np.empty((curves.counters, lanes))
    ap, found, counted = (np.empty((Q, lanes)) for _ in range(3))
    masks, mask = curves._masks
    sweep.resampled(
        weights, curves.class_start, curves.group, curves.part, curves.event_start, curves.event_point,
        curves.event_group, mask, masks, curves.curve_total, curves._curve_start, curves.step_start,
        curves.step_event, curves.step_tp, curves.step_n, curves.total_group, curves.total_counter, totals, ap, found,
        counted,
    )  # fmt: skip
    return SweptLanes(totals, ap, found, counted)
