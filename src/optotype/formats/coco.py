"""The truth of detection as COCO's JSON: images, annotations and categories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from optotype import coco_records as records
from optotype.box_checks import check_numbers, index_of, items_of, sorted_boxes, unusual
from optotype.coco_records import Category, Document, Image
from optotype.errors import InputError, and_more
from optotype.files import replacing
from optotype.kernels.record_keys import AREA, BOX, CATEGORY, CROWD, ID, IGNORE, IMAGE
from optotype.listing import BoxListing
from optotype.tables import Array, Boxes, Floats, Items

_FIX = "Truth is an object with images, annotations and categories. Is this a results file?"
_MOST_PIXELS = (1 << 31) - 1


def read(path: Path, *, threads: int = 0) -> BoxListing:
    """The objects of a COCO file: items in the order of ``images``, classes in that of their ids as in pycocotools.

    Keys of items are the image ids; boxes of an item stay in the file's order. What is left out, computed or unusual is
    counted in ``warnings``; what cannot be meant is an InputError that names the record. ``threads`` 0: all cores.
    """
    document = records.read(path, IMAGE | CATEGORY | BOX | AREA | CROWD | ID | IGNORE, threads=threads)
    if document.images is None or document.categories is None:
        missing = "images" if document.images is None else "categories"
        got = "a list of records" if document.listed else f"no '{missing}'"
        raise InputError(str(path), "COCO truth: images, annotations, categories", got, _FIX)
    records.require(document, IMAGE | CATEGORY | BOX)
    check_numbers(document.records.box, document.where)
    items = _items(path, document.images)
    ids, classes, warnings = _classes(path, document.categories)
    number, area, more = _completed(document)
    item = items_of(document.records.image, items.key)
    label = index_of(_category_ids(document), ids)
    more += _unlisted(path, item, label)
    kept = (item >= 0) & (label >= 0)
    columns: tuple[Array, ...] = (item, label, document.records.box, area, document.records.crowd, number)
    if not kept.all():
        columns = tuple(values[kept] for values in columns)
    boxes = sorted_boxes(items, classes, columns)
    return BoxListing(boxes, ids, (*warnings, *more), tuple(unusual(boxes, "objects")))


def _items(path: Path, images: list[Image]) -> Items:
    key = [str(image.id) for image in images]
    first = {name: len(key) - 1 - row for row, name in enumerate(reversed(key))}
    if len(first) < len(key):
        row = next(row for row, name in enumerate(key) if first[name] < row)
        raise InputError(f"{path}, images[{row}]", "every image id once", f"id {key[row]} again",
                         "Remove the repeated image.")  # fmt: skip
    for row, image in enumerate(images):
        if not 0 <= (image.width or 0) <= _MOST_PIXELS or not 0 <= (image.height or 0) <= _MOST_PIXELS:
            raise InputError(f"{path}, images[{row}]", "a width and a height in pixels",
                             f"{image.width} × {image.height}", "Correct the size.")  # fmt: skip
        if not (_is_text(key[row]) and _is_text(image.file_name or "")):
            raise InputError(f"{path}, images[{row}]", "an id and a file_name that are text",
                             f"{image.id!r}, {image.file_name!r}", "Correct the entry.")  # fmt: skip
    width, height = [image.width or 0 for image in images], [image.height or 0 for image in images]
    return Items.of(key, path=[image.file_name or "" for image in images], width=width, height=height)


def _classes(path: Path, categories: list[Category]) -> tuple[NDArray[np.int64], tuple[str, ...], list[str]]:
    """Ids in ascending order, their names, and what is unusual."""
    nameless = sum(not category.name for category in categories)
    named: dict[int, str] = {}
    names: set[str] = set()
    for row, category in enumerate(categories):
        name, where = category.name or str(category.id), f"{path}, categories[{row}]"
        if category.id in named or name in names:
            got = f"id {category.id}" if category.id in named else f"name {name!r}"
            raise InputError(where, "every category id and name once", f"{got} again", "Rename or remove one.")
        if not -(1 << 63) <= category.id < 1 << 63 or not _is_text(name):
            raise InputError(
                where, "an id of 64 bits and a name that is text", f"{category.id}, {name!r}", "Correct it."
            )
        named[category.id] = name
        names.add(name)
    ids = sorted(named)
    said = [f"{nameless} of {len(ids)} categories have no name; they are called by their ids."] if nameless else []
    return np.array(ids, np.int64), tuple(named[i] for i in ids), said


def _is_text(name: str) -> bool:
    """Whether it can be written as UTF-8: JSON can spell half a character."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def _category_ids(document: Document) -> Array:
    category = document.records.category
    if category.dtype.kind == "U":
        row = next((i for i, text in enumerate(category.tolist()) if not text.lstrip("-").isdecimal()), 0)
        raise InputError(f"{document.where(row)}, 'category_id'", "a whole number, the id of a category",
                         repr(str(category[row])), "Use the ids of 'categories'.")  # fmt: skip
    return category


def _completed(document: Document) -> tuple[NDArray[np.int64], Floats, list[str]]:
    """Ids and areas, with those that the file lacks, and what is unusual about ids, areas and flags."""
    found, said = document.records, []
    number, area = found.id, found.area
    if len(rows := found.lacking(ID)):
        there = found.has & ID > 0
        highest = int(number[there].max(initial=0))
        if highest + len(rows) >= 1 << 63:
            raise InputError(f"{document.where(int(rows[0]))}, 'id'", "an id",
                             f"none, and {highest} elsewhere, above which too few of 64 bits are left",
                             "Number the annotations from 1 on.")  # fmt: skip
        number = number.copy()
        number[rows] = highest + 1 + np.arange(len(rows))
        said.append(
            f"{len(rows):,} of {len(found):,} annotations have no id; they were numbered from {highest + 1} on."
        )
    if len(rows := found.lacking(AREA)):
        area = area.copy()
        area[rows] = found.box[rows, 2] * found.box[rows, 3]
        said.append(f"{len(rows):,} of {len(found):,} annotations have no area; width × height is taken.")
    if len(bad := np.flatnonzero(~(np.isfinite(area) & (area >= 0)))):
        raise InputError(f"{document.where(int(bad[0]))}, 'area'", "a finite number ≥ 0", str(area[bad[0]]),
                         "Correct or drop the area; without one, width × height is taken.")  # fmt: skip
    _check_unique(document, number)
    if bool((number == 0).any()):
        said.append(
            "An annotation has the id 0. pycocotools counts a detection matched to it as false; "
            "here it is right unless the reference's behaviour is asked for (--strict)."
        )
    if ignored := int(np.count_nonzero(found.has & IGNORE)):
        text = "annotations have the flag 'ignore'; as in pycocotools only 'iscrowd' counts."
        said.append(f"{ignored:,} of {len(found):,} {text}")
    return number, area, said


def _check_unique(document: Document, number: Array) -> None:
    if bool((number[1:] > number[:-1]).all()):
        return
    order = np.argsort(number, kind="stable")
    again = np.flatnonzero(number[order][1:] == number[order][:-1])
    if len(again):
        row = int(order[again + 1].min())
        first = int(np.flatnonzero(number == number[row])[0])
        raise InputError(f"{document.where(row)}, 'id'", "every annotation id once",
                         f"{number[row]}, as annotations[{first}]{and_more(len(again) - 1, 'repeated')}",
                         "Number the annotations from 1 on.")  # fmt: skip


def _unlisted(path: Path, item: Array, label: Array) -> list[str]:
    said = []
    for rows, what in ((item < 0, "images"), (label < 0, "categories")):
        if count := int(np.count_nonzero(rows)):
            said.append(
                f"{count:,} of {len(item):,} annotations are of {what} that {path.name} does not list; "
                "they were left out, as in pycocotools."
            )
    return said


def write(path: Path, boxes: Boxes, category: NDArray[np.int64] | None = None) -> None:
    """Write truth atomically, to be read back as the same boxes on the same keys, paths and sizes.

    ``category`` (K,) ascending gives the classes' ids, else they are 1 … K. Groups, splits and columns are not kept.
    """
    ids = _checked(path, boxes, category)
    items, encode = boxes.items, msgspec.json.encode
    keys = [records.id_of(key) for key in items.key.tolist()]
    sizes = zip(keys, items.path.tolist(), items.width.tolist(), items.height.tolist(), strict=True)
    images = [{"id": key, "file_name": name, "width": width, "height": height} for key, name, width, height in sizes]
    categories = [{"id": number, "name": name} for number, name in zip(ids, boxes.classes, strict=True)]
    with replacing(path) as stream:
        stream.write(b'{"images": ' + encode(images) + b',\n"categories": ' + encode(categories))
        stream.write(b',\n"annotations": [')
        for row, line in enumerate(_annotations(boxes, keys, ids)):
            stream.write((b",\n" if row else b"\n") + line)
        stream.write(b"]}\n")


def _checked(path: Path, boxes: Boxes, category: NDArray[np.int64] | None) -> list[int]:
    ids = list(range(1, len(boxes.classes) + 1)) if category is None else category.tolist()
    if len(ids) != len(boxes.classes) or ids != sorted(set(ids)):
        raise InputError(str(path), f"{len(boxes.classes)} ascending category ids", str(ids)[:80], "Sort the classes.")
    return ids


def _annotations(boxes: Boxes, keys: list[int | str], ids: list[int]) -> Iterator[bytes]:
    encode = msgspec.json.encode
    columns = (boxes.id, boxes.item, boxes.label, boxes.box, boxes.area, boxes.crowd)
    for number, item, label, box, area, crowd in zip(*(values.tolist() for values in columns), strict=True):
        yield encode({"id": number, "image_id": keys[item], "category_id": ids[label], "bbox": box, "area": area,
                      "iscrowd": int(crowd)})  # fmt: skip
