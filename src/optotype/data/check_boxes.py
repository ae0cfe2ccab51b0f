"""What is in the boxes of a detection data set, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from optotype.box_checks import BEYOND, looks_like_corners
from optotype.box_geometry import MEDIUM, SIZES, SMALL
from optotype.data import box_copies
from optotype.data.box_copies import NEARLY, Pairs, group_of
from optotype.data.findings import EXAMPLES, BoxCounts, ClassCount, Finding, Severity, Spread, any_finding
from optotype.listing import BoxListing
from optotype.tables import Array, Boxes, Floats, Items, Strings

LONG = 20.0
"""A box is an outlier in aspect when its sides are in a ratio above this."""

TOO_LARGE = 1.01
"""An object's area is too large from this many times its box's area on."""

RARE = 10
"""Classes with fewer objects are rare: one of them more or less found moves recall by more than a tenth."""

MANY = 100
"""COCO counts at most so many detections of a class in an image."""


# What is there


def names_of(items: Items) -> Strings:
    """What an image is called in findings: its file name, else its id. Shape (n,)."""
    return np.where(items.path == "", np.char.add("image ", items.key), items.path)


def class_rows(boxes: Boxes) -> list[ClassCount]:
    """Objects, crowds and images of each class."""
    k = len(boxes.classes)
    objects = np.bincount(boxes.label[~boxes.crowd], minlength=k).tolist()
    crowds = np.bincount(boxes.label[boxes.crowd], minlength=k).tolist()
    pairs = np.unique(group_of(boxes, ~boxes.crowd))
    images = np.bincount(pairs % max(k, 1), minlength=k).tolist()
    return [
        ClassCount(name=name, n=n, splits={"": n}, objects=there, crowds=crowd)
        for name, n, there, crowd in zip(boxes.classes, images, objects, crowds, strict=True)
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
    size = np.digitize(boxes.area[kept], (SMALL, MEDIUM), right=True)  # as size_of: a border is the smaller's
    n = len(boxes.items)
    return BoxCounts(
        objects=int(kept.sum()),
        crowds=int(boxes.crowd.sum()),
        without=n - len(np.unique(boxes.item)),
        sizes=dict(zip(SIZES, np.bincount(size, minlength=3).tolist(), strict=True)),
        per_image=_spread(np.bincount(boxes.item[kept], minlength=n)),
        width=_spread(boxes.box[kept, 2]),
        height=_spread(boxes.box[kept, 3]),
    )


def _spread(values: Array) -> Spread:
    return Spread(float(values.min()), float(np.median(values)), float(values.max())) if len(values) else Spread()


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
        return any_finding(kind, severity, self.shown(rows[:EXAMPLES].tolist()), text, fix, len(rows))

    def paired(self, kind: str, severity: Severity, pairs: Pairs, text: str, fix: str) -> list[Finding]:
        """As ``found``, about pairs of boxes."""
        first, second = pairs
        boxes = self.boxes
        examples = [
            f"{one} = {boxes.classes[boxes.label[j]]} {_numbers(boxes.box[j])} (annotation {boxes.id[j]})"
            for one, j in zip(self.shown(first[:EXAMPLES].tolist()), second[:EXAMPLES].tolist(), strict=True)
        ]
        return any_finding(kind, severity, examples, text, fix, len(first))


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
    """What the reader says of the file; what it says of the boxes is found again below, with examples."""
    findings = any_finding(
        "corners", "error", [], "the boxes look like x1, y1, x2, y2, but COCO's bbox is x, y, width, height",
        "Write width and height: x2 − x1 and y2 − y1.",
        len(listing.boxes) if looks_like_corners(listing.boxes) else 0,
    )  # fmt: skip
    for said in listing.of_file:
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
    group, n = np.unique(group_of(boxes, ~boxes.crowd), return_counts=True)
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


def _twice(seen: _Seen) -> list[Finding]:
    """Objects that are there twice."""
    copies = box_copies.find(seen.boxes)
    return [
        *seen.paired(
            "duplicate_boxes", "error", copies.equal, "{n} object{s} with the same box and class as another",
            "Remove them: a detector finds one and misses the other.",
        ),
        *seen.paired(
            "near_duplicate_boxes", "warning", copies.near,
            f"{{n}} object{{s}} with nearly the box of another of the class (IoU {NEARLY} or more)",
            "Look at them: was one object marked twice?",
        ),
        *seen.paired(
            "boxes_other_class", "warning", copies.other_class,
            f"{{n}} object{{s}} with nearly the box of one of another class (IoU {NEARLY} or more)",
            "Look at them: which class is right? (One may be worn or held by the other.)",
        ),
    ]  # fmt: skip
