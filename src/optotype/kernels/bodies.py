"""What vehicles' skins and signs look like: panes, lamps, plates, seams, faces, painted by place on the body."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.noise import GRAIN, band, hashed, ramp, tile

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

FIELDS = (
    "length", "width", "height",
    "belt", "eaves", "side_front_low", "side_front_high", "side_back_low", "side_back_high", "pillar", "pillar_gap",
    "screen_low", "screen_high", "screen_half", "rear_low", "rear_high", "rear_half",
    "lamp_low", "lamp_high", "lamp_in", "lamp_out", "tail_low", "tail_high", "tail_in", "tail_out",
    "grille_low", "grille_high", "grille_half", "plate", "bumper", "sill", "stripe_low", "stripe_high", "door",
    "door_gap", "panes",
)  # fmt: skip
"""Columns of the table of bodies, metres in the template's own measures; panes: 0 none, 1 a car's, 2 a bus's."""
_LENGTH, _WIDTH, _HEIGHT = 0, 1, 2


@jit("void(float64[::1],float64)")
def _glass(s: F64, cover: float) -> None:
    """Mix dark glass into a surface."""
    for c in range(3):
        s[c] += cover * (0.012 + 0.002 * c - s[c])
    s[3] += cover * (0.09 - s[3])
    s[4] += cover * (1.0 - s[4])


@jit("void(float64[::1],float64,float64,float64,float64,float64)")
def _mix(s: F64, cover: float, red: float, green: float, blue: float, gloss: float) -> None:
    s[0] += cover * (red - s[0])
    s[1] += cover * (green - s[1])
    s[2] += cover * (blue - s[2])
    s[4] += cover * (gloss - s[4])


@jit("void(float64,float64,float64,float64,float64,float64,float64[:,::1],int64,float64[::1])")
def _front(x: float, z: float, foot: float, lit: float, night: float, seed: float, b: F64, row: int, s: F64) -> None:
    """Screen, lamps, grille, plate and bumper."""
    if b[row, 35] > 0.0:
        _glass(s, band(b[row, 11], b[row, 12], z, foot) * band(-b[row, 13], b[row, 13], x, foot))
    grille = band(b[row, 25], b[row, 26], z, foot) * band(-b[row, 27], b[row, 27], x, foot)
    bars = 0.012 + 0.05 * band(0.0, 0.5, 12.0 * z - math.floor(12.0 * z), 12.0 * foot)
    _mix(s, grille, bars, bars, bars, 0.4)
    _mix(s, band(0.0, b[row, 29], z, foot) * (0.8 if seed < 0.4 else 0.0), 0.02, 0.02, 0.022, 0.1)
    intake = band(b[row, 29] - 0.13, b[row, 29] - 0.02, z, foot) * band(-0.3 * b[row, 1], 0.3 * b[row, 1], x, foot)
    _mix(s, intake, 0.01, 0.01, 0.01, 0.0)
    plate = band(b[row, 28] - 0.055, b[row, 28] + 0.055, z, foot) * band(-0.26, 0.26, x, foot)
    _mix(s, plate, 0.6, 0.6, 0.56, 0.2)
    lamp = band(b[row, 17], b[row, 18], z, foot) * band(b[row, 19], b[row, 20], abs(x), foot)
    _mix(s, lamp, 0.42, 0.44, 0.46, 1.0)
    s[3] += 0.06 * lamp
    on = lit * lamp * (0.7 + 3.0 * night)
    s[5] += on * 1.6
    s[6] += on * 1.5
    s[7] += on * 1.25


@jit("void(float64,float64,float64,float64,float64,float64[:,::1],int64,float64[::1])")
def _back(x: float, z: float, foot: float, lit: float, night: float, b: F64, row: int, s: F64) -> None:
    """Rear window, lamps, plate and bumper."""
    if b[row, 35] > 0.0:
        _glass(s, band(b[row, 14], b[row, 15], z, foot) * band(-b[row, 16], b[row, 16], x, foot))
    _mix(s, 0.6 * band(0.0, b[row, 29] - 0.1, z, foot), 0.02, 0.02, 0.022, 0.1)
    seam = band(b[row, 14] - 0.5, b[row, 14] - 0.47, z, foot)
    for c in range(3):
        s[c] *= 1.0 - 0.5 * seam
    plate = band(b[row, 28] + 0.14, b[row, 28] + 0.25, z, foot) * band(-0.26, 0.26, x, foot)
    _mix(s, plate, 0.62, 0.56, 0.25, 0.2)
    lamp = band(b[row, 21], b[row, 22], z, foot) * band(b[row, 23], b[row, 24], abs(x), foot)
    _mix(s, lamp, 0.34, 0.012, 0.012, 0.9)
    on = lamp * (0.08 + lit * (0.3 + 1.3 * night))
    s[5] += on * 1.2
    s[6] += on * 0.05
    s[7] += on * 0.04


@jit("void(float64,float64,float64,float64,float64[:,::1],int64,float64[::1],float64[::1])")
def _side(y: float, z: float, foot: float, seed: float, b: F64, row: int, look: F64, s: F64) -> None:
    """Side windows with pillars, seams, handles, sill and a stripe."""
    stripe = band(b[row, 31], b[row, 32], z, foot)
    _mix(s, stripe, look[3], look[4], look[5], s[4])
    _mix(s, band(0.0, b[row, 30], z, foot), 0.02, 0.02, 0.022, 0.1)
    if b[row, 35] > 0.0:
        up = min(max((z - b[row, 3]) / max(b[row, 4] - b[row, 3], 1e-3), 0.0), 1.0)
        front, back = b[row, 5] + up * (b[row, 6] - b[row, 5]), b[row, 7] + up * (b[row, 8] - b[row, 7])
        pane = band(b[row, 3] + 0.03, b[row, 4], z, foot) * band(back, front, y, foot)
        if b[row, 10] > 0.0:
            place = (y - b[row, 9]) / b[row, 10]
            place = (place - math.floor(place + 0.5)) * b[row, 10]
            pane *= 1.0 - band(-0.045, 0.045, place, foot)
        _glass(s, pane)
    if b[row, 34] > 0.0 and z < b[row, 4] and z > b[row, 30]:
        place = (y - b[row, 33]) / b[row, 34]
        near = (place - math.floor(place + 0.5)) * b[row, 34]
        inside = y > b[row, 7] - 0.1 and y < b[row, 5] + 0.12
        seam = band(-0.012, 0.012, near, foot) if inside and z < b[row, 3] else 0.0
        for c in range(3):
            s[c] *= 1.0 - 0.75 * seam
        handle = band(0.08, 0.25, near, foot) * band(b[row, 3] - 0.16, b[row, 3] - 0.12, z, foot)
        _mix(s, handle if inside else 0.0, 0.1, 0.1, 0.1, 0.8)
    if seed > 0.5:
        line = band(b[row, 30] + 0.22, b[row, 30] + 0.25, z, foot)
        for c in range(3):
            s[c] *= 1.0 - 0.3 * line


@jit("void(float64,float64,float64,float64,float64,float64,float64[:,::1],int64,float64[::1],float64,float64[::1])")
def body(
    x: float,
    y: float,
    z: float,
    nx: float,
    ny: float,
    foot: float,
    b: F64,
    row: int,
    look: F64,
    night: float,
    s: F64,
) -> None:
    """Paint a vehicle's skin at a place of its template whose normal points (nx, ny) right and ahead.

    ``look`` primary (3), secondary (3), seed, lit; ``s`` starts as the primary colour.
    """
    seed = look[6] * 0.618 - math.floor(look[6] * 0.618)
    s[3], s[4] = 0.045, 0.75
    steep = 0.12 if z > b[row, 3] and abs(x) < b[row, 13] + 0.05 else 0.35
    if ny > steep and ny > abs(nx):
        _front(x, z, foot, look[7], night, seed, b, row, s)
    elif ny < -steep and -ny > abs(nx):
        _back(x, z, foot, look[7], night, b, row, s)
    elif abs(nx) > 0.45:
        _side(y, z, foot, seed, b, row, look, s)
        tail = band(b[row, 21], b[row, 22], z, foot) * band(
            -0.5 * b[row, _LENGTH], -0.5 * b[row, _LENGTH] + 0.16, y, foot
        )
        _mix(s, tail, 0.34, 0.012, 0.012, 0.9)
        lamp = band(b[row, 17], b[row, 18], z, foot) * band(
            0.5 * b[row, _LENGTH] - 0.22, 0.5 * b[row, _LENGTH], y, foot
        )
        _mix(s, lamp, 0.42, 0.44, 0.46, 1.0)
    if z < 0.6:
        dirt = 0.35 * ramp(0.6, 0.2, z)
        for c in range(3):
            s[c] += dirt * (0.09 - 0.01 * c - s[c])


@jit("void(float64,float64,float64,float64[::1])")
def wheel(radius: float, angle: float, foot: float, s: F64) -> None:
    """Tyre and rim by the distance from the hub (1 at the tread) and the angle."""
    rim = band(0.0, 0.66, radius, foot)
    spokes = 0.5 + 0.5 * math.cos(5.0 * angle)
    metal = (0.42 - 0.28 * ramp(0.35, 0.75, spokes) * band(0.2, 0.58, radius, foot)) * (1.0 - 0.25 * radius)
    for c in range(3):
        s[c] = 0.018 + rim * (metal - 0.018)
    s[3], s[4] = 0.03 + 0.2 * rim, 0.3 * rim


@jit("void(float64,float64,float64,int64,float32[:,:,:,::1],float64[::1])")
def sign(u: float, v: float, foot: float, variant: int, tiles: F32, s: F64) -> None:
    """A sign's face, u and v from −1 to 1: prohibition, warning, mandatory, information, stop."""
    shape = variant % 5
    r = math.hypot(u, v)
    white, red, blue, dark = (0.7, 0.7, 0.68), (0.5, 0.02, 0.025), (0.02, 0.1, 0.45), (0.02, 0.02, 0.02)
    code = variant // 5
    bar = abs(u) < 0.5 and abs(v) < 0.16
    digits = abs(v) < 0.36 and abs(abs(u) - 0.26) < 0.18 and not (abs(v) < 0.2 and abs(abs(u) - 0.26) < 0.07)
    arrow = (abs(u) < 0.12 and v > -0.55 and v < 0.2) or (v >= 0.1 and v < 0.6 and abs(u) < 0.6 - v)
    figure = (abs(u) < 0.14 and v > -0.5 and v < 0.25) or math.hypot(u, v - 0.42) < 0.15
    if shape == 0:
        colour = red if r > 0.72 else white
        if r <= 0.72 and (digits if code % 2 == 0 else figure):
            colour = dark
        if code % 3 == 2:
            colour = white if bar else red
    elif shape == 1:
        edge = min(v + 0.75, (0.95 - v) * 0.5 - 0.866 * abs(u) + 0.0)
        colour = red if edge < 0.2 else white
        if edge >= 0.2 and abs(u) < 0.1 and v > -0.4 and v < 0.35 and not (v > -0.28 and v < -0.15):
            colour = dark
    elif shape == 2:
        colour = white if (arrow or r > 0.93) else blue
    elif shape == 3:
        rim = abs(u) > 0.9 or abs(v) > 0.92
        text = (
            abs(u) < 0.75 and abs(v) < 0.75 and tile(tiles, GRAIN, u * 0.12 + 0.1 * code, v * 0.03, foot * 0.1) > 0.53
        )
        lines = text and abs((v + 1.0) * 2.5 - math.floor((v + 1.0) * 2.5) - 0.5) < 0.25
        colour = white if rim or lines or (code % 2 == 1 and figure) else blue
    else:
        letters = abs(v) < 0.25 and abs(u) < 0.7 and abs(u * 4.0 - math.floor(u * 4.0) - 0.5) < 0.3
        colour = white if letters or max(abs(u), abs(v), (abs(u) + abs(v)) * 0.7071) > 0.88 else red
    grime = 0.85 + 0.3 * (tile(tiles, GRAIN, u * 0.4, v * 0.4, foot * 0.4) - 0.5)
    for c in range(3):
        s[c] = colour[c] * grime
    s[3], s[4] = 0.04, 0.3


@jit("void(float64,float64,float64,int64,float64,float64[::1])")
def signal(u: float, v: float, which: float, state: int, night: float, s: F64) -> None:
    """A lens of a traffic light; ``which`` 0 red, 1 amber, 2 green; lit when it is the ``state``."""
    on = 1.0 if int(which + 0.5) == state else 0.0
    glow = 0.05 + on * (1.9 + 0.5 * night) * (1.0 - 0.3 * math.hypot(u, v))
    red, green, blue = (1.0, 0.05, 0.03) if which < 0.5 else ((1.0, 0.5, 0.03) if which < 1.5 else (0.06, 0.95, 0.45))
    s[0], s[1], s[2] = 0.1 * red, 0.1 * green, 0.1 * blue
    s[5], s[6], s[7] = glow * red, glow * green, glow * blue
    s[3], s[4] = 0.05, 0.5


@jit("void(float64,float64,float64,float64,int64,float32[:,:,:,::1],float64[::1])")
def cloth(u: float, v: float, w: float, foot: float, seed: int, tiles: F32, s: F64) -> None:
    """Folds in a garment, and for some a pattern."""
    fold = tile(tiles, 0, (u + w) / 0.9 + 0.13 * seed, v / 1.3, foot)
    tone = 0.72 + 0.56 * fold
    if hashed(seed, 3, 1) < 0.2:
        stripe = band(0.0, 0.04, v - 0.08 * math.floor(v / 0.08), foot) if foot < 0.04 else 0.5
        tone *= 0.6 + 0.6 * stripe
    for c in range(3):
        s[c] *= tone
