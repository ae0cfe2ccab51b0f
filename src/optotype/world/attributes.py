"""What is true of each object of a frame: its boxes, and how well it can be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.regions import regions, surroundings
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.scene import Camera, Environment, Frame, Scene, Thing

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

OBJECT, CROWD, DROPPED = 0, 1, 2

LEAST_PIXELS, LEAST_VISIBLE = 50, 0.15
"""An object counts as one if this many of its pixels and this share of its silhouette are seen."""

CROWD_PIXELS = 6
"""What is seen with fewer pixels is in no crowd either."""

RING = 0.25
"""How far the surroundings reach beyond the box on each side, as a share of its mean side (at least 2 pixels)."""


@dataclass(frozen=True, eq=False)
class Crowds:
    """Regions of objects of one class too small or too hidden to count one by one.

    ``kind`` (k,) positions in ``OBJECT_CLASSES``, ``box`` (k, 4) x, y, w, h.
    """

    kind: Ints
    box: Floats


@dataclass(frozen=True, eq=False)
class Objects:
    """One row for each thing of ``OBJECT_CLASSES`` of which at least one pixel is seen, in the order of their ids.

    ``kind`` position in ``OBJECT_CLASSES``; ``thing`` id; ``status`` OBJECT, CROWD or DROPPED; ``crowd`` row in
    ``crowds`` or −1; ``box`` (n, 4) x, y, w, h of what is seen; ``extent`` (n, 4) of the whole, also outside the
    image; ``pixels`` seen; ``visible`` pixels seen over pixels without anything in front, 0–1; ``truncation`` share
    of the extent's area outside the image, 0–1; ``distance`` metres from the camera to its middle; ``blur`` standard
    deviation in pixels of defocus and shake together; ``contrast`` ΔE*ab (CIE 1976) between the mean colour of what
    is seen and that of its surroundings, NaN without any; ``brightness`` mean CIE L* of what is seen, 0–100;
    ``speed`` metres a second, NaN where no scene before is known.
    """

    kind: Ints
    thing: Ints
    status: NDArray[np.uint8]
    crowd: Ints
    box: Floats
    extent: Floats
    pixels: Ints
    visible: Floats
    truncation: Floats
    distance: Floats
    blur: Floats
    contrast: Floats
    brightness: Floats
    speed: Floats
    crowds: Crowds

    def __len__(self) -> int:
        return len(self.thing)


def objects(frame: Frame, previous: Scene | None = None, seconds: float = 0.1) -> Objects:
    """The objects of a frame; ``previous`` is the scene ``seconds`` before, for speeds.

    What is seen too little to count (``LEAST_PIXELS``, ``LEAST_VISIBLE``) is a member of a crowd where it touches
    others of its class that are also too little seen (boxes grown by half their size overlap), else dropped.
    """
    things = frame.scene.things
    rows = [i for i, thing in enumerate(things) if thing.kind in _KIND and frame.visible[i] > 0]
    chosen = [things[i] for i in rows]
    ids = np.array([thing.id for thing in chosen], np.int32)
    box, mean, ring = _look(frame, ids)
    inside, outside = lab(mean), lab(ring)
    pixels = frame.visible[rows].astype(np.int32)
    visible = pixels / np.maximum(frame.silhouette[rows], pixels)
    extent = frame.extent[rows].astype(np.float64)
    height, width = frame.label.shape
    kind = np.array([_KIND[thing.kind] for thing in chosen], np.int32)
    status, crowd, crowds = _crowds(kind, box, pixels, visible)
    return Objects(
        kind=kind, thing=ids, status=status, crowd=crowd, box=box, extent=extent, pixels=pixels, visible=visible,
        truncation=_outside(extent, width, height),
        distance=np.array([_distance(thing, frame.scene.camera) for thing in chosen], np.float64),
        blur=np.full(len(ids), blur(frame.scene.environment)),
        contrast=np.sqrt(((inside - outside) ** 2).sum(axis=1)), brightness=inside[:, 0],
        speed=_speeds(chosen, previous, seconds), crowds=crowds,
    )  # fmt: skip


_KIND = {name: i for i, name in enumerate(OBJECT_CLASSES)}


def blur(environment: Environment) -> float:
    """Standard deviation in pixels of the defocus and of the shake (a uniform smear) together."""
    dx, dy = environment.shake
    return math.sqrt(environment.blur**2 + (dx * dx + dy * dy) / 12)


def lab(colour: Floats) -> Floats:
    """CIE L*a*b* (D65) of sRGB colours 0–255, shape (n, 3); NaN stays."""
    share = colour / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ.T / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _XYZ.sum(axis=1)


def _look(frame: Frame, ids: Ints) -> tuple[Floats, Floats, Floats]:
    """Box (n, 4), mean colour inside (n, 3) and around (n, 3) of the things with these ids."""
    n = len(ids)
    height, width = frame.thing.shape
    row = np.full(int(frame.thing.max(initial=0)) + 1, -1, np.int32)
    row[ids] = np.arange(n, dtype=np.int32)
    bounds, inside = np.empty((n, 4), np.int32), np.empty((n, 4), np.int64)
    regions(np.ascontiguousarray(frame.thing), np.ascontiguousarray(frame.image), row, bounds, inside)
    size = bounds[:, 2:] - bounds[:, :2] + 1
    grow = np.maximum(2, np.rint(RING * size.mean(axis=1))).astype(np.int32)[:, None]
    window = np.concatenate([bounds[:, :2] - grow, bounds[:, 2:] + 1 + grow], axis=1)
    window = np.clip(window, 0, np.array([width, height, width, height], np.int32))
    around = np.empty((n, 4), np.int64)
    surroundings(frame.thing, frame.image, ids, np.ascontiguousarray(window.astype(np.int32)), around)
    with np.errstate(invalid="ignore"):
        means = inside[:, :3] / inside[:, 3:], around[:, :3] / around[:, 3:]
    return np.concatenate([bounds[:, :2], size], axis=1).astype(np.float64), *means


def _outside(extent: Floats, width: int, height: int) -> Floats:
    x, y, w, h = extent.T
    inner_w = np.minimum(x + w, width) - np.maximum(x, 0)
    inner_h = np.minimum(y + h, height) - np.maximum(y, 0)
    inner = np.maximum(inner_w, 0) * np.maximum(inner_h, 0)
    return np.asarray(np.clip(1 - inner / np.maximum(w * h, 1e-9), 0, 1), np.float64)


def _distance(thing: Thing, camera: Camera) -> float:
    x, y, z = thing.position
    return math.dist((x, y, z + thing.size[2] / 2), camera.position)


def _speeds(things: list[Thing], previous: Scene | None, seconds: float) -> Floats:
    before = {} if previous is None else {thing.id: thing.position for thing in previous.things}
    speeds = [math.dist(t.position, before[t.id]) / seconds if t.id in before else math.nan for t in things]
    return np.array(speeds, np.float64)


def _crowds(kind: Ints, box: Floats, pixels: Ints, visible: Floats) -> tuple[NDArray[np.uint8], Ints, Crowds]:
    """Status and crowd of each object, and the crowds."""
    few = (pixels < LEAST_PIXELS) | (visible < LEAST_VISIBLE)
    status = np.where(few, DROPPED, OBJECT).astype(np.uint8)
    member = np.full(len(kind), -1, np.int32)
    kinds: list[int] = []
    boxes: list[list[float]] = []
    candidates = np.flatnonzero(few & (pixels >= CROWD_PIXELS))
    for group in _touching(kind[candidates], box[candidates]):
        rows = candidates[group]
        status[rows], member[rows] = CROWD, len(kinds)
        low = box[rows, :2].min(axis=0)
        high = (box[rows, :2] + box[rows, 2:]).max(axis=0)
        kinds.append(int(kind[rows[0]]))
        boxes.append([*low, *(high - low)])
    return status, member, Crowds(np.array(kinds, np.int32), np.array(boxes, np.float64).reshape(-1, 4))


def _touching(kind: Ints, box: Floats) -> list[NDArray[Any]]:
    """Rows of one kind whose grown boxes overlap, directly or through others, two or more together."""
    low, high = box[:, :2] - box[:, 2:] / 4, box[:, :2] + box[:, 2:] * 1.25
    meet = (low[:, None] < high[None]).all(axis=2) & (low[None] < high[:, None]).all(axis=2)
    meet &= kind[:, None] == kind[None]
    label = np.arange(len(kind))
    while True:
        least = np.where(meet, label[None], len(kind)).min(axis=1, initial=len(kind))
        if (least == label).all():
            break
        label = least
    groups = [np.flatnonzero(label == value) for value in np.unique(label)]
    return [group for group in groups if len(group) > 1]
