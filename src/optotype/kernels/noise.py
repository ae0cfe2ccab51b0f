"""Deterministic noise for kernels: integer hashes, and sampling of prefiltered tiles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

F32 = NDArray[np.float32]

CLOUD, CRACK, GRAIN, CELL = range(4)
"""Channels of the tiles: smooth fractal noise, thin crack lines, fine grain, clumps."""
LEVELS = 7


@jit("float64(int64,int64,int64)")
def hashed(a: int, b: int, c: int) -> Any:
    """Three integers to a number in [0, 1) (a multiply–xorshift finaliser)."""
    h = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b) * np.uint64(0xC2B2AE3D27D4EB4F)
    h += np.uint64(c) * np.uint64(0x165667B19E3779F9) + np.uint64(0x27D4EB2F165667C5)
    h ^= h >> np.uint64(32)
    h *= np.uint64(0xD6E8FEB86659FD93)
    h ^= h >> np.uint64(29)
    h *= np.uint64(0xD6E8FEB86659FD93)
    h ^= h >> np.uint64(32)
    return np.float64(h >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@jit("float64(float32[:,:,:,::1],int64,float64,float64,float64)")
def tile(tiles: F32, channel: int, u: float, v: float, foot: float) -> Any:
    """A tile's value at (u, v), bilinear, at the level whose texels are as large as ``foot``.

    ``tiles`` (channels, levels, s, s) with period 1 in u and v; level k fills the first s / 2ᵏ rows and columns.
    """
    size = tiles.shape[2]
    foot *= size
    level = 0
    while foot > 1.0 and level < LEVELS - 1:
        foot *= 0.5
        level += 1
        size >>= 1
    x, y = u * size, v * size
    fx, fy = math.floor(x), math.floor(y)
    i, j = int(fx) & (size - 1), int(fy) & (size - 1)
    i1, j1 = (i + 1) & (size - 1), (j + 1) & (size - 1)
    x -= fx
    y -= fy
    top = tiles[channel, level, j, i] * (1.0 - x) + tiles[channel, level, j, i1] * x
    bottom = tiles[channel, level, j1, i] * (1.0 - x) + tiles[channel, level, j1, i1] * x
    return top * (1.0 - y) + bottom * y


@jit("float64(float64)")
def fading(x: float) -> Any:
    """About exp(−x) for x ≥ 0 (within 0.002), by products alone."""
    t = max(1.0 - x * (1.0 / 128.0), 0.0)
    t *= t
    t *= t
    t *= t
    t *= t
    t *= t
    t *= t
    return t * t


@jit("float64(float64,float64,float64)")
def ramp(low: float, high: float, value: float) -> Any:
    """Smoothstep: 0 at ``low``, 1 at ``high``."""
    t = min(max((value - low) / (high - low), 0.0), 1.0)
    return t * t * (3.0 - 2.0 * t)


@jit("float64(float64,float64,float64,float64)")
def band(low: float, high: float, value: float, foot: float) -> Any:
    """Share of a footprint around ``value`` that lies between ``low`` and ``high``."""
    foot = max(foot, 1e-4)
    return min(max((min(high, value + 0.5 * foot) - max(low, value - 0.5 * foot)) / foot, 0.0), 1.0)
