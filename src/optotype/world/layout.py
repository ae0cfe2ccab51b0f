"""The street that stands still: cross-section, buildings, plants, poles, signs, lights, and what is parked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from optotype.world.chance import Chance, Span
from optotype.world.domains import Domain
from optotype.world.population import PARKED, Census
from optotype.world.scene import Street, Thing

SIDES = (-1, 1)


@dataclass(frozen=True)
class Section:
    """The cross-section: x of everything at a side of the road (times the side, −1 or +1).

    ``lanes`` are the middles of one direction's lanes, from the middle of the road; ``strip`` the span of the
    two-wheelers, ``walk`` that of the pedestrians, ``front`` where plots begin. ``parking`` holds the sides with a
    parking lane.
    """

    street: Street
    lanes: tuple[float, ...]
    strip: Span
    walk: Span
    front: float
    parking: tuple[int, ...]


def section(chance: Chance, domain: Domain) -> Section:
    """Draw the ground and how its width is shared."""
    total = chance.weighted(domain.lanes)
    lane, strip = chance.uniform(domain.lane), chance.uniform(domain.strip)
    parking = tuple(side for side in SIDES if chance.happens(domain.parking))
    one_way = total // 2 * lane
    half = one_way + strip + (PARKED if parking else 0.0)
    pavement = chance.uniform(domain.pavement)
    street = Street(
        half_width=half,
        pavement=pavement,
        kerb=chance.uniform(domain.kerb),
        lanes=total,
        marked=chance.happens(domain.marked),
        wear=chance.uniform(domain.wear),
        road=chance.pick(domain.road),
        paving=chance.pick(domain.paving),
        verge=chance.pick(domain.verge),
        seed=chance.seed(),
    )
    lanes = tuple((k + 0.5) * lane for k in range(total // 2))
    walk = (half + 0.75, half + pavement - 0.3)
    return Section(street, lanes, (one_way, one_way + strip), walk, half + pavement, parking)


def standing(census: Census, section: Section, span: Span) -> Iterator[Thing]:
    """Everything that stands still along the street from y = ``span[0]`` to ``span[1]``."""
    for side in SIDES:
        yield from _plots(census, section, side, span)
        yield from _trees(census, section, side, span)
        yield from _lamps(census, section, side, span)
        yield from _signs(census, section, side, span)
        yield from _leaning(census, section, side, span)
    for side in section.parking:
        yield from _parked(census, section, side, span)
    yield from _lights(census, section, span)
    yield from _end(census, section, span[1])


def _plots(census: Census, section: Section, side: int, span: Span) -> Iterator[Thing]:
    """Buildings wall to wall, with gaps that hold plants, walls or fences."""
    chance, domain, z = census.chance, census.domain, section.street.kerb
    set_back = chance.uniform((1.5, 5.0)) if chance.happens(0.2) else 0.0
    y = span[0] - chance.uniform((0.0, 10.0))
    while y < span[1]:
        if chance.happens(domain.gap_between):
            width = chance.uniform((4.0, 13.0))
            yield from _gap(census, section.front, side, y, width, z)
        else:
            width, depth = chance.uniform(domain.buildings), chance.uniform((8.0, 14.0))
            floors = round(chance.uniform(domain.storeys))
            height = floors * chance.uniform(domain.storey) + chance.uniform((0.4, 1.2))
            front = section.front + set_back + (chance.uniform((0.0, 1.2)) if chance.happens(0.3) else 0.0)
            x = side * (front + depth / 2)
            yield census.block("building", (x, y + width / 2, z), side * math.pi / 2, (depth, width, height))
            if set_back and chance.happens(0.7):
                yield _border(census, section.front, side, y, width, z)
        y += width


def _gap(census: Census, front: float, side: int, y: float, width: float, z: float) -> Iterator[Thing]:
    chance = census.chance
    if chance.weighted(census.domain.gap_fill) != "vegetation":
        yield _border(census, front, side, y, width, z)
    for _ in range(1 + chance.whole(3)):
        height = chance.uniform((3.0, 9.0))
        crown = height * chance.uniform((0.5, 0.85))
        place = (side * (front + crown / 2 + chance.uniform((0.6, 7.0))), y + width * chance.share(), z)
        yield census.block("vegetation", place, 0.0, (crown, crown, height), variant=0)


def _border(census: Census, front: float, side: int, y: float, width: float, z: float) -> Thing:
    """A wall, fence or hedge along the pavement."""
    chance = census.chance
    kind = chance.weighted(census.domain.gap_fill)
    thick, height = {"wall": (0.25, (0.9, 2.4)), "fence": (0.08, (0.9, 1.9)), "vegetation": (0.8, (0.8, 1.8))}[kind]
    size = (width, thick, chance.uniform(height))
    return census.block(kind, (side * (front + thick / 2 + 0.05), y + width / 2, z), 0.0, size, variant=2)


def _along(chance: Chance, rate: float, span: Span) -> Iterator[float]:
    """Places along the street, about evenly spaced; ``rate`` per 100 m."""
    if rate <= 0:
        return
    step = 100 / rate
    y = span[0] + step * chance.share()
    while y < span[1]:
        yield y
        y += step * chance.uniform((0.7, 1.3))


def _trees(census: Census, section: Section, side: int, span: Span) -> Iterator[Thing]:
    chance, street = census.chance, section.street
    tall = chance.uniform((3.5, 9.0))
    for y in _along(chance, chance.uniform(census.domain.trees) / 2, span):
        place = (side * (street.half_width + 0.45), y, street.kerb)
        if chance.happens(0.12):
            bush = chance.uniform((0.6, 1.1))
            yield census.block("vegetation", place, 0.0, (bush, bush, bush), variant=1)
        else:
            height = tall * chance.uniform((0.75, 1.2))
            crown = min(height * chance.uniform((0.45, 0.75)), 4.5)
            yield census.block("vegetation", place, 0.0, (crown, crown, height), variant=0)


def _lamps(census: Census, section: Section, side: int, span: Span) -> Iterator[Thing]:
    chance, street = census.chance, section.street
    wires = census.domain.drives < 0 and chance.happens(0.6)
    for y in _along(chance, chance.uniform(census.domain.poles) / 2, span):
        place = (side * (street.half_width + 0.3), y, street.kerb)
        yield census.new("pole", place, side * math.pi / 2, variant=2 if wires else 1)


def _signs(census: Census, section: Section, side: int, span: Span) -> Iterator[Thing]:
    chance, street = census.chance, section.street
    heading = math.pi if side == census.domain.drives else 0.0
    for y in _along(chance, chance.uniform(census.domain.signs) / 2, span):
        place = (side * (street.half_width + 0.35), y, street.kerb)
        yield from census.signpost("traffic sign", place, heading, chance.uniform((1.9, 2.6)))


def _lights(census: Census, section: Section, span: Span) -> Iterator[Thing]:
    """Pairs of traffic lights at crossings, every 50 to 90 m of a street that has any."""
    chance, street = census.chance, section.street
    if not chance.happens(census.domain.lights):
        return
    y = span[0] + chance.uniform((16.0, 55.0))
    while y < span[1]:
        for side in SIDES:
            heading = math.pi if side == census.domain.drives else 0.0
            place = (side * (street.half_width + 0.35), y, street.kerb)
            yield from census.signpost("traffic light", place, heading, chance.uniform((2.1, 2.7)))
        y += chance.uniform((50.0, 90.0))


def _leaning(census: Census, section: Section, side: int, span: Span) -> Iterator[Thing]:
    """Bicycles and motorbikes left at the edge of the pavement, in clumps."""
    chance, street = census.chance, section.street
    for y in _along(chance, chance.uniform(census.domain.wheels_parked) / 2 / 2.5, span):
        kind = chance.weighted(census.domain.wheels)
        slant = chance.uniform((0.3, 1.2)) * side
        for k in range(1 + chance.whole(4)):
            place = (side * (street.half_width + 0.75), y + 0.75 * k, street.kerb)
            yield census.new(kind, place, slant + chance.uniform((-0.1, 0.1)))


def _parked(census: Census, section: Section, side: int, span: Span) -> Iterator[Thing]:
    chance, domain = census.chance, census.domain
    y = span[0]
    while y < span[1]:
        kind = chance.weighted(domain.parked_kinds)
        heading = (0.0 if side == domain.drives else math.pi) + chance.uniform((-0.04, 0.04))
        middle = side * (section.street.half_width - PARKED / 2 + chance.uniform((-0.12, 0.12)))
        thing = census.new(kind, (middle, y, 0.0), heading)
        length = thing.size[0]
        if chance.happens(domain.parked):
            yield replace(thing, position=(middle, y + length / 2, 0.0), lit=False)
        y += length + chance.uniform((0.6, 1.8))


def _end(census: Census, section: Section, y: float) -> Iterator[Thing]:
    """What closes the view where the street ends: buildings across, or trees."""
    chance, street = census.chance, section.street
    y += chance.uniform((2.0, 40.0))
    wide = section.front + 8
    if chance.happens(0.6):
        depth, height = 10.0, chance.uniform((5.0, 16.0))
        place = (chance.uniform((-3.0, 3.0)), y + depth / 2, street.kerb)
        yield census.block("building", place, math.pi, (depth, 2 * wide, height))
    else:
        for k in range(6):
            height = chance.uniform((5.0, 10.0))
            place = (wide * (k / 2.5 - 1), y + chance.uniform((0.0, 6.0)), street.kerb)
            yield census.block("vegetation", place, 0.0, (height * 0.7, height * 0.7, height), variant=0)
