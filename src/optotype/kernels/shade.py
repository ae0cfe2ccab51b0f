"""Deferred shading: what each sample sees becomes radiance, one evaluation a pixel and more at edges."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optotype.kernels import bodies, facades, grounds
from optotype.kernels._borrow import borrowed
from optotype.kernels._jit import jit
from optotype.kernels.light import lit_surface, occluded, sky, sunlit
from optotype.kernels.noise import CELL, CLOUD, GRAIN, fading, ramp, tile

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

(
    PLAIN, ROAD, PAVING, KERB, VERGE, CLOTH, SKIN, BODY, WHEEL, GLASS, METAL, LAMP, FACADE, ROOF, LEAF, BARK, BRICK,
    SIGN, SIGNAL, PAINT,
) = range(20)  # fmt: skip
"""Materials. Texture coordinates: BODY the place in the template; WHEEL distance from the hub and angle; FACADE, BRICK
0–1 along and up; SIGN, SIGNAL −1…1 (and which lens); LEAF the third is openness to the sky; else metres.

``looks``: a row for each thing (0 none): primary (3), secondary (3), seed, lit, height of walls, cosine and sine of the
heading, length of the front, of the sides."""


@jit("void(float32[:,:,::1],float32[:,:,::1],float32[:,:,::1],int64,float64[::1],float64[::1],float64[::1])")
def _interpolate(points: F32, normals: F32, texture: F32, t: int, place: F64, s: F64, where: F64) -> None:
    """Normal into ``s`` and texture coordinates into ``where`` at a place of triangle ``t``."""
    ax, ay, az = points[t, 0, 0], points[t, 0, 1], points[t, 0, 2]
    bx, by, bz = points[t, 1, 0] - ax, points[t, 1, 1] - ay, points[t, 1, 2] - az
    cx, cy, cz = points[t, 2, 0] - ax, points[t, 2, 1] - ay, points[t, 2, 2] - az
    px, py, pz = place[0] - ax, place[1] - ay, place[2] - az
    bb, bc, cc = bx * bx + by * by + bz * bz, bx * cx + by * cy + bz * cz, cx * cx + cy * cy + cz * cz
    bp, cp = bx * px + by * py + bz * pz, cx * px + cy * py + cz * pz
    scale = bb * cc - bc * bc
    v, w = 0.0, 0.0
    if scale > 0.0:
        v, w = (cc * bp - bc * cp) / scale, (bb * cp - bc * bp) / scale
        v, w = min(max(v, 0.0), 1.0), min(max(w, 0.0), 1.0)
    u = max(1.0 - v - w, 0.0)
    for k in range(3):
        s[8 + k] = u * normals[t, 0, k] + v * normals[t, 1, k] + w * normals[t, 2, k]
        where[k] = u * texture[t, 0, k] + v * texture[t, 1, k] + w * texture[t, 2, k]
    size = 1.0 / max(math.sqrt(s[8] * s[8] + s[9] * s[9] + s[10] * s[10]), 1e-9)
    s[8], s[9], s[10] = s[8] * size, s[9] * size, s[10] * size


@jit("void(int64,float64[::1],float64[::1],float64,float64,float64[::1],float32[:,:,:,::1],float64[::1],float64[::1])")
def _ground(
    material: int, place: F64, ray: F64, distance: float, pixel: float, street: F64, tiles: F32, light: F64, s: F64
) -> None:
    """Road, paving, kerb or verge, wet where it rains."""
    across = distance * pixel
    along = across / max(-ray[2], 0.02)
    x, y, z = place[0], place[1], place[2]
    if material == ROAD:
        grounds.road(x, y, across, along, street, tiles, s)
    elif material == PAVING:
        grounds.paving(x, y, across, along, street, tiles, s)
    elif material == KERB:
        grounds.kerb(y, z, across, street, tiles, s)
    else:
        grounds.verge(x, y, math.sqrt(across * along), street, tiles, s)
    wet = light[19]
    if wet > 0.0 and material != VERGE:
        puddle = ramp(0.75 - 0.5 * wet, 0.95 - 0.35 * wet, tile(tiles, CLOUD, x / 6.0, y / 8.0, along / 8.0) + 0.12)
        for c in range(3):
            s[c] *= 1.0 - wet * (0.42 + 0.25 * puddle)
        s[3], s[4] = 0.03, wet * (0.3 + 0.6 * puddle)
        ripple = (0.02 + 0.1 * (1.0 - puddle)) * min(1.0, 0.2 / across) * (1.0 if material != KERB else 0.0)
        s[8] += ripple * (tile(tiles, GRAIN, x / 0.7, y / 0.7, across) - 0.5)
        s[9] += ripple * (tile(tiles, GRAIN, y / 0.7, x / 0.7, across) - 0.5)


@jit(
    "void(int64,int64,float64[::1],float64[::1],float64,float64[::1],float64[:,::1],float32[:,:,:,::1],"
    "float64[::1],float64[::1],float64[::1])"
)
def _surface(
    material: int,
    part: int,
    where: F64,
    ray: F64,
    foot: float,
    look: F64,
    table: F64,
    tiles: F32,
    light: F64,
    scratch: F64,
    s: F64,
) -> None:
    """What a thing's surface looks like at a place; ``s`` comes with the triangle's colour and normal."""
    u, v, w = where[0], where[1], where[2]
    night = light[21]
    if material == BODY:
        c, d = look[9], look[10]
        bodies.body(u, v, w, s[8] * c + s[9] * d, s[9] * c - s[8] * d, foot, table, part, look, night, s)
    elif material == WHEEL:
        bodies.wheel(u, v, foot / 0.33, s)
    elif material == GLASS:
        s[0], s[1], s[2], s[3], s[4] = 0.012, 0.014, 0.016, 0.09, 1.0
    elif material == METAL:
        s[3], s[4] = 0.3, 0.7
    elif material == PAINT:
        s[3], s[4] = 0.045, 0.7
    elif material == LAMP:
        on = look[7] * (0.8 + 3.0 * night) if part == 0 else (0.15 + look[7] * (0.4 + 1.5 * night))
        for k in range(3):
            s[5 + k] = on * s[k] * 1.6
        s[3], s[4] = 0.06, 0.9
    elif material == CLOTH:
        bodies.cloth(u, v, w, foot, int(look[6]), tiles, s)
    elif material == SKIN:
        tone = 0.85 + 0.3 * tile(tiles, GRAIN, u, v, foot)
        for k in range(3):
            s[k] *= tone
    elif material == FACADE:
        inward = max(-(ray[0] * s[8] + ray[1] * s[9]), 0.03)
        scratch[0], scratch[1] = foot / math.sqrt(max(inward, 0.15)), night * look[7]
        slope_u, slope_v = (ray[1] * s[8] - ray[0] * s[9]) / inward, ray[2] / inward
        length = look[12] if part == 2 else look[11]
        facades.facade(
            u * length, v * look[8], length, look[8], slope_u, slope_v, look, min(part, 1), scratch, tiles, s
        )
    elif material == ROOF:
        row = v / 0.3
        lip = 0.65 + 0.35 * ramp(0.0, 0.3, row - math.floor(row)) if foot < 0.2 else 0.85
        tone = lip * (0.7 + 0.6 * tile(tiles, CLOUD, u / 4.0, v / 4.0, foot / 4.0))
        for k in range(3):
            s[k] *= tone
    elif material == BRICK:
        facades.masonry(u * look[11], v * look[8], foot, int(look[6]) % 5, look, tiles, s)
    elif material == LEAF:
        tone = 0.55 + 0.9 * tile(tiles, CELL, (u + w) / 1.1, (v - w) / 1.1, foot / 1.1)
        for k in range(3):
            s[k] *= tone
    elif material == BARK:
        tone = 0.6 + 0.8 * tile(tiles, GRAIN, u / 0.8, v / 4.0, foot / 2.0)
        for k in range(3):
            s[k] *= tone
    elif material == SIGN:
        bodies.sign(u, v, foot / 0.35, part, tiles, s)
    elif material == SIGNAL:
        bodies.signal(u, v, w, part, night, s)


@jit("void(int64,int64,float64[::1],float64[::1],float64[::1])")
def _look_along(row: int, column: int, camera: F64, ray: F64, length: F64) -> None:
    """Unit direction through a sample, and how much longer the ray is than its depth."""
    a, b = (0.5 * column - camera[13]) / camera[12], (camera[14] - 0.5 * row) / camera[12]
    length[0] = math.sqrt(1.0 + a * a + b * b)
    inverse = 1.0 / length[0]
    for c in range(3):
        ray[c] = (camera[9 + c] + a * camera[3 + c] + b * camera[6 + c]) * inverse


@jit("void(float64[::1],float64[::1],float32[:,:,:,::1],float64[::1])")
def _sky(ray: F64, light: F64, tiles: F32, out: F64) -> None:
    """Sky behind haze that thins out upwards."""
    sky(ray[0], ray[1], ray[2], light, tiles, out)
    clear = fading(light[18] * 30.0 / max(ray[2] + 0.05, 0.03))
    for c in range(3):
        out[c] = out[c] * clear + light[15 + c] * (1.0 - clear)


@jit(
    "void(int32[::1],float32[::1],float32[:,::1],int32[:,::1],float64[::1],float32[:,:,::1],float32[:,:,::1],"
    "float32[:,:,::1],float32[:,::1],int32[:,::1],float64[:,::1],float64[:,::1],float64[::1],float64[::1],"
    "float32[:,:,:,::1],float32[:,::1],float32[:,::1],float64[:,::1],float32[:,::1])"
)
def shade(
    at: I32,
    weight: F32,
    depth: F32,
    owner: I32,
    camera: F64,
    points: F32,
    normals: F32,
    texture: F32,
    colour: F32,
    info: I32,
    looks: F64,
    table: F64,
    street: F64,
    light: F64,
    tiles: F32,
    sun: F32,
    plan: F32,
    work: F64,
    image: F32,
) -> None:
    """Radiance of each pixel, ``image`` (h · w, 3), from the samples that ``pixels.samples`` chose.

    ``work`` (8, 16) is scratch. Arrays are borrowed from Python's: counting their references at each call between
    kernels took most of the time.
    """
    points, normals, texture, table = borrowed(points), borrowed(normals), borrowed(texture), borrowed(table)
    street, light, tiles, sun, plan = borrowed(street), borrowed(light), borrowed(tiles), borrowed(sun), borrowed(plan)
    camera, work = borrowed(camera), borrowed(work)
    s, place, where, look = work[0], work[1], work[2], work[3]
    scratch, out, ray, length = work[4], work[5], work[6], work[7]
    columns, pixel, last = depth.shape[1], 1.0 / camera[12], -1
    for n in range(len(at)):
        flat = at[n]
        if flat < 0:
            flat = -1 - flat
            last += 1
            image[last, 0] = image[last, 1] = image[last, 2] = 0.0
        row = flat // columns
        column = flat - row * columns
        t = owner[row, column]
        _look_along(row, column, camera, ray, length)
        if t < 0:
            _sky(ray, light, tiles, out)
        else:
            distance = length[0] / depth[row, column]
            for c in range(3):
                place[c] = camera[c] + distance * ray[c]
            material = info[t, 2]
            for c in range(8):
                s[c] = 0.0
            ao, through, bias, off = 1.0, 0.0, 0.07, 0.09
            if ROAD <= material <= VERGE:
                s[8], s[9], s[10] = normals[t, 0, 0], normals[t, 0, 1], normals[t, 0, 2]
                _ground(material, place, ray, distance, pixel, street, tiles, light, s)
                ao = 1.0 - occluded(place[0], place[1], light, plan)
            else:
                _interpolate(points, normals, texture, t, place, s, where)
                if material != LEAF and s[8] * ray[0] + s[9] * ray[1] + s[10] * ray[2] > 0.05:
                    s[8], s[9], s[10] = -s[8], -s[9], -s[10]
                for c in range(3):
                    s[c] = colour[t, c]
                if material != PLAIN and material != LEAF:
                    for c in range(looks.shape[1]):
                        look[c] = looks[info[t, 0], c]
                _surface(material, info[t, 3], where, ray, distance * pixel, look, table, tiles, light, scratch, s)
                ao = 0.5 + 0.5 * ramp(-0.1, 1.6, place[2] - 0.1 + 0.5 * s[10])
                if material == LEAF:
                    through, bias, off = 0.5, 0.25, 0.0
                    ao = 0.3 + 0.7 * where[2]
            shadow = 0.0
            if light[3] > 0.0:
                facing = s[8] * light[0] + s[9] * light[1] + s[10] * light[2]
                if facing > 0.0 or through > 0.0:
                    shadow = sunlit(
                        place[0] + off * s[8], place[1] + off * s[9], place[2] + off * s[10], bias, light, sun
                    )
                    shadow *= 1.0 - 0.5 * (1.0 - ao)
            lit_surface(s, ray, distance, shadow, ao, through, light, tiles, scratch, out)
        for c in range(3):
            image[last, c] += weight[n] * np.float32(min(out[c], 6.0))
