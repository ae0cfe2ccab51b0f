"""What the pixels of a region say of it: sharpness, brightness, contrast, saturation, noise, and mean Lab colours.

Images are (h, w, 3) uint8 RGB; regions are rows x0, y0, x1, y1 in whole pixels, half-open, inside the image. Grey is
(77 R + 150 G + 29 B) / 256 (Rec. 601); what a row adds is summed in whole numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

SHARPNESS, BRIGHTNESS, SPREAD, SATURATION, NOISE = range(5)
"""Columns of what ``measure_regions`` writes."""

NOISE_BINS = 4096
_NOISE_SHIFT = 5
"""Bins of the noise histogram are 1/8 grey level wide; what is beyond 512 levels shares the last."""

_FULL = 256.0
_MASK_NORM = 6.0
_MEDIAN_OF_NORMAL = 0.6744897501960817

LAB_SIDE = 128
"""Mean colours are taken over a regular grid of at most so many pixels a side of the box."""

SAMPLED = 1 << 15
"""Saturation and noise of a larger region are taken over every second, third … row, so that about so many pixels do."""

_CUBE_ROOTS = 4096


@jit("void(uint8[:,:,::1],int64,int64,int64,int32[::1])")
def _grey_row(image: Any, y: int, x0: int, x1: int, out: Any) -> None:
    for x in range(x0, x1):
        out[x - x0] = (
            np.int32(77) * np.int32(image[y, x, 0])
            + np.int32(150) * np.int32(image[y, x, 1])
            + np.int32(29) * np.int32(image[y, x, 2])
        )


@jit("void(uint8[:,:,::1],int64,int64,int64,int64[:,::1])")
def _chroma_row(image: Any, y: int, x0: int, x1: int, chroma: Any) -> None:
    """Add max − min of each pixel to the sum that belongs to its max; two lanes, as neighbours tend to be alike."""
    for x in range(x0, x1):
        r, g, b = image[y, x, 0], image[y, x, 1], image[y, x, 2]
        top = max(r, max(g, b))
        chroma[x & 1, top] += np.int64(top) - np.int64(min(r, min(g, b)))


@jit("void(int32[::1],int32[::1],int32[::1],int64,int64[::1])")
def _laplacian_row(above: Any, here: Any, below: Any, n: int, sums: Any) -> None:
    """Sums of the Laplacian and its square over one row's inner pixels; the square in two parts, high and low."""
    total, squares = np.int64(0), np.uint64(0)
    for x in range(1, n - 1):
        laplacian = above[x] + below[x] + here[x - 1] + here[x + 1] - 4 * here[x]
        total += laplacian
        squares += np.uint64(np.int64(laplacian) * np.int64(laplacian))
    sums[0] += total
    sums[1] += np.int64(squares >> np.uint64(16))
    sums[2] += np.int64(squares & np.uint64(0xFFFF))


@jit("void(int32[::1],int32[::1],int32[::1],int64,int32[:,::1])")
def _noise_row(above: Any, here: Any, below: Any, n: int, histogram: Any) -> None:
    """Add the responses to the noise mask of one row's inner pixels to their histogram, in two lanes."""
    for x in range(1, n - 1):
        edges = above[x] + below[x] + here[x - 1] + here[x + 1]
        corners = above[x - 1] + above[x + 1] + below[x - 1] + below[x + 1]
        at = abs(corners - 2 * edges + 4 * here[x]) >> _NOISE_SHIFT
        histogram[x & 1, min(at, NOISE_BINS - 1)] += 1


@jit("float64(int32[:,::1],int64)")
def _median(histogram: Any, n: int) -> Any:
    """Median of the binned values, linear inside its bin, in grey levels; NaN of none."""
    if n == 0:
        return np.nan
    before, half = 0, n / 2
    for i in range(NOISE_BINS):
        count = histogram[0, i] + histogram[1, i]
        if before + count >= half and count > 0:
            return (i + (half - before) / count) * (1 << _NOISE_SHIFT) / _FULL
        before += count
    return NOISE_BINS * (1 << _NOISE_SHIFT) / _FULL


@jit("void(uint8[:,:,::1],int64[:,::1],float64[:,::1])")
def measure_regions(image: Any, regions: Any, out: Any) -> None:
    """Five numbers of each region into ``out`` (m, 5), in the order of the column names above.

    Sharpness: variance of the Laplacian (four neighbours). Brightness and spread: mean and standard deviation of
    grey, 0–255. Saturation: mean of (max − min) / max, 0 where max is 0. Noise: the median of the absolute response
    to Immerkær's mask (1 −2 1 twice), scaled to the standard deviation of Gaussian noise, in grey levels. Sharpness
    and noise are over the pixels whose eight neighbours lie in the region; NaN where there are none. Saturation and
    noise of regions above SAMPLED pixels are taken over evenly spaced rows.
    """
    for k in range(len(regions)):
        x0, y0, x1, y1 = regions[k, 0], regions[k, 1], regions[k, 2], regions[k, 3]
        n, rows = x1 - x0, y1 - y0
        out[k] = np.nan
        if n < 1 or rows < 1:
            continue
        grey = np.empty((3, n), np.int32)
        chroma, histogram = np.zeros((2, 256), np.int64), np.zeros((2, NOISE_BINS), np.int32)
        sums = np.zeros(3, np.int64)
        mean, square = 0.0, 0.0
        step = min((n * rows + SAMPLED - 1) // SAMPLED, rows)
        for y in range(y0, y1):
            row = grey[(y - y0) % 3]
            _grey_row(image, y, x0, x1, row)
            sampled = (y - y0) % step == step // 2
            if sampled:
                _chroma_row(image, y, x0, x1, chroma)
            total, squares = np.int64(0), np.int64(0)
            for x in range(n):
                total += row[x]
                squares += np.int64(row[x]) * np.int64(row[x])
            mean += total
            square += squares
            if y - y0 >= 2:
                above, here = grey[(y - y0 - 2) % 3], grey[(y - y0 - 1) % 3]
                _laplacian_row(above, here, row, n, sums)
                if sampled:
                    _noise_row(above, here, row, n, histogram)
        area = n * rows
        mean /= area
        out[k, BRIGHTNESS] = mean / _FULL
        out[k, SPREAD] = np.sqrt(max(square / area - mean * mean, 0.0)) / _FULL
        saturation = 0.0
        for v in range(1, 256):
            saturation += (chroma[0, v] + chroma[1, v]) / v
        sampled_rows = (rows - step // 2 + step - 1) // step
        out[k, SATURATION] = saturation / (sampled_rows * n)
        inner = max(n - 2, 0) * max(rows - 2, 0)
        if inner > 0:
            centre = sums[0] / inner
            squared = (sums[1] * 65536.0 + sums[2]) / inner
            out[k, SHARPNESS] = max(squared - centre * centre, 0.0) / (_FULL * _FULL)
            out[k, NOISE] = _median(histogram, histogram.sum()) / (_MASK_NORM * _MEDIAN_OF_NORMAL)


def _linear_table() -> NDArray[np.float64]:
    v = np.arange(256) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _root_table() -> NDArray[np.float64]:
    t = np.arange(_CUBE_ROOTS + 2) / _CUBE_ROOTS
    return np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)


LINEAR = _linear_table()
"""Light of each 8-bit sRGB value, 0–1 (IEC 61966-2-1)."""
ROOTS = _root_table()
"""The f(t) of CIE Lab at 4,096 steps of t; straight lines between are within 5e-6."""


@jit("float64(float64,float64[::1])")
def _root(t: float, roots: Any) -> Any:
    at = t * _CUBE_ROOTS
    i = min(int(at), _CUBE_ROOTS)
    return roots[i] + (at - i) * (roots[i + 1] - roots[i])


@jit("void(uint8[:,:,::1],int64[:,::1],int64[:,::1],float64[::1],float64[::1],float64[:,:,::1])")
def mean_colours(image: Any, inner: Any, outer: Any, linear: Any, roots: Any, out: Any) -> None:
    """Mean CIE Lab colour (D65) inside each box and in the ring between it and ``outer``, into ``out`` (m, 2, 3).

    ``outer`` holds ``inner``. Pixels on a regular grid of at most 128 a side of ``outer``; NaN for a part without
    any. ``linear`` and ``roots`` are the tables LINEAR and ROOTS.
    """
    for k in range(len(inner)):
        x0, y0, x1, y1 = outer[k, 0], outer[k, 1], outer[k, 2], outer[k, 3]
        step_x, step_y = max(1, (x1 - x0 + LAB_SIDE - 1) // LAB_SIDE), max(1, (y1 - y0 + LAB_SIDE - 1) // LAB_SIDE)
        sums, counts = np.zeros((2, 3)), np.zeros(2, np.int64)
        for y in range(y0, y1, step_y):
            row_inside = inner[k, 1] <= y < inner[k, 3]
            for x in range(x0, x1, step_x):
                part = 0 if row_inside and inner[k, 0] <= x < inner[k, 2] else 1
                r, g, b = linear[image[y, x, 0]], linear[image[y, x, 1]], linear[image[y, x, 2]]
                fx = _root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047, roots)
                fy = _root(0.2126729 * r + 0.7151522 * g + 0.0721750 * b, roots)
                fz = _root((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883, roots)
                sums[part, 0] += 116 * fy - 16
                sums[part, 1] += 500 * (fx - fy)
                sums[part, 2] += 200 * (fy - fz)
                counts[part] += 1
        for part in range(2):
            for c in range(3):
                out[k, part, c] = sums[part, c] / counts[part] if counts[part] > 0 else np.nan
