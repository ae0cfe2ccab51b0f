"""Outlines of vehicles, and where panes, lamps and seams are on their skins: literal tables in metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.bodies import FIELDS

F64 = NDArray[np.float64]
Profile = tuple[tuple[float, float], ...]

CARS = ("hatch", "saloon", "estate", "suv", "van")

PROFILES: dict[str, Profile] = {
    "hatch": (
        (2.0, 0.60), (1.95, 0.71), (1.78, 0.81), (0.98, 0.96), (0.12, 1.385), (-0.2, 1.45), (-0.8, 1.47), (-1.42, 1.41),
        (-1.86, 1.0), (-1.96, 0.92), (-2.0, 0.62),
    ),
    "saloon": (
        (2.32, 0.58), (2.27, 0.68), (2.1, 0.77), (1.12, 0.94), (0.2, 1.37), (-0.15, 1.43), (-0.7, 1.45), (-1.05, 1.40),
        (-1.68, 1.06), (-2.2, 1.03), (-2.29, 0.95), (-2.32, 0.62),
    ),
    "estate": (
        (2.35, 0.58), (2.3, 0.69), (2.12, 0.78), (1.12, 0.95), (0.2, 1.39), (-0.15, 1.46), (-0.9, 1.5), (-1.85, 1.46),
        (-2.22, 1.02), (-2.32, 0.93), (-2.35, 0.62),
    ),
    "suv": (
        (2.22, 0.70), (2.18, 0.86), (2.02, 0.98), (1.05, 1.10), (0.38, 1.56), (0.1, 1.65), (-0.6, 1.68), (-1.7, 1.63),
        (-2.05, 1.15), (-2.18, 1.05), (-2.22, 0.72),
    ),
    "van": (
        (2.45, 0.70), (2.40, 0.92), (2.28, 1.04), (1.75, 1.22), (0.98, 1.83), (0.7, 1.92), (0.0, 1.95), (-2.2, 1.94),
        (-2.38, 1.85), (-2.43, 1.2), (-2.45, 0.70),
    ),
}  # fmt: skip
"""Upper outline of each car from nose to tail: y, z in metres."""


def _row(**fields: float) -> tuple[float, ...]:
    assert not set(fields) - set(FIELDS), fields
    return tuple(fields.get(name, -9.0) for name in FIELDS)


def _car(length: float, width: float, height: float, belt: float, **fields: float) -> tuple[float, ...]:
    usual = {
        "eaves": height - 0.09, "pillar": -0.15, "pillar_gap": 1.05, "screen_low": belt + 0.04,
        "screen_high": height - 0.09,
        "screen_half": 0.36 * width, "rear_low": belt + 0.06, "rear_high": height - 0.11, "rear_half": 0.34 * width,
        "lamp_low": 0.6, "lamp_high": 0.71, "lamp_in": 0.27 * width, "lamp_out": 0.49 * width,
        "tail_low": 0.7, "tail_high": 0.9, "tail_in": 0.33 * width, "tail_out": 0.5 * width,
        "grille_low": 0.52, "grille_high": 0.66, "grille_half": 0.22 * width, "plate": 0.43,
        "bumper": 0.42, "sill": 0.3,
        "door": -0.15, "door_gap": 1.05, "panes": 1.0,
    }  # fmt: skip
    return _row(length=length, width=width, height=height, belt=belt, **(usual | fields))


BODIES: dict[str, tuple[float, ...]] = {
    "hatch": _car(4.0, 1.76, 1.47, 0.95, side_front_low=0.75, side_front_high=0.15, side_back_low=-1.6,
    side_back_high=-1.3),
    "saloon": _car(
        4.64, 1.82, 1.45, 0.94, side_front_low=0.88, side_front_high=0.22, side_back_low=-1.45, side_back_high=-1.02,
        tail_low=0.78, tail_high=0.95,
    ),
    "estate": _car(4.7, 1.82, 1.5, 0.95, side_front_low=0.88, side_front_high=0.22, side_back_low=-2.0,
    side_back_high=-1.75),
    "suv": _car(
        4.44, 1.86, 1.68, 1.08, side_front_low=0.85, side_front_high=0.4, side_back_low=-1.8, side_back_high=-1.6,
        lamp_low=0.76, lamp_high=0.9, tail_low=0.85, tail_high=1.1, grille_low=0.62, grille_high=0.85, plate=0.52,
        bumper=0.52, sill=0.42,
    ),
    "van": _car(
        4.9, 1.95, 1.95, 1.15, side_front_low=1.5, side_front_high=1.05, side_back_low=0.55, side_back_high=0.55,
        pillar=9.0, pillar_gap=30.0, lamp_low=0.75, lamp_high=0.95, tail_low=0.8, tail_high=1.3, tail_in=0.42 * 1.95,
        rear_low=1.2, rear_high=1.75, grille_low=0.6, grille_high=0.8, plate=0.5, bumper=0.5, sill=0.4, screen_low=1.24,
        screen_high=1.8, screen_half=0.8, door=0.5, door_gap=1.15,
    ),
    "bus": _row(
        length=11.5, width=2.5, height=3.05, belt=1.25, eaves=2.55, side_front_low=5.5, side_front_high=5.5,
        side_back_low=-5.3, side_back_high=-5.3, pillar=0.0, pillar_gap=1.42, screen_low=1.05, screen_high=2.5,
        screen_half=1.12, rear_low=1.7, rear_high=2.5, rear_half=0.95, lamp_low=0.55, lamp_high=0.78, lamp_in=0.75,
        lamp_out=1.15, tail_low=0.7, tail_high=1.15, tail_in=1.02, tail_out=1.2, grille_low=0.3, grille_high=0.5,
        grille_half=0.6, plate=0.42, bumper=0.35, sill=0.42, stripe_low=0.85, stripe_high=1.05, door=0.0, door_gap=40.0,
        panes=2.0,
    ),
    "tram": _row(
        length=26.0, width=2.45, height=3.4, belt=1.3, eaves=2.7, side_front_low=12.4, side_front_high=12.2,
        side_back_low=-12.4, side_back_high=-12.2, pillar=0.0, pillar_gap=1.62, screen_low=1.25, screen_high=2.6,
        screen_half=1.05, rear_low=1.25, rear_high=2.6, rear_half=1.05, lamp_low=0.75, lamp_high=0.92, lamp_in=0.6,
        lamp_out=0.95, tail_low=0.75, tail_high=0.92, tail_in=0.95, tail_out=1.1, grille_low=-2.0, grille_high=-1.9,
        grille_half=0.6, plate=-3.0, bumper=0.3, sill=0.35, stripe_low=0.4, stripe_high=1.1, door=0.0, door_gap=40.0,
        panes=2.0,
    ),
    "cab": _row(
        length=2.0, width=2.3, height=2.5, belt=1.55, eaves=2.2, side_front_low=0.75, side_front_high=0.65,
        side_back_low=-0.25, side_back_high=-0.25, pillar=9.0, pillar_gap=40.0, screen_low=1.5, screen_high=2.2,
        screen_half=1.0, rear_low=9.0, rear_high=9.1, rear_half=0.5, lamp_low=0.65, lamp_high=0.85, lamp_in=0.7,
        lamp_out=1.08, tail_low=9.0, tail_high=9.1, grille_low=0.85, grille_high=1.3, grille_half=0.75, plate=0.5,
        bumper=0.6, sill=0.6, door=-0.3, door_gap=1.2, panes=1.0,
    ),
}  # fmt: skip
"""Where panes, lamps and seams are on each body (see ``kernels.bodies.FIELDS``)."""

ROWS = {name: row for row, name in enumerate(BODIES)}
TABLE: F64 = np.array(list(BODIES.values()))
