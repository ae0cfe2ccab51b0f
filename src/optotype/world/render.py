"""A scene to an image with its exact truth."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optotype.kernels import pixels, raster, shade, solids, wet
from optotype.world import casting, ground, lighting
from optotype.world.bodywork import TABLE
from optotype.world.developing import developed
from optotype.world.labels import INDEX, LABELS
from optotype.world.scene import Camera, Frame, Scene, Thing
from optotype.world.textures import tiles

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

_FOOT = {
    "car": 0.9, "truck": 0.85, "bus": 0.85, "train": 0.85, "rickshaw": 0.8, "motorbike": 0.6, "bicycle": 0.35,
    "person": 0.6,
    "vegetation": 0.45, "building": 0.5, "wall": 0.5, "fence": 0.3, "pole": 0.5,
}  # fmt: skip
"""How dark the ground under and beside a thing gets."""


class Soup(NamedTuple):
    """Triangles in the world: points, normals, texture (t, 3, 3), colour (t, 3), info (t, 4); ``ground`` come first."""

    points: F32
    normals: F32
    texture: F32
    colour: F32
    info: I32
    ground: int


class Sight(NamedTuple):
    """What is seen of a scene, before anything is coloured: ``depth`` and ``owner`` (2 h + 1, 2 w + 1) of the samples,
    ``label``, ``row`` and ``metres`` (h, w) of the pixels, and of each thing its pixels ``visible``, its ``silhouette``
    and its ``extent``, as ``Frame`` has them.
    """

    camera: F64
    soup: Soup
    depth: F32
    owner: I32
    label: NDArray[np.uint8]
    row: I32
    metres: F32
    visible: I32
    silhouette: I32
    extent: F32


def see(scene: Scene) -> Sight:
    """What is where, without light and colour: a fifth of the time of ``render``."""
    camera = frame_of(scene.camera)
    height, width, m = scene.camera.height, scene.camera.width, len(scene.things)
    soup = assemble(scene, camera)
    depth = np.empty((2 * height + 1, 2 * width + 1), np.float32)
    owner = np.empty(depth.shape, np.int32)
    silhouette, bounds = np.zeros(m, np.int32), raster.empty_extent(m)
    raster.visibility(
        soup.points, soup.info, camera, depth, owner, np.empty((height, width), np.int32), silhouette, bounds
    )
    label, row = np.empty((height, width), np.uint8), np.empty((height, width), np.int32)
    metres, visible = np.empty((height, width), np.float32), np.zeros(m, np.int32)
    street = ground.table(scene.street)
    pixels.truth(depth, owner, camera, soup.info, street, INDEX["lane marking"], label, row, metres, visible)
    return Sight(camera, soup, depth, owner, label, row, metres, visible, silhouette, _boxes(bounds))


def render(scene: Scene) -> Frame:
    """Draw a scene. The same scene always gives the same bits on the same machine.

    The image is filtered from samples half a pixel apart; labels, things and depth are those of the pixels' centres.
    ``depth`` runs along the optical axis. Things wholly behind the camera have an extent of 0 × 0.
    """
    sight = see(scene)
    camera, soup = sight.camera, sight.soup
    height, width = sight.label.shape
    street, light = ground.table(scene.street), lighting.light(scene, camera[9:12])
    image = np.empty((height, width, 3), np.float32)
    at, weight = np.empty(9 * height * width, np.int32), np.empty(9 * height * width, np.float32)
    n = pixels.samples(sight.owner, soup.info, at, weight)
    shade.shade(
        at[:n], weight[:n], sight.depth, sight.owner, camera, soup.points, soup.normals, soup.texture, soup.colour,
        soup.info, casting.looks(scene), TABLE,
        street, light, tiles(), _shadows(scene, soup, light), _contacts(scene, light), np.zeros((8, 16)),
        image.reshape(-1, 3),
    )  # fmt: skip
    if scene.environment.wet > 0.0:
        image = _mirrored(scene, camera, image, sight.metres, sight.label)
    identity = np.array([0, *(thing.id for thing in scene.things)], np.int32)
    return Frame(scene, developed(scene, image), sight.label, identity[sight.row], sight.metres, sight.visible,
                 sight.silhouette, sight.extent)  # fmt: skip


def frame_of(camera: Camera) -> F64:
    """Origin, right, up, forward, focal length and centre, as kernels read them."""
    yaw, pitch, roll = camera.yaw, camera.pitch, camera.roll
    forward = np.array([-math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), math.sin(pitch)])
    level = np.array([math.cos(yaw), math.sin(yaw), 0.0])
    above = np.cross(level, forward)
    right, up = math.cos(roll) * level + math.sin(roll) * above, math.cos(roll) * above - math.sin(roll) * level
    return np.array([*camera.position, *right, *up, *forward, camera.focal, camera.width / 2, camera.height / 2])


def _radius(thing: Thing) -> float:
    return 0.5 * math.hypot(*thing.size) + 2.0


def assemble(scene: Scene, camera: F64) -> Soup:
    """All triangles of a scene: ground, then things in order; things behind the camera are left out."""
    origin, forward = camera[:3], camera[9:12]
    base, labels = ground.mesh(scene.street, scene.camera)
    motors = casting.riding(scene)
    placed: list[tuple[casting.Part, int]] = []
    for row, thing in enumerate(scene.things):
        away = np.array(thing.position) - origin
        if float(away @ forward) + _radius(thing) < 0.0:
            continue
        distance = max(0.0, float(np.linalg.norm(away)) * 400.0 / float(camera[12]))
        placed += [(part, row) for part in casting.parts(thing, row in motors, distance)]
    n = len(base.points)
    total = n + sum(len(part.mesh.points) for part, _ in placed)
    points, normals, texture = (np.empty((total, 3, 3), np.float32) for _ in range(3))
    colour, info = np.empty((total, 3), np.float32), np.empty((total, 4), np.int32)
    points[:n], normals[:n], texture[:n], colour[:n] = base.points, base.normals, base.texture, base.colour
    info[:n, 0], info[:n, 1], info[:n, 2:] = 0, labels, base.kind[:, :2]
    for part, row in placed:
        thing, mesh = scene.things[row], part.mesh
        codes = np.array([row + 1, INDEX[thing.kind], INDEX["pole"]], np.int32)
        solids.place(
            mesh.points, mesh.normals, mesh.texture, mesh.colour, mesh.kind, part.pose, casting.palette(thing),
            codes, n, points,
            normals, texture, colour, info,
        )  # fmt: skip
        n += len(mesh.points)
    return Soup(points, normals, texture, colour, info, len(base.points))


def _shadows(scene: Scene, soup: Soup, light: F64) -> F32:
    if not lighting.casts(scene):
        return np.empty((1, 1), np.float32)
    depth = np.empty((lighting.SUN_TEXELS, lighting.SUN_TEXELS), np.float32)
    raster.sun_depth(soup.points[soup.ground :], np.ascontiguousarray(light[24:36]), depth)
    return depth


def _contacts(scene: Scene, light: F64) -> F32:
    """Darkness of the ground near what stands on it."""
    plan = np.zeros((lighting.PLAN_CELLS, lighting.PLAN_CELLS), np.float32)
    feet = []
    for thing in scene.things:
        strength = _FOOT.get(thing.kind, 0.0)
        if strength == 0.0 or thing.position[2] > 0.5:
            continue
        length, width, _ = thing.size
        if thing.kind == "vegetation" and thing.variant % 3 == 0:
            length = width = 0.4
        elif thing.kind == "person":
            length = width = 0.3
        x, y, _ = thing.position
        feet.append((x, y, math.cos(thing.heading), math.sin(thing.heading), length / 2, width / 2, strength))
    if feet:
        raster.contact(plan, np.array(feet), np.ascontiguousarray(light[36:39]))
    return plan


def _mirrored(scene: Scene, camera: F64, image: F32, metres: F32, label: NDArray[np.uint8]) -> F32:
    """The image with what the wet ground mirrors."""
    wets = np.zeros(len(LABELS), np.uint8)
    wets[[INDEX["road"], INDEX["lane marking"]]] = 1
    out = np.empty_like(image)
    wet.reflect(image, metres, label, wets, camera, scene.environment.wet, out)
    return out


def _boxes(bounds: F32) -> F32:
    """x, y, w, h from least and greatest corners; zeros where nothing was projected."""
    out = np.zeros_like(bounds)
    seen = np.isfinite(bounds[:, 0])
    out[seen, :2] = bounds[seen, :2]
    out[seen, 2:] = bounds[seen, 2:] - bounds[seen, :2]
    return out
