"""Bicycles and motorbikes."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from optotype.kernels.shade import LAMP, METAL, PAINT
from optotype.world.meshes import BLACK, GREY, PRIMARY, Builder, Look, Mesh, ellipsoid

Node = tuple[float, float, float, float, float]


def rod(a: tuple[float, float, float], b: tuple[float, float, float], radius: float) -> list[Node]:
    """Nodes of a straight round bar."""
    return [(*a, radius, radius), (*b, radius, radius)]


def _hoop(y: float, radius: float, thick: float, sides: int) -> list[Node]:
    """Nodes of a wheel's tyre, upright along y."""
    return [
        (0.0, y + radius * math.cos(a), thick + radius + radius * math.sin(a), thick, thick)
        for a in (2 * math.pi * k / sides for k in range(sides + 1))
    ]


@cache
def bicycle(fine: bool) -> Mesh:
    """A city bicycle."""
    builder = Builder()
    tyre, paint, metal, dark = (
        Look(colour=(0.02, 0.02, 0.02)),
        Look(PAINT, slot=PRIMARY),
        Look(METAL, colour=(0.4, 0.4, 0.4)),
        Look(colour=BLACK),
    )
    sides = 16 if fine else 10
    head, low, seat, back, front = (0, 0.42, 0.82), (0, -0.02, 0.3), (0, -0.18, 0.84), (0, -0.53, 0.34), (0, 0.53, 0.34)
    parts: list[tuple[list[Any], int, Look]] = [
        (_hoop(-0.53, 0.32, 0.022, sides), 4, tyre), (_hoop(0.53, 0.32, 0.022, sides), 4, tyre),
        (rod(head, low, 0.02), 5, paint), (rod(low, seat, 0.018), 5, paint), (rod((0, 0.4, 0.76),
        (0, -0.15, 0.74), 0.018), 5, paint),
        (rod(low, back, 0.014), 4, paint), (rod(seat, back, 0.012), 4, paint),
        (rod((0, 0.38, 0.98), front, 0.016), 5, paint),
        (rod((-0.27, 0.3, 1.0), (0.27, 0.3, 1.0), 0.014), 4, dark), (rod((0, 0.38, 0.98),
        (0, 0.3, 1.0), 0.014), 4, dark),
        ([(0, -0.36, 0.93, 0.08, 0.03), (0, -0.2, 0.94, 0.07, 0.03), (0, -0.02, 0.93, 0.02, 0.02)], 6, dark),
        (rod(seat, (0, -0.2, 0.93), 0.014), 4, metal), (rod((-0.12, -0.02, 0.3), (0.12, -0.02, 0.3), 0.025), 5, metal),
        (ellipsoid(0.03, -0.02, 0.3, 0.012, 0.09, 0.09, 5), 8, metal),
    ]  # fmt: skip
    if fine:
        for y in (-0.53, 0.53):
            for k in range(6):
                a = math.pi * k / 6
                dy, dz = 0.32 * math.cos(a), 0.32 * math.sin(a)
                parts.append((rod((0, y - dy, 0.342 - dz), (0, y + dy, 0.342 + dz), 0.0035), 3, metal))
        parts.append((ellipsoid(0, -0.56, 0.72, 0.03, 0.02, 0.025, 5), 5, Look(LAMP, 1, colour=(0.5, 0.02, 0.02))))
        parts.append((rod((-0.09, -0.45, 0.7), (0.09, -0.45, 0.7), 0.01), 4, dark))
    builder.tubes(parts)
    return builder.mesh((1.75, 0.55, 1.02))


@cache
def motorbike(scooter: bool, detail: int) -> Mesh:
    """A motorbike, or a scooter with a step-through body; ``detail`` 0 (near) to 2 (far)."""
    builder = Builder()
    paint, metal, dark = Look(PAINT, slot=PRIMARY), Look(METAL, colour=(0.35, 0.35, 0.36)), Look(colour=BLACK)
    r = 0.22 if scooter else 0.29
    for y in (-0.66, 0.66):
        for x in (-0.055, 0.055):
            builder.wheel(x, y, r, 0.11, sides=(16, 10, 7)[detail])
    parts: list[tuple[list[Any], int, Look]] = [
        (rod((-0.09, 0.64, r), (-0.07, 0.42, 0.92), 0.025), 5, metal), (rod((0.09, 0.64, r),
        (0.07, 0.42, 0.92), 0.025), 5, metal),
        (rod((-0.36, 0.32, 1.02), (0.36, 0.32, 1.02), 0.018), 5, dark), (rod((0, 0.42, 0.9),
        (0, 0.33, 1.02), 0.05), 6, dark),
        (ellipsoid(0, 0.53, 0.88, 0.1, 0.07, 0.1, 6), 8, Look(LAMP, 0, colour=(0.8, 0.78, 0.7))),
        ([(0, -0.72, 0.78, 0.09, 0.05), (0, -0.45, 0.76, 0.14, 0.06), (0, 0.02, 0.74, 0.11, 0.05)], 8, dark),
        (rod((-0.32, 0.34, 1.04), (-0.36, 0.36, 1.16), 0.01), 4, dark), (rod((0.32, 0.34, 1.04),
        (0.36, 0.36, 1.16), 0.01), 4, dark),
        (ellipsoid(-0.38, 0.35, 1.2, 0.06, 0.015, 0.04, 5), 6, dark),
        (ellipsoid(0.38, 0.35, 1.2, 0.06, 0.015, 0.04, 5), 6, dark),
        ([(0.13, -0.1, 0.3, 0.04, 0.04), (0.14, -0.75, 0.36, 0.055, 0.055)], 7, metal),
        (ellipsoid(0, -0.84, 0.66, 0.07, 0.03, 0.04, 5), 6, Look(LAMP, 1, colour=(0.5, 0.02, 0.02))),
        ([(0, 0.45, 2 * r + 0.03, 0.07, 0.02), (0, 0.66, 2 * r + 0.06, 0.07, 0.02),
        (0, 0.86, 2 * r, 0.07, 0.02)], 6, paint),
    ]  # fmt: skip
    if scooter:
        parts += [
            ([(0, -0.78, 0.6, 0.08, 0.1), (0, -0.5, 0.55, 0.17, 0.2), (0, -0.1, 0.5, 0.15, 0.2)], 10, paint),
            ([(0, 0.48, 0.98, 0.1, 0.05), (0, 0.45, 0.7, 0.2, 0.04), (0, 0.36, 0.32, 0.17, 0.03)], 10, paint),
            ([(0, 0.36, 0.3, 0.16, 0.03), (0, -0.15, 0.28, 0.16, 0.04)], 8, dark),
        ]
    else:
        parts += [
            ([(0, 0.36, 0.82, 0.09, 0.08), (0, 0.15, 0.84, 0.15, 0.12), (0, -0.12, 0.77, 0.09, 0.07)], 10, paint),
            ([(0, -0.4, 0.66, 0.11, 0.07), (0, -0.82, 0.74, 0.06, 0.04)], 8, paint),
            (ellipsoid(0, 0.1, 0.45, 0.17, 0.22, 0.2, 6), 8, metal),
            (rod((0, 0.4, 0.85), (0, 0.25, 0.3), 0.035), 5, dark), (rod((0.07, -0.66, r),
            (0.1, -0.1, 0.45), 0.03), 5, dark),
            (rod((-0.07, -0.66, r), (-0.1, -0.1, 0.45), 0.03), 5, dark), (rod((0.1, -0.6, 0.4),
            (0.1, -0.45, 0.7), 0.03), 5, metal),
        ]  # fmt: skip
    builder.box((-0.09, -0.9, 0.48), (0.09, -0.885, 0.6), Look(colour=(0.5, 0.48, 0.4)))
    builder.box((-0.14, -0.2, 0.2), (0.14, 0.25, 0.34), Look(colour=GREY))
    builder.tubes((nodes, max(3, round(sides * (1.0, 0.75, 0.55)[detail])), look) for nodes, sides, look in parts)
    return builder.mesh((1.95, 0.75, 1.1))
