"""Noise tiles that repeat without a seam, with their prefiltered levels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.noise import LEVELS

SIZE = 256
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def _fractal(rng: np.random.Generator, slope: float, first: float = 1.0) -> F64:
    """Gaussian noise whose amplitude falls as frequency to ``-slope`` from ``first`` cycles on; mean 0, deviation 1."""
    spectrum = np.fft.rfft2(rng.normal(size=(SIZE, SIZE)))
    fy, fx = np.fft.fftfreq(SIZE, 1 / SIZE)[:, None], np.fft.rfftfreq(SIZE, 1 / SIZE)[None]
    frequency = np.hypot(fx, fy)
    spectrum *= np.where(frequency >= first, np.maximum(frequency, 1.0) ** -slope, 0.0)
    field = np.fft.irfft2(spectrum, (SIZE, SIZE))
    return np.asarray((field - field.mean()) / field.std(), np.float64)


def _clumps(rng: np.random.Generator, cells: int) -> F64:
    """1 at scattered points, falling to 0 between them."""
    at = (np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), axis=-1) + rng.random((cells, cells, 2))).reshape(
        -1, 2
    ) / cells
    grid = (np.stack(np.meshgrid(np.arange(SIZE), np.arange(SIZE)), axis=-1) + 0.5) / SIZE
    best = np.full((SIZE, SIZE), np.inf)
    for point in at:
        away = np.abs(grid - point)
        away = np.minimum(away, 1 - away)
        best = np.minimum(best, (away**2).sum(axis=-1))
    return np.asarray(np.clip(1.0 - np.sqrt(best) * cells / 1.05, 0.0, 1.0), np.float64)


@lru_cache(maxsize=1)
def tiles() -> F32:
    """(4, levels, s, s): cloud, crack, grain, cell; the same on every call."""
    rng = np.random.default_rng(20240607)
    cloud = np.clip(0.5 + 0.2 * _fractal(rng, 1.75), 0, 1)
    lines = np.zeros((SIZE, SIZE))
    for first, width in ((2.0, 0.05), (4.0, 0.035)):
        lines = np.maximum(lines, np.exp(-((_fractal(rng, 2.0, first) / width) ** 2)))
    grain = np.clip(0.5 + 0.17 * _fractal(rng, 0.35, 8.0), 0, 1)
    base = np.stack([cloud, lines, grain, _clumps(rng, 18)])
    out = np.zeros((len(base), LEVELS, SIZE, SIZE), np.float32)
    for level in range(LEVELS):
        size = SIZE >> level
        out[:, level, :size, :size] = base
        base = base.reshape(len(base), size // 2, 2, size // 2, 2).mean(axis=(2, 4))
    return out
