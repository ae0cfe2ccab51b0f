"""Light on a surface: sun with cast shadow, sky and ground, reflections of the sky, haze, and the sky itself.

``light`` (40): 0 towards the sun (3), 3 sun (3), 6 zenith (3), 9 horizon (3), 12 ground (3), 15 haze (3), 18 extinction
per metre, 19 wet, 20 cloud cover, 21 night, 22 height of the skyline that paint mirrors, 23 shift of the clouds, then
the sun's map: 24 axes (9), 33 corner (2), 35 texels a metre; the contact plan: 36 corner (2), 38 cells a metre.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.noise import CELL, CLOUD, fading, ramp, tile

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@jit("void(float64,float64,float64,float64[::1],float32[:,:,:,::1],float64[::1])")
def sky(dx: float, dy: float, dz: float, light: F64, tiles: F32, out: F64) -> None:
    """Radiance of the sky in a unit direction: gradient, glow around the sun, clouds."""
    up = max(dz, 0.0)
    blend = 1.0 - math.sqrt(math.sqrt(up)) if up < 1.0 else 0.0
    blend = blend * (1.0 - 0.35 * up)
    towards = dx * light[0] + dy * light[1] + dz * light[2]
    glow = 0.0
    if towards > 0.0:
        square = towards * towards
        eighth = square * square * square * square
        glow = 0.05 * eighth + 0.35 * eighth**12 + (6.0 if towards > 0.9994 else 0.0)
    cover, thick = 0.0, 0.0
    if dz > 0.01 and light[20] > 0.0:
        reach = 0.55 / (dz + 0.09)
        u, v = dx * reach * 0.35 + light[23], dy * reach * 0.35 + 0.37 * light[23]
        foot = 0.0012 * reach / (dz + 0.05)
        billow = 0.62 * tile(tiles, CLOUD, u, v, foot) + 0.38 * tile(tiles, CLOUD, 3.1 * u + 0.3, 3.1 * v, 3.1 * foot)
        edge = 0.72 - 0.5 * light[20]
        cover = ramp(edge, edge + 0.22, billow) * ramp(0.01, 0.12, dz)
        thick = ramp(edge + 0.1, edge + 0.45, billow)
    for c in range(3):
        air = light[6 + c] + blend * (light[9 + c] - light[6 + c]) + glow * (0.3 + light[3 + c])
        cloud = (0.55 * light[9 + c] + 0.32 * light[3 + c] + 0.12) * (1.0 - 0.45 * thick)
        out[c] = air + cover * (cloud - air)


@jit("void(float64,float64,float64,float64,float64[::1],float32[:,:,:,::1],float64[::1])")
def mirrored(dx: float, dy: float, dz: float, blur: float, light: F64, tiles: F32, out: F64) -> None:
    """What paint and glass mirror in a direction: sky, a street's dark skyline, the ground."""
    line = light[22] * (0.55 + 0.9 * tile(tiles, CELL, 0.9 * dx + 0.3, 0.9 * dy, 0.01))
    open_sky = ramp(line - 0.05 - blur, line + 0.05 + blur, dz)
    below = ramp(0.03 + blur, -0.06 - blur, dz)
    up = min(max(dz, 0.0), 1.0)
    blend = 1.0 - math.sqrt(up)
    for c in range(3):
        air = light[6 + c] + blend * (light[9 + c] - light[6 + c])
        house = 0.16 * light[9 + c] + 0.35 * light[12 + c]
        out[c] = (house + open_sky * (air - house)) * (1.0 - below) + below * 0.8 * light[12 + c]


@jit("float64(float64,float64,float64,float64,float64[::1],float32[:,::1])")
def sunlit(x: float, y: float, z: float, bias: float, light: F64, depth: F32) -> Any:
    """Share of the sun that reaches a point (1 outside the map), over four texels."""
    size = depth.shape[0]
    u = (x * light[24] + y * light[25] + z * light[26] - light[33]) * light[35] - 0.5
    v = (x * light[27] + y * light[28] + z * light[29] - light[34]) * light[35] - 0.5
    i, j = math.floor(u), math.floor(v)
    if i < 0 or j < 0 or i >= size - 1 or j >= size - 1:
        return 1.0
    height = x * light[30] + y * light[31] + z * light[32] + bias
    a, b = u - i, v - j
    lit = 0.0
    if depth[j, i] < height:
        lit += (1 - a) * (1 - b)
    if depth[j, i + 1] < height:
        lit += a * (1 - b)
    if depth[j + 1, i] < height:
        lit += (1 - a) * b
    if depth[j + 1, i + 1] < height:
        lit += a * b
    return lit


@jit("float64(float64,float64,float64[::1],float32[:,::1])")
def occluded(x: float, y: float, light: F64, darkness: F32) -> Any:
    """Contact darkness of the ground at a place, bilinear; 0 outside the plan."""
    size = darkness.shape[0]
    u, v = (x - light[36]) * light[38] - 0.5, (y - light[37]) * light[38] - 0.5
    i, j = math.floor(u), math.floor(v)
    if i < 0 or j < 0 or i >= size - 1 or j >= size - 1:
        return 0.0
    a, b = u - i, v - j
    top = darkness[j, i] * (1 - a) + darkness[j, i + 1] * a
    bottom = darkness[j + 1, i] * (1 - a) + darkness[j + 1, i + 1] * a
    return top * (1 - b) + bottom * b


@jit(
    "void(float64[::1],float64[::1],float64,float64,float64,float64,float64[::1],float32[:,:,:,::1],float64[::1],"
    "float64[::1])"
)
def lit_surface(
    s: F64,
    ray: F64,
    distance: float,
    shadow: float,
    open_to_sky: float,
    through: float,
    light: F64,
    tiles: F32,
    scratch: F64,
    out: F64,
) -> None:
    """Radiance of a surface towards the camera.

    ``s`` albedo (3), reflectance, gloss, emission (3), normal (3); ``ray`` unit, away from the camera; ``shadow`` share
    of the sun; ``open_to_sky`` share of the sky; ``through`` share of light that leaves let through.
    """
    nx, ny, nz = s[8], s[9], s[10]
    facing = nx * light[0] + ny * light[1] + nz * light[2]
    direct = shadow * max(facing, 0.0)
    if through > 0.0:
        direct = shadow * (0.25 + 0.75 * max(facing, 0.0)) + shadow * through * max(-facing, 0.0)
    up = 0.5 + 0.5 * nz
    toward = -(nx * ray[0] + ny * ray[1] + nz * ray[2])
    lean = max(1.0 - max(toward, 0.0), 0.0)
    power = lean * lean
    power = power * power * lean
    for c in range(3):
        dome = 0.45 * light[6 + c] + 0.55 * light[9 + c] + 0.08 * light[3 + c]
        around = light[12 + c] * (1.0 - up) + dome * up
        out[c] = s[c] * (direct * light[3 + c] + open_to_sky * around)
    if s[4] > 0.1:
        rx, ry, rz = ray[0] + 2 * toward * nx, ray[1] + 2 * toward * ny, ray[2] + 2 * toward * nz
        fresnel = min(1.0, (s[3] + (1.0 - s[3]) * power)) * min(1.0, 1.3 * s[4])
        mirrored(rx, ry, rz, 0.35 * (1.0 - s[4]), light, tiles, scratch)
        spot = max(rx * light[0] + ry * light[1] + rz * light[2], 0.0)
        sharp = 30.0 + 400.0 * s[4] * s[4]
        gleam = 0.0
        if shadow > 0.0 and sharp * (1.0 - spot) < 8.0:
            gleam = shadow * fading(sharp * (1.0 - spot)) * (0.6 + 6.0 * s[4])
        for c in range(3):
            out[c] = out[c] * (1.0 - fresnel) + fresnel * (
                (0.35 + 0.65 * open_to_sky) * scratch[c] + gleam * light[3 + c]
            )
    clear = fading(light[18] * distance)
    for c in range(3):
        out[c] = (out[c] + s[5 + c]) * clear + light[15 + c] * (1.0 - clear)
