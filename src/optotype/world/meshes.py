"""Templates: triangles of one thing in its own measures, x to its right, y ahead, z up from its lowest point."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optotype.kernels import solids
from optotype.kernels.shade import PLAIN, WHEEL
from optotype.world.scene import RGB

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

PRIMARY, SECONDARY, SKIN_SLOT, HAIR_SLOT, EXTRA = range(1, 6)
"""Rows of the palette that a triangle may take its colour from; 0 keeps its own."""

BLACK: RGB = (0.02, 0.02, 0.022)
GREY: RGB = (0.16, 0.16, 0.165)


class Mesh(NamedTuple):
    """A template: ``points``, ``normals``, ``texture`` (t, 3, 3), ``colour`` (t, 3), ``kind`` (t, 4) material, part,
    slot, free standing; ``size`` its nominal length, width and height.
    """

    points: F32
    normals: F32
    texture: F32
    colour: F32
    kind: NDArray[np.int32]
    size: tuple[float, float, float]


class Look(NamedTuple):
    """How triangles are painted: material, its part, palette slot, own colour, whether they belong to no thing."""

    material: int = PLAIN
    part: int = 0
    slot: int = 0
    colour: RGB = BLACK
    free: bool = False


class Builder:
    """Collects triangles."""

    def __init__(self) -> None:
        self._parts: list[tuple[F32, F32, F32, F32, NDArray[np.int32]]] = []

    def triangles(
        self, points: F64 | F32, look: Look, normals: F64 | F32 | None = None, texture: F64 | None = None
    ) -> None:
        """Add ``points`` (t, 3, 3); flat normals and the points as texture coordinates unless given."""
        n = len(points)
        if normals is None:
            face = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
            face /= np.maximum(np.linalg.norm(face, axis=1, keepdims=True), 1e-12)
            normals = np.repeat(face[:, None], 3, axis=1)
        kind = np.tile(np.array([look.material, look.part, look.slot, int(look.free)], np.int32), (n, 1))
        colour = np.tile(np.array(look.colour, np.float32), (n, 1))
        single = [
            np.ascontiguousarray(a, np.float32) for a in (points, normals, points if texture is None else texture)
        ]
        self._parts.append((single[0], single[1], single[2], colour, kind))

    def quad(self, a: Sequence[float], b: Sequence[float], c: Sequence[float], d: Sequence[float], look: Look) -> None:
        """A flat quadrilateral; texture from (−1, −1) at ``a`` to (1, 1) at ``c``."""
        points = np.array([(a, b, c), (a, c, d)], np.float64)
        part = look.part if look.material != PLAIN else 0
        texture = np.array(
            [((-1, -1, part), (1, -1, part), (1, 1, part)), ((-1, -1, part), (1, 1, part), (-1, 1, part))]
        )
        self.triangles(points, look, texture=texture.astype(np.float64))

    def box(self, low: Sequence[float], high: Sequence[float], look: Look, *, faces: str = "xXyYzZ") -> None:
        """A box; ``faces`` names the sides that are drawn: small letters the low ends. Texture in metres."""
        points = []
        for axis, name in enumerate("xyz"):
            a, b = [(1, 2), (0, 2), (0, 1)][axis]
            for end, letter in ((low, name), (high, name.upper())):
                if letter not in faces:
                    continue
                corner = np.full((4, 3), end[axis], np.float64)
                corner[:, a] = [low[a], high[a], high[a], low[a]]
                corner[:, b] = [low[b], low[b], high[b], high[b]]
                points.append(corner[[0, 1, 2]])
                points.append(corner[[0, 2, 3]])
        stacked = np.array(points)
        middle = (np.array(low) + np.array(high)) / 2
        face = np.cross(stacked[:, 1] - stacked[:, 0], stacked[:, 2] - stacked[:, 0])
        flip = np.sum(face * (stacked.mean(axis=1) - middle), axis=1) < 0
        stacked[flip] = stacked[flip][:, ::-1]
        along = np.where(np.abs(face[:, None, 0]) > np.abs(face[:, None, 1]), stacked[:, :, 1], stacked[:, :, 0])
        up = np.where(
            np.abs(face[:, None, 2]) > 1e-9 + np.abs(face[:, None, :2]).max(axis=-1), stacked[:, :, 1], stacked[:, :, 2]
        )
        self.triangles(stacked, look, texture=np.stack([along, up, np.zeros_like(up)], axis=-1))

    def sheet(self, grid: F64, look: Look, *, crease: float = 40.0) -> None:
        """A grid of points (m, n, 3) with normals smooth up to a crease angle in degrees."""
        a, b, c, d = grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]
        points = np.concatenate([np.stack([a, b, c], 2).reshape(-1, 3, 3), np.stack([a, c, d], 2).reshape(-1, 3, 3)])
        area = np.linalg.norm(np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), axis=1)
        points = points[area > 1e-8]
        self.triangles(points, look, normals=smoothed(points, crease))

    def tubes(self, tubes: Iterable[tuple[Sequence[Sequence[float]], int, Look]]) -> None:
        """Elliptic tubes: nodes (x, y, z, radius about x, other radius), sides and look of each."""
        listed = list(tubes)
        starts = np.cumsum([0, *(len(nodes) for nodes, _, _ in listed)], dtype=np.int64)
        sides = np.array([n for _, n, _ in listed], np.int64)
        count = int(np.sum(2 * sides * np.diff(starts)))
        nodes = np.array([node for nodes, _, _ in listed for node in nodes], np.float64)
        points, normals = np.empty((count, 3, 3), np.float32), np.empty((count, 3, 3), np.float32)
        tube = np.empty(count, np.int32)
        solids.tubes(nodes, starts, sides, points, normals, tube)
        kinds = np.array([(k.material, k.part, k.slot, int(k.free)) for _, _, k in listed], np.int32)
        colours = np.array([k.colour for _, _, k in listed], np.float32)
        self._parts.append((points, normals, points, colours[tube], kinds[tube]))

    def wheel(
        self, x: float, y: float, radius: float, width: float, *, sides: int = 14, z: float | None = None
    ) -> None:
        """A wheel whose outer side is at ``x`` and faces away from x = 0."""
        z = radius if z is None else z
        angle = np.linspace(0, 2 * math.pi, sides + 1)
        rim = np.stack([np.full(sides + 1, x), y + radius * np.cos(angle), z + radius * np.sin(angle)], axis=1)
        inner = rim - [math.copysign(width, x), 0, 0]
        hub = np.array([x, y, z])
        for ring, centre, sign in ((rim, hub, 1.0), (inner, hub - [math.copysign(width, x), 0, 0], -1.0)):
            points = np.stack([np.tile(centre, (sides, 1)), ring[:-1], ring[1:]], axis=1)
            normals = np.tile(np.array([math.copysign(sign, sign * x), 0.0, 0.0]), (sides, 3, 1))
            middle = 0.5 * (angle[1:] + angle[:-1])
            texture = np.zeros((sides, 3, 3))
            texture[:, 1:, 0] = 1.0
            texture[:, 0, 1], texture[:, 1, 1], texture[:, 2, 1] = middle, angle[:-1], angle[1:]
            self.triangles(points, Look(WHEEL), normals=normals, texture=texture)
        self.sheet(np.stack([rim, inner]), Look(PLAIN, colour=(0.018, 0.018, 0.019)), crease=60)

    def mesh(self, size: tuple[float, float, float]) -> Mesh:
        """What was collected, with its nominal size."""
        points, normals, texture, colour, kind = (np.concatenate(part) for part in zip(*self._parts, strict=True))
        return Mesh(points, normals, texture, colour, kind, size)


def smoothed(points: F64, crease: float) -> F64:
    """Normals (t, 3, 3) of triangles: at each corner the mean of faces that differ by less than ``crease``."""
    face = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0])
    unit = face / np.maximum(np.linalg.norm(face, axis=1, keepdims=True), 1e-12)
    _, corner = np.unique(np.round(points.reshape(-1, 3), 4), axis=0, return_inverse=True)
    order = np.argsort(corner, kind="stable")
    bounds = np.flatnonzero(np.diff(corner[order], prepend=-1, append=corner.max() + 1))
    out = np.empty((len(points) * 3, 3))
    limit = math.cos(math.radians(crease))
    for start, stop in itertools.pairwise(bounds):
        at = order[start:stop]
        near = unit[at // 3] @ unit[at // 3].T > limit
        total = near.astype(np.float64) @ face[at // 3]
        out[at] = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    return out.reshape(points.shape)


def ellipsoid(x: float, y: float, z: float, rx: float, ry: float, rz: float, rings: int = 6) -> list[tuple[float, ...]]:
    """Nodes of a tube along z that is an ellipsoid."""
    heights = [-math.cos(math.pi * k / (rings - 1)) for k in range(rings)]
    return [
        (
            x,
            y,
            z + rz * h,
            max(rx * math.sqrt(max(1 - h * h, 0.0)), 1e-3),
            max(ry * math.sqrt(max(1 - h * h, 0.0)), 1e-3),
        )
        for h in heights
    ]
