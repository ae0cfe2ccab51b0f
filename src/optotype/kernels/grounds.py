"""What the ground looks like: road, markings, paving, kerb and the land beyond, as functions of the place.

``street``: half width, pavement width, kerb height, lanes, marked, wear, albedo of road, paving and verge (3 × 3),
seed, distance between crossings, place of the first. A surface ``s`` is albedo (3),
reflectance, gloss, emission (3), normal
(3).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.noise import CELL, CLOUD, CRACK, GRAIN, band, hashed, ramp, tile

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

LINE = 0.13
DASH, DASH_PERIOD = 3.0, 9.0
BAR, CROSSING = 0.5, 3.2


@jit("float64(float64,float64,float64,float64,float64[::1])")
def marking(x: float, y: float, across: float, along: float, street: F64) -> Any:
    """Share of a footprint (metres across and along the street) that is painted."""
    if street[4] == 0.0 or abs(x) > street[0]:
        return 0.0
    half, lanes = street[0], int(street[3])
    start = y - street[17] - street[16] * math.floor((y - street[17]) / street[16])
    zebra = band(0.0, CROSSING, start, along)
    cover = 0.0
    if zebra > 0.0:
        phase = (x + half) / (2 * BAR)
        phase = 2 * BAR * (phase - math.floor(phase))
        bars = band(0.25, 0.25 + BAR, phase, across) if across < BAR else 0.5
        cover = zebra * bars
    if zebra >= 1.0:
        return cover
    for k in range(1, lanes):
        at = -half + 2 * half * k / lanes
        middle = lanes % 2 == 0 and 2 * k == lanes
        line = band(at - 0.5 * LINE, at + 0.5 * LINE, x, across)
        if middle and lanes > 2:
            line = max(
                band(at - 1.5 * LINE, at - 0.5 * LINE, x, across), band(at + 0.5 * LINE, at + 1.5 * LINE, x, across)
            )
        elif line > 0.0:
            place = y - DASH_PERIOD * math.floor(y / DASH_PERIOD)
            line *= band(0.0, DASH, place, along) if along < DASH else DASH / DASH_PERIOD
        cover = max(cover, line * (1.0 - zebra))
    edge = half - 0.35
    line = band(edge - 0.5 * LINE, edge + 0.5 * LINE, abs(x), across)
    return max(cover, line * (1.0 - zebra))


@jit("void(float64,float64,float64,float64,float64[::1],float32[:,:,:,::1],float64[::1])")
def road(x: float, y: float, across: float, along: float, street: F64, tiles: F32, s: F64) -> None:
    """Asphalt with grain, wheel tracks, cracks, patches, dust at the edges, covers and worn paint."""
    foot = math.sqrt(across * along)
    wear, half, seed = street[5], street[0], int(street[15])
    shift = 0.137 * seed
    broad = tile(tiles, CLOUD, x / 17.0 + shift, y / 23.0, foot / 20.0)
    middle = tile(tiles, CLOUD, x / 3.1, y / 4.3 + shift, foot / 3.5)
    grain = tile(tiles, GRAIN, x / 1.3, y / 1.3, foot / 1.3) if foot < 0.3 else 0.5
    tone = 0.72 + 0.3 * broad + 0.22 * middle + 0.55 * (grain - 0.5)
    width = 2 * half / max(street[3], 1.0)
    lane = (x + half) / width
    lane = abs(lane - math.floor(lane) - 0.5) * width
    tone *= 1.0 - 0.1 / (1.0 + ((lane - 0.75) / 0.28) ** 4) + 0.05 * wear
    tone *= 1.0 - 0.13 * (0.4 + broad) / (1.0 + (lane / 0.22) ** 4)
    ci, cj = math.floor((x + half) / width), math.floor(y / 6.0)
    pick = hashed(ci, cj, seed)
    if pick < 0.1 + 0.3 * wear:
        left, low = 0.1 + 0.3 * hashed(ci, cj, seed + 1), 6.0 * 0.5 * hashed(ci, cj, seed + 2)
        px, py = (x + half) - ci * width - left * width, y - cj * 6.0 - low
        sx, sy = (0.25 + 0.5 * hashed(ci, cj, seed + 3)) * width, 0.7 + 2.2 * hashed(ci, cj, seed + 4)
        inside = band(0.0, sx, px, across) * band(0.0, sy, py, along)
        rim = inside - band(0.05, sx - 0.05, px, across) * band(0.05, sy - 0.05, py, along)
        tone *= 1.0 + inside * (0.28 * hashed(ci, cj, seed + 5) - 0.24) - 0.35 * rim
    crack = tile(tiles, CRACK, x / 7.0 + shift, y / 7.0, foot / 7.0)
    tone *= 1.0 - min(0.75, 1.3 * wear + 0.1) * crack * ramp(0.35, 0.75, broad + 0.3 * wear)
    cell = math.floor(y / 19.0)
    hx, hy = (hashed(cell, 3, seed) - 0.5) * 1.4 * half, (cell + 0.2 + 0.6 * hashed(cell, 4, seed)) * 19.0
    disc = 0.33 - math.sqrt((x - hx) * (x - hx) + (y - hy) * (y - hy)) if abs(y - hy) < 0.5 else -1.0
    if disc > -0.06:
        tone *= 0.55 + 0.3 * ramp(0.0, 0.05, abs(disc)) if disc < 0.05 else 0.7 + 0.3 * grain
    gutter = half - abs(x)
    dust = ramp(1.3, 0.0, gutter) * (0.25 + 0.75 * wear) * (0.35 + 0.9 * middle)
    dust = min(0.85, dust + wear * wear * 0.5 * ramp(0.5, 0.8, broad))
    for c in range(3):
        s[c] = tone * street[6 + c] * (1 - dust) + dust * (0.6 * street[12 + c] + 0.13 - 0.03 * c) * (
            0.75 + 0.5 * grain
        )
    if gutter < 0.3:
        for c in range(3):
            s[c] *= 0.75 + 0.25 * ramp(0.0, 0.3, gutter)
    paint = marking(x, y, across, along, street)
    if paint > 0.0:
        paint *= 1.0 - (0.25 + 0.7 * wear) * ramp(0.45 - 0.2 * wear, 0.75, middle) - 0.5 * crack * wear
        paint = max(0.0, paint) * (0.85 + 0.15 * grain) * (1 - 0.6 * dust)
        for c in range(3):
            s[c] += paint * (0.62 - 0.02 * c - s[c])


@jit("void(float64,float64,float64,float64,float64[::1],float32[:,:,:,::1],float64[::1])")
def paving(x: float, y: float, across: float, along: float, street: F64, tiles: F32, s: F64) -> None:
    """Slabs with joints, each of its own tone, stained and broken with wear."""
    foot = math.sqrt(across * along)
    seed, wear = int(street[15]), street[5]
    lx, ly = 0.45 + 0.15 * (seed % 3), 0.45 + 0.3 * (seed // 3 % 2)
    row = math.floor(x / lx)
    v = y / ly + 0.5 * (int(row) % 2)
    column = math.floor(v)
    tone = 0.88 + 0.24 * hashed(int(row), int(column), seed) * min(1.0, 0.35 / max(foot, 0.01))
    joint = 1.0 - band(0.012, lx - 0.012, x - row * lx, across) * band(0.012, ly - 0.012, (v - column) * ly, along)
    stain = tile(tiles, CLOUD, x / 5.0, y / 5.0, foot / 5.0)
    grain = tile(tiles, GRAIN, x / 0.9, y / 0.9, foot / 0.9)
    crack = tile(tiles, CRACK, x / 4.0, y / 4.0, foot / 4.0)
    tone *= (0.78 + 0.4 * stain + 0.25 * (grain - 0.5)) * (1 - 0.45 * joint) * (1 - 0.6 * wear * crack)
    dirt = wear * ramp(0.4, 0.75, stain)
    for c in range(3):
        s[c] = tone * (street[9 + c] * (1 - 0.6 * dirt) + 0.6 * dirt * street[12 + c])


@jit("void(float64,float64,float64,float64[::1],float32[:,:,:,::1],float64[::1])")
def kerb(y: float, z: float, foot: float, street: F64, tiles: F32, s: F64) -> None:
    """Kerb stones, a metre each."""
    stone = math.floor(y)
    joint = 1.0 - band(0.012, 0.988, y - stone, foot)
    tone = (0.9 + 0.25 * hashed(int(stone), 7, int(street[15]))) * (1 - 0.5 * joint)
    tone *= 0.8 + 0.4 * tile(tiles, GRAIN, y / 1.1, z / 1.1, foot / 1.1)
    for c in range(3):
        s[c] = tone * (0.75 * street[9 + c] + 0.05)


@jit("void(float64,float64,float64,float64[::1],float32[:,:,:,::1],float64[::1])")
def verge(x: float, y: float, foot: float, street: F64, tiles: F32, s: F64) -> None:
    """Grass or earth."""
    clumps = tile(tiles, CELL, x / 2.3, y / 2.3, foot / 2.3)
    broad = tile(tiles, CLOUD, x / 13.0, y / 13.0, foot / 13.0)
    grain = tile(tiles, GRAIN, x / 0.7, y / 0.7, foot / 0.7)
    tone = 0.55 + 0.4 * clumps + 0.35 * grain
    for c in range(3):
        s[c] = tone * (street[12 + c] * (0.6 + 0.7 * broad) + 0.03 * (1 - broad) * (1.2 - 0.4 * c))
