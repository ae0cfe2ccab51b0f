"""What a house wall looks like: storeys and bays of windows with frames, reveals and sills, shops, doors, brick."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.noise import CLOUD, GRAIN, band, hashed, ramp, tile

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

REVEAL = 0.16
"""Metres that panes lie behind the wall."""


@jit("void(float64,float64,float64,int64,float64[::1],float32[:,:,:,::1],float64[::1])")
def masonry(u: float, v: float, foot: float, style: int, wall: F64, tiles: F32, s: F64) -> None:
    """Brick (style 0), plaster (1, 2), concrete panels (3), stone courses (4)."""
    stain = tile(tiles, CLOUD, u / 9.0, v / 7.0, foot / 8.0)
    grain = tile(tiles, GRAIN, u / 1.7, v / 1.7, foot / 1.7)
    tone = 0.82 + 0.32 * (stain - 0.1) + 0.18 * (grain - 0.5)
    mortar = 0.0
    if style == 0 or style == 4:
        high, long = (0.075, 0.225) if style == 0 else (0.34, 0.7)
        row = math.floor(v / high)
        a = u / long + 0.5 * (int(row) & 1)
        column = math.floor(a)
        gap = 0.012 if style == 0 else 0.02
        near = min(1.0, 0.5 * long / max(foot, 1e-3))
        mortar = 1.0 - band(gap, high, v - row * high, foot) * band(gap, long, (a - column) * long, foot)
        tone *= 1.0 + 0.35 * near * (hashed(int(row), int(column), 5) - 0.5)
    elif style == 3:
        mortar = 1.0 - band(0.02, 3.08, v - 3.1 * math.floor(v / 3.1), foot) * band(
            0.02, 2.38, u - 2.4 * math.floor(u / 2.4), foot
        )
    tone *= 0.8 + 0.2 * ramp(0.0, 1.2, v + 0.7 * stain)
    for c in range(3):
        s[c] = tone * (wall[c] * (1 - mortar) + mortar * (0.55 * wall[c] + 0.09))


@jit("void(float64,float64,float64,float64,float64,float64,float64[::1],float64[::1])")
def _pane(u: float, v: float, wide: float, high: float, foot: float, tone: float, look: F64, s: F64) -> None:
    """A framed window whose lower left corner is the origin; reflectance marks glass."""
    frame = 0.07
    bars = 2 if wide > 1.0 else 1
    cell = wide / bars
    local = u - cell * math.floor(u / cell)
    glass = band(frame, cell - 0.5 * frame, local, foot) * band(frame, high - frame, v, foot)
    if high > 1.9:
        glass *= 1.0 - band(0.7 * high - 0.03, 0.7 * high + 0.03, v, foot)
    curtain = ramp(0.35, 0.2, min(local, cell - local) / cell) if tone > 0.45 else 0.0
    inside = 0.012 + 0.05 * tone * (0.4 + 0.6 * v / high) + 0.22 * curtain * tone
    for c in range(3):
        s[c] = look[3 + c] * (1 - glass) + glass * inside * (1.0 - 0.06 * c)
    s[3], s[4] = 0.02 + 0.1 * glass, glass


@jit(
    "void(float64,float64,float64,float64,float64,float64,float64[::1],int64,float64[::1],float32[:,:,:,::1],float64[::1])"
)
def facade(
    u: float,
    v: float,
    length: float,
    height: float,
    slope_u: float,
    slope_v: float,
    look: F64,
    side: int,
    size: F64,
    tiles: F32,
    s: F64,
) -> None:
    """Paint a wall at u metres along it and v up.

    ``slope_u``/``slope_v``: how far the line of sight moves along the wall for each metre into it, for the parallax of
    panes. ``look``: wall (3), trim (3), seed, lit. ``size``: footprint and darkness outside (0 day, 1 night).
    """
    seed, foot = int(look[6]), size[0]
    style = seed % 5
    storey = 2.8 + 0.5 * hashed(seed, 1, 0)
    shop = hashed(seed, 2, 0) < 0.55 and side == 0
    ground = 3.5 if shop else storey
    bay = 1.9 + 1.5 * hashed(seed, 3, 0)
    bays = max(1.0, math.floor(length / bay))
    bay = length / bays
    column = min(math.floor(u / bay), bays - 1)
    level = 0.0 if v < ground else 1.0 + math.floor((v - ground) / storey)
    base = 0.0 if level == 0.0 else ground + (level - 1.0) * storey
    x, y = u - column * bay, v - base
    tone = hashed(int(column) + 57 * int(level), seed, side + 11)
    wide, high, sill = bay * (0.42 + 0.2 * hashed(seed, 4, 0)), storey * (0.45 + 0.15 * hashed(seed, 5, 0)), 0.85
    door = False
    if level == 0.0:
        door = int(column) == int(hashed(seed, 6, side) * bays)
        if shop:
            wide, high, sill = 0.88 * bay, 2.35, 0.3
            if v > 2.85 and v < 3.4:
                sign = hashed(seed, 8 + int(u / (2 * bay)), 0)
                text = tile(tiles, GRAIN, u / 2.2, v / 9.0, foot / 3.0) > 0.52 and v > 2.98 and v < 3.25
                for c in range(3):
                    back = 0.05 + 0.5 * hashed(seed, 20 + c, int(sign * 50))
                    s[c] = (0.75 if back < 0.35 else 0.05) if text and foot < 0.12 else back
                s[3] = 0.04
                return
        if door:
            wide, high, sill = min(1.1, 0.8 * bay), 2.2, 0.0
    elif base + storey > height + 0.4 or (side == 1 and hashed(seed, 30, int(column)) < 0.75):
        wide = 0.0
    left = 0.5 * (bay - wide)
    if wide <= 0.0 or x < left - 0.14 or x > left + wide + 0.14 or y < sill - 0.12 or y > sill + high + 0.14:
        masonry(u, v, foot, style, look, tiles, s)
        if level >= 1.0 and style in (1, 2, 4):
            course = band(0.0, 0.14, y, foot)
            for c in range(3):
                s[c] += course * (0.8 * look[3 + c] + 0.1 - s[c])
        return
    if x < left or x > left + wide or y < sill or y > sill + high:
        mark = 0.85 if y < sill else 0.5
        for c in range(3):
            s[c] = look[c] + mark * (0.55 * look[3 + c] + 0.2 - look[c])
        return
    a, b = x + REVEAL * slope_u - left, y + REVEAL * slope_v - sill
    if a < 0.0 or a > wide or b < 0.0 or b > high:
        shade = 0.75 if b < 0.0 else 0.42
        for c in range(3):
            s[c] = look[c] * shade
        return
    if door and not shop:
        panel = 0.75 + 0.25 * band(0.15, wide - 0.15, a, foot) * band(0.2, 0.9 * high, b, foot)
        for c in range(3):
            s[c] = panel * (0.03 + 0.3 * hashed(seed, 40 + c, int(column)))
        s[3], s[4] = 0.04, 0.3
        return
    _pane(a, b, wide, high, foot, tone, look, s)
    edge = min(1.0, 0.35 + min(high - b, a, wide - a) / 0.3)
    for c in range(3):
        s[c] *= edge
    if size[1] > 0.0 and (tone < 0.38 or (shop and level == 0.0)):
        glow = s[4] * size[1] * (0.5 + 0.9 * tone) * (1.1 if shop and level == 0.0 else 0.8)
        s[5], s[6], s[7] = glow, 0.72 * glow, 0.4 * glow
