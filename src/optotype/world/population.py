"""What single things look like: size, colours and shape, drawn for a domain."""

from __future__ import annotations

from dataclasses import replace

from optotype.world.chance import Chance
from optotype.world.domains import SIZES, SPREAD, Domain
from optotype.world.scene import RGB, Thing

PARKED = 2.1
"""Width of a parking lane in metres."""

Place = tuple[float, float, float]


class Census:
    """Numbers the things of one street from 1, and draws what each looks like."""

    def __init__(self, chance: Chance, domain: Domain, *, dark: bool) -> None:
        self.chance, self.domain, self.dark = chance, domain, dark
        self._last = 0

    def new(self, kind: str, place: Place, heading: float, *, variant: int | None = None) -> Thing:
        """A thing of a kind with a usual size, its shape drawn unless ``variant`` says which."""
        chance = self.chance
        bodies = SIZES[kind]
        shapes = _SHAPES.get(kind, 1)
        shape = chance.whole(shapes) if variant is None else variant
        sd = SPREAD.get(kind, 0.03)
        scale = chance.normal(1, sd)
        length, width, height = (scale * side * chance.normal(1, sd / 3) for side in bodies[shape % len(bodies)])
        detail = shape + shapes * chance.whole(1000)
        primary, secondary = self._colours(kind)
        lit = self.dark and kind in _LAMPS
        size, phase = (length, width, height), chance.share()
        return Thing(kind, self._number(), place, heading, size, primary, secondary, phase, detail, lit)

    def block(self, kind: str, place: Place, heading: float, size: Place, *, variant: int | None = None) -> Thing:
        """A building, wall, fence or plant of a given size."""
        chance = self.chance
        shape = chance.whole(3) if variant is None else variant
        primary, secondary = self._colours(kind)
        lit = self.dark and kind == "building" and chance.happens(0.75)
        detail = shape + 3 * chance.whole(1000)
        return Thing(kind, self._number(), place, heading, size, primary, secondary, 0.0, detail, lit)

    def person(self, place: Place, heading: float, *, standing: bool) -> Thing:
        """Somebody who walks or stands; one in eight is a child."""
        posture = 3 if standing else self.chance.weighted({0: 0.6, 1: 0.2, 2: 0.2})
        thing = self.new("person", place, heading, variant=posture)
        if not self.chance.happens(0.125):
            return thing
        share = self.chance.uniform((0.6, 0.85))
        length, width, height = thing.size
        return replace(thing, size=(length * share, width * share, height * share))

    def mounted(self, kind: str, place: Place, heading: float) -> tuple[Thing, Thing]:
        """A bicycle or motorbike and whoever rides it."""
        wheels = self.new(kind, place, heading)
        rider = self.new("rider", place, heading)
        return wheels, replace(rider, phase=wheels.phase)

    def signpost(self, kind: str, place: Place, heading: float, clearance: float) -> tuple[Thing, Thing]:
        """A traffic sign or light whose lower edge is ``clearance`` above ``place``, and its pole."""
        head = self.new(kind, place, heading)
        x, y, z = place
        thick = 0.07 if kind == "traffic sign" else 0.2
        ahead = thick if abs(heading) < 1 else -thick
        head = replace(head, position=(x, y + ahead, z + clearance))
        pole = self.new("pole", place, heading, variant=0)
        return head, replace(pole, size=(pole.size[0] * 0.6, pole.size[1] * 0.6, clearance + head.size[2]))

    def _number(self) -> int:
        self._last += 1
        return self._last

    def _colours(self, kind: str) -> tuple[RGB, RGB]:
        domain, chance = self.domain, self.chance
        primary = {
            "car": domain.cars, "truck": domain.trucks, "bus": domain.buses, "train": domain.buses,
            "rickshaw": _RICKSHAWS, "motorbike": _MOTORBIKES, "bicycle": _BICYCLES, "person": domain.clothes,
            "rider": domain.clothes, "building": domain.walls, "wall": domain.walls, "fence": domain.frames,
            "vegetation": domain.leaves, "pole": _POLES, "traffic sign": _SIGNS, "traffic light": _HOUSINGS,
        }[kind]  # fmt: skip
        secondary = {
            "person": domain.trousers, "rider": domain.trousers, "building": domain.frames, "truck": domain.trucks,
            "rickshaw": _CANOPIES, "vegetation": _BARK,
        }.get(kind, _TRIM)  # fmt: skip
        return self.tint(chance.pick(primary)), self.tint(chance.pick(secondary))

    def tint(self, colour: RGB) -> RGB:
        """The colour a little lighter or darker, and a little off."""
        chance, shift = self.chance, self.domain.shift
        whole = 1 + shift * (2 * chance.share() - 1)
        r, g, b = (min(0.95, c * whole * (1 + shift / 3 * (2 * chance.share() - 1))) for c in colour)
        return r, g, b


# How many values of ``Thing.variant`` are shapes of their own.
_SHAPES = {"person": 4, "pole": 3, "traffic sign": 3, "traffic light": 3, "car": 5, "truck": 3}
_LAMPS = frozenset({"car", "truck", "bus", "train", "rickshaw", "motorbike", "pole", "traffic light"})
_RICKSHAWS = ((0.05, 0.22, 0.07), (0.60, 0.42, 0.02), (0.03, 0.03, 0.03), (0.05, 0.12, 0.35))
_CANOPIES = ((0.62, 0.45, 0.02), (0.03, 0.03, 0.03), (0.60, 0.42, 0.03))
_MOTORBIKES = ((0.02, 0.02, 0.02), (0.40, 0.02, 0.02), (0.03, 0.06, 0.22), (0.12, 0.12, 0.13))
_BICYCLES = ((0.02, 0.02, 0.02), (0.35, 0.03, 0.03), (0.03, 0.10, 0.30), (0.45, 0.45, 0.44), (0.04, 0.20, 0.10))
_POLES = ((0.20, 0.20, 0.20), (0.10, 0.11, 0.11), (0.32, 0.31, 0.29))
_SIGNS = ((0.50, 0.02, 0.02), (0.02, 0.08, 0.40), (0.60, 0.45, 0.02))
_HOUSINGS = ((0.02, 0.02, 0.02), (0.03, 0.06, 0.04), (0.45, 0.32, 0.02))
_TRIM = ((0.02, 0.02, 0.02), (0.06, 0.06, 0.065))
_BARK = ((0.09, 0.06, 0.04), (0.06, 0.05, 0.04), (0.14, 0.11, 0.08))
