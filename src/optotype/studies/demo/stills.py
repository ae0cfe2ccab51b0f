"""Stills of the world with their objects, as a detector's data set and what is recorded of each object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from optotype.machine import usable_cores
from optotype.tables import Array, Boxes, Items
from optotype.world import attributes
from optotype.world.attributes import CROWD, OBJECT, Objects
from optotype.world.domains import Name
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.render import render
from optotype.world.streaming import in_order
from optotype.world.streets import scene

WIDTH, HEIGHT = 480, 360
_QUALITY = 92
"""Of the JPEGs: a fifth of the bytes of lossless files."""


@dataclass(frozen=True, eq=False)
class Stills:
    """``truth`` and, of each of its rows, what is recorded: ``attributes``, columns (m,), NaN for crowds."""

    truth: Boxes
    attributes: Mapping[str, Array]


def render_stills(folder: Path, n: int, *, seed: int, domain: Name) -> Stills:
    """Render ``n`` stills into ``folder``, which is made, as JPEG; their truth with paths in it.

    ``attributes``: ``size`` √(w h) of the box in pixels, ``brightness`` (L*) and ``occlusion`` (0–1, the share of its
    silhouette that something hides).
    """
    folder.mkdir()

    def one(index: int) -> tuple[str, Objects]:
        frame = render(scene(seed, index, domain, width=WIDTH, height=HEIGHT))
        name = f"{index:04}.jpg"
        Image.fromarray(frame.image).save(folder / name, quality=_QUALITY)
        return name, attributes.objects(frame)

    made = list(in_order(one, range(n), usable_cores()))
    items = Items.of(
        [str(i + 1) for i in range(n)], path=[name for name, _ in made], width=[WIDTH] * n, height=[HEIGHT] * n,
        root=folder,
    )  # fmt: skip
    return _stills(items, [objects for _, objects in made])


def _stills(items: Items, found: list[Objects]) -> Stills:
    rows = [np.flatnonzero(o.status == OBJECT) for o in found]
    parts = [
        {
            "label": np.concatenate([o.kind[r], o.crowds.kind]),
            "box": np.concatenate([o.box[r], o.crowds.box]),
            "area": np.concatenate([o.pixels[r], _crowd_pixels(o)]),
            "crowd": np.repeat([False, True], [len(r), len(o.crowds.kind)]),
            "brightness": np.concatenate([o.brightness[r], np.full(len(o.crowds.kind), np.nan)]),
            "occlusion": np.concatenate([1 - o.visible[r], np.full(len(o.crowds.kind), np.nan)]),
        }
        for o, r in zip(found, rows, strict=True)
    ]
    item = np.repeat(np.arange(len(items), dtype=np.int32), [len(part["label"]) for part in parts])
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    box = whole["box"].astype(np.float64)
    truth = Boxes(
        items, OBJECT_CLASSES, item, whole["label"].astype(np.int32), box, whole["area"].astype(np.float64),
        whole["crowd"], np.arange(1, len(item) + 1, dtype=np.int64),
    )  # fmt: skip
    size = np.sqrt(box[:, 2] * box[:, 3])
    return Stills(truth, {"size": size, "brightness": whole["brightness"], "occlusion": whole["occlusion"]})


def _crowd_pixels(objects: Objects) -> Array:
    """Pixels seen of the members of each crowd."""
    inside = objects.status == CROWD
    return np.bincount(objects.crowd[inside], objects.pixels[inside], len(objects.crowds.kind))
