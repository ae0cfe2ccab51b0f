"""Sequences: one street seen over time, by a camera that drives, walks or stands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from optotype.errors import InputError
from optotype.world import layout, streets, traffic, weather
from optotype.world.chance import Chance
from optotype.world.domains import DOMAINS, Name
from optotype.world.population import Census
from optotype.world.scene import Camera, Scene, Thing

RATE = 10.0
"""Frames a second."""

LONGEST = 200
"""Most frames of one sequence; every sequence is laid out for that many, so that a shorter one is its beginning."""

CLEARANCE = 1.0
"""Nothing is drawn nearer to the moving camera, in metres."""


def sequence(
    seed: int, index: int, domain: Name, frames: int, *, width: int = 480, height: int = 360
) -> Iterator[Scene]:
    """The first ``frames`` scenes of sequence ``index``, 0.1 s apart; ids stay with their things.

    Raises InputError for more than 200 frames.
    """
    if frames > LONGEST:
        raise InputError("frames", f"at most {LONGEST} a sequence", f"{frames:,}", "Make several sequences.")
    chance = Chance("sequence", seed, index, domain)
    described = DOMAINS[domain]
    around = weather.environment(chance, described, width)
    section = layout.section(chance, described)
    view = streets.look(chance, described, section, width, height, fixed=False)
    if not view.speed:
        around = replace(around, shake=(0.0, 0.0))
    window = traffic.Window(streets.DEPTH, view.speed, LONGEST / RATE)
    census = Census(chance, described, dark=weather.dark(around.weather, chance))
    movers = streets.populate(census, section, view, window)
    noise = chance.seed()
    return (
        _at(frame, view, movers, Scene(view.camera, section.street, around, (), noise + frame))
        for frame in range(frames)
    )


def _at(frame: int, view: streets.View, movers: list[traffic.Mover], scene: Scene) -> Scene:
    t = frame / RATE
    camera = _moved(view, t)
    near, far = (camera.position[1] + y for y in streets.DEPTH)
    present = (thing for mover in movers for thing in mover.at(t) if near < thing.position[1] < far + _beyond(thing))
    return replace(scene, camera=camera, things=streets.cleared(present, camera, CLEARANCE))


def _beyond(thing: Thing) -> float:
    """Buildings and trees are seen from farther than the rest."""
    return 60.0 if thing.kind in ("building", "vegetation") else 0.0


def _moved(view: streets.View, t: float) -> Camera:
    """The camera after ``t`` seconds, swaying a little while it moves."""
    camera, speed = view.camera, view.speed
    x, y, z = camera.position
    if not speed:
        return camera
    on_foot = view.lane is None
    bob = 0.025 * math.sin(2 * math.pi * 1.9 * t) if on_foot else 0.008 * math.sin(2 * math.pi * 1.3 * t)
    yaw = camera.yaw + 0.015 * math.sin(2 * math.pi * t / 5.3)
    return replace(camera, position=(x, y + speed * t, z + bob), yaw=yaw, pitch=camera.pitch + bob / 8)
