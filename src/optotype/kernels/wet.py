"""Reflections in a wet road, found on the image itself."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.noise import hashed

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

STEPS = 18
FIRST, GROWTH = 0.25, 1.34
"""Metres to the first place that is looked at along a mirrored ray, and from place to place as a factor."""


@jit("void(float32[:,:,::1],float32[:,::1],uint8[:,::1],uint8[::1],float64[::1],float64,float32[:,:,::1])")
def reflect(
    image: F32,
    depth: F32,
    label: NDArray[np.uint8],
    wets: NDArray[np.uint8],
    camera: F64,
    wet: float,
    out: F32,
) -> None:
    """Mix into a wet road what it mirrors: what stands in the mirrored ray's way and is in the image.

    ``depth`` (h, w) metres along the axis, inf for sky; ``wets`` 1 for labels that mirror; ``wet`` 0–1. Rays start at a
    hashed fraction of the first step, which spreads reflections as ripples do.
    """
    height, width, _ = image.shape
    focal, cx, cy = camera[12], camera[13], camera[14]
    ray = np.empty(3)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                out[y, x, c] = image[y, x, c]
            if wets[label[y, x]] == 0:
                continue
            a, b = (x + 0.5 - cx) / focal, (cy - y - 0.5) / focal
            for c in range(3):
                ray[c] = camera[9 + c] + a * camera[3 + c] + b * camera[6 + c]
            far, size = depth[y, x], math.sqrt(1.0 + a * a + b * b)
            cosine = -ray[2] / size
            if cosine <= 0.0:
                continue
            lean = 1.0 - cosine
            fresnel = 0.03 + 0.97 * lean * lean * lean * lean * lean
            step = FIRST * (0.8 + 0.4 * hashed(x >> 2, y, 3))
            t = 0.0
            # the mirrored ray in camera space: only its height turns round
            mx, my, mz = a + 2.0 * ray[2] * -camera[5], b + 2.0 * ray[2] * -camera[8], 1.0 + 2.0 * ray[2] * -camera[11]
            for _ in range(STEPS):
                t += step
                step *= GROWTH
                k = t / size
                qx, qy, qz = a * far + k * mx, b * far + k * my, far + k * mz
                if qz < 0.2:
                    break
                i, j = int(cx + focal * qx / qz), int(cy - focal * qy / qz)
                if i < 0 or i >= width or j < 0 or j >= height:
                    break
                behind = qz - depth[j, i]
                if behind > 0.0 and behind < 0.6 * step + 0.5 and wets[label[j, i]] == 0:
                    share = min(0.45, 0.06 + 1.2 * fresnel) * wet
                    for c in range(3):
                        out[y, x, c] += np.float32(share) * (image[j, i, c] - image[y, x, c])
                    break
