"""Kalman filters of boxes, split into filters of one number and its velocity.

The noises of the trackers' filters are diagonal and each position is measured by itself, so that the filter of a box
with seven or eight states falls into four filters of two states: the same algebra, without matrices.

A track is a row of ``state`` (tracks, ≥ 20): 0 … 3 the four numbers, 4 … 7 their velocities, and from 8 + 3k the
variance of number k, its covariance with its velocity, and the variance of the velocity.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]


@jit("void(float64[:, ::1], int64, int64, float64, float64, float64)")
def begin(state: Array, i: int, k: int, value: float, variance: float, of_velocity: float) -> None:
    """Number k of track i is first measured: at rest, with these variances."""
    p = 8 + 3 * k
    state[i, k], state[i, 4 + k] = value, 0.0
    state[i, p], state[i, p + 1], state[i, p + 2] = variance, 0.0, of_velocity


@jit("void(float64[:, ::1], int64, int64, float64, float64)")
def advance(state: Array, i: int, k: int, noise: float, of_velocity: float) -> None:
    """One frame on: number k of track i moves by its velocity, and the variances of the process are added."""
    p = 8 + 3 * k
    state[i, k] += state[i, 4 + k]
    state[i, p] += 2 * state[i, p + 1] + state[i, p + 2] + noise
    state[i, p + 1] += state[i, p + 2]
    state[i, p + 2] += of_velocity


@jit("void(float64[:, ::1], int64, int64, float64, float64)")
def correct(state: Array, i: int, k: int, value: float, noise: float) -> None:
    """Number k of track i is measured with the variance ``noise``."""
    p = 8 + 3 * k
    total = state[i, p] + noise
    gain, gain_of_velocity = state[i, p] / total, state[i, p + 1] / total
    off = value - state[i, k]
    state[i, k] += gain * off
    state[i, 4 + k] += gain_of_velocity * off
    state[i, p + 2] -= gain_of_velocity * state[i, p + 1]
    state[i, p + 1] -= gain * state[i, p + 1]
    state[i, p] -= gain * state[i, p]


@jit("void(float64[:, ::1], int64, float64[:, ::1], int64)")
def turn(state: Array, i: int, motion: Array, f: int) -> None:
    """The camera moved by ``motion[f]`` (a, b, tx, c, d, ty): the centre of track i (numbers 0 and 1) moves along.

    Both have the same variances, so that they stay two filters when they are turned.
    """
    a, b, tx, c, d, ty = motion[f, 0], motion[f, 1], motion[f, 2], motion[f, 3], motion[f, 4], motion[f, 5]
    x, y, vx, vy = state[i, 0], state[i, 1], state[i, 4], state[i, 5]
    state[i, 0], state[i, 1] = a * x + b * y + tx, c * x + d * y + ty
    state[i, 4], state[i, 5] = a * vx + b * vy, c * vx + d * vy
    area = abs(a * d - b * c)
    for p in range(8, 14):
        state[i, p] *= area


@jit("void(float64[:, ::1], int64, int64, float64)")
def stretch(state: Array, i: int, k: int, by: float) -> None:
    """Number k of track i and its velocity are multiplied by ``by``."""
    state[i, k] *= by
    state[i, 4 + k] *= by
    for p in range(8 + 3 * k, 11 + 3 * k):
        state[i, p] *= by * by
