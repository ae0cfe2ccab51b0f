"""The two domains: every distribution that a street is drawn from, in one table.

A pair is the span of a uniform distribution, a mapping gives weights, colours are linear-light albedos. Lengths in
metres, speeds in metres a second, rates per 100 m of street (both sides together) unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from optotype.world.chance import Span
from optotype.world.scene import RGB, Weather

Name = Literal["north", "south"]


@dataclass(frozen=True)
class Domain:
    """What streets of one part of the world have in common.

    ``drives`` is the side of the road that traffic keeps to: +1 right, −1 left. ``lanes`` are those of both directions
    together; ``gap`` is the free road between two vehicles of a lane; ``strip`` the width beside the lanes that
    two-wheelers use. ``parking`` is the share of roadsides with a parking lane, ``parked`` the share of its places that
    are taken. ``people`` and what follows are rates per 100 m. ``shift`` jitters every colour by up to this
    factor.
    """

    drives: int
    lanes: Mapping[int, float]
    lane: Span
    strip: Span
    pavement: Span
    kerb: Span
    marked: float
    wear: Span
    road: tuple[RGB, ...]
    paving: tuple[RGB, ...]
    verge: tuple[RGB, ...]
    vehicles: Mapping[str, float]
    gap: Span
    speed: Span
    parking: float
    parked: float
    parked_kinds: Mapping[str, float]
    wheels: Mapping[str, float]
    wheel_rate: Span
    wheels_parked: Span
    people: Span
    group: Mapping[int, float]
    crossing: float
    poles: Span
    signs: Span
    lights: float
    trees: Span
    buildings: Span
    storeys: Span
    storey: Span
    gap_between: float
    gap_fill: Mapping[str, float]
    cars: tuple[RGB, ...]
    trucks: tuple[RGB, ...]
    buses: tuple[RGB, ...]
    clothes: tuple[RGB, ...]
    trousers: tuple[RGB, ...]
    walls: tuple[RGB, ...]
    frames: tuple[RGB, ...]
    leaves: tuple[RGB, ...]
    weather: Mapping[Weather, float]
    visibility: Mapping[Weather, Span]
    warmth: Span
    shift: float = 0.15


_WHITE, _SILVER, _GREY, _BLACK = (0.75, 0.75, 0.73), (0.42, 0.43, 0.44), (0.12, 0.125, 0.13), (0.015, 0.015, 0.017)

NORTH = Domain(
    drives=1,
    lanes={2: 0.75, 4: 0.25},
    lane=(2.9, 3.4),
    strip=(0.9, 1.5),
    pavement=(2.4, 4.2),
    kerb=(0.10, 0.15),
    marked=0.9,
    wear=(0.0, 0.35),
    road=((0.075, 0.077, 0.080), (0.055, 0.056, 0.060), (0.10, 0.10, 0.10)),
    paving=((0.28, 0.27, 0.25), (0.22, 0.22, 0.22), (0.30, 0.24, 0.20)),
    verge=((0.10, 0.16, 0.05), (0.20, 0.19, 0.17)),
    vehicles={"car": 0.82, "truck": 0.09, "bus": 0.07, "train": 0.02},
    gap=(7.0, 34.0),
    speed=(4.0, 11.0),
    parking=0.7,
    parked=0.72,
    parked_kinds={"car": 0.9, "truck": 0.1},
    wheels={"bicycle": 0.75, "motorbike": 0.25},
    wheel_rate=(1.0, 6.0),
    wheels_parked=(0.0, 9.0),
    people=(6.0, 26.0),
    group={1: 0.58, 2: 0.27, 3: 0.09, 5: 0.06},
    crossing=0.10,
    poles=(5.0, 9.0),
    signs=(4.0, 8.0),
    lights=0.6,
    trees=(3.0, 13.0),
    buildings=(9.0, 22.0),
    storeys=(2.0, 6.0),
    storey=(2.9, 3.5),
    gap_between=0.18,
    gap_fill={"vegetation": 0.35, "wall": 0.3, "fence": 0.35},
    cars=(
        _WHITE, _SILVER, _SILVER, _GREY, _GREY, _BLACK, _BLACK, (0.03, 0.06, 0.22), (0.36, 0.02, 0.02),
        (0.02, 0.12, 0.06), (0.10, 0.18, 0.34),
    ),
    trucks=(_WHITE, _WHITE, (0.05, 0.12, 0.35), (0.45, 0.05, 0.03), (0.10, 0.10, 0.11), (0.55, 0.35, 0.05)),
    buses=((0.50, 0.03, 0.03), (0.65, 0.60, 0.45), (0.04, 0.18, 0.42), (0.10, 0.34, 0.16)),
    clothes=(
        (0.02, 0.02, 0.025), (0.03, 0.04, 0.09), (0.10, 0.10, 0.11), (0.22, 0.20, 0.17), (0.06, 0.09, 0.05),
        (0.30, 0.05, 0.05), (0.50, 0.48, 0.45), (0.09, 0.14, 0.27), (0.45, 0.33, 0.06),
    ),
    trousers=((0.015, 0.018, 0.025), (0.03, 0.05, 0.12), (0.05, 0.05, 0.055), (0.16, 0.13, 0.09), (0.06, 0.09, 0.17)),
    walls=(
        (0.30, 0.11, 0.07), (0.36, 0.17, 0.11), (0.52, 0.47, 0.38), (0.40, 0.38, 0.34), (0.58, 0.54, 0.46),
        (0.22, 0.20, 0.19), (0.48, 0.40, 0.28),
    ),
    frames=((0.65, 0.65, 0.62), (0.05, 0.05, 0.05), (0.20, 0.12, 0.07), (0.10, 0.16, 0.12)),
    leaves=((0.055, 0.11, 0.025), (0.075, 0.14, 0.03), (0.04, 0.085, 0.03), (0.13, 0.12, 0.03)),
    weather={"clear": 0.42, "overcast": 0.30, "rain": 0.12, "fog": 0.06, "dusk": 0.10},
    visibility={
        "clear": (1500.0, 6000.0), "overcast": (800.0, 3000.0), "rain": (250.0, 900.0), "fog": (60.0, 180.0),
        "dusk": (800.0, 3000.0),
    },
    warmth=(-0.10, 0.15),
)  # fmt: skip

SOUTH = Domain(
    drives=-1,
    lanes={2: 0.85, 4: 0.15},
    lane=(2.7, 3.3),
    strip=(1.4, 2.6),
    pavement=(1.2, 3.2),
    kerb=(0.06, 0.16),
    marked=0.35,
    wear=(0.35, 1.0),
    road=((0.14, 0.125, 0.105), (0.11, 0.10, 0.09), (0.18, 0.15, 0.115)),
    paving=((0.34, 0.27, 0.19), (0.26, 0.22, 0.18), (0.36, 0.22, 0.14)),
    verge=((0.33, 0.24, 0.15), (0.27, 0.21, 0.14)),
    vehicles={"car": 0.42, "rickshaw": 0.33, "truck": 0.13, "bus": 0.12},
    gap=(3.0, 16.0),
    speed=(1.5, 7.0),
    parking=0.5,
    parked=0.45,
    parked_kinds={"car": 0.5, "rickshaw": 0.35, "truck": 0.15},
    wheels={"motorbike": 0.72, "bicycle": 0.28},
    wheel_rate=(8.0, 26.0),
    wheels_parked=(2.0, 14.0),
    people=(16.0, 50.0),
    group={1: 0.45, 2: 0.27, 3: 0.15, 6: 0.13},
    crossing=0.22,
    poles=(6.0, 12.0),
    signs=(1.0, 5.0),
    lights=0.35,
    trees=(2.0, 10.0),
    buildings=(5.0, 13.0),
    storeys=(1.0, 4.0),
    storey=(2.8, 3.4),
    gap_between=0.25,
    gap_fill={"vegetation": 0.35, "wall": 0.45, "fence": 0.2},
    cars=(
        _WHITE, _WHITE, _WHITE, _SILVER, _SILVER, _GREY, (0.40, 0.03, 0.03), (0.55, 0.50, 0.38), (0.04, 0.10, 0.28),
    ),
    trucks=((0.60, 0.22, 0.02), (0.55, 0.40, 0.04), (0.05, 0.20, 0.30), (0.45, 0.05, 0.03), (0.12, 0.30, 0.10)),
    buses=((0.10, 0.30, 0.45), (0.60, 0.12, 0.04), (0.55, 0.50, 0.30), (0.08, 0.35, 0.18)),
    clothes=(
        (0.60, 0.58, 0.55), (0.55, 0.08, 0.05), (0.60, 0.28, 0.03), (0.50, 0.05, 0.22), (0.05, 0.25, 0.15),
        (0.06, 0.12, 0.35), (0.45, 0.40, 0.30), (0.10, 0.09, 0.08), (0.55, 0.45, 0.08),
    ),
    trousers=((0.05, 0.045, 0.04), (0.20, 0.16, 0.11), (0.45, 0.42, 0.38), (0.04, 0.06, 0.13), (0.10, 0.08, 0.07)),
    walls=(
        (0.60, 0.45, 0.25), (0.55, 0.52, 0.45), (0.25, 0.42, 0.45), (0.58, 0.30, 0.24), (0.38, 0.34, 0.28),
        (0.30, 0.40, 0.24), (0.62, 0.55, 0.18),
    ),
    frames=((0.12, 0.25, 0.20), (0.30, 0.18, 0.09), (0.55, 0.52, 0.46), (0.08, 0.12, 0.25)),
    leaves=((0.075, 0.12, 0.03), (0.10, 0.13, 0.045), (0.06, 0.10, 0.03), (0.13, 0.14, 0.06)),
    weather={"clear": 0.58, "overcast": 0.14, "rain": 0.10, "fog": 0.06, "dusk": 0.12},
    visibility={
        "clear": (350.0, 1500.0), "overcast": (300.0, 1000.0), "rain": (200.0, 600.0), "fog": (60.0, 160.0),
        "dusk": (250.0, 900.0),
    },
    warmth=(0.10, 0.45),
)  # fmt: skip

DOMAINS: dict[Name, Domain] = {"north": NORTH, "south": SOUTH}

SIZES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "car": ((4.0, 1.76, 1.47), (4.65, 1.82, 1.45), (4.7, 1.82, 1.5), (4.45, 1.86, 1.68), (4.9, 1.95, 1.95)),
    "truck": ((7.2, 2.3, 3.2), (6.5, 2.2, 2.6), (8.0, 2.4, 3.1)),
    "bus": ((11.5, 2.5, 3.05),),
    "train": ((26.0, 2.45, 3.4),),
    "rickshaw": ((2.65, 1.35, 1.72),),
    "motorbike": ((1.95, 0.75, 1.1),),
    "bicycle": ((1.75, 0.55, 1.02),),
    "rider": ((0.85, 0.55, 1.68),),
    "person": ((0.45, 0.50, 1.70),),
    "traffic light": ((0.28, 0.32, 0.90),),
    "traffic sign": ((0.04, 0.62, 0.62), (0.04, 0.70, 0.62), (0.04, 0.60, 0.80)),
    "pole": ((0.14, 0.14, 2.7), (0.18, 0.18, 6.5), (0.24, 0.24, 7.5)),
}
"""Usual length, width and height of each kind, by variant where its bodies differ (``Thing.variant``)."""

SPREAD: dict[str, float] = {"person": 0.07, "truck": 0.08, "bus": 0.06, "pole": 0.1, "traffic sign": 0.12}
"""Standard deviation of the size as a share of it, 0.03 where not named."""
