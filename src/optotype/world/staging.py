"""One object set into a populated street, a place to look at it from, and something to hide it behind."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace

from optotype.world.chance import Chance, Span
from optotype.world.layout import SIDES, Section
from optotype.world.population import Census
from optotype.world.scene import Environment, Thing
from optotype.world.streets import apart

DEPTH: Span = (-10.0, 80.0)
"""What is built of a street for crops, in metres along y."""

_SPOT: Span = (18.0, 45.0)
_DISTANCE: dict[str, Span] = {
    "person": (4.0, 26.0), "rider": (4.0, 26.0), "bicycle": (4.0, 22.0), "motorbike": (4.0, 22.0),
    "rickshaw": (6.0, 30.0), "car": (7.0, 34.0), "truck": (11.0, 40.0), "bus": (13.0, 42.0),
    "traffic light": (6.0, 26.0), "traffic sign": (5.0, 24.0),
}  # fmt: skip
"""Metres from the camera, by kind."""

_SCREENS = {"person": 0.3, "vegetation": 0.25, "pole": 0.15, "car": 0.15, "wall": 0.15}
"""What stands in front of an object; for lights, signs, trucks and buses only leaves are high enough."""
_HIGH = {"vegetation": 0.75, "pole": 0.25}
_TALL = frozenset({"traffic light", "traffic sign", "truck", "bus"})


@dataclass(frozen=True)
class Place:
    """A street with its light and everything along it; a copy of ``census`` numbers newcomers."""

    section: Section
    environment: Environment
    census: Census
    things: tuple[Thing, ...]


@dataclass(frozen=True)
class Shot:
    """The object, whatever belongs to it (rider, wheels, post), where the eye is, and who numbers what is added."""

    target: Thing
    company: tuple[Thing, ...]
    eye: tuple[float, float, float]
    census: Census


def stage(chance: Chance, place: Place, kind: str) -> Shot:
    """Put an object of this kind where such things are found, and an eye at a usual distance from it."""
    census = copy.copy(place.census)
    census.chance = chance
    target, *company = _object(chance, census, place.section, kind)
    return Shot(target, tuple(company), _eye(chance, place.section, target), census)


def dressed(place: Place, shot: Shot, occlusion: float) -> tuple[Thing, ...]:
    """Everything that is there: the view to the object is freed, then a share of it hidden by something new."""
    x, y, _ = shot.eye
    staged = (shot.target, *shot.company)
    things = [thing for thing in place.things if not _between(thing, shot) and apart(thing, x, y) > 1.5]
    screens = [] if not occlusion else [_screen(shot, occlusion)]
    return (*things, *staged, *screens)


def _object(chance: Chance, census: Census, section: Section, kind: str) -> tuple[Thing, ...]:
    y, side, street = chance.uniform(_SPOT), chance.pick(SIDES), section.street
    along = 0.0 if side == census.domain.drives else math.pi
    turn = chance.uniform((-math.pi, math.pi)) if chance.happens(0.35) else chance.uniform((-0.1, 0.1))
    lane = (side * chance.pick(section.lanes) + chance.uniform((-0.3, 0.3)), y, 0.0)
    strip = (side * chance.uniform((section.strip[0] + 0.3, section.strip[1] - 0.2)), y, 0.0)
    edge = side * (street.half_width + 0.35)
    if kind == "person":
        road = chance.happens(0.25)
        near, far = section.walk
        where = strip if road else (side * chance.uniform((near, max(near + 0.1, far))), y, street.kerb)
        return (census.person(where, chance.uniform((-math.pi, math.pi)), standing=chance.happens(0.3)),)
    if kind in ("bicycle", "motorbike"):
        if chance.happens(0.85):
            return (census.new(kind, (side * (street.half_width + 0.75), y, street.kerb), along + turn),)
        return census.mounted(kind, strip, along + turn)
    if kind == "rider":
        wheels, rider = census.mounted(chance.weighted(census.domain.wheels), strip, along + turn)
        return rider, wheels
    if kind in ("traffic light", "traffic sign"):
        clearance = chance.uniform((1.9, 2.7))
        return census.signpost(kind, (edge, y, street.kerb), chance.pick((0.0, math.pi)), clearance)
    return (census.new(kind, lane, along + turn),)


def _eye(chance: Chance, section: Section, target: Thing) -> tuple[float, float, float]:
    """Somewhere on the road or its pavements; lights and signs are seen from where they look to."""
    distance = chance.uniform(_DISTANCE[target.kind])
    x, y, _ = target.position
    limit = min(section.front - 0.4, distance * 0.8)
    across = min(max(chance.uniform((-limit, limit)), x - 0.75 * distance), x + 0.75 * distance)
    across = min(max(across, -section.front + 0.4), section.front - 0.4)
    back = math.sqrt(max(distance**2 - (across - x) ** 2, (0.3 * distance) ** 2))
    towards = -1 if chance.happens(0.5) else 1
    if target.kind in ("traffic light", "traffic sign"):
        towards = 1 if abs(target.heading) < 1 else -1
    return across, y + towards * back, chance.uniform((1.3, 1.8))


def _between(thing: Thing, shot: Shot) -> bool:
    """Whether a thing stands in the line of sight, or in the object."""
    (ex, ey, _), (tx, ty, _) = shot.eye, shot.target.position
    dx, dy = tx - ex, ty - ey
    whole = math.hypot(dx, dy)
    radius = math.hypot(*shot.target.size[:2]) / 2
    ahead = min(max(((thing.position[0] - ex) * dx + (thing.position[1] - ey) * dy) / whole**2, 0.0), 1.0)
    aside = math.hypot(thing.position[0] - ex - ahead * dx, thing.position[1] - ey - ahead * dy)
    if aside > math.hypot(*thing.size[:2]) / 2 + radius + 1.2:
        return False
    steps = max(4, math.ceil(whole / 1.5))
    for k in range(1, steps + 1):
        share = k / steps
        if apart(thing, ex + share * dx, ey + share * dy) < radius * share + 0.25:
            return True
    return False


def _screen(shot: Shot, share: float) -> Thing:
    """Something nearer to the eye whose edge hides ``share`` of the object's width."""
    (ex, ey, ez), target, census = shot.eye, shot.target, shot.census
    chance = census.chance
    tx, ty, tz = target.position
    kind = chance.weighted(_HIGH if target.kind in _TALL else _SCREENS)
    nearer = chance.uniform((0.45, 0.8))
    heading = math.atan2(-(tx - ex), ty - ey)
    turn = target.heading - heading
    seen = abs(target.size[0] * math.sin(turn)) + abs(target.size[1] * math.cos(turn))
    top = ez + (tz + target.size[2] - ez) * nearer
    thing = _cover(census, kind, heading, seen * nearer, max(top, 0.8))
    width = thing.size[0] if kind in ("car", "wall") else thing.size[1]
    aside = chance.pick((-1, 1)) * (seen / 2 - share * seen + width / nearer / 2) * nearer
    x = ex + nearer * (tx - ex) + aside * math.cos(heading)
    y = ey + nearer * (ty - ey) + aside * math.sin(heading)
    ground = 0.0 if abs(x) < abs(tx) - 0.5 else min(tz, 0.15)
    return replace(thing, position=(x, y, ground))


def _cover(census: Census, kind: str, heading: float, width: float, top: float) -> Thing:
    """A thing of about the object's apparent width and height where it stands; cars and walls stand across."""
    origin = (0.0, 0.0, 0.0)
    if kind == "person":
        return census.person(origin, heading, standing=census.chance.happens(0.5))
    if kind == "car":
        return census.new("car", origin, heading + math.pi / 2)
    if kind == "pole":
        pole = census.new("pole", origin, heading, variant=0)
        thick = max(0.14, 0.4 * width)
        return replace(pole, size=(thick, thick, max(pole.size[2], top * 1.1)))
    if kind == "wall":
        return census.block("wall", origin, heading + math.pi / 2, (max(width, 0.8), 0.25, top))
    side = max(0.9, width)
    height = max(top * 1.15, side)
    return census.block("vegetation", origin, heading, (side, side, height), variant=1)
