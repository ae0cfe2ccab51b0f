"""Who moves along a street, and where each is at any time: vehicles, two-wheelers, people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from optotype.world.chance import Span
from optotype.world.layout import SIDES, Section
from optotype.world.population import Census
from optotype.world.scene import Thing

WALKING: Span = (0.8, 1.6)
"""Metres a second."""

STRIDE = 0.82
"""Metres of one cycle of walking, as a share of the height."""


@dataclass(frozen=True)
class Mover:
    """Things that move together: where they are at time 0, velocity (x, y) in m/s, and metres to one cycle of phase."""

    things: tuple[Thing, ...]
    velocity: tuple[float, float] = (0.0, 0.0)
    cycle: float = 0.0

    def at(self, t: float) -> Iterator[Thing]:
        """The things after ``t`` seconds."""
        (vx, vy), cycle = self.velocity, self.cycle
        if not t or not (vx or vy):
            yield from self.things
            return
        turn = math.hypot(vx, vy) * t / cycle if cycle else 0.0
        for thing in self.things:
            x, y, z = thing.position
            yield replace(thing, position=(x + vx * t, y + vy * t, z), phase=(thing.phase + turn) % 1.0)


@dataclass(frozen=True)
class Window:
    """The stretch of street that is looked at: y from ``span[0]`` to ``span[1]`` at time 0, moving on at ``speed``."""

    span: Span
    speed: float = 0.0
    seconds: float = 0.0

    def reach(self, velocity: float) -> Span:
        """Where something of this velocity must be at time 0 in order to be in the window at some time."""
        drift = (self.speed - velocity) * self.seconds
        return self.span[0] + min(0.0, drift), self.span[1] + max(0.0, drift)


def vehicles(census: Census, section: Section, window: Window, own: tuple[int, float] | None) -> list[Mover]:
    """Lanes of vehicles, each lane at one speed.

    ``own`` is the camera's lane (its number) and speed; that lane is free around y = 0.
    """
    chance, drives = census.chance, census.domain.drives
    movers: list[Mover] = []
    for direction in SIDES:
        for lane, middle in enumerate(section.lanes):
            speed = chance.uniform(census.domain.speed)
            ours = own is not None and direction > 0 and lane == own[0]
            if ours and own is not None:
                speed = own[1]
            velocity = direction * speed
            movers += _lane(census, direction * drives * middle, velocity, direction, window, free=ours)
    return movers


def _lane(census: Census, x: float, velocity: float, direction: int, window: Window, *, free: bool) -> Iterator[Mover]:
    chance, domain = census.chance, census.domain
    first, last = window.reach(velocity)
    y = first + chance.uniform((0.0, domain.gap[1]))
    ahead = chance.uniform((4.5, max(9.0, domain.gap[1])))
    heading = 0.0 if direction > 0 else math.pi
    while y < last:
        kind = chance.weighted(domain.vehicles)
        thing = census.new(kind, (x + chance.uniform((-0.25, 0.25)), 0.0, 0.0), heading + chance.uniform((-0.02, 0.02)))
        length = thing.size[0]
        if free and y < ahead and y + length > -4.0:
            y = ahead
        place = (thing.position[0], y + length / 2, 0.0)
        yield Mover((replace(thing, position=place),), (0.0, velocity), 2.0)
        y += length + chance.uniform(domain.gap)


def two_wheelers(census: Census, section: Section, window: Window) -> Iterator[Mover]:
    """Bicycles and motorbikes with riders beside the lanes; those of one direction keep one speed."""
    chance, domain = census.chance, census.domain
    low, high = section.strip
    rate = chance.uniform(domain.wheel_rate) / 2
    for direction in SIDES:
        velocity = direction * chance.uniform((3.0, 6.5))
        first, last = window.reach(velocity)
        heading = 0.0 if direction > 0 else math.pi
        y = first
        while (y := y + max(2.1, 100 / rate * -math.log(1 - chance.share()))) < last:
            x = direction * domain.drives * chance.uniform((low + 0.35, high - 0.3))
            pair = census.mounted(chance.weighted(domain.wheels), (x, y, 0.0), heading + chance.uniform((-0.08, 0.08)))
            yield Mover(pair, (0.0, velocity), 5.0)


def people(census: Census, section: Section, window: Window) -> Iterator[Mover]:
    """Pedestrians on both pavements, alone and in groups, walking either way or standing."""
    chance, domain = census.chance, census.domain
    size = sum(n * weight for n, weight in domain.group.items()) / sum(domain.group.values())
    rate = chance.uniform(domain.people) / size
    for side in SIDES:
        for direction, share in ((1, 0.4), (-1, 0.4), (0, 0.2)):
            first, last = window.reach(direction * WALKING[1])
            for _ in range(chance.count(rate / 2 * share * (last - first) / 100)):
                velocity = direction * chance.uniform(WALKING)
                yield _group(census, section, side, chance.uniform(window.reach(velocity)), velocity)


def _group(census: Census, section: Section, side: int, y: float, velocity: float) -> Mover:
    """People who walk abreast or stand together; those who walk towards −y keep nearer to the road."""
    chance, (near, far) = census.chance, section.walk
    n = chance.weighted(census.domain.group)
    middle = (near + far) / 2
    lane = {True: (middle, far), False: (near, middle)}[velocity > 0] if velocity else (near, far)
    x = chance.uniform(lane)
    things = []
    for k in range(n):
        across = min(max(x + (k % 3 - min(n - 1, 2) / 2) * 0.62, near), far)
        along = y + (k // 3) * 0.9 + chance.uniform((-0.25, 0.25))
        facing = chance.uniform((-math.pi, math.pi)) if not velocity else chance.uniform((-0.15, 0.15))
        heading = facing + (math.pi if velocity < 0 else 0.0)
        place = (side * across, along, section.street.kerb)
        things.append(census.person(place, heading, standing=not velocity))
    return Mover(tuple(things), (0.0, velocity), STRIDE * 1.7)


def crossing(census: Census, section: Section, window: Window, others: list[Mover]) -> Iterator[Mover]:
    """People who cross the road where no vehicle of ``others`` meets them."""
    chance, half = census.chance, section.street.half_width
    n = chance.count(census.domain.crossing * sum(census.domain.people) / 2 * (window.span[1] - window.span[0]) / 100)
    times = [window.seconds * k / 24 for k in range(25)] if window.seconds else [0.0]
    lanes = [[thing for mover in others for thing in mover.at(t)] for t in times]
    for _ in range(n):
        towards = chance.pick(SIDES)
        speed = chance.uniform(WALKING)
        start = chance.uniform((-half, half)) - towards * speed * window.seconds * chance.share()
        y = chance.uniform((window.span[0] + 18, window.span[0] + 70)) + window.speed * window.seconds * chance.share()
        person = census.person((start, y, 0.0), -towards * math.pi / 2, standing=False)
        path = [start + towards * speed * t for t in times]
        on_road = [abs(x) < half for x in path]
        if not any(_meets(x, y, things) for x, on, things in zip(path, on_road, lanes, strict=True) if on):
            yield Mover((person,), (towards * speed, 0.0), STRIDE * person.size[2])


def _meets(x: float, y: float, things: list[Thing]) -> bool:
    """Whether somebody at (x, y) stands within half a metre of something that looks along the street."""
    return any(
        abs(x - thing.position[0]) < thing.size[1] / 2 + 0.5 and abs(y - thing.position[1]) < thing.size[0] / 2 + 0.7
        for thing in things
    )
