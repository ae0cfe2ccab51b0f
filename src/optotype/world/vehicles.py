"""Cars, trucks, buses, trams and rickshaws."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.shade import BODY, GLASS, LAMP, METAL, PAINT, PLAIN
from optotype.world.bodywork import BODIES, PROFILES, ROWS, Profile
from optotype.world.meshes import BLACK, GREY, PRIMARY, SECONDARY, Builder, Look, Mesh, ellipsoid

F64 = NDArray[np.float64]


def _shell(profile: Profile, width: float, belt: float, ground: float, roof: float) -> F64:
    """The skin of a car, (stations, section, 3): outline × half section, mirrored."""
    length = profile[0][0] - profile[-1][0]
    ys = [profile[0][0] - 0.001]
    for (a, _), (b, _) in itertools.pairwise(profile):
        steps = 3 if a - b > 0.7 else 1
        ys += [a + (b - a) * k / steps for k in range(1, steps + 1)]
    tops = np.interp(ys, [y for y, _ in profile][::-1], [z for _, z in profile][::-1])
    grid = []
    for y, top in zip(ys, tops, strict=True):
        end = min(1.0, (length / 2 - abs(y)) / 0.75)
        half = width / 2 * (0.80 + 0.20 * (1 - (1 - end) ** 2.4))
        low = ground + 0.16 * (1 - min(1.0, end * 3)) ** 2
        shoulder = min(belt, top - 0.03)
        cabin = min(max((top - belt) / (roof - belt), 0.0), 1.0)
        eaves = 0.90 - 0.16 * cabin
        section = [
            (0.80, low), (0.955, low + 0.04), (0.995, low + 0.5 * (shoulder - low) * 0.7),
            (1.0, low + 0.72 * (shoulder - low)),
            (0.965, shoulder),
            (eaves, shoulder + (top - 0.055 - shoulder) if top - shoulder > 0.06 else shoulder + 0.01),
            (0.78 * eaves, top), (0.0, top + 0.015),
        ]  # fmt: skip
        right = [(half * f, y, z) for f, z in section]
        grid.append(right + [(-x, yy, z) for x, yy, z in right[-2::-1]])
    return np.array(grid)


def _ends(builder: Builder, grid: F64, look: Look) -> None:
    """Close the first and last station."""
    for station in (grid[0], grid[-1]):
        n = len(station)
        pairs = np.stack([station[: n // 2 + 1], station[n - 1 : n // 2 - 1 : -1]])
        builder.sheet(pairs, look)


@cache
def car(body: str, detail: int) -> Mesh:
    """A car of one of ``CARS``, ``detail`` 0 (near) to 2 (far)."""
    row = BODIES[body]
    length, width, height, belt = row[:4]
    builder = Builder()
    tall = body in ("suv", "van")
    radius = 0.36 if tall else 0.32
    look = Look(BODY, ROWS[body], PRIMARY)
    grid = _shell(PROFILES[body], width, belt, 0.24 if tall else 0.19, height)
    builder.sheet(grid, look)
    _ends(builder, grid, look)
    front, back = (length / 2 - 0.82, -length / 2 + 0.78) if body != "van" else (length / 2 - 0.9, -length / 2 + 0.95)
    for side in (-1, 1):
        for y in (front, back):
            arch = side * (width / 2 + 0.004)
            _arch(builder, arch, y, radius, (12, 8, 5)[detail])
            builder.wheel(side * (width / 2 + 0.012), y, radius, 0.2, sides=(18, 12, 7)[detail])
        mirror = ellipsoid(side * (width / 2 + 0.1), row[5] - 0.12, belt + 0.07, 0.1, 0.05, 0.07, 5)
        builder.tubes([(mirror, 6, Look(PAINT, slot=PRIMARY))])
    builder.box(
        (-width / 2 + 0.12, -length / 2 + 0.2, 0.16),
        (width / 2 - 0.12, length / 2 - 0.2, 0.3),
        Look(colour=(0.01,) * 3),
    )
    return builder.mesh((length, width, height))


def _arch(builder: Builder, x: float, y: float, radius: float, sides: int = 12) -> None:
    """The dark gap around a wheel."""
    angle = np.linspace(-0.15, np.pi + 0.15, sides + 1)
    outer = np.stack(
        [np.full(sides + 1, x), y + 1.18 * radius * np.cos(angle), radius + 1.18 * radius * np.sin(angle)], axis=1
    )
    middle = np.tile(np.array([x, y, radius]), (sides, 1))
    points = np.stack([middle, outer[:-1], outer[1:]], axis=1)
    builder.triangles(
        points, Look(colour=(0.01, 0.01, 0.01)), normals=np.tile([np.sign(x), 0, 0], (sides, 3, 1)).astype(np.float64)
    )


def _coach(builder: Builder, low: tuple[float, float], high: tuple[float, float], width: float, look: Look) -> None:
    """A rounded box from (y, z) to (y, z)."""
    (back, ground), (front, top) = low, high
    grid = []
    for y, narrow, drop, lift in (
        (front, 0.9, 0.2, 0.1), (front - 0.07, 0.97, 0.06, 0.02), (front - 0.3, 1.0, 0.0, 0.0),
        (back + 0.2, 1.0, 0.0, 0.0),
        (back + 0.05, 0.98, 0.04, 0.02), (back, 0.94, 0.12, 0.05),
    ):  # fmt: skip
        half, z0, z1 = width / 2 * narrow, ground + lift, top - drop
        right = [
            (half * f, y, z)
            for f, z in ((0.96, z0), (1, z0 + 0.08), (1, z1 - 0.3), (0.97, z1 - 0.1), (0.86, z1), (0, z1 + 0.03))
        ]
        grid.append(right + [(-x, yy, z) for x, yy, z in right[-2::-1]])
    shell = np.array(grid)
    builder.sheet(shell, look)
    _ends(builder, shell, look)


@cache
def bus() -> Mesh:
    """A single-deck bus."""
    builder = Builder()
    _coach(builder, (-5.75, 0.32), (5.75, 3.0), 2.5, Look(BODY, ROWS["bus"], PRIMARY))
    for side in (-1, 1):
        for y in (3.2, -2.9):
            _arch(builder, side * 1.252, y, 0.5)
            builder.wheel(side * 1.26, y, 0.5, 0.3)
        builder.box((side * 1.3 - 0.08, 5.6, 1.75), (side * 1.3 + 0.08, 5.7, 2.15), Look(colour=BLACK))
    builder.box((-1.05, -5.5, 0.25), (1.05, 5.5, 0.45), Look(colour=(0.01,) * 3))
    builder.box((-0.8, -3.5, 3.0), (0.8, 0.5, 3.16), Look(PAINT, slot=PRIMARY))
    builder.box((-0.85, 5.69, 2.55), (0.85, 5.775, 2.85), Look(colour=(0.015,) * 3))
    builder.box((-0.55, 5.7, 2.62), (0.45, 5.78, 2.78), Look(LAMP, 1, colour=(0.9, 0.5, 0.08)))
    return builder.mesh((11.5, 2.5, 3.05))


@cache
def tram() -> Mesh:
    """A three-part tram with a pantograph."""
    builder = Builder()
    look = Look(BODY, ROWS["tram"], PRIMARY)
    for low, high in ((-13.0, -4.4), (-4.1, 4.1), (4.4, 13.0)):
        _coach(builder, (low, 0.25), (high, 3.2), 2.45, look)
        builder.box((-0.9, low + 1.0, 3.2), (0.9, high - 1.5, 3.42), Look(PAINT, colour=GREY))
    for low, high in ((-4.5, -4.0), (4.0, 4.5)):
        builder.box((-1.1, low, 0.4), (1.1, high, 3.1), Look(colour=BLACK))
    builder.box((-1.0, -12.0, 0.1), (1.0, 12.0, 0.3), Look(colour=(0.01,) * 3))
    arm = Look(METAL, colour=GREY)
    builder.tubes(
        [
            (((0, 0, 3.4, 0.04, 0.04), (0, 1.2, 4.0, 0.04, 0.04)), 4, arm),
            (((0, 1.2, 4.0, 0.04, 0.04), (0, 0.2, 4.6, 0.04, 0.04)), 4, arm),
        ]
    )
    builder.box((-0.8, 0.1, 4.58), (0.8, 0.25, 4.64), arm)
    return builder.mesh((26.0, 2.45, 3.4))


@cache
def truck(load: int) -> Mesh:
    """A rigid truck: box (0), open (1) or tanker (2)."""
    builder = Builder()
    length, width, height = ((7.2, 2.3, 3.2), (6.5, 2.2, 2.6), (8.0, 2.4, 3.1))[load]
    front, back = length / 2, -length / 2
    _cab(builder, front, width)
    cargo, inner = Look(PAINT, slot=SECONDARY), front - 2.15
    half = width / 2
    if load == 0:
        builder.box((-half, back, 0.95), (half, inner, height), cargo)
        for x in (-half, half):
            builder.box((x - 0.02, back - 0.01, 0.95), (x + 0.02, back + 0.03, height), Look(colour=GREY))
        builder.box((-0.02, back - 0.015, 1.0), (0.02, back, height - 0.05), Look(colour=GREY))
    elif load == 1:
        for x in (-half, half - 0.06):
            builder.box((x, back, 1.0), (x + 0.06, inner, 1.75), cargo)
        builder.box((-half, back, 1.0), (half, back + 0.06, 1.75), cargo)
        builder.box((-half, inner - 0.08, 1.0), (half, inner, 2.3), cargo)
        builder.box((-half, back, 0.95), (half, inner, 1.05), Look(colour=GREY))
        builder.tubes([(ellipsoid(0, (back + inner) / 2, 1.5, 0.9, 1.7, 0.75), 10, Look(colour=(0.25, 0.2, 0.13)))])
    else:
        ends = (
            (back, 0.8),
            (back + 0.15, 1.05),
            (back + 0.4, 1.1),
            (inner - 0.4, 1.1),
            (inner - 0.15, 1.05),
            (inner, 0.8),
        )
        nodes = [(0, y, 1.98, r * 1.05, r * 0.98) for y, r in ends]
        builder.tubes([(nodes, 16, Look(PAINT, slot=SECONDARY))])
    builder.box((-0.45, back + 0.1, 0.55), (0.45, front - 0.6, 0.95), Look(colour=BLACK))
    builder.box((-half + 0.05, back, 0.45), (half - 0.05, back + 0.12, 0.62), Look(colour=BLACK))
    for side in (-1, 1):
        for y in (front - 1.15, back + 1.5):
            builder.wheel(side * (half - 0.02), y, 0.48, 0.32)
        x = side * (half - 0.25)
        builder.box(
            (x - 0.14, back - 0.02, 0.62), (x + 0.14, back + 0.02, 0.76), Look(LAMP, 1, colour=(0.5, 0.02, 0.02))
        )
        builder.box((side * half - 0.02, -0.9, 0.5), (side * half + 0.02, inner - 1.2, 0.85), Look(colour=GREY))
    return builder.mesh((length, width, height))


def _cab(builder: Builder, front: float, width: float) -> None:
    inner = Builder()
    _coach(inner, (-1.0, 0.55), (1.0, 2.45), 2.3, Look(BODY, ROWS["cab"], PRIMARY))
    mesh = inner.mesh((2.0, 2.3, 2.5))
    shift = np.array([0.0, front - 1.0, 0.0])
    scale = np.array([width / 2.3, 1.0, 1.0])
    builder.triangles(
        mesh.points.astype(np.float64) * scale + shift,
        Look(BODY, ROWS["cab"], PRIMARY),
        mesh.normals,
        mesh.texture.astype(np.float64),
    )
    for side in (-1, 1):
        x = side * (width / 2 + 0.12)
        builder.box((x - 0.08, front - 0.3, 1.6), (x + 0.08, front - 0.22, 2.05), Look(colour=BLACK))


@cache
def rickshaw() -> Mesh:
    """A three-wheeler with a canopy and open sides."""
    builder = Builder()
    paint, canopy = Look(PAINT, slot=PRIMARY), Look(PLAIN, slot=SECONDARY)
    nose = [
        (0, 1.3, 0.62, 0.1, 0.24),
        (0, 1.24, 0.66, 0.22, 0.34),
        (0, 1.0, 0.7, 0.4, 0.42),
        (0, 0.72, 0.7, 0.56, 0.45),
    ]
    builder.tubes([(nose, 12, paint)])
    builder.box((-0.62, -1.25, 0.28), (0.62, 0.8, 0.42), paint)
    for side in (-1, 1):
        builder.box((side * 0.64 - 0.03, -1.28, 0.3), (side * 0.64 + 0.03, -0.25, 0.85), paint)
        builder.tubes(
            [
                (
                    ((side * 0.55, 0.72, 0.9, 0.025, 0.025), (side * 0.58, 0.5, 1.62, 0.025, 0.025)),
                    5,
                    Look(colour=BLACK),
                ),
                (
                    ((side * 0.6, -0.35, 0.8, 0.025, 0.025), (side * 0.6, -0.35, 1.62, 0.025, 0.025)),
                    5,
                    Look(colour=BLACK),
                ),
            ]
        )
        builder.wheel(side * 0.66, -0.85, 0.23, 0.12, sides=12)
        builder.box(
            (side * 0.5 - 0.09, -1.31, 0.55), (side * 0.5 + 0.09, -1.28, 0.66), Look(LAMP, 1, colour=(0.5, 0.02, 0.02))
        )
    arch = np.linspace(0, np.pi, 9)
    roof = []
    for y, scale, drop in ((0.66, 0.86, 0.06), (0.5, 0.98, 0.0), (-1.1, 1.0, 0.0), (-1.26, 0.94, 0.06)):
        roof.append([(0.66 * scale * np.cos(a), y, 1.5 - drop + 0.22 * scale * np.sin(a)) for a in arch])
    builder.sheet(np.array(roof), canopy, crease=60)
    builder.box((-0.64, -1.3, 0.32), (0.64, -1.26, 1.0), paint)
    builder.box((-0.62, -1.29, 1.0), (0.62, -1.25, 1.58), canopy)
    builder.box((-0.3, -1.305, 1.15), (0.3, -1.29, 1.42), Look(GLASS))
    for side in (-1, 1):
        builder.box((side * 0.62 - 0.02, -1.27, 0.85), (side * 0.62 + 0.02, -0.75, 1.55), canopy)
    screen = Look(GLASS)
    builder.quad((-0.53, 0.72, 0.98), (0.53, 0.72, 0.98), (0.55, 0.53, 1.5), (-0.55, 0.53, 1.5), screen)
    builder.box((-0.55, -1.0, 0.42), (0.55, -0.45, 0.75), Look(colour=(0.03, 0.02, 0.02)))
    builder.box((-0.55, -1.12, 0.7), (0.55, -0.95, 1.15), Look(colour=(0.04, 0.03, 0.03)))
    driver = Look(PLAIN, colour=(0.3, 0.25, 0.16))
    builder.tubes([
        ([(0, 0.0, 0.6, 0.2, 0.14), (0, 0.0, 0.9, 0.22, 0.14), (0, 0.03, 1.12, 0.2, 0.1),
        (0, 0.03, 1.17, 0.06, 0.06)], 8, driver),
        (ellipsoid(0, 0.05, 1.29, 0.09, 0.1, 0.13), 8, Look(colour=(0.16, 0.08, 0.05))),
    ])  # fmt: skip
    builder.tubes([(ellipsoid(0, 1.33, 0.72, 0.1, 0.05, 0.1, 5), 8, Look(LAMP, 0, colour=(0.8, 0.78, 0.7)))])
    builder.wheel(0.06, 1.12, 0.22, 0.12, sides=12)
    return builder.mesh((2.65, 1.35, 1.72))
