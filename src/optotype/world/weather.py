"""Light, weather and sensor of a scene, drawn for a domain."""

from __future__ import annotations

import math

from optotype.world.chance import Chance, Span
from optotype.world.domains import Domain
from optotype.world.scene import Environment, Weather

ELEVATION: dict[Weather, Span] = {
    "clear": (0.30, 1.15), "overcast": (0.40, 1.10), "rain": (0.40, 1.00), "fog": (0.25, 0.90), "dusk": (-0.05, 0.10),
}  # fmt: skip
"""Height of the sun above the horizon in radians."""

NOISE: dict[Weather, Span] = {
    "clear": (0.5, 2.5), "overcast": (0.8, 3.0), "rain": (1.0, 4.0), "fog": (1.0, 3.5), "dusk": (2.5, 7.0),
}  # fmt: skip
"""Standard deviation of the sensor's noise in 8-bit levels."""

DEFOCUS, SHAKEN, SHAKE = 0.45, 0.12, 2.5
"""Scale of the half-normal defocus sigma in pixels at 480 wide; share of shaken images; longest shake in pixels."""


def environment(chance: Chance, domain: Domain, width: int = 480) -> Environment:
    """One draw; blur and shake grow with the width of the image."""
    weather = chance.weighted(domain.weather)
    wet = chance.uniform((0.5, 1.0)) if weather == "rain" else 0.0
    if weather == "overcast" and chance.happens(0.2):
        wet = chance.uniform((0.1, 0.5))
    scale = width / 480
    angle = chance.uniform((0.0, 2 * math.pi))
    length = chance.uniform((0.3, SHAKE)) * scale if chance.happens(SHAKEN) else 0.0
    return Environment(
        weather=weather,
        sun=(chance.uniform((0.0, 2 * math.pi)), chance.uniform(ELEVATION[weather])),
        visibility=chance.uniform(domain.visibility[weather]),
        wet=wet,
        exposure=math.exp(chance.normal(0.0, 0.18)),
        warmth=chance.uniform(domain.warmth),
        noise=chance.uniform(NOISE[weather]),
        blur=abs(chance.normal(0.0, DEFOCUS)) * scale,
        shake=(length * math.cos(angle), length * math.sin(angle)),
    )


def dark(weather: Weather, chance: Chance) -> bool:
    """Whether lamps burn."""
    return weather == "dusk" or (weather in ("rain", "fog") and chance.happens(0.6))
