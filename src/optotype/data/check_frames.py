"""What is wrong with the images of a detection data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from optotype.data.findings import Finding, Severity, any_finding
from optotype.data.inspection import Inspection
from optotype.errors import InputError
from optotype.tables import Array, Boxes, Items, Strings


def located(items: Items, folder: Path) -> Items:
    """The items with their images in ``folder``: by file names, the last parts of these, or ids.

    Of these ways the one by which most images are there. Raises InputError where there is no such folder.
    """
    if not folder.is_dir():
        raise InputError("--images", "the folder that holds the images", f"'{folder}'", "Check the path.")
    last = np.array([PurePosixPath(path).name for path in items.path.tolist()], dtype=np.str_)
    ways = [np.where(names == "", items.key, names) for names in (items.path, last, items.key)]
    there = [sum((folder / name).is_file() for name in names.tolist()) for names in ways]
    return replace(items, path=ways[int(np.argmax(there))], root=folder)


def missing(inspection: Inspection) -> NDArray[np.bool_]:
    """Mask of the files that are not there, shape (n,)."""
    return np.array([problem == "no such file" for problem in inspection.problem], bool)


def find_missing(names: Strings, lacking: Array, folder: Path, severity: Severity) -> list[Finding]:
    """The finding that images are missing."""
    n = int(lacking.sum())
    fix = (
        f"Is '{folder}' the folder of these images?"
        if n == len(names)
        else "Add them, or take them out of the JSON file."
    )
    return any_finding(
        "missing", severity, names[lacking].tolist(), "{n} image{s} that the JSON file lists {is_} not there", fix
    )


def find_sizes(names: Strings, items: Items, inspection: Inspection) -> list[Finding]:
    """Images whose size in the JSON file is not that of the picture as displayed."""
    sizes = np.column_stack([items.width, items.height])
    real = np.column_stack([inspection.width, inspection.height])
    other = inspection.readable & (sizes > 0).all(axis=1) & (sizes != real).any(axis=1)
    unturned = other & (inspection.orientation >= 5) & (sizes == real[:, ::-1]).all(axis=1)

    def shown(mask: Array) -> list[str]:
        rows = np.flatnonzero(mask).tolist()
        return [f"{names[i]}: {_size(sizes[i])} in the JSON file, {_size(real[i])} as displayed" for i in rows]

    return [
        *any_finding(
            "other_size", "error", shown(other & ~unturned),
            "{n} image{s} of another size than the JSON file says",
            "Were the images resized? Boxes must be in the pixels of the images.",
        ),
        *any_finding(
            "unturned_size", "error", shown(unturned),
            "{n} photo{s} of which the JSON file has the size before EXIF turns them upright",
            "Make sure that the boxes are drawn on the upright photo: images are turned wherever they are used.",
        ),
    ]  # fmt: skip


def _size(sides: Array) -> str:
    return f"{sides[0]} × {sides[1]}"


def find_other_boxes(boxes: Boxes, names: Strings, same: Sequence[Array]) -> list[Finding]:
    """Copies of one picture, as rows of items, whose objects differ."""
    start = np.searchsorted(boxes.item, np.arange(len(boxes.items) + 1))

    def objects(item: int) -> list[list[float]]:
        rows = slice(start[item], start[item + 1])
        return sorted(np.column_stack([boxes.label[rows], boxes.crowd[rows], boxes.box[rows]]).tolist())

    differ = [rows for rows in same if any(objects(i) != objects(rows[0]) for i in rows[1:].tolist())]
    return any_finding(
        "duplicates_other_boxes", "error", [" = ".join(names[rows[:3]].tolist()) for rows in differ],
        "{n} picture{s} {is_} there twice or more with different boxes", "Keep the right boxes of each.",
    )  # fmt: skip
