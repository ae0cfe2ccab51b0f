"""Small pictures of single objects in their street, with what makes them hard drawn from stated distributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from optotype import delimited
from optotype.errors import InputError, did_you_mean
from optotype.files import replacing
from optotype.machine import usable_cores
from optotype.world import attributes, layout, staging, streets, traffic, weather
from optotype.world.aiming import Aim, aimed, bounds, corners
from optotype.world.chance import Chance, Span
from optotype.world.domains import DOMAINS, Name
from optotype.world.export.pictures import folders, save
from optotype.world.export.stills import split
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.population import Census
from optotype.world.render import render
from optotype.world.scene import Camera, Environment, Frame, Scene, Thing
from optotype.world.streaming import in_order

STREET = 4
"""Crops of one street, weather and light: they are not independent, so the street is their group."""

FILL: Span = (0.45, 0.95)
FILL_CUT: Span = (0.7, 1.0)
"""Longer side of the object over the side of the crop; of objects that are cut off, which else would hardly show."""

BLURRED, BLUR = 0.4, (0.3, 3.2)
"""Share of defocused crops, and their sigma in pixels of a crop of 96."""

SHAKEN, SHAKE = 0.2, (1.0, 7.0)
"""Share of shaken crops, and the length of the smear in pixels of a crop of 96."""

OCCLUDED, OCCLUSION = 0.4, (0.1, 0.75)
"""Share of crops with something set in front of the object, and how much of its width that is meant to hide."""

TRUNCATED, TRUNCATION = 0.2, (0.05, 0.5)
"""Share of crops that cut the object off, and by how much of its width or height."""

EXPOSURE = 0.28
"""Standard deviation of the logarithm of the exposure."""

NOISE: Span = (0.5, 12.0)
"""Standard deviation of the noise in 8-bit levels, drawn evenly in its logarithm."""

LEAST_PIXELS, LEAST_VISIBLE = 40, 0.2
"""A crop shows at least so many pixels (of a crop of 96) and such a share of its object; else it is drawn again."""


@dataclass(frozen=True)
class Traits:
    """What is true of the object of a crop, as measured in the finished image's truth.

    ``occlusion`` (0–1) share of its silhouette that something in front hides; ``truncation`` share of its
    extent outside the crop; ``size`` square root of the pixels seen; ``distance`` m; ``blur`` px; ``contrast`` ΔE*ab
    to the surroundings; ``brightness`` L*; ``noise`` 8-bit levels; ``exposure`` a factor.
    """

    occlusion: float
    truncation: float
    size: float
    distance: float
    blur: float
    contrast: float
    brightness: float
    noise: float
    exposure: float
    weather: str
    domain: str


@dataclass(frozen=True, eq=False)
class Crop:
    """A picture of one object: ``image`` (s, s, 3) uint8, ``label`` one of ``OBJECT_CLASSES``, its street's number."""

    image: NDArray[np.uint8]
    label: str
    street: int
    traits: Traits


def crop(seed: int, index: int, domain: Name, *, size: int = 96, kind: str | None = None) -> Crop:
    """Crop number ``index``, of a kind drawn evenly or the given one; the same arguments always give the same bits.

    Raises InputError for a kind that has no crops.
    """
    if kind is not None and kind not in OBJECT_CLASSES:
        raise InputError("kind", "a class of the world", repr(kind), did_you_mean(kind, OBJECT_CLASSES))
    kind = Chance("crop kind", seed, index, domain).pick(OBJECT_CLASSES) if kind is None else kind
    place = _street(seed, index // STREET, domain)
    for attempt in range(_ATTEMPTS):
        chance = Chance("crop", seed, index, domain, kind, attempt)
        shot = staging.stage(chance, place, kind)
        frame = render(_scene(chance, place, shot, size, free=attempt >= _ATTEMPTS // 2))
        if _shows(frame, shot.target, size):
            break
    return Crop(frame.image, kind, index // STREET, _traits(frame, shot.target, domain))


_ATTEMPTS = 12


def _scene(chance: Chance, place: staging.Place, shot: staging.Shot, size: int, *, free: bool) -> Scene:
    cut = chance.happens(TRUNCATED)
    camera = aimed(shot.eye, shot.target, _aim(chance, FILL_CUT if cut else FILL, size), size)
    if cut:
        camera = _truncated(chance, camera, shot.target, size)
    occlusion = chance.uniform(OCCLUSION) if chance.happens(OCCLUDED) and not free else 0.0
    things = _culled(staging.dressed(place, shot, occlusion), camera, shot.target)
    return Scene(camera, place.section.street, _sensor(chance, place.environment, size), things, chance.seed())


def _shows(frame: Frame, target: Thing, size: int) -> bool:
    row = next(i for i, thing in enumerate(frame.scene.things) if thing.id == target.id)
    seen, whole = int(frame.visible[row]), int(frame.silhouette[row])
    return seen >= max(LEAST_VISIBLE * whole, LEAST_PIXELS * (size / 96) ** 2)


@lru_cache(maxsize=16)
def _street(seed: int, number: int, domain: Name) -> staging.Place:
    """A populated street; kept, as the crops of one street follow each other."""
    chance = Chance("crop street", seed, number, domain)
    described = DOMAINS[domain]
    around = weather.environment(chance, described)
    section = layout.section(chance, described)
    census = Census(chance, described, dark=weather.dark(around.weather, chance))
    view = streets.look(chance, described, section, 96, 96, fixed=True)
    movers = streets.populate(census, section, replace(view, lane=None), traffic.Window(staging.DEPTH))
    return staging.Place(section, around, census, tuple(thing for mover in movers for thing in mover.things))


def _aim(chance: Chance, span: Span, size: int) -> Aim:
    """Off the middle by up to half of what would still not cut it off."""
    fill = chance.uniform(span)
    room = size * (1 - fill) / 4
    return Aim(fill, (chance.uniform((-room, room)), chance.uniform((-room, room))))


def _truncated(chance: Chance, camera: Camera, target: Thing, size: int) -> Camera:
    """The camera turned aside, so that the image's edge cuts the object."""
    share, towards = chance.uniform(TRUNCATION), chance.pick((-1, 1))
    x0, y0, x1, y1 = bounds(camera, corners(target))
    if chance.happens(0.7):
        now, wanted = (x0 + x1) / 2, towards * (size / 2 + (share - 0.5) * (x1 - x0))
        return replace(camera, yaw=camera.yaw + math.atan((wanted - now) / camera.focal))
    now, wanted = (y0 + y1) / 2, towards * (size / 2 + (share - 0.5) * (y1 - y0))
    return replace(camera, pitch=camera.pitch + math.atan((wanted - now) / camera.focal))


def _sensor(chance: Chance, around: Environment, size: int) -> Environment:
    scale = size / 96
    blur = chance.uniform(BLUR) * scale if chance.happens(BLURRED) else 0.0
    length = chance.uniform(SHAKE) * scale if chance.happens(SHAKEN) else 0.0
    angle = chance.uniform((0.0, 2 * math.pi))
    return replace(
        around,
        blur=blur,
        shake=(length * math.cos(angle), length * math.sin(angle)),
        exposure=math.exp(chance.normal(0.0, EXPOSURE)),
        noise=NOISE[0] * (NOISE[1] / NOISE[0]) ** chance.share(),
    )


def _culled(things: tuple[Thing, ...], camera: Camera, target: Thing) -> tuple[Thing, ...]:
    """Only what can be seen, or can throw a shadow on what is seen near the target."""
    x, y, _ = camera.position
    ahead = -math.sin(camera.yaw), math.cos(camera.yaw)
    slope = camera.width / 2 / camera.focal + 0.02
    reach = 1 / math.hypot(1, slope)
    kept = []
    for thing in things:
        dx, dy = thing.position[0] - x, thing.position[1] - y
        along, across = dx * ahead[0] + dy * ahead[1], abs(dx * ahead[1] - dy * ahead[0])
        radius = math.hypot(*thing.size[:2]) / 2 + _SHADOW
        near = math.dist(thing.position[:2], target.position[:2]) < _SHADOW
        large = max(thing.size) * camera.focal > _LEAST_SEEN * along
        if near or (large and along > -radius and (across - slope * along) * reach < radius):
            kept.append(thing)
    return tuple(kept)


_SHADOW = 3.0
"""Metres around the target, or beside the view, within which things may throw a shadow into the picture."""

_LEAST_SEEN = 1.5
"""Things that would be smaller than this many pixels are left out."""


def _traits(frame: Frame, target: Thing, domain: Name) -> Traits:
    seen = attributes.objects(frame)
    row = int(np.flatnonzero(seen.thing == target.id)[0])
    around = frame.scene.environment
    return Traits(
        occlusion=1 - float(seen.visible[row]),
        truncation=float(seen.truncation[row]),
        size=math.sqrt(float(seen.pixels[row])),
        distance=float(seen.distance[row]),
        blur=float(seen.blur[row]),
        contrast=float(seen.contrast[row]),
        brightness=float(seen.brightness[row]),
        noise=around.noise,
        exposure=around.exposure,
        weather=around.weather,
        domain=domain,
    )


def write(
    folder: Path, n: int, *, seed: int = 0, domain: Name = "north", size: int = 96, threads: int = 0,
    step: Callable[[], None] = lambda: None,
) -> Path:  # fmt: skip
    """Write the first ``n`` crops as a folder per class, and ``crops.csv``: path, label, split, group, then the traits.

    ``group`` is the street; streets go to train, test and val in turn (7 : 2 : 1), so that no street is in two splits.
    The files do not depend on ``threads`` (0: all cores). ``step`` is called after each crop. ``folder`` is made;
    files in it are replaced.
    """

    def make(index: int) -> list[object]:
        made = crop(seed, index, domain, size=size)
        path = f"{made.label}/{index:06}.png"
        save(folder / path, made.image)
        return [path, made.label, split(made.street), f"street-{made.street:05}", *columns(made.traits)]

    folders(folder, *OBJECT_CLASSES)
    with replacing(folder / "crops.csv") as table:
        header = ["path", "label", "split", "group", *(field.name for field in fields(Traits))]
        delimited.write(table, header, _stepping(in_order(make, range(n), threads or usable_cores()), step))
    return folder


def _stepping(rows: Iterator[list[object]], step: Callable[[], None]) -> Iterator[list[object]]:
    for row in rows:
        yield row
        step()


def columns(traits: Traits) -> list[str]:
    """The traits as they are written: numbers with six significant digits, nothing where there is none."""
    values = astuple(traits)
    return [v if isinstance(v, str) else "" if math.isnan(v) else f"{v:.6g}" for v in values]
