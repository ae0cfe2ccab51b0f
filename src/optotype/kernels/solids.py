"""Solids to triangles: tubes along a line, and placing a template in the world."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]


@jit("void(float64[:,::1],int64,int64,int64,float64[:,:,::1],float64[:,:,::1])")
def _rings(nodes: F64, start: int, stop: int, sides: int, points: F64, normals: F64) -> None:
    """Points and normals around a tube's line, (nodes, sides, 3)."""
    for n in range(start, stop):
        a, b = max(n - 1, start), min(n + 1, stop - 1)
        dx, dy, dz = nodes[b, 0] - nodes[a, 0], nodes[b, 1] - nodes[a, 1], nodes[b, 2] - nodes[a, 2]
        length = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1e-9)
        dx, dy, dz = dx / length, dy / length, dz / length
        if abs(dx) < 0.9:
            ux, uy, uz = 1.0 - dx * dx, -dx * dy, -dx * dz
        else:
            ux, uy, uz = -dz * dx, -dz * dy, 1.0 - dz * dz
        norm = math.sqrt(ux * ux + uy * uy + uz * uz)
        ux, uy, uz = ux / norm, uy / norm, uz / norm
        vx, vy, vz = dy * uz - dz * uy, dz * ux - dx * uz, dx * uy - dy * ux
        slope_u, slope_v = (nodes[a, 3] - nodes[b, 3]) / length, (nodes[a, 4] - nodes[b, 4]) / length
        for k in range(sides):
            c, s = math.cos(2 * math.pi * k / sides), math.sin(2 * math.pi * k / sides)
            p, q = c * nodes[n, 3], s * nodes[n, 4]
            points[n, k, 0] = nodes[n, 0] + p * ux + q * vx
            points[n, k, 1] = nodes[n, 1] + p * uy + q * vy
            points[n, k, 2] = nodes[n, 2] + p * uz + q * vz
            mu, mv = c * max(nodes[n, 4], 1e-4), s * max(nodes[n, 3], 1e-4)
            size = math.sqrt(mu * mu + mv * mv)
            mu, mv = mu / size, mv / size
            md = min(max(mu * mu * slope_u + mv * mv * slope_v, -8.0), 8.0)
            nx, ny, nz = mu * ux + mv * vx + md * dx, mu * uy + mv * vy + md * dy, mu * uz + mv * vz + md * dz
            size = math.sqrt(nx * nx + ny * ny + nz * nz)
            normals[n, k, 0], normals[n, k, 1], normals[n, k, 2] = nx / size, ny / size, nz / size


@jit("void(float64[:,::1],int64[::1],int64[::1],float32[:,:,::1],float32[:,:,::1],int32[::1])")
def tubes(
    nodes: NDArray[np.float64],
    starts: NDArray[np.int64],
    sides: NDArray[np.int64],
    points: F32,
    normals: F32,
    tube: I32,
) -> None:
    """Elliptic tubes with smooth normals and closed ends.

    ``nodes`` (n, 5): centre, radius across (about x) and radius along the other axis; ``starts`` (k + 1) bounds of the
    tubes' nodes; ``sides`` (k). Written: ``points`` and ``normals`` (t, 3, 3), ``tube`` (t); a tube of n nodes and
    s sides has 2 s n triangles (2 s (n − 1) around and s at each end).
    """
    t = 0
    most = 0
    for k in range(len(sides)):
        most = max(most, sides[k])
    ring, slope = np.empty((len(nodes), most, 3)), np.empty((len(nodes), most, 3))
    for k in range(len(sides)):
        start, stop, n = starts[k], starts[k + 1], sides[k]
        _rings(nodes, start, stop, n, ring, slope)
        for i in range(start, stop - 1):
            for j in range(n):
                m = (j + 1) % n
                for half in range(2):
                    for c in range(3):
                        a = i + (1 if (half == 0 and c == 2) or (half == 1 and c >= 1) else 0)
                        b = m if (half == 0 and c == 1) or (half == 1 and c <= 1) else j
                        for axis in range(3):
                            points[t, c, axis] = ring[a, b, axis]
                            normals[t, c, axis] = slope[a, b, axis]
                    tube[t] = k
                    t += 1
        for end in range(2):
            at, inner = (start, start + 1) if end == 0 else (stop - 1, stop - 2)
            dx, dy, dz = (
                nodes[at, 0] - nodes[inner, 0],
                nodes[at, 1] - nodes[inner, 1],
                nodes[at, 2] - nodes[inner, 2],
            )
            size = max(math.sqrt(dx * dx + dy * dy + dz * dz), 1e-9)
            for j in range(n):
                m = (j + 1) % n
                for axis in range(3):
                    points[t, 0, axis] = nodes[at, axis]
                    points[t, 1, axis] = ring[at, m if end == 0 else j, axis]
                    points[t, 2, axis] = ring[at, j if end == 0 else m, axis]
                for c in range(3):
                    normals[t, c, 0], normals[t, c, 1], normals[t, c, 2] = dx / size, dy / size, dz / size
                tube[t] = k
                t += 1


@jit(
    "void(float32[:,:,::1],float32[:,:,::1],float32[:,:,::1],float32[:,::1],int32[:,::1],float64[::1],"
    "float32[:,::1],int32[::1],int64,float32[:,:,::1],float32[:,:,::1],float32[:,:,::1],float32[:,::1],int32[:,::1])"
)
def place(
    points: F32,
    normals: F32,
    texture: F32,
    colour: F32,
    kind: I32,
    pose: F64,
    palette: F32,
    codes: I32,
    at: int,
    out_points: F32,
    out_normals: F32,
    out_texture: F32,
    out_colour: F32,
    out_info: I32,
) -> None:
    """Copy a template into the world at triangle ``at``.

    ``kind`` (t, 4) material, part, slot, free standing; slot s > 0 takes row s − 1 of ``palette`` (k, 3) instead of
    ``colour``. ``pose``: x, y, z, cosine, sine, scale x, y, z. ``codes``: thing row + 1, label, label of what is free
    standing (posts, which belong to no thing). ``out_info`` gets thing, label, material, part.
    """
    x, y, z, c, s, sx, sy, sz = pose[0], pose[1], pose[2], pose[3], pose[4], pose[5], pose[6], pose[7]
    for t in range(len(points)):
        o = at + t
        for k in range(3):
            px, py = points[t, k, 0] * sx, points[t, k, 1] * sy
            out_points[o, k, 0] = x + px * c - py * s
            out_points[o, k, 1] = y + px * s + py * c
            out_points[o, k, 2] = z + points[t, k, 2] * sz
            nx, ny, nz = normals[t, k, 0] / sx, normals[t, k, 1] / sy, normals[t, k, 2] / sz
            size = 1.0 / max(math.sqrt(nx * nx + ny * ny + nz * nz), 1e-9)
            out_normals[o, k, 0] = (nx * c - ny * s) * size
            out_normals[o, k, 1] = (nx * s + ny * c) * size
            out_normals[o, k, 2] = nz * size
            for axis in range(3):
                out_texture[o, k, axis] = texture[t, k, axis]
        slot = kind[t, 2]
        for axis in range(3):
            out_colour[o, axis] = palette[slot - 1, axis] if slot > 0 else colour[t, axis]
        free = kind[t, 3] > 0
        out_info[o, 0] = 0 if free else codes[0]
        out_info[o, 1] = codes[2] if free else codes[1]
        out_info[o, 2], out_info[o, 3] = kind[t, 0], kind[t, 1]
