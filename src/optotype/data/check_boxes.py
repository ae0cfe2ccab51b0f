"""What is in the boxes of a detection data set, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optotype.box_checks import unusual
from optotype.box_geometry import MEDIUM, SMALL, iou
from optotype.data.findings import BoxCounts, ClassCount, Finding, Severity, Spread, any_finding
from optotype.data.inspection import Inspection
from optotype.errors import InputError
from optotype.listing import BoxListing
from optotype.tables import Array, Boxes, Floats, Items, Strings

NEARLY = 0.95
"""IoU from which on two boxes count as one drawn twice."""

BEYOND = 1.0
"""Pixels by which a box may reach beyond its image, or fall short of covering it: annotators round."""

LONG = 20.0
"""A box is an outlier in aspect when its sides are in a ratio above this."""

TOO_LARGE = 1.01
"""An object's area is too large from this many times its box's area on."""

RARE = 10
"""Classes with fewer objects are rare: one of them more or less found moves recall by more than a tenth."""

MANY = 100
"""COCO counts at most so many detections of a class in an image."""

_TURN = 0.618
_CORNERS = "x1, y1, x2, y2"


# What is there


def names_of(items: Items) -> Strings:
    """What an image is called in findings: its file name, else its id. Shape (n,)."""
    return np.where(items.path == "", np.char.add("image ", items.key), items.path)


def class_rows(boxes: Boxes) -> list[ClassCount]:
    """Objects, crowds and images of each class."""
    k = len(boxes.classes)
    objects = np.bincount(boxes.label[~boxes.crowd], minlength=k).tolist()
    crowds = np.bincount(boxes.label[boxes.crowd], minlength=k).tolist()
    pairs = np.unique(_group(boxes, ~boxes.crowd))
    images = np.bincount(pairs % max(k, 1), minlength=k).tolist()
    return [
        ClassCount(*row[:2], {"": row[1]}, *row[2:]) for row in zip(boxes.classes, images, objects, crowds, strict=True)
    ]


def counts(boxes: Boxes) -> BoxCounts:
    """Sizes and numbers of the objects, crowds left out.

    >>> items = Items.of(["1", "2"], width=[64, 64], height=[64, 64])
    >>> one, box = np.zeros(1, np.int32), np.array([[8.0, 8, 40, 20]])
    >>> found = counts(Boxes(items, ("cat",), one, one, box, np.array([800.0]), one > 0, one + np.int64(1)))
    >>> found.sizes, found.without, found.per_image.most
    ({'small': 1, 'medium': 0, 'large': 0}, 1, 1.0)
    """
    kept = ~boxes.crowd
    size = np.digitize(boxes.area[kept], (SMALL, MEDIUM))
    n = len(boxes.items)
    return BoxCounts(
        objects=int(kept.sum()),
        crowds=int(boxes.crowd.sum()),
        without=n - len(np.unique(boxes.item)),
        sizes=dict(zip(("small", "medium", "large"), np.bincount(size, minlength=3).tolist(), strict=True)),
        per_image=_spread(np.bincount(boxes.item[kept], minlength=n)),
        width=_spread(boxes.box[kept, 2]),
        height=_spread(boxes.box[kept, 3]),
    )


def _spread(values: Array) -> Spread:
    return Spread(float(values.min()), float(np.median(values)), float(values.max())) if len(values) else Spread()


def _group(boxes: Boxes, rows: Array) -> NDArray[np.int64]:
    """A number for each pair of image and class, of the boxes at ``rows``."""
    return boxes.item[rows].astype(np.int64) * len(boxes.classes) + boxes.label[rows]


# What is wrong with the file and its boxes


class _Seen(NamedTuple):
    """Boxes, the names of their images, and the images' width and height (items, 2), 0 where unknown."""

    boxes: Boxes
    names: Strings
    sizes: Array

    def shown(self, rows: Iterable[int]) -> list[str]:
        """The boxes at ``rows`` in words."""
        boxes = self.boxes
        return [f"{self.names[boxes.item[i]]}: {boxes.classes[boxes.label[i]]} {_numbers(boxes.box[i])} "
                f"(annotation {boxes.id[i]})" for i in rows]  # fmt: skip

    def found(self, kind: str, severity: Severity, rows: Array, text: str, fix: str) -> list[Finding]:
        """A finding about the boxes at ``rows``, of which only some are put into words."""
        return any_finding(kind, severity, self.shown(rows[:_FEW].tolist()), text, fix, len(rows))

    def paired(self, kind: str, severity: Severity, pairs: tuple[Array, Array], text: str, fix: str) -> list[Finding]:
        """As ``found``, about pairs of boxes."""
        first, second = pairs
        boxes = self.boxes
        examples = [
            f"{one} = {boxes.classes[boxes.label[j]]} {_numbers(boxes.box[j])} (annotation {boxes.id[j]})"
            for one, j in zip(self.shown(first[:_FEW].tolist()), second[:_FEW].tolist(), strict=True)
        ]
        return any_finding(kind, severity, examples, text, fix, len(first))


_FEW = 5


def _numbers(box: Floats) -> str:
    x, y, w, h = (f"{value:.6g}" for value in box.tolist())
    return f"at {x}, {y}, {w} × {h}"


def find(listing: BoxListing, names: Strings, sizes: Array) -> list[Finding]:
    """Findings about a file and its boxes; ``sizes`` (items, 2) are the images' width and height, 0 where unknown."""
    seen = _Seen(listing.boxes, names, sizes)
    return [
        *_file(listing),
        *_places(seen),
        *_shapes(seen),
        *_areas(seen),
        *_twice(seen),
        *_classes(listing.boxes),
        *_images(seen),
    ]


def _file(listing: BoxListing) -> list[Finding]:
    """What the reader says, but for what is found again here with examples."""
    boxes = listing.boxes
    again = unusual(boxes, "objects")
    findings = any_finding(
        "corners", "error", [], f"the boxes look like {_CORNERS}, but COCO's bbox is x, y, width, height",
        "Write width and height: x2 − x1 and y2 − y1.", sum(_CORNERS in said for said in again) * len(boxes),
    )  # fmt: skip
    for said in listing.warnings:
        if said not in again:
            text = said.rstrip(".").replace("{", "{{").replace("}", "}}")
            findings += any_finding("file", "warning", [], text, "Correct the file, unless it is meant to be so.", 1)
    return findings


def _places(seen: _Seen) -> list[Finding]:
    boxes = seen.boxes
    x, y, w, h = boxes.box.T
    sides = np.where(seen.sizes > 0, seen.sizes, np.inf)[boxes.item].T
    solid = (w > 0) & (h > 0)
    off = solid & ((x >= sides[0]) | (y >= sides[1]) | (x + w <= 0) | (y + h <= 0))
    low, high = -BEYOND, sides + BEYOND
    beyond = ~off & ((x < low) | (y < low) | (x + w > high[0]) | (y + h > high[1]))
    inner = sides - BEYOND
    whole = ~boxes.crowd & (x <= BEYOND) & (y <= BEYOND) & (x + w >= inner[0]) & (y + h >= inner[1])
    return [
        *seen.found(
            "off_image", "error", np.flatnonzero(off), "{n} object{s} lie{s_} entirely outside the image",
            "Correct or remove them: nothing can be found there.",
        ),
        *seen.found(
            "beyond", "warning", np.flatnonzero(beyond),
            "{n} object{s} reach{es_} beyond the image by more than a pixel",
            "Cut the boxes at the border, if objects are only marked where they are seen.",
        ),
        *seen.found(
            "whole_image", "note", np.flatnonzero(whole), "{n} box{es} cover{s_} the whole image",
            "Look at them: a large object, or a box that nobody drew?",
        ),
    ]  # fmt: skip


def _shapes(seen: _Seen) -> list[Finding]:
    w, h = seen.boxes.box[:, 2], seen.boxes.box[:, 3]
    short, long = np.minimum(w, h), np.maximum(w, h)
    return [
        *seen.found(
            "zero_size", "error", np.flatnonzero(short == 0), "{n} box{es} without width or height",
            "Remove them: they overlap nothing, so that each counts as missed.",
        ),
        *seen.found(
            "below_pixel", "warning", np.flatnonzero((short > 0) & (short < 1)),
            "{n} box{es} narrower or lower than a pixel",
            "Remove or redraw them; if all are, they may be shares of the image instead of pixels.",
        ),
        *seen.found(
            "aspect_outliers", "note", np.flatnonzero((short >= 1) & (long > LONG * short)),
            f"{{n}} box{{es}} longer than {LONG:g}:1", "Look at them: a pole, or a slip of the mouse?",
        ),
    ]  # fmt: skip


def _areas(seen: _Seen) -> list[Finding]:
    area, inside = seen.boxes.area, seen.boxes.box[:, 2] * seen.boxes.box[:, 3]
    return [
        *seen.found(
            "area_too_large", "warning", np.flatnonzero(area > TOO_LARGE * inside),
            "{n} object{s} with an area larger than the box",
            "Correct 'area': it decides whether an object counts as small, medium or large.",
        ),
        *seen.found(
            "area_zero", "warning", np.flatnonzero((area == 0) & (inside > 0)),
            "{n} object{s} with the area 0 in a box that has one",
            "Correct 'area', or leave it out: width × height is taken then.",
        ),
    ]  # fmt: skip


def _classes(boxes: Boxes) -> list[Finding]:
    rows = class_rows(boxes)
    rare = sorted((row for row in rows if 0 < row.objects < RARE), key=lambda row: row.objects)
    return [
        *any_finding(
            "empty_class", "warning", [row.name for row in rows if not row.objects],
            "{n} class{es} without an object", "Add objects, or remove the class: it has no AP.",
        ),
        *any_finding(
            "rare_class", "note", [f"{row.name}: {row.objects}" for row in rare],
            f"{{n}} class{{es}} with fewer than {RARE} objects",
            "Read their AP with its interval: few objects decide it, and it weighs as much as any other in the mean.",
        ),
    ]  # fmt: skip


def _images(seen: _Seen) -> list[Finding]:
    boxes, items = seen.boxes, seen.boxes.items
    empty = np.flatnonzero(np.bincount(boxes.item, minlength=len(items)) == 0)
    group, n = np.unique(_group(boxes, ~boxes.crowd), return_counts=True)
    image, label = np.divmod(group[n > MANY], max(len(boxes.classes), 1))
    full = [f"{seen.names[i]}: {c} {boxes.classes[k]}" for i, k, c in zip(image, label, n[n > MANY], strict=True)]
    return [
        *any_finding(
            "no_images", "error", [], "the file lists no image", "Add the images that are to be judged.",
            int(not len(items)),
        ),
        *any_finding(
            "no_objects", "note" if len(boxes) else "error", seen.names[empty].tolist(),
            "{n} image{s} without an object",
            "Nothing, if nothing is to be seen in them: whatever is detected there is false.",
        ),
        *any_finding(
            "many_objects", "note", full, f"{{n}} time{{s}} an image has more than {MANY} objects of one class",
            f"COCO counts {MANY} detections of a class in an image: raise --max-dets, or recall cannot reach 1.",
        ),
        *any_finding(
            "unsized", "warning", seen.names[(seen.sizes <= 0).any(axis=1)].tolist(),
            "{n} image{s} without width or height in the JSON file", "Add them: boxes beyond these images go unseen.",
        ),
        *any_finding(
            "repeated_file", "error", _repeated(items), "{n} file name{s} {is_} listed more than once",
            "Merge the images into one: each counts, and misses what is marked in the other.",
        ),
    ]  # fmt: skip


def _repeated(items: Items) -> list[str]:
    name, n = np.unique(items.path[items.path != ""], return_counts=True)
    return [f"{path}: {times} times" for path, times in zip(name[n > 1], n[n > 1], strict=True)]


# Objects that are there twice


def _twice(seen: _Seen) -> list[Finding]:
    """Each step looks at what the steps before left: a box is counted as a copy once."""
    boxes = seen.boxes
    rows = np.flatnonzero(~boxes.crowd)
    exact = _equal_to(boxes, rows)
    copies, rows = _pairs(rows, exact), rows[exact < 0]
    near = alike_before(_group(boxes, rows), boxes.box[rows])
    nearly, rows = _pairs(rows, near), rows[near < 0]
    other = _pairs(rows, alike_before(boxes.item[rows], boxes.box[rows], boxes.label[rows]))
    return [
        *seen.paired(
            "duplicate_boxes", "error", copies, "{n} object{s} with the same box and class as another",
            "Remove them: a detector finds one and misses the other.",
        ),
        *seen.paired(
            "near_duplicate_boxes", "warning", nearly,
            f"{{n}} object{{s}} with nearly the box of another of the class (IoU {NEARLY} or more)",
            "Look at them: was one object marked twice?",
        ),
        *seen.paired(
            "boxes_other_class", "warning", other,
            f"{{n}} object{{s}} with nearly the box of one of another class (IoU {NEARLY} or more)",
            "Look at them: which class is right? (One may be worn or held by the other.)",
        ),
    ]  # fmt: skip


def _pairs(rows: Array, before: Array) -> tuple[Array, Array]:
    """The rows of boxes and of those that they are like, from positions among ``rows`` (−1: like none)."""
    again = before >= 0
    return rows[before[again]], rows[again]


def _equal_to(boxes: Boxes, rows: Array) -> NDArray[np.int64]:
    """For each of the boxes at ``rows`` the first with the same item, class and numbers, −1 for itself."""
    columns = np.column_stack([boxes.item[rows], boxes.label[rows], boxes.box[rows]])
    order = np.lexsort(columns.T)
    sorted_columns = columns[order]
    new = np.ones(len(rows), bool)
    new[1:] = (sorted_columns[1:] != sorted_columns[:-1]).any(axis=1)
    first = np.maximum.accumulate(np.where(new, np.arange(len(rows)), 0))
    found = np.full(len(rows), -1, np.int64)
    found[order[~new]] = order[first[~new]]
    return found


def alike_before(group: Array, box: Floats, label: Array | None = None) -> NDArray[np.int64]:
    """For each box (n, 4) an earlier one of its group (n,) with IoU ≥ ``NEARLY``, of another ``label``; −1 for none.

    Earlier by x + 0.618 y. Boxes are compared with those before them, nearest first, until a partner is found or x and
    y alone rule out the overlap, so that the time grows with the number of boxes and not with its square.

    >>> alike_before(np.zeros(3), np.array([[0.0, 0, 50, 50], [1, 0, 50, 50], [30, 0, 50, 50]])).tolist()
    [-1, 0, -1]
    """
    along = box[:, 0] + _TURN * box[:, 1]
    order = np.lexsort((along, group))
    group, box, along = group[order], box[order], along[order]
    # IoU ≥ t asks for an overlap of at least t · w in x, so for a start at most (1 − t) / t · w before; and so in y.
    reach = (1 - NEARLY) / NEARLY * (box[:, 2] + _TURN * box[:, 3]) + 1e-9 * np.abs(along)
    found = np.full(len(box), -1, np.int64)
    rows, back = np.flatnonzero((box[:, 2] > 0) & (box[:, 3] > 0)), 0
    while len(rows):
        back += 1
        rows = rows[rows >= back]
        near = (group[rows - back] == group[rows]) & (along[rows] - along[rows - back] <= reach[rows])
        rows = rows[near]
        alike = iou(box[rows], box[rows - back]) >= NEARLY
        if label is not None:
            alike &= label[order[rows]] != label[order[rows - back]]
        found[order[rows[alike]]] = order[rows[alike] - back]
        rows = rows[~alike]
    return found


# What is wrong with the images


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
