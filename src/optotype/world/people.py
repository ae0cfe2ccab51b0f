"""People: posed by the phase of their step or pedal stroke, built of smooth tubes."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from optotype.kernels.shade import CLOTH, PAINT, PLAIN, SKIN
from optotype.world.meshes import EXTRA, HAIR_SLOT, PRIMARY, SECONDARY, SKIN_SLOT, Builder, Look, Mesh, ellipsoid

Point = tuple[float, float, float]
Nodes = list[tuple[float, ...]]
STEPS = 24
"""Poses of one cycle."""
SIDES = (9, 6, 4)
"""Of the tubes, near to far."""

TOP, TROUSERS, BARE, HAIR = (
    Look(CLOTH, slot=PRIMARY),
    Look(CLOTH, slot=SECONDARY),
    Look(SKIN, slot=SKIN_SLOT),
    Look(slot=HAIR_SLOT),
)
SHOES, BAG = Look(PLAIN, colour=(0.025, 0.022, 0.02)), Look(CLOTH, slot=EXTRA)


def limb(a: Point, b: Point, c: Point, radii: tuple[float, ...]) -> Nodes:
    """Nodes of an arm or leg through three joints; ``radii`` along it, evenly spaced."""
    where = np.linspace(0.0, 2.0, len(radii))
    line = np.array([a, b, c])
    return [(*(np.interp(t, (0, 1, 2), line[:, k]) for k in range(3)), r, r) for t, r in zip(where, radii, strict=True)]


def bent(a: Point, c: Point, first: float, second: float, pole: Point) -> Point:
    """The joint between two bones of given lengths from ``a`` to ``c``, bent towards ``pole``."""
    start, stop = np.array(a), np.array(c)
    axis = stop - start
    reach = min(float(np.linalg.norm(axis)), 0.999 * (first + second))
    axis /= np.linalg.norm(axis)
    along = (first * first - second * second + reach * reach) / (2 * reach)
    out = np.array(pole) - axis * float(np.dot(pole, axis))
    out /= np.linalg.norm(out)
    joint = start + along * axis + math.sqrt(max(first * first - along * along, 0.0)) * out
    return float(joint[0]), float(joint[1]), float(joint[2])


def _leg(side: int, swing: float, knee: float, hip: float) -> tuple[Point, Point, Point]:
    a = (side * 0.088, 0.0, hip)
    b = (side * 0.085, 0.44 * math.sin(swing), hip - 0.44 * math.cos(swing))
    c = (side * 0.08, b[1] + 0.42 * math.sin(swing - knee), b[2] - 0.42 * math.cos(swing - knee))
    return a, b, c


def _lowered(point: Point, by: float) -> Point:
    return point[0], point[1], point[2] - by


def _shoe(ankle: Point, lift: float) -> Nodes:
    x, y, z = ankle
    return [
        (x, y - 0.07, z - 0.02 + 0.5 * lift, 0.03, 0.035), (x, y, z - 0.025, 0.045, 0.05),
        (x, y + 0.09, z - 0.05 - 0.3 * lift, 0.045, 0.03),
        (x, y + 0.17, z - 0.06 - 0.5 * lift, 0.03, 0.015),
    ]  # fmt: skip


def _head(parts: list[tuple[Nodes, int, Look]], at: Point, sides: int, style: int, helmet: bool) -> None:
    x, y, z = at
    parts.append(
        ([(x, y - 0.015, z - 0.2, 0.058, 0.058), (x, y - 0.005, z - 0.06, 0.052, 0.055)], max(4, sides - 2), BARE)
    )
    parts.append((ellipsoid(x, y + 0.01, z, 0.074, 0.094, 0.118, 7), sides, BARE))
    if helmet:
        parts.append((ellipsoid(x, y - 0.005, z + 0.03, 0.12, 0.14, 0.135, 7), sides, Look(PAINT, slot=EXTRA)))
        parts.append(
            (ellipsoid(x, y + 0.085, z + 0.01, 0.08, 0.05, 0.045, 5), sides, Look(PAINT, colour=(0.01, 0.01, 0.012)))
        )
        return
    parts.append((ellipsoid(x, y - 0.034, z + 0.042, 0.083, 0.09, 0.096, 6), sides, HAIR))
    if style % 3 == 0:
        parts.append(
            (
                [
                    (x, y - 0.05, z + 0.05, 0.08, 0.06),
                    (x, y - 0.075, z - 0.1, 0.085, 0.05),
                    (x, y - 0.07, z - 0.22, 0.07, 0.03),
                ],
                sides,
                HAIR,
            )
        )
    if style % 7 == 3:
        parts.append(
            (
                [(x, y, z + 0.05, 0.13, 0.14), (x, y, z + 0.065, 0.09, 0.105), (x, y - 0.005, z + 0.135, 0.07, 0.085)],
                sides,
                BAG,
            )
        )


def _built(parts: list[tuple[Nodes, int, Look]], detail: int, size: tuple[float, float, float]) -> Mesh:
    """The mesh; far away every other node of longer tubes is left out."""
    builder = Builder()
    builder.tubes(
        (nodes[::2] if detail == 2 and len(nodes) > 4 and len(nodes) % 2 else nodes, sides, look)
        for nodes, sides, look in parts
    )
    return builder.mesh(size)


def _torso(bottom: Point, top: Point, stout: float) -> Nodes:
    """Hips to the neck along a leaning spine."""
    rows = (
        (0.0, 0.172, 0.122),
        (0.18, 0.162, 0.114),
        (0.38, 0.145, 0.105),
        (0.66, 0.178, 0.122),
        (0.88, 0.192, 0.108),
        (0.97, 0.15, 0.085),
        (1.0, 0.06, 0.055),
    )
    return [
        (*(bottom[k] + t * (top[k] - bottom[k]) for k in range(3)), rx * stout, ry * stout * (1.12 if t < 0.7 else 1.0))
        for t, rx, ry in rows
    ]


@lru_cache(maxsize=512)
def walker(posture: int, style: int, step: int, detail: int) -> Mesh:
    """Somebody on foot: ``posture`` 0 walking, 1 with a bag, 2 in a skirt or robe, 3 standing; ``step`` of the cycle;
    ``detail`` 0 (near) to 2 (far).
    """
    phase = 2 * math.pi * step / STEPS
    swing = 0.0 if posture == 3 else (0.26 if posture == 2 else 0.46)
    sides = SIDES[detail]
    stout = (0.95, 1.05, 1.18, 1.0)[style % 4]
    hip, parts = 0.92, list[tuple[Nodes, int, Look]]()
    legs = []
    for side, shift in ((-1, 0.0), (1, math.pi)):
        turn = phase + shift
        knee = 0.06 if swing == 0.0 else 0.12 + 0.85 * max(0.0, math.cos(turn)) ** 1.6 * swing / 0.46
        legs.append(_leg(side, swing * math.sin(turn) + 0.04, knee, hip))
    lower = min(leg[2][2] for leg in legs) - 0.08
    legs = [(_lowered(a, lower), _lowered(b, lower), _lowered(c, lower)) for a, b, c in legs]
    hip -= lower
    bare_legs = style % 5 == 2 and posture != 2
    for a, b, c in legs:
        radii = (
            (0.092, 0.086, 0.075, 0.062, 0.058, 0.05, 0.042)
            if stout < 1.1
            else (0.105, 0.098, 0.084, 0.068, 0.064, 0.055, 0.045)
        )
        loose = radii if bare_legs else tuple(r + 0.008 for r in radii)
        if bare_legs:
            thigh = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
            parts.append((limb(a, thigh, b, (0.1, 0.1, 0.095, 0.09)), sides, TROUSERS))
        parts.append((limb(a, b, c, loose), sides, BARE if bare_legs or (posture == 2 and style % 2) else TROUSERS))
        parts.append((_shoe(c, c[2] - 0.08), max(4, sides - 3), SHOES))
    shoulder = hip + 0.52
    parts.append((_torso((0.0, 0.0, hip - 0.06), (0.0, 0.012, shoulder + 0.055), stout), sides + 3, TOP))
    parts.append((
        [(0, 0, hip - 0.12, 0.11, 0.1), (0, -0.01, hip - 0.03, 0.158 * stout, 0.12 * stout),
        (0, 0, hip + 0.08, 0.13 * stout, 0.095 * stout)],
        sides + 1, TROUSERS,
    ))  # fmt: skip
    if posture == 2:
        hem = 0.12 if style % 2 == 0 else 0.48
        spread = 0.5 * abs(legs[0][2][1] - legs[1][2][1]) * (1 - 0.5 * hem)
        look = TROUSERS if style % 3 else TOP
        parts.append((
            [(0, 0, hem, 0.19, 0.17 + spread), (0, 0, 0.5 * (hip + hem), 0.185, 0.16 + 0.5 * spread),
            (0, 0, hip + 0.08, 0.152 * stout, 0.12 * stout)],
            sides + 3, look,
        ))  # fmt: skip
    elif style % 4 == 1:
        parts.append(
            ([(0, 0, hip - 0.28, 0.19 * stout, 0.15), (0, 0, hip + 0.1, 0.162 * stout, 0.125 * stout)], sides + 2, TOP)
        )
    _arms(parts, phase, 0.85 * swing, shoulder, stout, sides, short=style % 3 == 1, bag=posture == 1 and style % 2 == 0)
    if posture == 1 and style % 2:
        parts.append((ellipsoid(0, -0.19, hip + 0.33, 0.15, 0.11, 0.23, 6), sides, BAG))
    _head(parts, (0.0, 0.025, shoulder + 0.2), sides, style, helmet=False)
    return _built(parts, detail, (0.45, 0.5, 1.76))


def _arms(
    parts: list[tuple[Nodes, int, Look]],
    phase: float,
    swing: float,
    shoulder: float,
    stout: float,
    sides: int,
    *,
    short: bool,
    bag: bool,
) -> None:
    for side, shift in ((-1, math.pi), (1, 0.0)):
        angle = swing * math.sin(phase + shift)
        flex = 0.25 + 0.35 * max(0.0, angle)
        a = (side * 0.185 * stout, 0.0, shoulder - 0.01)
        b = (side * (0.205 * stout + 0.025), 0.28 * math.sin(angle), shoulder - 0.28 * math.cos(angle))
        c = (side * (0.205 * stout + 0.015), b[1] + 0.26 * math.sin(angle + flex), b[2] - 0.26 * math.cos(angle + flex))
        radii = (0.058, 0.054, 0.048, 0.044, 0.041, 0.036, 0.03)
        n = max(4, sides - 2)
        parts.append((limb(a, b, c, tuple(r + 0.006 for r in radii)), n, BARE if short else TOP))
        if short:
            middle = tuple(0.4 * p + 0.6 * q for p, q in zip(a, b, strict=True))
            parts.append((limb(a, (middle[0], middle[1], middle[2]), b, (0.068, 0.064, 0.06, 0.05))[:3], n, TOP))
        parts.append((ellipsoid(c[0], c[1] + 0.02, c[2] - 0.06, 0.028, 0.04, 0.075, 5), n, BARE))
        if bag and side > 0:
            parts.append((ellipsoid(c[0] + 0.03, c[1], c[2] - 0.3, 0.07, 0.16, 0.19, 5), 6, BAG))


@lru_cache(maxsize=256)
def rider(motor: bool, style: int, step: int, detail: int) -> Mesh:
    """Somebody on a two-wheeler's saddle, hands on the bar, feet on the pedals or rests."""
    sides, turn = SIDES[detail], 2 * math.pi * step / STEPS
    hip: Point = (0.0, -0.28, 0.86) if motor else (0.0, -0.2, 0.98)
    neck: Point = (0.0, -0.1, 1.42) if motor else (0.0, 0.07, 1.47)
    bar: Point = (0.33, 0.31, 1.04) if motor else (0.26, 0.3, 1.02)
    parts = list[tuple[Nodes, int, Look]]()
    stout = (0.95, 1.05, 1.15)[style % 3]
    parts.append((_torso(hip, neck, stout), sides + 3, TOP))
    parts.append((ellipsoid(hip[0], hip[1], hip[2] + 0.02, 0.17, 0.15, 0.12, 6), sides, TROUSERS))
    for side, shift in ((-1, 0.0), (1, math.pi)):
        foot: Point = (
            (side * 0.17, 0.06, 0.36)
            if motor
            else (side * 0.11, -0.02 + 0.17 * math.sin(turn + shift), 0.37 + 0.17 * math.cos(turn + shift))
        )
        start: Point = (side * 0.09, hip[1] + 0.02, hip[2])
        knee = bent(start, foot, 0.44, 0.42, (side * 0.25, 1.0, 0.35))
        parts.append((limb(start, knee, foot, (0.1, 0.094, 0.082, 0.07, 0.064, 0.055, 0.045)), sides, TROUSERS))
        parts.append((_shoe((foot[0], foot[1], foot[2] + 0.02), 0.0), max(4, sides - 3), SHOES))
        shoulder: Point = (side * 0.185 * stout, neck[1] - 0.02, neck[2] - 0.07)
        hand: Point = (side * bar[0], bar[1], bar[2])
        elbow = bent(shoulder, hand, 0.28, 0.27, (side * 0.8, -0.2, -0.6))
        short = style % 2 == 1
        parts.append(
            (
                limb(shoulder, elbow, hand, (0.064, 0.06, 0.054, 0.05, 0.045, 0.04, 0.034)),
                max(4, sides - 2),
                BARE if short else TOP,
            )
        )
        parts.append((ellipsoid(hand[0], hand[1], hand[2], 0.035, 0.045, 0.035, 5), 5, BARE))
    _head(parts, (0.0, neck[1] + 0.06, neck[2] + 0.155), sides, style, helmet=motor or style % 3 == 1)
    return _built(parts, detail, (0.85, 0.55, 1.72))
