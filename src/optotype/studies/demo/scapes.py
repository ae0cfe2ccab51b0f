"""Street scapes of the world with label maps, as a data set in CamVid's layout, and what is recorded of things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from optotype.files import write_atomic
from optotype.formats import read_masks
from optotype.label_maps import write_label_map
from optotype.machine import usable_cores
from optotype.tables import VOID, Array, Masks
from optotype.world import attributes
from optotype.world.attributes import OBJECT
from optotype.world.domains import Name
from optotype.world.export.stills import split
from optotype.world.labels import LABELS, OBJECT_CLASSES, STUDY_CLASSES
from optotype.world.render import render
from optotype.world.streaming import in_order
from optotype.world.streets import scene

WIDTH, HEIGHT = 320, 240
RECORDED = ("size", "brightness", "truncation")
_QUALITY = 92
_STUDY = np.array([STUDY_CLASSES.index(label.study) if label.study else VOID for label in LABELS], np.uint8)
COLOURS = np.array(
    [
        (128, 64, 128), (244, 35, 232), (220, 20, 60), (255, 0, 0), (0, 0, 230), (119, 11, 32), (0, 0, 142),
        (0, 0, 70), (0, 60, 100), (0, 80, 100), (102, 102, 156), (190, 153, 153), (220, 220, 0), (250, 170, 30),
        (153, 153, 153), (70, 70, 70), (107, 142, 35), (70, 130, 180),
    ],
    np.uint8,
)  # fmt: skip
"""Of ``STUDY_CLASSES``, in Cityscapes' colours."""


@dataclass(frozen=True, eq=False)
class Things:
    """The things of all images that count as objects, in the order of the images.

    ``item`` (m,) the row of the image, ``id`` (m,) its value in the image's map of things, ``label`` (m,) the class;
    ``attributes`` are columns (m,): ``size`` √ of the pixels seen, ``brightness`` (L*) and ``truncation`` (0–1).
    """

    item: Array
    id: Array
    label: Array
    attributes: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Scapes:
    """``truth`` as it is read from ``folder``; ``things`` and, image by image, ``maps`` of their ids."""

    folder: Path
    truth: Masks
    things: Things
    maps: list[NDArray[np.int32]]


def render_scapes(folder: Path, n: int, *, seed: int, domain: Name, splits: bool) -> Scapes:
    """Render ``n`` images and label maps of the 18 street classes into ``folder``, which is made.

    With ``splits`` seven of ten are to train with, one for validation and two to test; else there are none.
    """
    (folder / "images").mkdir(parents=True)
    colours = [f"{name},{r},{g},{b}" for name, (r, g, b) in zip(STUDY_CLASSES, COLOURS.tolist(), strict=True)]
    write_atomic(folder / "classes.csv", "\n".join(["name,r,g,b", *colours, ""]))

    def one(index: int) -> tuple[NDArray[np.int32], dict[str, Array]]:
        frame = render(scene(seed, index, domain, width=WIDTH, height=HEIGHT))
        Image.fromarray(frame.image).save(folder / "images" / f"{index:04}.jpg", quality=_QUALITY)
        write_label_map(folder / "masks" / f"{index:04}.png", _STUDY[frame.label], COLOURS)
        return frame.thing, _recorded(attributes.objects(frame))

    made = list(in_order(one, range(n), usable_cores()))
    if splits:
        for name in ("train", "val", "test"):
            members = "".join(f"{i:04}\n" for i in range(n) if split(i) == name)
            write_atomic(folder / f"{name}.txt", members)
    return Scapes(folder, read_masks(folder).masks, _things([found for _, found in made]), [thing for thing, _ in made])


def _recorded(objects: attributes.Objects) -> dict[str, Array]:
    label = np.array([STUDY_CLASSES.index(name.title()) if name != "rickshaw" else VOID for name in OBJECT_CLASSES])
    rows = np.flatnonzero((objects.status == OBJECT) & (label[objects.kind] != VOID))
    return {
        "id": objects.thing[rows],
        "label": label[objects.kind[rows]].astype(np.int32),
        "size": np.sqrt(objects.pixels[rows]),
        "brightness": objects.brightness[rows],
        "truncation": objects.truncation[rows],
    }


def _things(found: list[dict[str, Array]]) -> Things:
    item = np.repeat(np.arange(len(found), dtype=np.int32), [len(part["id"]) for part in found])
    whole = {name: np.concatenate([part[name] for part in found]) for name in found[0]}
    return Things(item, whole["id"], whole["label"], {name: whole[name] for name in RECORDED})
