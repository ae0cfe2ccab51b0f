"""Detections against objects, image by image and class by class, as COCO's evaluation matches them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

from optotype.errors import InputError
from optotype.evidence import Evidence, Rows
from optotype.kernels import matching as kernel
from optotype.kernels import ranking
from optotype.machine import usable_cores
from optotype.metrics.average_precision import COCO, FIRST, IOUS, Rules
from optotype.metrics.ordering import numeric_order, rank
from optotype.tables import Array, Boxes, Ints
from optotype.tasks.aligning import check_aligned


def match(truth: Boxes, prediction: Boxes, *, rules: Rules = COCO, threads: int = 0) -> Evidence:
    """Evidence of a detector, the tables ``images``, ``truth`` and ``detections``; rows of an image as in the files.

    ``images``: ``place`` in the truth's file, ``width``, ``height`` int32. ``truth``: ``label`` int32, ``box`` (m, 4),
    ``area`` float64, ``crowd`` bool, ``id`` int64, ``out`` uint8 (bit a: ignored in area range a of the rules).
    ``detections``: ``label``, ``box``, ``score``, ``id``; ``rank`` int32 (better detections of the class in the image);
    ``hit`` and ``out`` uint16 (n, A), bits over ``IOUS``: matched to an object that counts, or neither right nor wrong;
    ``partner`` int32: position among the image's truth rows of the object matched at IoU 0.5, −1 for none; ``loose``
    int32 (n, A): that of a hit at IoU 0.1.

    Both sides must be of the same items and classes (InputError). The result does not depend on ``threads`` (0: all
    cores). Source: ``COCOeval.evaluateImg`` of pycocotools 2.0.11.
    """
    _check(truth, prediction)
    items = truth.items
    order = np.argsort(items.key, kind="stable").astype(np.int32)
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    objects, found = _arranged(truth, place), _arranged(prediction, place)
    objects["out"] = _ignored(objects, rules)
    keys = items.key[order]
    found |= _matched(objects, found, numeric_order(keys), len(truth.classes), rules, threads or usable_cores())
    every = np.arange(len(items), dtype=np.int32)
    images = {"place": order, "width": items.width[order], "height": items.height[order]}
    tables = {
        "images": Rows(every, images),
        "truth": Rows(objects.pop("item"), objects),
        "detections": Rows(found.pop("item"), found),
    }
    return Evidence("detect", truth.classes, keys, items.groups()[order], tables)


def _arranged(boxes: Boxes, place: Ints) -> dict[str, Array]:
    """Columns of the boxes with items in the order of the keys; rows of an item stay in their order."""
    columns: dict[str, Array] = {"label": boxes.label, "box": boxes.box, "id": boxes.id}
    columns |= {"area": boxes.area, "crowd": boxes.crowd} if boxes.score is None else {"score": boxes.score}
    item = place[boxes.item]
    if bool((item[1:] >= item[:-1]).all()):
        return {"item": item, **columns}
    order = np.argsort(item, kind="stable")
    return {"item": item[order], **{name: values[order] for name, values in columns.items()}}


def _ignored(objects: dict[str, Array], rules: Rules) -> Array:
    """Bit a of each object: a crowd, or an area outside range a."""
    area, out = objects["area"], np.zeros(len(objects["area"]), np.uint8)
    for a, (low, high) in enumerate(rules.limits.tolist()):
        out |= (objects["crowd"] | (area < low) | (area > high)).astype(np.uint8) << a
    return out


def _matched(
    objects: dict[str, Array], found: dict[str, Array], place: Ints, classes: int, rules: Rules, threads: int
) -> dict[str, Array]:
    n, items, A = len(found["label"]), len(place), len(rules.ranges)
    by_rank, _ = rank(found["label"], found["score"], found["item"], place, classes)
    order, start = np.empty(n, np.int32), np.empty(items + 1, np.int64)
    ranking.by_code(by_rank, found["item"], order, start)
    by_class = np.lexsort((objects["label"], objects["item"]))
    objects = {name: np.ascontiguousarray(values[by_class]) for name, values in objects.items()}
    truth_start = np.searchsorted(objects["item"], np.arange(items + 1)).astype(np.int64)
    lost = (objects["id"] == 0) & rules.strict
    box = np.ascontiguousarray(found["box"])
    result: dict[str, Array] = {
        "rank": np.empty(n, np.int32),
        "hit": np.empty((n, A), np.uint16),
        "out": np.empty((n, A), np.uint16),
        "partner": np.empty(n, np.int32),
        "loose": np.empty((n, A), np.int32),
    }

    def part(first: int, last: int) -> None:
        kernel.match(
            first, last, start, order, found["label"], box, truth_start, objects["label"], objects["box"],
            objects["crowd"], objects["out"], lost, IOUS, rules.limits, rules.cap, FIRST, *result.values(),
        )  # fmt: skip

    in_parts(part, start, threads)
    position = np.append(position_in_item(objects["item"], items), np.int32(-1))
    by_class = np.append(by_class, len(by_class))  # so that −1, none, stays −1
    result |= {name: position[by_class[result[name]]] for name in ("partner", "loose")}
    return result


def position_in_item(item: Ints, items: int) -> Ints:
    """Position (n,) of each row among those of its item; rows come by item.

    >>> position_in_item(np.array([0, 0, 2], np.int32), 3).tolist()
    [0, 1, 0]
    """
    first = np.searchsorted(item, np.arange(items))
    return (np.arange(len(item)) - first[item]).astype(np.int32)


def in_parts(work: Any, start: Array, threads: int) -> None:
    """Call ``work(first, last)`` for runs of items of about equally many rows, one a thread; ``start`` (items + 1,)."""
    items, rows = len(start) - 1, int(start[-1])
    borders = np.searchsorted(start, [rows * i / threads for i in range(1, threads)]).tolist()
    ends = sorted({0, *(min(b, items) for b in borders), items})
    parts = list(pairwise(ends))
    if len(parts) < 2:
        work(0, items)
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(lambda ends: work(*ends), parts))


def _check(truth: Boxes, prediction: Boxes) -> None:
    if truth.score is not None or prediction.score is None:
        raise InputError("matching", "a truth without scores and detections with scores", "the other way round",
                         "Swap the two.")  # fmt: skip
    check_aligned(truth, prediction, "detections", "image")
