"""Trees, bushes and hedges: clumps of leaf cards around a trunk."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.shade import BARK, LEAF
from optotype.world.meshes import PRIMARY, SECONDARY, Builder, Look, Mesh

F64 = NDArray[np.float64]
CARDS = (2800, 520, 150)
"""Leaf triangles of a tree, near to far."""


def _cards(
    rng: np.random.Generator, middles: F64, spread: F64, count: int, card: float, centre: F64, radius: F64
) -> tuple[F64, F64, F64]:
    """Triangles scattered around ``middles``; normals point out of clump and crown; texture's third is openness."""
    at = rng.integers(0, len(middles), count)
    offset = rng.normal(size=(count, 3))
    offset /= np.linalg.norm(offset, axis=1, keepdims=True)
    offset *= rng.uniform(0.5, 1.0, (count, 1)) * spread
    place = middles[at] + offset
    a, b = rng.normal(size=(count, 3)), rng.normal(size=(count, 3))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b -= a * np.sum(a * b, axis=1, keepdims=True)
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    size = card * rng.uniform(0.6, 1.3, (count, 1))
    points = np.stack(
        [place - 0.55 * size * a, place + 0.55 * size * a + 0.2 * size * b, place - 0.1 * size * a + size * b], axis=1
    )
    crown = (points - centre) / radius
    clump = offset[:, None] / np.linalg.norm(spread)
    normals = 0.7 * crown + 0.9 * clump + 0.25 * rng.normal(size=(count, 1, 3)) + np.array([0, 0, 0.25])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    depth = np.linalg.norm(crown, axis=2)
    open_to_sky = np.clip(0.08 + 0.65 * depth**1.5 + 0.3 * crown[..., 2] + 0.25 * clump[..., 2], 0.02, 1.0)
    texture = np.stack([points[..., 0] + points[..., 1], points[..., 2], open_to_sky], axis=-1)
    return points, normals, texture


@cache
def tree(shape: int, detail: int) -> Mesh:
    """A tree 4 m across and 7 m tall; ``shape`` 0–5 draws the crown, ``detail`` 0 (near) to 2 (far)."""
    rng = np.random.default_rng([7, shape])
    builder = Builder()
    stem = 2.1 + 0.5 * rng.random()
    centre, radius = np.array([0.0, 0.0, stem + (7 - stem) / 2 - 0.15]), np.array([1.85, 1.85, (7 - stem) / 2])
    bark = Look(BARK, slot=SECONDARY)
    lean = rng.normal(0, 0.1, 2)
    sides = (8, 6, 4)[detail]
    trunk = [
        (0, 0, 0, 0.2, 0.2),
        (0, 0, 0.25, 0.15, 0.15),
        (*(0.5 * lean), stem, 0.12, 0.12),
        (*lean, centre[2] + 0.6, 0.05, 0.05),
    ]
    tubes = [(trunk, sides, bark)]
    n = (22, 14, 9)[shape % 3]
    direction = rng.normal(size=(n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    middles = centre + direction * radius * rng.uniform(0.35, 0.78, (n, 1))
    if detail < 2:
        for k in range(6):
            end = middles[k]
            tubes.append(
                (
                    [
                        (*(0.4 * lean), stem - 0.2, 0.06, 0.06),
                        (0.5 * end[0], 0.5 * end[1], 0.5 * (end[2] + stem), 0.04, 0.04),
                        (*end, 0.015, 0.015),
                    ],
                    4,
                    bark,
                )
            )
    builder.tubes(tubes)
    count = CARDS[detail]
    card = 0.29 * (CARDS[0] / count) ** 0.5
    spread = radius * (0.42, 0.5, 0.62)[shape % 3]
    points, normals, texture = _cards(rng, middles, spread, count, card, centre, radius)
    builder.triangles(points, Look(LEAF, slot=PRIMARY), normals, texture)
    return builder.mesh((4.0, 4.0, 7.0))


@cache
def bush(shape: int, detail: int) -> Mesh:
    """A round bush 1 m across."""
    rng = np.random.default_rng([8, shape])
    centre, radius = np.array([0.0, 0.0, 0.48]), np.array([0.48, 0.48, 0.5])
    direction = rng.normal(size=(9, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    middles = centre + direction * radius * 0.5
    builder = Builder()
    count = (420, 160, 60)[detail]
    points, normals, texture = _cards(rng, middles, radius * 0.5, count, 0.16 * (420 / count) ** 0.5, centre, radius)
    points[..., 2] = np.maximum(points[..., 2], 0.0)
    builder.triangles(points, Look(LEAF, slot=PRIMARY), normals, texture)
    return builder.mesh((1.0, 1.0, 1.0))


@lru_cache(maxsize=64)
def hedge(metres: int, detail: int) -> Mesh:
    """A clipped hedge 0.8 m thick and 1 m high along y, ``metres`` long."""
    rng = np.random.default_rng([9, metres])
    builder = Builder()
    half = metres / 2
    builder.box((-0.36, -half, 0.0), (0.36, half, 0.94), Look(LEAF, slot=PRIMARY))
    count = min(2400, int(metres * (260, 110, 40)[detail]))
    face = rng.integers(0, 3, count)
    place = np.stack(
        [rng.uniform(-0.4, 0.4, count), rng.uniform(-half, half, count), rng.uniform(0, 1, count) ** 0.8], axis=1
    )
    place[face == 0, 0], place[face == 1, 0], place[face == 2, 2] = 0.38, -0.38, 0.95
    outward = np.zeros((count, 3))
    outward[face == 0, 0], outward[face == 1, 0], outward[face == 2, 2] = 1, -1, 1
    a, b = rng.normal(size=(count, 1, 3)), rng.normal(size=(count, 1, 3))
    size = 0.09 * ((260, 110, 40)[0] / (260, 110, 40)[detail]) ** 0.5
    corners = np.concatenate([-0.5 * a, 0.5 * a, b], axis=1) * size
    points = place[:, None] + corners
    points[..., 2] = np.clip(points[..., 2], 0.0, 1.02)
    normals = outward[:, None] + 0.45 * rng.normal(size=(count, 1, 3)) + np.zeros((count, 3, 3))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    texture = np.stack([points[..., 1], points[..., 2], 0.15 + 0.7 * points[..., 2]], axis=-1)
    builder.triangles(points, Look(LEAF, slot=PRIMARY), normals, texture)
    return builder.mesh((float(metres), 0.8, 1.0))
