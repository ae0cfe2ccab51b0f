"""What is built: houses, walls, fences, poles, lights, signs."""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np

from optotype.kernels.shade import BRICK, FACADE, LAMP, METAL, PLAIN, ROOF, SIGN, SIGNAL
from optotype.world.meshes import BLACK, GREY, PRIMARY, SECONDARY, Builder, Look, Mesh
from optotype.world.wheelers import rod


def _wall(builder: Builder, a: tuple[float, float], b: tuple[float, float], part: int, top: float) -> None:
    """An upright face from ``a`` to ``b`` (x, y), texture 0–1 along it and up; seen from the right of a → b."""
    points = np.array([((*a, 0), (*b, 0), (*b, top)), ((*a, 0), (*b, top), (*a, top))], np.float64)
    texture = np.array([((0, 0, 0), (1, 0, 0), (1, 1, 0)), ((0, 0, 0), (1, 1, 0), (0, 1, 0))], np.float64)
    builder.triangles(points, Look(FACADE, part, PRIMARY), texture=texture)


@cache
def house(roof: int) -> Mesh:
    """A unit box whose front looks along y; ``roof`` 0 flat with a parapet, 1 pitched, ridge along the front."""
    builder = Builder()
    corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
    top = 1.0 if roof == 0 else 0.8
    for k, part in ((0, 1), (1, 2), (2, 0), (3, 2)):
        _wall(builder, corners[k], corners[(k + 1) % 4], part, top)
    trim = Look(PLAIN, slot=SECONDARY)
    if roof == 0:
        builder.box((-0.51, 0.5, 0.955), (0.51, 0.53, 0.985), trim)
        builder.box((-0.5, -0.5, 0.96), (0.5, 0.5, 0.97), Look(colour=(0.1, 0.1, 0.1)))
    else:
        tile = Look(ROOF, colour=(0.16, 0.065, 0.04))
        for end in (-1, 1):
            eave, ridge = 0.54 * end, 0.0
            points = np.array(
                [
                    ((-0.51, eave, 0.79), (0.51, eave, 0.79), (0.51, ridge, 1.0)),
                    ((-0.51, eave, 0.79), (0.51, ridge, 1.0), (-0.51, ridge, 1.0)),
                ]
            )
            builder.triangles(
                points, tile, normals=np.tile([0.0, 0.62 * end, 0.78], (2, 3, 1)), texture=points * [8.0, 7.0, 0.0]
            )
            gable = np.array([((0.5 * end, -0.5, 0.8), (0.5 * end, 0.5, 0.8), (0.5 * end, 0.0, 0.99))])
            builder.triangles(gable, Look(PLAIN, slot=PRIMARY), normals=np.tile([float(end), 0, 0], (1, 3, 1)))
        builder.box((-0.51, 0.5, 0.775), (0.51, 0.545, 0.795), trim)
        for x in (-0.3, 0.32):
            builder.box((x - 0.04, -0.06, 0.9), (x + 0.04, 0.06, 1.06), Look(PLAIN, colour=(0.2, 0.09, 0.06)))
    return builder.mesh((1.0, 1.0, 1.0))


@cache
def awning(style: int) -> Mesh:
    """A sloping cloth over a shop front: 1 m wide (x), 1 m deep (y), hung at 1 m with a drop of 0.3 m."""
    builder = Builder()
    n = 10
    for k in range(n):
        x0, x1 = k / n - 0.5, (k + 1) / n - 0.5
        look = Look(PLAIN, slot=SECONDARY if style else PRIMARY) if k % 2 else Look(PLAIN, colour=(0.6, 0.58, 0.52))
        builder.quad((x0, 0.0, 1.0), (x1, 0.0, 1.0), (x1, 1.0, 0.72), (x0, 1.0, 0.72), look)
        builder.quad((x0, 1.0, 0.72), (x1, 1.0, 0.72), (x1, 1.0, 0.6), (x0, 1.0, 0.6), look)
    return builder.mesh((1.0, 1.0, 1.0))


@cache
def balcony() -> Mesh:
    """A slab with a railing, 1 m wide, 1 m deep, 1 m high."""
    builder = Builder()
    builder.box((-0.5, 0.0, 0.0), (0.5, 1.0, 0.12), Look(PLAIN, slot=PRIMARY))
    rail = Look(PLAIN, slot=SECONDARY)
    builder.box((-0.5, 0.96, 0.92), (0.5, 1.0, 1.0), rail)
    for k in range(9):
        x = -0.49 + 0.98 * k / 8
        builder.box((x - 0.008, 0.97, 0.1), (x + 0.008, 0.99, 0.95), rail, faces="xXyY")
    for x in (-0.5, 0.48):
        builder.box((x, 0.0, 0.92), (x + 0.02, 1.0, 1.0), rail)
    return builder.mesh((1.0, 1.0, 1.0))


@cache
def wall() -> Mesh:
    """A unit wall along y."""
    builder = Builder()
    for a, b in (
        ((0.5, -0.5), (0.5, 0.5)),
        ((-0.5, 0.5), (-0.5, -0.5)),
        ((-0.5, -0.5), (0.5, -0.5)),
        ((0.5, 0.5), (-0.5, 0.5)),
    ):
        points = np.array([((*a, 0), (*b, 0), (*b, 1)), ((*a, 0), (*b, 1), (*a, 1))], np.float64)
        texture = np.array([((0, 0, 0), (1, 0, 0), (1, 1, 0)), ((0, 0, 0), (1, 1, 0), (0, 1, 0))], np.float64)
        builder.triangles(points, Look(BRICK, 0, PRIMARY), texture=texture)
    builder.box((-0.6, -0.5, 0.96), (0.6, 0.5, 1.0), Look(PLAIN, colour=(0.3, 0.29, 0.27)))
    return builder.mesh((1.0, 1.0, 1.0))


@lru_cache(maxsize=64)
def fence(metres: int, style: int) -> Mesh:
    """A fence 1 m high along y: upright bars (0), boards (1), wire mesh between posts (2)."""
    builder = Builder()
    half, paint = metres / 2, Look(PLAIN, slot=PRIMARY)
    for k in range(metres // 2 + 1):
        y = -half + 2.0 * k
        builder.box((-0.035, y - 0.035, 0.0), (0.035, y + 0.035, 1.0), paint)
    for z in (0.15, 0.88):
        builder.box((-0.02, -half, z - 0.02), (0.02, half, z + 0.02), paint)
    step, wide = ((0.14, 0.016), (0.17, 0.13), (0.25, 0.006))[style]
    for k in range(int(metres / step)):
        y = -half + (k + 0.5) * step
        builder.quad(
            (0, y - wide / 2, 0.05), (0, y + wide / 2, 0.05), (0, y + wide / 2, 0.97), (0, y - wide / 2, 0.97), paint
        )
    if style == 2:
        for k in range(1, 8):
            z = k / 8
            builder.quad(
                (0, -half, z - 0.004), (0, half, z - 0.004), (0, half, z + 0.004), (0, -half, z + 0.004), paint
            )
    return builder.mesh((float(metres), 0.08, 1.0))


@cache
def pole(variant: int) -> Mesh:
    """A plain post (0), a lamp post with an arm (1), a utility pole (2)."""
    builder = Builder()
    steel = Look(METAL if variant < 2 else PLAIN, slot=PRIMARY)
    if variant == 0:
        builder.tubes([(rod((0, 0, 0), (0, 0, 2.7), 0.07), 8, steel)])
        return builder.mesh((0.14, 0.14, 2.7))
    if variant == 1:
        arm = [
            (0, 0, 6.2, 0.05, 0.05),
            (0, 0.25, 6.42, 0.045, 0.045),
            (0, 0.8, 6.5, 0.04, 0.04),
            (0, 1.5, 6.5, 0.035, 0.035),
        ]
        builder.tubes(
            [
                (
                    [
                        (0, 0, 0, 0.11, 0.11),
                        (0, 0, 0.9, 0.11, 0.11),
                        (0, 0, 0.95, 0.075, 0.075),
                        (0, 0, 6.25, 0.05, 0.05),
                    ],
                    8,
                    steel,
                ),
                (arm, 6, steel),
            ]
        )
        builder.box((-0.12, 1.3, 6.44), (0.12, 1.95, 6.54), Look(colour=GREY))
        builder.box((-0.1, 1.4, 6.42), (0.1, 1.9, 6.44), Look(LAMP, 0, colour=(0.9, 0.75, 0.45)))
        return builder.mesh((0.18, 0.18, 6.5))
    builder.tubes([([(0, 0, 0, 0.13, 0.13), (0, 0, 7.5, 0.085, 0.085)], 8, steel)])
    builder.box((-0.9, -0.05, 6.7), (0.9, 0.05, 6.8), steel)
    builder.box((-0.6, -0.05, 6.1), (0.6, 0.05, 6.2), steel)
    wire = Look(colour=(0.015, 0.015, 0.016), free=True)
    for x, z in ((-0.8, 6.9), (0.8, 6.9), (-0.5, 6.3), (0.5, 6.3)):
        for end in (-1, 1):
            sag = [(x + end * t * 15.0, 0.0, z - 0.6 * (1 - (1 - t) ** 2), 0.012, 0.012) for t in (0.0, 0.3, 0.65, 1.0)]
            builder.tubes([(sag, 3, wire)])
    builder.tubes([([(0.2, 0.15, 5.2, 0.2, 0.2), (0.2, 0.15, 5.9, 0.2, 0.2)], 8, Look(PLAIN, colour=GREY))])
    return builder.mesh((0.24, 0.24, 7.5))


@cache
def light(state: int) -> Mesh:
    """A traffic light's housing with three lenses, lit at the top (0), middle (1) or bottom (2)."""
    builder = Builder()
    housing = Look(PLAIN, slot=PRIMARY)
    builder.box((-0.16, -0.1, 0.0), (0.16, 0.1, 0.9), housing)
    builder.box((-0.2, -0.015, -0.03), (0.2, 0.0, 0.93), Look(colour=(0.012, 0.012, 0.012)))
    angle = np.linspace(0, 2 * math.pi, 15)
    for lens in range(3):
        z = 0.75 - 0.3 * lens
        ring = np.stack([0.105 * np.cos(angle), np.full(15, 0.105), z + 0.105 * np.sin(angle)], axis=1)
        points = np.stack([np.tile([0.0, 0.105, z], (14, 1)), ring[:-1], ring[1:]], axis=1)
        texture = np.stack(
            [(points[..., 0]) / 0.105, (points[..., 2] - z) / 0.105, np.full((14, 3), float(lens))], axis=-1
        )
        builder.triangles(points, Look(SIGNAL, state), normals=np.tile([0.0, 1.0, 0.0], (14, 3, 1)), texture=texture)
        top = np.linspace(-0.3, math.pi + 0.3, 9)
        hood = np.stack([
            np.stack([0.125 * np.cos(top), np.full(9, y), z + 0.125 * np.sin(top)], axis=1) for y in (0.1, 0.28)
        ])  # fmt: skip
        builder.sheet(hood, Look(colour=BLACK), crease=70)
    return builder.mesh((0.28, 0.32, 0.9))


@cache
def sign(shape: int, code: int) -> Mesh:
    """A plate 1 m across that faces y: prohibition (0), warning (1), mandatory (2), information (3), stop (4)."""
    builder = Builder()
    if shape == 1:
        outline = [(-0.5, 0.0), (0.5, 0.0), (0.0, 1.0)]
    elif shape == 3:
        outline = [(-0.5, 0.0), (0.5, 0.0), (0.5, 1.0), (-0.5, 1.0)]
    else:
        n, turn = (8, math.pi / 8) if shape == 4 else (20, 0.0)
        outline = [
            (0.5 * math.cos(turn + 2 * math.pi * k / n), 0.5 + 0.5 * math.sin(turn + 2 * math.pi * k / n))
            for k in range(n)
        ]
    ring = np.array([(x, 0.5, z) for x, z in [*outline, outline[0]]])
    middle = np.tile([0.0, 0.5, 0.45], (len(outline), 1))
    points = np.stack([middle, ring[:-1], ring[1:]], axis=1)
    texture = np.stack([-2 * points[..., 0], 2 * points[..., 2] - 1, np.zeros(points.shape[:2])], axis=-1)
    builder.triangles(points, Look(SIGN, shape + 5 * code), np.tile([0.0, 1.0, 0.0], (len(points), 3, 1)), texture)
    builder.sheet(np.stack([ring, ring - [0.0, 1.0, 0.0]]), Look(METAL, colour=(0.3, 0.3, 0.3)), crease=30)
    back = points - [0.0, 1.0, 0.0]
    builder.triangles(back, Look(METAL, colour=(0.3, 0.3, 0.3)), np.tile([0.0, -1.0, 0.0], (len(points), 3, 1)))
    return builder.mesh((1.0, 1.0, 1.0))
