"""``objects.csv``: one row an object, with everything that is true of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from optotype.world.attributes import Objects
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.scene import Environment

STATUS = ("object", "crowd", "dropped")

COLUMNS = (
    "image", "id", "class", "status", "x", "y", "width", "height", "extent_x", "extent_y", "extent_width",
    "extent_height", "pixels", "visible", "truncation", "distance", "blur", "contrast", "brightness", "speed", "noise",
    "exposure", "weather",
)  # fmt: skip


def rows(image: str, objects: Objects, around: Environment) -> Iterator[list[object]]:
    """A row for each object; a value that is not known is left empty."""
    for i in range(len(objects)):
        measured = (
            objects.visible, objects.truncation, objects.distance, objects.blur, objects.contrast, objects.brightness,
            objects.speed,
        )  # fmt: skip
        yield [
            image, objects.thing[i], OBJECT_CLASSES[objects.kind[i]], STATUS[objects.status[i]],
            *(f"{v:g}" for v in objects.box[i]), *(f"{v:.2f}" for v in objects.extent[i]), objects.pixels[i],
            *(_number(values[i]) for values in measured), _number(around.noise), _number(around.exposure),
            around.weather,
        ]  # fmt: skip


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
