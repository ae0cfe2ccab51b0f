"""The filter of SORT (Bewley et al. 2016): centre, area and their velocities, and width over height, which stays.

Noises as there: 1, 1, 10, 10 of what is measured; 10 and, of velocities, 10⁴ at the start; 1 a frame, and of velocities
0.01, 0.01, 0.0001. Rows of ``state`` as kalman.py has them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.kalman import advance, begin, correct, stretch, turn

Array: TypeAlias = NDArray[Any]


@jit("void(float64[:, ::1], int64, float64, float64, float64, float64)")
def start(state: Array, i: int, x: float, y: float, area: float, ratio: float) -> None:
    """A new track."""
    begin(state, i, 0, x, 10.0, 1e4)
    begin(state, i, 1, y, 10.0, 1e4)
    begin(state, i, 2, area, 10.0, 1e4)
    begin(state, i, 3, ratio, 10.0, 0.0)


@jit("void(float64[:, ::1], int64)")
def predict(state: Array, i: int) -> None:
    """One frame on."""
    advance(state, i, 0, 1.0, 0.01)
    advance(state, i, 1, 1.0, 0.01)
    advance(state, i, 2, 1.0, 0.0001)
    advance(state, i, 3, 1.0, 0.0)


@jit("void(float64[:, ::1], int64, float64, float64, float64, float64)")
def update(state: Array, i: int, x: float, y: float, area: float, ratio: float) -> None:
    """A box is measured."""
    correct(state, i, 0, x, 1.0)
    correct(state, i, 1, y, 1.0)
    correct(state, i, 2, area, 10.0)
    correct(state, i, 3, ratio, 10.0)


@jit("void(float64[:, ::1], int64, float64[:, ::1], int64)")
def warp(state: Array, i: int, motion: Array, f: int) -> None:
    """The camera moved: the centre goes along, the area by the change of area."""
    turn(state, i, motion, f)
    stretch(state, i, 2, abs(motion[f, 0] * motion[f, 4] - motion[f, 1] * motion[f, 3]))


@jit("boolean(float64[:, ::1], int64, float64[:, ::1], int64)")
def corners_of(state: Array, i: int, corners: Array, p: int) -> bool:
    """Write x1, y1, x2, y2 of track i into ``corners[p]``; False where it is no box."""
    w = np.sqrt(state[i, 2] * state[i, 3])
    h = state[i, 2] / w
    corners[p, 0], corners[p, 1] = state[i, 0] - w / 2, state[i, 1] - h / 2
    corners[p, 2], corners[p, 3] = state[i, 0] + w / 2, state[i, 1] + h / 2
    return not (np.isnan(w) or np.isnan(h))
