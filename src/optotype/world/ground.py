"""The ground as triangles and as the table of numbers that its textures read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.shade import KERB, PAVING, ROAD, VERGE
from optotype.world.labels import INDEX
from optotype.world.meshes import Builder, Look, Mesh
from optotype.world.scene import Camera, Street

F64 = NDArray[np.float64]

REACH, SIDE = 900.0, 400.0
"""Metres of ground along the street and to each side of it."""
STEP = 8.0


def mesh(street: Street, camera: Camera) -> tuple[Mesh, NDArray[np.int32]]:
    """Road, kerbs, pavements and the land beyond, with the label of each triangle."""
    builder = Builder()
    y0, y1 = camera.position[1] - 30.0, camera.position[1] + REACH
    half, outer, top = street.half_width, street.half_width + street.pavement, street.kerb
    strips = [(ROAD, (-half, 0.0), (half, 0.0))]
    for side in (-1.0, 1.0):
        strips += [
            (KERB, (side * half, 0.0), (side * half, top)), (KERB, (side * half, top), (side * (half + 0.14), top)),
            (PAVING, (side * (half + 0.14), top), (side * outer, top)), (VERGE, (side * outer, top),
            (side * SIDE, top)),
        ]  # fmt: skip
    for material, (xa, za), (xb, zb) in strips:
        normal = (0.0, 0.0, 1.0) if za == zb else (-float(np.sign(xa)), 0.0, 0.0)
        points = np.array([((xa, y0, za), (xb, y0, zb), (xb, y1, zb)), ((xa, y0, za), (xb, y1, zb), (xa, y1, za))])
        builder.triangles(points, Look(material), np.tile(np.array(normal), (2, 3, 1)))
    out = builder.mesh((1.0, 1.0, 1.0))
    names = {ROAD: "road", KERB: "sidewalk", PAVING: "sidewalk", VERGE: beyond(street)}
    return out, np.array([INDEX[names[int(kind)]] for kind in out.kind[:, 0]], np.int32)


def beyond(street: Street) -> str:
    """What the land behind the pavements is called: vegetation where it is green, else sidewalk."""
    red, green, blue = street.verge
    return "vegetation" if green > red and green > blue else "sidewalk"


def table(street: Street) -> F64:
    """The numbers that ``kernels.grounds`` reads."""
    seed = street.seed % 100_003
    period = 58.0 + seed % 37
    return np.array([
        street.half_width, street.pavement, street.kerb, street.lanes, float(street.marked), street.wear, *street.road,
        *street.paving, *street.verge, seed, period, 9.0 + seed % 41,
    ])  # fmt: skip
