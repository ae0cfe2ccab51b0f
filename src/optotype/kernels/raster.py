"""Triangles to samples: perspective visibility with a z-buffer, and the depth seen from the sun.

Samples lie half a pixel apart, so that every other one is a pixel's centre: sample (2y + 1, 2x + 1) is the centre of
pixel (y, x), and the eight around it are its corners and the middles of its sides.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

NEAR = 0.12
"""Metres in front of the camera where triangles are cut."""


@jit("int64(float64[:,::1],float64[:,::1])")
def _clip(corners: F64, out: F64) -> int:
    """Sutherland–Hodgman against the near plane: corners (3, 3) x, y, w in camera space to at most four."""
    n = 0
    for k in range(3):
        a, b = corners[k], corners[(k + 1) % 3]
        if a[2] >= NEAR:
            out[n, 0], out[n, 1], out[n, 2] = a[0], a[1], a[2]
            n += 1
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            t = (NEAR - a[2]) / (b[2] - a[2])
            out[n, 0], out[n, 1], out[n, 2] = a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), NEAR
            n += 1
    return n


@jit("UniTuple(float64,2)(float64,float64,float64,float64,float64,float64,int64)")
def _edges(x0: float, y0: float, x1: float, y1: float, x2: float, y2: float, row: int) -> Any:
    """First and last sample of a row inside a triangle; the last is less than the first where there are none."""
    low, high = -1e9, 1e9
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    sign = 1.0 if area > 0 else -1.0
    for k in range(3):
        if k == 0:
            ax, ay, bx, by = x0, y0, x1, y1
        elif k == 1:
            ax, ay, bx, by = x1, y1, x2, y2
        else:
            ax, ay, bx, by = x2, y2, x0, y0
        dy = by - ay
        if dy == 0.0:
            if sign * (bx - ax) * (row - ay) < 0.0:
                return 1.0, 0.0
            continue
        cut = ax + (row - ay) * (bx - ax) / dy
        if sign * dy < 0.0:
            low = max(low, cut)
        else:
            high = min(high, cut)
    return math.ceil(low) * 1.0, math.floor(high) * 1.0


@jit(
    "void(float32[:,:,::1],int32[:,::1],float64[::1],float32[:,::1],int32[:,::1],int32[:,::1],int32[::1],float32[:,::1])"
)
def visibility(
    points: F32, info: I32, camera: F64, depth: F32, owner: I32, stamp: I32, silhouette: I32, extent: F32
) -> None:
    """Which triangle each sample sees.

    ``points`` (t, 3, 3) metres; ``info`` (t, 4) whose first column is the thing's row + 1 (0: none), triangles of a
    thing in succession; ``camera`` origin, right, up, forward, focal, centre x, centre y. Written: ``depth``
    (2h + 1, 2w + 1) 1/metres along the axis, ``owner`` the triangle (−1 sky), ``silhouette`` pixels covered by each
    thing alone (``stamp`` (h, w) is scratch), ``extent`` (m, 4) least x, least y, greatest x, greatest y in pixels.
    """
    rows, columns = depth.shape
    depth[:] = 0.0
    owner[:] = -1
    stamp[:] = -1
    corners, cut = np.empty((3, 3)), np.empty((4, 3))
    focal, cx, cy = camera[12], camera[13], camera[14]
    for t in range(len(points)):
        thing = info[t, 0] - 1
        inside = 0
        for k in range(3):
            dx, dy, dz = points[t, k, 0] - camera[0], points[t, k, 1] - camera[1], points[t, k, 2] - camera[2]
            corners[k, 0] = dx * camera[3] + dy * camera[4] + dz * camera[5]
            corners[k, 1] = dx * camera[6] + dy * camera[7] + dz * camera[8]
            corners[k, 2] = dx * camera[9] + dy * camera[10] + dz * camera[11]
            inside += corners[k, 2] >= NEAR
        if inside == 0:
            continue
        if inside == 3:
            n = 3
            cut[:3] = corners
        else:
            n = _clip(corners, cut)
        for k in range(n):
            inverse = 1.0 / cut[k, 2]
            cut[k, 0] = 2.0 * (cx + focal * cut[k, 0] * inverse)
            cut[k, 1] = 2.0 * (cy - focal * cut[k, 1] * inverse)
            cut[k, 2] = inverse
            if thing >= 0:
                x, y = 0.5 * cut[k, 0], 0.5 * cut[k, 1]
                extent[thing, 0], extent[thing, 1] = min(extent[thing, 0], x), min(extent[thing, 1], y)
                extent[thing, 2], extent[thing, 3] = max(extent[thing, 2], x), max(extent[thing, 3], y)
        for k in range(1, n - 1):
            x0, y0, z0 = cut[0, 0], cut[0, 1], cut[0, 2]
            x1, y1, z1 = cut[k, 0], cut[k, 1], cut[k, 2]
            x2, y2, z2 = cut[k + 1, 0], cut[k + 1, 1], cut[k + 1, 2]
            left, right = min(x0, x1, x2), max(x0, x1, x2)
            if right < 0.0 or left > columns - 1:
                continue
            area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
            if area == 0.0:
                continue
            first = int(max(0.0, math.ceil(min(y0, y1, y2))))
            last = int(min(rows - 1.0, math.floor(max(y0, y1, y2))))
            slope_x = ((z1 - z0) * (y2 - y0) - (z2 - z0) * (y1 - y0)) / area
            slope_y = ((z2 - z0) * (x1 - x0) - (z1 - z0) * (x2 - x0)) / area
            for row in range(first, last + 1):
                low, high = _edges(x0, y0, x1, y1, x2, y2, row)
                start, stop = int(max(low, 0.0)), int(min(high, columns - 1.0))
                base = z0 + (row - y0) * slope_y - x0 * slope_x
                for column in range(start, stop + 1):
                    z = np.float32(base + column * slope_x)
                    if z > depth[row, column]:
                        depth[row, column] = z
                        owner[row, column] = t
                if thing >= 0 and row & 1:
                    for column in range(start | 1, stop + 1, 2):
                        if stamp[row >> 1, column >> 1] != thing:
                            stamp[row >> 1, column >> 1] = thing
                            silhouette[thing] += 1


@jit("void(float32[:,:,::1],float64[::1],float32[:,::1])")
def sun_depth(points: F32, light: F64, depth: F32) -> None:
    """Greatest height towards the sun over each texel of ``depth`` (s, s), for cast shadows.

    ``light``: two axes across the sun's rays and one towards the sun (3 × 3), then the map's corner (2) and texels a
    metre.
    """
    size = depth.shape[0]
    depth[:] = -1e30
    q = np.empty((3, 3))
    for t in range(len(points)):
        for k in range(3):
            x, y, z = points[t, k, 0], points[t, k, 1], points[t, k, 2]
            q[k, 0] = (x * light[0] + y * light[1] + z * light[2] - light[9]) * light[11] - 0.5
            q[k, 1] = (x * light[3] + y * light[4] + z * light[5] - light[10]) * light[11] - 0.5
            q[k, 2] = x * light[6] + y * light[7] + z * light[8]
        x0, y0, x1, y1, x2, y2 = q[0, 0], q[0, 1], q[1, 0], q[1, 1], q[2, 0], q[2, 1]
        if max(x0, x1, x2) < 0 or min(x0, x1, x2) > size - 1:
            continue
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9:
            continue
        slope_x = ((q[1, 2] - q[0, 2]) * (y2 - y0) - (q[2, 2] - q[0, 2]) * (y1 - y0)) / area
        slope_y = ((q[2, 2] - q[0, 2]) * (x1 - x0) - (q[1, 2] - q[0, 2]) * (x2 - x0)) / area
        first = int(max(0.0, math.ceil(min(y0, y1, y2))))
        last = int(min(size - 1.0, math.floor(max(y0, y1, y2))))
        for row in range(first, last + 1):
            low, high = _edges(x0, y0, x1, y1, x2, y2, row)
            base = q[0, 2] + (row - y0) * slope_y - x0 * slope_x
            for column in range(int(max(low, 0.0)), int(min(high, size - 1.0)) + 1):
                depth[row, column] = max(depth[row, column], np.float32(base + column * slope_x))


@jit("void(float32[:,::1],float64[:,::1],float64[::1])")
def contact(darkness: F32, feet: F64, frame: F64) -> None:
    """Darken a plan of the ground around what stands on it: ``darkness`` (n, n) becomes 0 (open) … 1.

    ``feet`` (m, 7): centre x, y, cosine and sine of the heading, half length, half width, strength. ``frame``: the
    plan's corner x, y and cells a metre.
    """
    size = darkness.shape[0]
    reach = 0.9
    for m in range(len(feet)):
        x, y, c, s = feet[m, 0], feet[m, 1], feet[m, 2], feet[m, 3]
        half_y, half_x, strength = feet[m, 4], feet[m, 5], feet[m, 6]
        radius = math.hypot(half_x, half_y) + reach
        i0, i1 = int((x - radius - frame[0]) * frame[2]), int((x + radius - frame[0]) * frame[2]) + 1
        j0, j1 = int((y - radius - frame[1]) * frame[2]), int((y + radius - frame[1]) * frame[2]) + 1
        for j in range(max(j0, 0), min(j1, size)):
            for i in range(max(i0, 0), min(i1, size)):
                dx, dy = frame[0] + (i + 0.5) / frame[2] - x, frame[1] + (j + 0.5) / frame[2] - y
                across, along = abs(dx * c + dy * s) - half_x, abs(-dx * s + dy * c) - half_y
                outside = math.hypot(max(across, 0.0), max(along, 0.0))
                if outside >= reach:
                    continue
                inner = min(1.0, -max(across, along) / 0.35) if outside == 0.0 else 0.0
                fade = 1.0 - outside / reach
                dark = strength * min(1.0, 0.62 * fade * fade + 0.38 * inner)
                darkness[j, i] = 1.0 - (1.0 - darkness[j, i]) * (1.0 - dark)


def empty_extent(things: int) -> Any:
    """Bounds that any point widens: (things, 4) float32."""
    extent = np.empty((things, 4), np.float32)
    extent[:, :2], extent[:, 2:] = np.inf, -np.inf
    return extent
