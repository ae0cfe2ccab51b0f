"""Sequences as MOTChallenge has them: ``seqinfo.ini``, ``img1/``, ``gt/gt.txt`` and ``gt/labels.txt``.

A row of ``gt.txt`` is frame, id, left, top, width, height, considered, class, visibility. Boxes are those of whole
objects, also where hidden or outside the image, with left and top counted from 1 as MOTChallenge counts. Classes 1 to 5
have MOTChallenge's numbers. What is seen too little to count is written with considered = 0. Visibility is the share
of the box's object that is neither hidden nor outside the image.
"""

from __future__ import annotations

import configparser
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from optotype.files import write_atomic
from optotype.world.attributes import OBJECT, Objects
from optotype.world.export.pictures import folders, save
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.scene import Frame
from optotype.world.sequences import RATE

CLASSES = (
    "person", "rider", "car", "bicycle", "motorbike", "rickshaw", "static person", "distractor", "truck", "bus",
)  # fmt: skip
"""Lines of ``labels.txt``: position + 1 is the class in ``gt.txt``; the two that the world has none of stay unused."""

NUMBER = {OBJECT_CLASSES.index(name): i + 1 for i, name in enumerate(CLASSES) if name in OBJECT_CLASSES}
"""Position in ``OBJECT_CLASSES`` → class in ``gt.txt``."""


def begin(root: Path) -> None:
    """The folders of one sequence."""
    folders(root, "img1", "gt")


def picture(root: Path, frame: int, rendered: Frame) -> None:
    """The image of frame ``frame``, counted from 1."""
    save(root / "img1" / f"{frame:06}.png", rendered.image)


def rows(frame: int, objects: Objects) -> Iterator[str]:
    """Lines of ``gt.txt`` for one frame, without traffic lights and signs, which do not move."""
    for i in range(len(objects)):
        number = NUMBER.get(int(objects.kind[i]))
        if number is not None:
            visibility = objects.visible[i] * (1 - objects.truncation[i])
            yield line(frame, objects.thing[i], objects.extent[i], objects.status[i] == OBJECT, number, visibility)


def line(frame: int, thing: int, extent: NDArray[Any], counts: bool, number: int, visibility: float) -> str:
    """One line of ``gt.txt``: ``extent`` (4,) counts from 0, ``number`` is the class's in the file."""
    x, y, w, h = extent
    return f"{frame},{thing},{x + 1:.2f},{y + 1:.2f},{w:.2f},{h:.2f},{int(counts)},{number},{visibility:.5f}\n"


def finish(root: Path, frames: int, width: int, height: int, lines: list[str]) -> None:
    """Truth and description of a whole sequence."""
    write_atomic(root / "gt" / "gt.txt", "".join(lines))
    write_atomic(root / "gt" / "labels.txt", "".join(f"{name}\n" for name in CLASSES))
    about = configparser.ConfigParser()
    vars(about)["optionxform"] = str
    about["Sequence"] = {
        "name": root.name, "imDir": "img1", "frameRate": f"{RATE:g}", "seqLength": str(frames), "imWidth": str(width),
        "imHeight": str(height), "imExt": ".png",
    }  # fmt: skip
    text = io.StringIO()
    about.write(text, space_around_delimiters=False)
    write_atomic(root / "seqinfo.ini", text.getvalue())
