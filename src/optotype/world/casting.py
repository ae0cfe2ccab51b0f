"""Which templates stand for a thing, where, and in which colours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.noise import hashed
from optotype.world import people, plants, structures, vehicles, wheelers
from optotype.world.bodywork import CARS
from optotype.world.meshes import Mesh
from optotype.world.scene import RGB, Scene, Thing

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

SKINS: tuple[RGB, ...] = (
    (0.50, 0.30, 0.21), (0.45, 0.26, 0.17), (0.36, 0.19, 0.12), (0.26, 0.13, 0.075), (0.16, 0.075, 0.042),
    (0.09, 0.042, 0.026),
)  # fmt: skip
HAIRS: tuple[RGB, ...] = (
    (0.012, 0.01, 0.009),
    (0.02, 0.013, 0.01),
    (0.05, 0.028, 0.015),
    (0.16, 0.1, 0.045),
    (0.3, 0.29, 0.28),
)
EXTRAS: tuple[RGB, ...] = (
    (0.02, 0.02, 0.022),
    (0.35, 0.03, 0.03),
    (0.05, 0.08, 0.25),
    (0.12, 0.07, 0.04),
    (0.5, 0.5, 0.48),
    (0.4, 0.3, 0.04),
)

NEAR, MIDDLE = 16.0, 38.0
"""Metres within which a thing is drawn in full, and in middling detail."""


class Part(NamedTuple):
    """A template with its pose: x, y, z, cosine, sine, scale x, y, z."""

    mesh: Mesh
    pose: F64


def parts(thing: Thing, motor: bool, distance: float) -> Iterator[Part]:
    """The templates of a thing seen from ``distance`` metres; ``motor`` says what a rider sits on."""
    yield _fitted(template(thing, motor, distance), thing)
    if thing.kind == "building" and distance < 3 * MIDDLE:
        yield from _fittings(thing)


def template(thing: Thing, motor: bool, distance: float) -> Mesh:
    """The thing's own template."""
    detail = 0 if distance < NEAR else 1 if distance < MIDDLE else 2
    variant, step = thing.variant, int(thing.phase * people.STEPS) % people.STEPS
    match thing.kind:
        case "car":
            return vehicles.car(CARS[variant % 5], detail)
        case "truck":
            return vehicles.truck(variant % 3)
        case "bus":
            return vehicles.bus()
        case "train":
            return vehicles.tram()
        case "rickshaw":
            return vehicles.rickshaw()
        case "bicycle":
            return wheelers.bicycle(detail == 0)
        case "motorbike":
            return wheelers.motorbike(variant % 2 == 1, detail)
        case "rider":
            return people.rider(motor, variant % 12, step, detail)
        case "person":
            posture = variant % 4
            return people.walker(posture, variant // 4 % 24, 0 if posture == 3 else step, detail)
        case "vegetation":
            return _plant(thing, detail)
        case "building":
            return structures.house(_roof(thing))
        case "wall":
            return structures.wall()
        case "fence":
            return structures.fence(max(2, 2 * round(thing.size[0] / 2)), variant // 3 % 3)
        case "pole":
            return structures.pole(variant % 3)
        case "traffic light":
            return structures.light(variant % 3)
        case "traffic sign":
            code = variant // 3
            return structures.sign(
                (0, 1, 3)[variant % 3] if variant % 3 or code % 3 == 0 else (2, 4)[code % 3 - 1], code % 6
            )
        case _:
            raise KeyError(thing.kind)


def _plant(thing: Thing, detail: int) -> Mesh:
    shape = thing.variant // 3 % 6
    if thing.variant % 3 == 2:
        return plants.hedge(max(1, round(thing.size[0])), detail)
    return plants.bush(shape, detail) if thing.variant % 3 == 1 else plants.tree(shape, detail)


def _roof(thing: Thing) -> int:
    return int(thing.size[2] < 10.5 and hashed(thing.variant, 71, 0) < 0.55)


def _fitted(mesh: Mesh, thing: Thing) -> Part:
    """Scaled to the thing's size. A lamp's arm and a wall's thickness follow the width."""
    length, width, height = (a / b for a, b in zip(thing.size, mesh.size, strict=True))
    if thing.kind in ("person", "rider"):
        length = width = height
    return Part(
        mesh, np.array([*thing.position, math.cos(thing.heading), math.sin(thing.heading), width, length, height])
    )


def _fittings(thing: Thing) -> Iterator[Part]:
    """Awnings and balconies on the front of a building."""
    depth, width, height = thing.size
    c, s = math.cos(thing.heading), math.sin(thing.heading)
    x, y, z = thing.position

    def at(mesh: Mesh, across: float, up: float, wide: float, deep: float, high: float) -> Part:
        px, py = across, depth / 2
        return Part(mesh, np.array([x + px * c - py * s, y + px * s + py * c, z + up, c, s, wide, deep, high]))

    seed = thing.variant
    if hashed(seed, 2, 0) < 0.55 and hashed(seed, 72, thing.id) < 0.5:
        yield at(structures.awning(seed % 2), (hashed(seed, 73, 0) - 0.5) * 0.3 * width, 1.75, 0.55 * width, 1.1, 1.1)
    if height > 6.5 and hashed(seed, 74, thing.id) < 0.4:
        storey = 2.8 + 0.5 * hashed(seed, 1, 0)
        ground = 3.5 if hashed(seed, 2, 0) < 0.55 else storey
        bay = 1.9 + 1.5 * hashed(seed, 3, 0)
        bays = max(1, int(width / bay))
        level = ground
        while level + storey < 0.8 * height:
            for column in range(bays):
                if hashed(seed, 75, column) < 0.45:
                    yield at(
                        structures.balcony(),
                        ((column + 0.5) / bays - 0.5) * -width,
                        level - 0.05,
                        0.85 * width / bays,
                        0.8,
                        1.0,
                    )
            level += storey


def palette(thing: Thing) -> F32:
    """Rows of colours: primary, secondary, skin, hair, extra."""
    seed = thing.variant * 131 + thing.id
    skin = SKINS[int(hashed(seed, 81, 0) * len(SKINS))]
    hair = HAIRS[int(hashed(seed, 82, 0) * len(HAIRS))]
    extra = EXTRAS[int(hashed(seed, 83, 0) * len(EXTRAS))]
    return np.array([thing.primary, thing.secondary, skin, hair, extra], np.float32)


def looks(scene: Scene) -> F64:
    """The table that materials read of each thing, row 0 none (see ``kernels.shade``)."""
    out = np.zeros((len(scene.things) + 1, 13))
    for row, thing in enumerate(scene.things, 1):
        wall = 0.8 if thing.kind == "building" and _roof(thing) else 1.0
        depth, width, height = thing.size
        long, short = (depth, width) if thing.kind == "wall" else (width, depth)
        seed = thing.variant if thing.kind == "building" else thing.variant * 7 + thing.id
        out[row] = (
            *thing.primary, *thing.secondary, seed, thing.lit, wall * height, math.cos(thing.heading),
            math.sin(thing.heading),
            long, short,
        )  # fmt: skip
    return out


def riding(scene: Scene) -> set[int]:
    """Rows of the riders who sit on a motorbike: it stands where they do."""
    places = {(round(t.position[0], 3), round(t.position[1], 3)) for t in scene.things if t.kind == "motorbike"}
    return {
        row
        for row, t in enumerate(scene.things)
        if t.kind == "rider" and (round(t.position[0], 3), round(t.position[1], 3)) in places
    }
