"""From radiance to an 8-bit picture: defocus, shake, tone curve, noise, rain."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.noise import hashed

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@jit("void(float32[:,:,::1],float32[::1],float32[:,:,::1])")
def blur_columns(image: F32, weights: F32, out: F32) -> None:
    """Weighted sum over 2r + 1 columns, the border repeated."""
    height, width, _ = image.shape
    reach = len(weights) // 2
    for y in range(height):
        for x in range(width):
            for c in range(3):
                total = np.float32(0)
                for k in range(len(weights)):
                    total += weights[k] * image[y, min(max(x + k - reach, 0), width - 1), c]
                out[y, x, c] = total


@jit("void(float32[:,:,::1],float32[::1],float32[:,:,::1])")
def blur_rows(image: F32, weights: F32, out: F32) -> None:
    """Weighted sum over 2r + 1 rows, the border repeated."""
    height, width, _ = image.shape
    reach = len(weights) // 2
    out[:] = 0
    for y in range(height):
        for k in range(len(weights)):
            row = min(max(y + k - reach, 0), height - 1)
            for x in range(width):
                for c in range(3):
                    out[y, x, c] += weights[k] * image[row, x, c]


@jit("void(float32[:,:,::1],float64,float64,float32[:,:,::1])")
def shaken(image: F32, dx: float, dy: float, out: F32) -> None:
    """Mean along a segment of (dx, dy) pixels through each pixel, bilinear."""
    height, width, _ = image.shape
    steps = math.ceil(2.0 * max(abs(dx), abs(dy))) + 1
    out[:] = 0
    for n in range(steps):
        shift = (n + 0.5) / steps - 0.5
        sx, sy = shift * dx, shift * dy
        ix, iy = math.floor(sx), math.floor(sy)
        fx, fy = np.float32(sx - ix), np.float32(sy - iy)
        a, b = (1 - fx) * (1 - fy) / np.float32(steps), fx * (1 - fy) / np.float32(steps)
        d, e = (1 - fx) * fy / np.float32(steps), fx * fy / np.float32(steps)
        for y in range(height):
            y0, y1 = min(max(y + iy, 0), height - 1), min(max(y + iy + 1, 0), height - 1)
            for x in range(width):
                x0, x1 = min(max(x + ix, 0), width - 1), min(max(x + ix + 1, 0), width - 1)
                for c in range(3):
                    out[y, x, c] += (
                        a * image[y0, x0, c] + b * image[y0, x1, c] + d * image[y1, x0, c] + e * image[y1, x1, c]
                    )


@jit("void(float32[:,:,::1],float64[:,::1],float64[::1])")
def streaks(image: F32, drops: F64, colour: F64) -> None:
    """Blend rain: ``drops`` (n, 5) x, y, length, slant in pixels, opacity."""
    height, width, _ = image.shape
    for n in range(len(drops)):
        length = drops[n, 2]
        for k in range(int(length)):
            fy = drops[n, 1] + k
            fx = drops[n, 0] + drops[n, 3] * k
            y, x = int(fy), math.floor(fx)
            if y < 0 or y >= height:
                continue
            share = fx - x
            fade = drops[n, 4] * (1.0 - abs(2.0 * k / length - 1.0))
            for i in range(2):
                if 0 <= x + i < width:
                    mix = np.float32(fade * (share if i else 1.0 - share))
                    for c in range(3):
                        image[y, x + i, c] += mix * (np.float32(colour[c]) - image[y, x + i, c])


@jit("void(float32[:,:,::1],float64[::1],float32[::1],float32[::1],float64,int64,uint8[:,:,::1])")
def develop(image: F32, gain: F64, curve: F32, normal: F32, noise: float, seed: int, out: NDArray[np.uint8]) -> None:
    """Tone curve and noise: ``gain`` (3); ``curve`` (n) 8-bit levels over the square root of radiance 0–4.

    ``normal`` (2¹⁶) quantiles of the standard normal distribution in order; each value takes one by a hash of seed,
    pixel
    and channel. Noise is stronger in the mid tones than in black, as photon noise is.
    """
    height, width, _ = image.shape
    top = len(curve) - 1
    scale = 0.5 * top
    state = np.uint64(hashed(seed, 1, 2) * 2.0**52) | np.uint64(1)
    for y in range(height):
        for x in range(width):
            h = state + np.uint64(y * width + x) * np.uint64(0x9E3779B97F4A7C15)
            h ^= h >> np.uint64(30)
            h *= np.uint64(0xBF58476D1CE4E5B9)
            h ^= h >> np.uint64(27)
            h *= np.uint64(0x94D049BB133111EB)
            h ^= h >> np.uint64(31)
            for c in range(3):
                at = math.sqrt(max(image[y, x, c] * gain[c], 0.0)) * scale
                k = min(int(at), top - 1)
                level = curve[k] + min(at - k, 1.0) * (curve[k + 1] - curve[k])
                if noise > 0.0:
                    draw = normal[int((h >> np.uint64(16 * c)) & np.uint64(0xFFFF))]
                    level += noise * draw * (0.75 + 0.25 * level / 128.0)
                out[y, x, c] = np.uint8(min(max(level + 0.5, 0.0), 255.0))
