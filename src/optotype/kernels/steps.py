"""From matching bits to the steps of precision–recall curves (see ``metrics.curves``)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]


@jit(
    "void(int32[::1], uint16[:, ::1], uint16[:, ::1], uint8[::1], int32[::1], int64, int64, int64, boolean[::1],"
    " int64[::1])"
)
def count_steps(
    label: Array, hit: Array, out: Array, inside: Array, rank: Array, first: int, thresholds: int, cap: int,
    event: Array, step_start: Array,
) -> None:  # fmt: skip
    """How many steps each curve takes, and which detections are events.

    All arrays are by row: ``label``, ``rank`` (n,), ``hit`` and ``out`` (n, A), ``inside`` (n,) a bit an area range.
    Of a class the curves are, for each range, the ``thresholds`` from bit ``first`` on. Rows with ``cap`` or more
    better ones are left out. Fills ``event`` (n,) and ``step_start`` (Q + 1,).
    """
    A = hit.shape[1]
    step_start[:] = 0
    for d in range(len(label)):
        event[d] = False
        if rank[d] >= cap:
            continue
        for a in range(A):
            bits = (np.int64(hit[d, a]) | np.int64(out[d, a]) * (np.int64(inside[d]) >> a & 1)) >> first
            event[d] |= bits != 0
            q = (label[d] * A + a) * thresholds + 1
            while bits:
                step_start[q] += bits & 1
                bits >>= 1
                q += 1
    for q in range(len(step_start) - 1):
        step_start[q + 1] += step_start[q]


@jit(
    "void(int32[::1], int64[::1], int32[::1], uint16[:, ::1], uint16[:, ::1], uint8[::1], int64, int64, int64[::1],"
    " int32[::1], int8[::1], int8[::1])"
)
def fill_steps(
    events: Array, event_start: Array, label: Array, hit: Array, out: Array, inside: Array, first: int,
    thresholds: int, step_start: Array, step_event: Array, step_tp: Array, step_n: Array,
) -> None:  # fmt: skip
    """The steps themselves, as counted: the event within its class, and what is added to true positives and count.

    ``events`` (E,) are rows by class (``event_start`` (K + 1,)) and rank. A right detection outside its range counts
    although its part does not; one inside that is neither right nor wrong does not count although its part does.
    """
    A = hit.shape[1]
    place_of = step_start[:-1].copy()
    for e in range(len(events)):
        d = events[e]
        k = label[d]
        for a in range(A):
            hits, is_inside = np.int64(hit[d, a]) >> first, np.int64(inside[d]) >> a & 1
            bits = hits | (np.int64(out[d, a]) >> first) * is_inside
            t = 0
            while bits >> t:
                if bits >> t & 1:
                    right = hits >> t & 1
                    q = (k * A + a) * thresholds + t
                    s = place_of[q]
                    place_of[q] = s + 1
                    step_event[s], step_tp[s] = e - event_start[k], right
                    step_n[s] = 1 - is_inside if right else -1
                t += 1


@jit("void(float64[:, ::1], int32[::1], int32[::1], float64[::1], float64[:, ::1])")
def weighted_sums(weights: Array, group: Array, code: Array, value: Array, sums: Array) -> None:
    """Add each row's value times its group's weights (groups, LANES) to ``sums`` (codes, LANES)."""
    lanes = weights.shape[1]
    for i in range(len(group)):
        row, to = weights[group[i]], sums[code[i]]
        for lane in range(lanes):
            to[lane] += value[i] * row[lane]
