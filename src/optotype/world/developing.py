"""Radiance to an 8-bit picture, as the scene's sensor does it."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from optotype.kernels import sensor
from optotype.world import lighting
from optotype.world.scene import Scene

F32 = NDArray[np.float32]


@lru_cache(maxsize=1)
def curve() -> F32:
    """8-bit levels over the square root of radiance, 0–4: a filmic shoulder, then the sRGB transfer curve."""
    x = 0.62 * np.linspace(0.0, 2.0, 4097) ** 2
    filmic = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0.0, 1.0)
    encoded = np.where(filmic <= 0.0031308, 12.92 * filmic, 1.055 * np.maximum(filmic, 1e-9) ** (1 / 2.4) - 0.055)
    return (255.0 * encoded).astype(np.float32)


@lru_cache(maxsize=1)
def normal() -> F32:
    """2¹⁶ quantiles of the standard normal distribution."""
    inverse = NormalDist().inv_cdf
    return np.array([inverse((k + 0.5) / 65536) for k in range(65536)], np.float32)


def _bell(sigma: float) -> F32:
    reach = max(1, math.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)


def developed(scene: Scene, image: F32) -> NDArray[np.uint8]:
    """Rain, defocus, shake, tone curve, noise; ``image`` (h, w, 3) is overwritten."""
    around = scene.environment
    if around.weather == "rain":
        _rain(scene, image)
    other = np.empty_like(image)
    if around.blur > 0.05:
        weights = _bell(around.blur)
        sensor.blur_columns(image, weights, other)
        sensor.blur_rows(other, weights, image)
    if max(abs(around.shake[0]), abs(around.shake[1])) > 0.05:
        sensor.shaken(image, around.shake[0], around.shake[1], other)
        image = other
    warm = around.warmth
    gain = lighting.exposure(scene) * np.array([1 + 0.25 * warm, 1.0, 1 - 0.35 * warm])
    out = np.empty(image.shape, np.uint8)
    sensor.develop(image, gain, curve(), normal(), around.noise, scene.seed & 0x7FFF_FFFF, out)
    return out


def _rain(scene: Scene, image: F32) -> None:
    height, width, _ = image.shape
    rng = np.random.default_rng([scene.seed & 0x7FFF_FFFF, 5])
    n = int(500 * scene.environment.wet * width * height / (480 * 360))
    near = rng.random(n) ** 2
    drops = np.stack(
        [
            rng.uniform(0, width, n),
            rng.uniform(-30, height, n),
            (6 + 26 * near) * height / 360,
            rng.normal(0.08, 0.03, n),
            0.05 + 0.13 * near,
        ],
        axis=1,
    )
    sensor.streaks(image, drops, np.array([0.62, 0.65, 0.68]))
