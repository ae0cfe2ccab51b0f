"""A simulated detector whose faults are declared: what it finds in stills of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.studies.demo.faults import Fault, hit_by
from optotype.tables import Array, Boxes, Floats, Ints

RECALL = 0.96
"""Of the simulated detector where no fault strikes."""
ALARMS = 0.5
"""False detections an image where no fault strikes, of low scores."""

_JITTER = 0.04
"""Standard deviation of place and of the logarithm of width and height, in widths and heights."""
_MISPLACED = (0.15, 0.4)
"""IoU of badly placed boxes."""
_RIGHT, _WRONG, _ALARM = (14.0, 2.5), (9.0, 3.0), (2.0, 6.0)
"""Beta distributions of scores: of what is right, of what a fault makes wrong, of false alarms like any detector's."""


@dataclass(frozen=True, eq=False)
class Detected:
    """``prediction`` as simulated and, for each fault of objects, the rows of the truth (m,) that it ``struck``."""

    prediction: Boxes
    struck: dict[str, NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class _Found:
    """Detections: item, label, box and score, (n,)."""

    item: Ints
    label: Ints
    box: Floats
    score: Floats


def simulate(truth: Boxes, attributes: Mapping[str, Array], faults: tuple[Fault, ...], *, seed: int) -> Detected:
    """Detections with the faults in them, on the objects of ``truth`` (crowds are passed over).

    ``attributes`` are columns (m,) of its rows. Where two faults strike an object, missing it wins, then misplacing.
    Same arguments, same detections.
    """
    rng = np.random.default_rng(seed)
    real = ~truth.crowd
    chosen = {name: values[real] for name, values in attributes.items()}
    objects = truth.take(real)
    on_objects = tuple(fault for fault in faults if fault.does != "imagine")
    struck = hit_by(on_objects, objects.label, objects.classes, chosen, rng)
    parts = [_seen(objects, on_objects, struck, rng), _imagined(objects, ALARMS, _ALARM, rng)]
    for fault in faults:
        if fault.does == "imagine":
            parts.append(_imagined(objects, fault.rate, _WRONG, rng))
    whole = {key: np.zeros(len(truth), bool) for key in struck}
    for key, hit in struck.items():
        whole[key][real] = hit
    return Detected(_table(truth, parts), whole)


def _seen(
    objects: Boxes, faults: tuple[Fault, ...], struck: dict[str, NDArray[np.bool_]], rng: np.random.Generator
) -> _Found:
    """What is made of the objects."""
    n, size = len(objects), _sizes(objects)
    does = {name: np.zeros(n, bool) for name in ("mistake", "miss", "misplace", "repeat")}
    label = objects.label.copy()
    for fault in faults:
        hit = struck[fault.key]
        does[fault.does] |= hit
        if fault.does == "mistake":
            label[hit] = objects.classes.index(fault.taken_for)
    seen = (rng.random(n) < RECALL) & ~does["miss"]
    box = _jittered(objects.box, rng)
    off = does["misplace"]
    box[off] = _moved(objects.box[off], size[off], rng)
    wrong = off | (label != objects.label)
    score = np.where(wrong, rng.beta(*_WRONG, n), rng.beta(*_RIGHT, n))
    again = seen & does["repeat"] & ~off
    order = np.concatenate([np.flatnonzero(seen), np.flatnonzero(again)])
    boxes = np.concatenate([box[seen], _jittered(objects.box[again], rng)])
    scores = np.concatenate([score[seen], score[again] * rng.uniform(0.85, 1, int(again.sum()))])
    return _Found(objects.item[order], label[order], boxes, scores)


def _jittered(box: Floats, rng: np.random.Generator) -> Floats:
    """Boxes about where they should be."""
    side = box[:, 2:]
    grown = side * np.exp(rng.normal(0, _JITTER, side.shape))
    centre = box[:, :2] + side / 2 + side * rng.normal(0, _JITTER, side.shape)
    return np.column_stack([centre - grown / 2, grown])


def _moved(box: Floats, size: Floats, rng: np.random.Generator) -> Floats:
    """Boxes moved along one axis, towards the image's middle, so far that IoU is as a badly placed one's."""
    iou = rng.uniform(*_MISPLACED, len(box))
    along = rng.integers(0, 2, len(box))
    rows = np.arange(len(box))
    towards = np.sign(size / 2 - (box[:, :2] + box[:, 2:] / 2))[rows, along]
    moved = box.copy()
    moved[rows, along] += np.where(towards == 0, 1, towards) * (1 - iou) / (1 + iou) * box[rows, 2 + along]
    return moved


def _imagined(objects: Boxes, rate: float, scores: tuple[float, float], rng: np.random.Generator) -> _Found:
    """Detections of nothing, ``rate`` an image: class and size of some object, anywhere."""
    n = rng.poisson(rate, len(objects.items))
    item = np.repeat(np.arange(len(n), dtype=np.int32), n)
    model = rng.integers(0, len(objects), len(item))
    side = objects.box[model, 2:]
    room = np.column_stack([objects.items.width, objects.items.height])[item] - side
    corner = np.maximum(room, 0) * rng.random((len(item), 2))
    return _Found(item, objects.label[model], np.column_stack([corner, side]), rng.beta(*scores, len(item)))


def _sizes(objects: Boxes) -> Floats:
    """Width and height of each object's image, (m, 2)."""
    return np.column_stack([objects.items.width, objects.items.height])[objects.item].astype(np.float64)


def _table(truth: Boxes, parts: list[_Found]) -> Boxes:
    """Detections of all parts, cut at the image's border as a detector's are, by item."""
    item, label, box, score = (np.concatenate([getattr(p, name) for p in parts]) for name in _Found.__annotations__)
    order = np.argsort(item, kind="stable")
    item, label, box, score = item[order], label[order], box[order], score[order]
    limit = np.column_stack([truth.items.width, truth.items.height])[item]
    low, high = np.clip(box[:, :2], 0, limit), np.clip(box[:, :2] + box[:, 2:], 0, limit)
    box = np.round(np.column_stack([low, high - low]), 2)
    n = len(item)
    return Boxes(
        truth.items, truth.classes, item.astype(np.int32), label.astype(np.int32), box, box[:, 2] * box[:, 3],
        np.zeros(n, bool), np.arange(n, dtype=np.int64), np.round(score, 4),
    )  # fmt: skip
