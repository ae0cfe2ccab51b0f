"""Independent still scenes: a street of its own for each index."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from optotype.world import layout, traffic, weather
from optotype.world.chance import Chance, Span
from optotype.world.domains import DOMAINS, Domain, Name
from optotype.world.population import Census
from optotype.world.scene import Camera, Scene, Thing

DEPTH: Span = (-14.0, 115.0)
"""What is built of a street: metres behind and ahead of the camera."""

CLEARANCE = 2.2
"""Nothing stands nearer to the camera of a still, in metres."""

FIELD: Span = (math.radians(55), math.radians(75))
"""Horizontal field of view."""


@dataclass(frozen=True)
class View:
    """A camera and how it moves: metres a second along y; ``lane`` is the lane it drives in, None on foot."""

    camera: Camera
    speed: float
    lane: int | None


def scene(seed: int, index: int, domain: Name, *, width: int = 480, height: int = 360) -> Scene:
    """The still number ``index``: the same seed, index and domain always give the same scene.

    One in three is seen by somebody on foot, the others from a car.
    """
    chance = Chance("street", seed, index, domain)
    described = DOMAINS[domain]
    around = weather.environment(chance, described, width)
    section = layout.section(chance, described)
    view = look(chance, described, section, width, height, fixed=True)
    census = Census(chance, described, dark=weather.dark(around.weather, chance))
    things = populate(census, section, view, traffic.Window(DEPTH))
    present = [thing for mover in things for thing in mover.at(0.0)]
    return Scene(view.camera, section.street, around, cleared(present, view.camera), chance.seed())


def look(chance: Chance, domain: Domain, section: layout.Section, width: int, height: int, *, fixed: bool) -> View:
    """A camera in a car of the outer or inner lane, or at the eye of somebody on the pavement."""
    focal = width / 2 / math.tan(chance.uniform(FIELD) / 2)
    pitch, roll = chance.normal(-0.03, 0.02), chance.normal(0.0, 0.008)
    if chance.happens(2 / 3):
        lane = chance.whole(len(section.lanes))
        place = (domain.drives * section.lanes[lane], 0.0, chance.uniform((1.3, 1.65)))
        yaw = chance.normal(0.0, 0.05)
        speed = 0.0 if fixed else chance.uniform(domain.speed)
        return View(Camera(place, yaw, pitch, roll, focal, width, height), speed, lane)
    side = chance.pick(layout.SIDES)
    speed = 0.0 if fixed or chance.happens(0.5) else chance.uniform((0.6, 1.5))
    beside = max(1.0, section.street.pavement - 0.8) if speed else chance.uniform((0.2, 0.9))
    place = (side * (section.street.half_width + beside), 0.0, section.street.kerb + chance.uniform((1.4, 1.75)))
    yaw = side * chance.uniform((0.05, 0.6))
    return View(Camera(place, yaw, pitch, roll, focal, width, height), speed, None)


def populate(census: Census, section: layout.Section, view: View, window: traffic.Window) -> list[traffic.Mover]:
    """Everything along the street; what stands still is a mover without velocity."""
    whole = (window.span[0], window.span[1] + window.speed * window.seconds)
    standing = layout.standing(census, section, whole)
    own = None if view.lane is None else (view.lane, view.speed)
    driving = traffic.vehicles(census, section, window, own)
    riding = list(traffic.two_wheelers(census, section, window))
    return [
        *(traffic.Mover((thing,)) for thing in standing),
        *driving,
        *riding,
        *traffic.people(census, section, window),
        *traffic.crossing(census, section, window, driving + riding),
    ]


def cleared(things: Iterable[Thing], camera: Camera, clearance: float = CLEARANCE) -> tuple[Thing, ...]:
    """The things that do not stand on or right in front of the camera; riders go with what they ride."""
    x, y, _ = camera.position
    return tuple(thing for thing in things if apart(thing, x, y) >= clearance)


def apart(thing: Thing, x: float, y: float) -> float:
    """Metres between a point of the ground and the footprint of a thing, 0 inside; a rider's is the two-wheeler's."""
    dx, dy = x - thing.position[0], y - thing.position[1]
    sine, cosine = math.sin(thing.heading), math.cos(thing.heading)
    along, across = abs(-sine * dx + cosine * dy), abs(cosine * dx + sine * dy)
    length, width = (1.9, 0.8) if thing.kind == "rider" else thing.size[:2]
    return math.hypot(max(along - length / 2, 0.0), max(across - width / 2, 0.0))
