"""Sun, sky and haze of a scene, and where its shadow map and contact plan lie."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from optotype.world.scene import Scene, Weather

F64 = NDArray[np.float64]

SUN_TEXELS, SUN_METRES = 720, 64.0
PLAN_CELLS, PLAN_METRES = 400, 56.0

_SKY: dict[Weather, tuple[float, tuple[float, ...], tuple[float, ...], float, float, float]] = {
    "clear": (2.5, (0.27, 0.44, 0.80), (0.74, 0.82, 0.90), 0.55, 0.0, 0.92),
    "overcast": (0.16, (0.62, 0.66, 0.71), (0.78, 0.80, 0.83), 0.95, 0.0, 1.0),
    "rain": (0.0, (0.42, 0.45, 0.49), (0.53, 0.56, 0.59), 1.0, 0.1, 1.35),
    "fog": (0.05, (0.66, 0.68, 0.70), (0.70, 0.715, 0.73), 0.6, 0.0, 1.05),
    "dusk": (0.22, (0.06, 0.085, 0.18), (0.34, 0.25, 0.23), 0.5, 0.75, 2.3),
}
"""Strength of the sun, zenith, horizon, cloud cover, darkness (lamps), exposure."""


def towards_sun(scene: Scene) -> tuple[float, float, float]:
    """Unit vector; the azimuth turns as a heading does."""
    azimuth, elevation = scene.environment.sun
    elevation = max(elevation, 0.04)
    return -math.sin(azimuth) * math.cos(elevation), math.cos(azimuth) * math.cos(elevation), math.sin(elevation)


def exposure(scene: Scene) -> float:
    """Gain before the tone curve."""
    return _SKY[scene.environment.weather][5] * scene.environment.exposure


def night(scene: Scene) -> float:
    """How dark it is, 0 day to 1."""
    return _SKY[scene.environment.weather][4]


def casts(scene: Scene) -> bool:
    """Whether the sun casts shadows that can be seen."""
    return _SKY[scene.environment.weather][0] > 0.1


def light(scene: Scene, forward: F64) -> F64:
    """The table that ``kernels.light`` reads."""
    around = scene.environment
    strength, zenith, horizon, cover, dark, _ = _SKY[around.weather]
    sun = np.array(towards_sun(scene))
    low = math.exp(-sun[2] / 0.22)
    colour = strength * (1 - 0.55 * low) * np.array([1.0, 0.93 - 0.25 * low, 0.82 - 0.5 * low])
    zenith_, horizon_ = np.array(zenith), np.array(horizon)
    if around.weather == "clear":
        horizon_ = horizon_ + low * np.array([0.1, -0.02, -0.14])
    shift = (scene.street.seed % 997) / 997
    cover = cover if cover > 0.9 else min(0.95, cover + 0.35 * (((scene.street.seed // 997) % 101) / 101 - 0.5))
    dome = 0.55 * zenith_ + 0.45 * horizon_
    ground = 0.17 * (colour * sun[2] * 0.7 + dome) * np.array([1.0, 0.96, 0.9])
    haze = 0.9 * horizon_ + 0.05 * colour
    out = np.zeros(40)
    out[0:3], out[3:6], out[6:9], out[9:12], out[12:15], out[15:18] = sun, colour, zenith_, horizon_, ground, haze
    out[18] = 3.0 / around.visibility
    out[19], out[20], out[21], out[22], out[23] = around.wet, cover, dark, 0.34, shift
    _frames(scene, sun, forward, out)
    return out


def _frames(scene: Scene, sun: F64, forward: F64, out: F64) -> None:
    """Where the shadow map and the contact plan lie: ahead of the camera."""
    ahead = forward[:2] / max(float(np.hypot(*forward[:2])), 1e-9)
    across = np.cross([0.0, 0.0, 1.0], sun)
    across /= np.linalg.norm(across)
    up = np.cross(sun, across)
    middle = np.array([*(np.array(scene.camera.position[:2]) + 0.42 * SUN_METRES * ahead), 0.0])
    out[24:27], out[27:30], out[30:33] = across, up, sun
    texel = SUN_METRES / SUN_TEXELS
    for k, axis in enumerate((across, up)):
        out[33 + k] = math.floor((float(middle @ axis) - SUN_METRES / 2) / texel) * texel
    out[35] = SUN_TEXELS / SUN_METRES
    cell = PLAN_METRES / PLAN_CELLS
    corner = np.array(scene.camera.position[:2]) + 0.42 * PLAN_METRES * ahead - PLAN_METRES / 2
    out[36:38] = np.floor(corner / cell) * cell
    out[38] = PLAN_CELLS / PLAN_METRES
