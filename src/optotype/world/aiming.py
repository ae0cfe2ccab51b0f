"""A camera aimed at one thing, so that it fills a chosen share of the image at a chosen place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from optotype.world.scene import Camera, Thing

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Aim:
    """``fill``: longer side of the thing's projection over the side of the image; ``shift`` (x, y) from the middle of
    the image to that of the projection, in pixels.
    """

    fill: float
    shift: tuple[float, float]


def aimed(position: Point, target: Thing, aim: Aim, size: int) -> Camera:
    """A camera at ``position`` whose square image of ``size`` pixels shows the thing as the aim says."""
    points = corners(target)
    middle = tuple((min(p[i] for p in points) + max(p[i] for p in points)) / 2 for i in range(3))
    dx, dy, dz = (m - p for m, p in zip(middle, position, strict=True))
    yaw, pitch = math.atan2(-dx, dy), math.atan2(dz, math.hypot(dx, dy))
    x0, y0, x1, y1 = bounds(Camera(position, yaw, pitch, 0.0, 1.0), points)
    focal = aim.fill * size / max(x1 - x0, y1 - y0)
    right = (x0 + x1) / 2 - aim.shift[0] / focal
    down = (y0 + y1) / 2 - aim.shift[1] / focal
    return Camera(position, yaw - math.atan(right), pitch - math.atan(down), 0.0, focal, size, size)


def corners(thing: Thing) -> list[Point]:
    """The eight corners of a thing's box."""
    (x, y, z), (length, width, height) = thing.position, thing.size
    sine, cosine = math.sin(thing.heading), math.cos(thing.heading)
    found = []
    for along in (-length / 2, length / 2):
        for across in (-width / 2, width / 2):
            place = x - sine * along + cosine * across, y + cosine * along + sine * across
            found += [(*place, z), (*place, z + height)]
    return found


def bounds(camera: Camera, points: list[Point]) -> tuple[float, float, float, float]:
    """Least x, least y (down), greatest x and y of points in front of the camera, from the middle of the image."""
    projected = [project(camera, point) for point in points]
    xs, ys = [p[0] for p in projected], [p[1] for p in projected]
    return min(xs), min(ys), max(xs), max(ys)


def project(camera: Camera, point: Point) -> tuple[float, float]:
    """Pixels to the right of and below the middle of the image, without roll."""
    x, y, z = (p - c for p, c in zip(point, camera.position, strict=True))
    sine, cosine = math.sin(camera.yaw), math.cos(camera.yaw)
    right, ahead = x * cosine + y * sine, y * cosine - x * sine
    sine, cosine = math.sin(camera.pitch), math.cos(camera.pitch)
    forward, up = max(ahead * cosine + z * sine, 0.1), z * cosine - ahead * sine
    return camera.focal * right / forward, -camera.focal * up / forward
