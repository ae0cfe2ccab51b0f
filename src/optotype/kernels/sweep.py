"""Precision–recall curves from ranked detections: exactly once, and for many resamples side by side.

A curve only rises at true positives, so that nothing else need be visited: what lies between two of them is counted
once for all curves of a class (``base``), and each curve then takes its own few steps. ``metrics.curves`` explains the
arrays. Of resamples, LANES are swept together, one a lane of the vector unit.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]

LANES = 16
"""Resamples swept side by side."""
ROUNDING = 1e-9
"""Less than 100 tp / objects can be short of a whole number, and far more than it is off by rounding."""
RECALLS = 101
"""Points of the recall grid; in resamples they are at i / 100 in exact arithmetic."""


@jit(
    "void(int64[::1], uint8[::1], int64[::1], int64[::1], int32[::1], uint32[::1], int64[::1], int64[::1], int32[::1],"
    " int8[::1], int8[::1], float64[::1], float64, float64[:, ::1], float64[::1], int64[::1], int64[:, ::1])"
)
def once(
    class_start: Array, part: Array, event_start: Array, event_point: Array, curve_class: Array, curve_parts: Array,
    positives: Array, step_start: Array, step_event: Array, step_tp: Array, step_n: Array, grid: Array, spacing: float,
    precision: Array, recall: Array, counted: Array, at: Array,
) -> None:  # fmt: skip
    """Every curve with each detection counted once.

    ``precision`` (Q, 101) at the recalls of ``grid``, 0 where a recall is not reached; ``recall`` (Q,) reached at the
    end; ``counted`` (Q,) detections; ``at`` (Q, 101) the event at which the recall is reached, −1 for none. A precision
    is tp / (n + ``spacing``). ``positives`` (Q,) are the objects; where there are none, all stays as it was.
    """
    parts = 1
    for i in range(len(part)):
        parts = max(parts, part[i] + 1)
    curves = len(curve_class)
    base = np.zeros((len(event_point), parts), np.int64)
    ends = np.zeros((len(class_start) - 1, parts), np.int64)
    for k in range(len(class_start) - 1):
        point = class_start[k]
        for e in range(event_start[k], event_start[k + 1]):
            while point < event_point[e]:
                ends[k, part[point]] += 1
                point += 1
            for c in range(parts):
                base[e, c] = ends[k, c]
        for rest in range(point, class_start[k + 1]):
            ends[k, part[rest]] += 1
    height = np.empty(len(step_event))
    reached = np.empty(len(step_event), np.int64)
    for q in range(curves):
        first, last = step_start[q], step_start[q + 1]
        tp, extra, points = 0, 0, 0
        for s in range(first, last):
            e = event_start[curve_class[q]] + step_event[s]
            tp += step_tp[s]
            extra += step_n[s]
            if step_tp[s]:
                n = extra
                for c in range(parts):
                    if curve_parts[q] >> np.uint32(c) & np.uint32(1):
                        n += base[e, c]
                height[points] = tp / (n + spacing)
                reached[points] = e
                points += 1
        total = extra
        for c in range(parts):
            if curve_parts[q] >> np.uint32(c) & np.uint32(1):
                total += ends[curve_class[q], c]
        counted[q] = total
        if positives[q] == 0:
            continue
        recall[q] = tp / positives[q]
        for r in range(RECALLS):
            precision[q, r] = 0.0
            at[q, r] = -1
        i, highest = RECALLS - 1, 0.0
        for p in range(points - 1, -1, -1):
            while i >= 0 and (p + 1) / positives[q] < grid[i]:
                i -= 1
            highest = max(highest, height[p])
            before = p / positives[q]
            while i >= 0 and (p == 0 or before < grid[i]):
                precision[q, i] = highest
                at[q, i] = reached[p]
                i -= 1


@jit(
    "void(float64[:, ::1], int64[::1], int32[::1], uint8[::1], int64[::1], int64[::1], int32[::1], int32[::1],"
    " uint32[::1], int32[::1], int64[::1], int64[::1], int32[::1], int8[::1], int8[::1], int32[::1], int32[::1],"
    " float64[:, ::1], float64[:, ::1], float64[:, ::1], float64[:, ::1])"
)
def resampled(
    weights: Array, class_start: Array, group: Array, part: Array, event_start: Array, event_point: Array,
    event_group: Array, curve_mask: Array, masks: Array, curve_total: Array, curve_start: Array, step_start: Array,
    step_event: Array, step_tp: Array, step_n: Array, total_group: Array, total_counter: Array, totals: Array,
    ap: Array, found: Array, counted: Array,
) -> None:  # fmt: skip
    """Every curve under LANES sets of whole weights (groups, LANES), one a lane.

    ``masks`` (D,) are the distinct sets of parts, ``curve_mask`` (Q,) the one of each curve, ``curve_start`` (K + 1,)
    the curves of each class, ``curve_total`` (Q,) its counter of objects. Fills ``totals`` (counters, LANES),
    ``ap`` (Q, LANES), the weight of the true positives ``found`` and of all detections ``counted``. Where a counter is
    0 the AP is NaN.
    """
    lanes = LANES
    D = len(masks)
    totals[:] = 0.0
    for i in range(len(total_group)):
        for lane in range(LANES):
            totals[total_counter[i], lane] += weights[total_group[i], lane]
    most_events, most_steps = 0, 0
    for k in range(len(class_start) - 1):
        most_events = max(most_events, event_start[k + 1] - event_start[k])
    for q in range(len(curve_mask)):
        most_steps = max(most_steps, step_start[q + 1] - step_start[q])
    base = np.empty((most_events + 1, D, lanes))
    height = np.empty((most_steps, lanes))
    level = np.empty((most_steps + 1, lanes))
    parts = 1
    for i in range(len(part)):
        parts = max(parts, part[i] + 1)
    acc = np.empty((parts, lanes))
    tp, extra, scale, top, area = np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes), np.empty(lanes)
    for k in range(len(class_start) - 1):
        if curve_start[k] == curve_start[k + 1]:
            continue
        acc[:] = 0.0
        point = class_start[k]
        events = event_start[k + 1] - event_start[k]
        for e in range(events + 1):
            stop = class_start[k + 1] if e == events else event_point[event_start[k] + e]
            while point < stop:
                row, to = weights[group[point]], acc[part[point]]
                for lane in range(LANES):
                    to[lane] += row[lane]
                point += 1
            for d in range(D):
                to = base[e, d]
                for lane in range(LANES):
                    to[lane] = 0.0
                for c in range(parts):
                    if masks[d] >> np.uint32(c) & np.uint32(1):
                        for lane in range(LANES):
                            to[lane] += acc[c, lane]
        for q in range(curve_start[k], curve_start[k + 1]):
            d, first = curve_mask[q], step_start[q]
            steps = step_start[q + 1] - first
            for lane in range(LANES):
                tp[lane], extra[lane], top[lane], area[lane] = 0.0, 0.0, 0.0, 0.0
                level[0, lane] = -1.0
                all_of = totals[curve_total[q], lane]
                scale[lane] = 100.0 / all_of if all_of > 0 else np.nan
            for s in range(steps):
                at = step_event[first + s]
                row = weights[event_group[event_start[k] + at]]
                below = base[at, d]
                hit, more = float(step_tp[first + s]), float(step_n[first + s])
                for lane in range(LANES):
                    w = row[lane]
                    tp[lane] += hit * w
                    extra[lane] += more * w
                    n = below[lane] + extra[lane]
                    height[s, lane] = tp[lane] / (n if n > 1.0 else 1.0)
                    level[s + 1, lane] = np.floor(tp[lane] * scale[lane] + ROUNDING)
            for s in range(steps - 1, -1, -1):
                for lane in range(LANES):
                    here = height[s, lane]
                    top[lane] = here if here > top[lane] else top[lane]
                    area[lane] += top[lane] * (level[s + 1, lane] - level[s, lane])
            for lane in range(LANES):
                ap[q, lane] = area[lane] / 101.0 if scale[lane] > 0 else np.nan
                found[q, lane] = tp[lane]
                counted[q, lane] = base[events, d, lane] + extra[lane]
