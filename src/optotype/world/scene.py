"""A scene in numbers: what stands where, in which light, seen by which camera. Nothing here draws.

Metres; x to the right, y along the street, z up; heading in radians, 0 looking along +y, counter-clockwise from above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

RGB: TypeAlias = tuple[float, float, float]
"""Linear-light albedo, 0–1."""
Weather = Literal["clear", "overcast", "rain", "fog", "dusk"]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera at ``position``; yaw 0 looks along +y, pitch > 0 up; ``focal`` in pixels."""

    position: tuple[float, float, float]
    yaw: float
    pitch: float
    roll: float
    focal: float
    width: int = 480
    height: int = 360


@dataclass(frozen=True)
class Thing:
    """One thing with a pose and a look.

    ``kind`` is a label's name (``person``, ``car``, ``building``, ``pole`` …); ``id`` is unique in the scene and the
    same in every frame of a sequence, from 1. ``size`` is length (along the heading), width, height. ``phase`` 0–1 is
    the place in the walking or pedalling cycle; ``variant`` picks shape and texture details; ``secondary`` is trousers,
    trim, window frames …

    ``position`` is the middle of the footprint at the thing's lowest point: z is 0 on the road, ``Street.kerb`` on the
    pavement, and the lower edge of a traffic light or sign, which is the housing or the plate alone and looks along
    its heading; its post is a ``pole`` of its own. A façade looks along the heading of its building. A rider has the
    position, heading and phase of the two-wheeler; ``size`` is that of the rider from the ground to the head.
    ``variant`` of a car, modulo 5, is hatch, saloon, estate, SUV, van; of a truck, modulo 3, box, open, tanker; of a
    person, modulo 4, walking, walking with a bag, in a skirt or long robe, standing (phase unused); of vegetation,
    modulo 3, tree, bush, hedge (hedges, walls and fences run along their heading); of a sign, modulo 3, round,
    triangular, rectangular; of a traffic light, modulo 3, red, amber, green; of a pole, modulo 3, plain post, lamp
    post with an arm along its heading, utility pole with wires. Further details may follow from the quotient.
    """

    kind: str
    id: int
    position: tuple[float, float, float]
    heading: float
    size: tuple[float, float, float]
    primary: RGB
    secondary: RGB = (0.1, 0.1, 0.1)
    phase: float = 0.0
    variant: int = 0
    lit: bool = False


@dataclass(frozen=True)
class Street:
    """The ground: a road along y between two pavements, markings, wear and the ground beyond.

    ``half_width`` of the road (its middle is x = 0), width of each pavement and height of the kerb in metres;
    pavements and the ground beyond lie at the kerb's height; ``lanes`` of both directions together; ``wear`` 0–1
    (cracks, patches, dust).
    """

    half_width: float
    pavement: float
    kerb: float
    lanes: int
    marked: bool
    wear: float
    road: RGB
    paving: RGB
    verge: RGB
    seed: int


@dataclass(frozen=True)
class Environment:
    """Light, weather and the sensor.

    ``sun`` is azimuth and elevation in radians; ``visibility`` metres at which contrast has fallen to 5 %; ``wet`` 0–1;
    ``exposure`` a factor; ``noise`` standard deviation in 8-bit levels; ``blur`` the defocus sigma in pixels of the
    finished image; ``shake`` (dx, dy) the motion blur of the whole image in pixels.
    """

    weather: Weather
    sun: tuple[float, float]
    visibility: float
    wet: float = 0.0
    exposure: float = 1.0
    warmth: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    shake: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Scene:
    """Everything that one image shows; the same scene always gives the same bits.

    ``seed`` differs from frame to frame of a sequence: it is for the sensor's noise and for rain. What must stay in
    place (textures, clouds) rests on ``street.seed`` and on the things.
    """

    camera: Camera
    street: Street
    environment: Environment
    things: tuple[Thing, ...]
    seed: int


@dataclass(frozen=True, eq=False)
class Frame:
    """A rendered scene with its exact truth.

    ``image`` (h, w, 3) uint8; ``label`` (h, w) uint8, positions in ``LABELS``; ``thing`` (h, w) int32, the id of the
    thing that is seen, 0 for ground and sky; ``depth`` (h, w) float32 metres, inf for sky. The rest has a row for each
    of ``scene.things``: ``visible`` pixels seen, ``silhouette`` pixels it would cover in the image if nothing stood in
    front, ``extent`` (m, 4) x, y, w, h of its whole projection, also outside the image (w = 0 behind the camera).
    """

    scene: Scene
    image: NDArray[np.uint8]
    label: NDArray[np.uint8]
    thing: NDArray[np.int32]
    depth: NDArray[np.float32]
    visible: NDArray[np.int32]
    silhouette: NDArray[np.int32]
    extent: NDArray[np.float32]
