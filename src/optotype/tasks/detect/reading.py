"""Reading what a detector is judged by."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from optotype.errors import InputError, did_you_mean
from optotype.formats import read_boxes, read_detections
from optotype.formats.manifest import write_items
from optotype.listing import BoxListing
from optotype.metrics.average_precision import COCO, Rules
from optotype.tables import Array, Boxes
from optotype.tasks.reading import Asked, Read

_AREA = re.compile(r"(?P<name>[A-Za-z_]\w*)=(?P<low>[0-9.eE+]+)-(?P<high>[0-9.eE+]*)")

_FIX = "Write NAME=LEAST-LARGEST in square pixels, such as tiny=0-256 huge=65536-."


def read(asked: Asked) -> Read:
    """Boxes of both sides: COCO's JSON against a COCO results file."""
    asked.only("detect", "map_categories", "iou_type", "max_dets", "areas", "item_ids", "strict")
    asked.check_protocol("coco")
    if asked.iou_type not in (None, "bbox"):
        raise InputError("--iou-type", "bbox", repr(asked.iou_type), "This version measures boxes; leave it out.")
    source = Path(asked.truth)
    truth = read_boxes(source)
    said = read_detections(asked.predictions, truth, mapping=asked.map_categories)
    if asked.item_ids is not None:
        kept = _kept(truth.boxes, asked.item_ids)
        truth, said = _of_items(truth, kept), _of_items(said, kept)
    rules = {"rules": rules_of(asked)}
    return Read(truth.boxes, said.boxes, truth.boxes.items, source, (*truth.warnings, *said.warnings), rules)


def rules_of(asked: Asked) -> Rules:
    """The protocol's conventions with the user's changes.

    >>> rules_of(Asked("gt.json", Path("dt.json"), max_dets=(1, 10, 300))).max_dets
    (1, 10, 300)
    """
    rules = replace(COCO, strict=asked.strict)
    if asked.max_dets is not None:
        rules = replace(rules, max_dets=asked.max_dets)
    return rules if asked.areas is None else replace(rules, ranges=(COCO.ranges[0], *map(_range, asked.areas)))


def _range(text: str) -> tuple[str, float, float]:
    """A range of areas as a user writes it.

    >>> _range("tiny=0-256")
    ('tiny', 0.0, 256.0)
    """
    found = _AREA.fullmatch(text)
    try:
        low, high = (float(found["low"]), float(found["high"] or 1e10)) if found else (1.0, 0.0)
    except ValueError:
        low, high = 1.0, 0.0
    if not found or low > high:
        raise InputError("--areas", "a range of areas, NAME=LEAST-LARGEST", repr(text), _FIX)
    return found["name"], low, high


def _kept(boxes: Boxes, given: str) -> Array:
    """Mask of the items that a file (a key a line) or a list with commas names."""
    path = Path(given)
    text = path.read_text(encoding="utf-8") if path.is_file() else given.replace(",", "\n")
    names = [line.strip() for line in text.splitlines() if line.strip()]
    keys = boxes.items.key.tolist()
    for name in names:
        if name not in set(keys):
            raise InputError("--item-ids", "ids of the truth's images", repr(name), did_you_mean(name, keys[:5000]))
    if not names:
        raise InputError("--item-ids", "at least one image id", "none", "Name a file with an id a line, or 1,2,3.")
    return np.isin(boxes.items.key, names)


def _of_items(listing: BoxListing, kept: Array) -> BoxListing:
    boxes, place = listing.boxes, np.cumsum(kept) - 1
    rows = kept[boxes.item]
    inside = boxes.take(rows)
    items = boxes.items.take(kept)
    return replace(listing, boxes=replace(inside, items=items, item=place[inside.item].astype(np.int32)))


def keep(path: Path, truth: Boxes) -> None:
    """Write the images as a CSV, for the report and for 'explain'."""
    write_items(path, truth.items)


def digest(truth: Boxes) -> str:
    """Hash of images, classes and objects in key order: equal truths are equal whatever file they came from."""
    found = hashlib.sha256("\0".join(truth.classes).encode())
    order = np.argsort(truth.items.key, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows = np.argsort(place[truth.item], kind="stable")
    found.update("\0".join(truth.items.key[order].tolist()).encode())
    for values in (place[truth.item], truth.label, truth.box, truth.area, truth.crowd):
        found.update(np.ascontiguousarray(values[rows]).tobytes())
    return found.hexdigest()
