"""What detectors and data sets hand over, recognised by its shape and made columns; no library is imported for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError, did_you_mean
from optotype.tables import Array, Floats
from optotype.tasks.handing import array_of

BoxFormat = Literal["xyxy", "xywh", "cxcywh"]
Longs = NDArray[np.int64]

_NONE = np.zeros(0)
_SHAPES = "a dict with boxes and labels, COCO annotations, or an object with xyxy (supervision, ultralytics)"


class Columns(NamedTuple):
    """Boxes of one image or, one image after the other, of several.

    ``box`` (n, 4) float64 x, y, w, h; ``label`` (n,) int64; of detections ``score`` (n,) float64; of the truth ``area``
    (n,) float64 and ``crowd`` (n,) bool; of length 0 on the other side. ``boxes`` (images,): how many each has.
    """

    box: Floats
    label: Longs
    score: Floats
    area: Floats
    crowd: NDArray[np.bool_]
    boxes: Longs

    def take(self, rows: Array) -> Columns:
        """The rows in another order; ``boxes`` stays as it was."""
        arrays: tuple[Any, ...] = self[:-1]
        box, label, score, area, crowd = (values[rows] if len(values) else values for values in arrays)
        return Columns(box, label, score, area, crowd, self.boxes)


class _Given(NamedTuple):
    """Columns as they were handed over, None for one that is not there."""

    box: Any
    label: Any
    score: Any
    area: Any
    crowd: Any
    form: str


def columns_of(batch: Sequence[object], keys: Sequence[str], *, truth: bool, form: BoxFormat = "xyxy") -> Columns:
    """The boxes of a batch, one entry an image, checked: shapes, lengths, finite numbers, no negative width or height.

    An entry is a dict with ``boxes`` in the ``form`` given, ``labels`` and ``scores`` (the truth: ``iscrowd`` and
    ``area``, w · h where it is left out), as torchvision, transformers and torchmetrics have it; a dict with ``bbox``
    (x, y, w, h) in place of ``boxes``; COCO annotations, a list of dicts or under the key ``annotations``;
    supervision's ``Detections`` or ultralytics' ``Results``. Values may be lists, arrays or tensors on any device.
    ``keys`` name the images in an InputError.

    >>> columns_of([{"boxes": [[10, 10, 30, 50]], "labels": [2]}], ["a.jpg"], truth=True).box
    array([[10., 10., 20., 40.]])
    """
    with np.errstate(all="ignore"):  # what is not finite is found below, with its place
        whole = concatenated([_columns(entry, key, truth, form) for entry, key in zip(batch, keys, strict=True)])
        _check_numbers(whole, keys, truth)
    return whole


def concatenated(parts: Sequence[Columns]) -> Columns:
    """Columns one after the other; of no parts, empty ones."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        whole = _NONE.astype(np.int64)
        return Columns(np.zeros((0, 4)), whole, _NONE, _NONE, _NONE.astype(bool), whole)
    box, label, score, area, crowd, boxes = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Columns(box, label, score, area, crowd, boxes)


def key_of(target: object) -> str | None:
    """The image's id in a target (``image_id``, of COCO annotations that of the first), None where there is none.

    >>> key_of({"image_id": 7}), key_of([{"image_id": 7, "bbox": [0, 0, 1, 1]}]), key_of({"boxes": []})
    ('7', '7', None)
    """
    if isinstance(target, list | tuple) and target:
        target = target[0]
    if not isinstance(target, Mapping) or target.get("image_id") is None:
        return None
    return as_key(target["image_id"])


def as_key(value: Any) -> str:
    """An image's id as a key: whole numbers and text, also in a tensor or array of one element.

    >>> as_key(np.array([12])), as_key("street/1.jpg")
    ('12', 'street/1.jpg')
    """
    try:
        plain = value.item() if hasattr(value, "item") else value
    except (ValueError, RuntimeError):  # several elements: NumPy's and torch's error
        plain = None
    if isinstance(plain, bool) or not isinstance(plain, str | int):
        raise InputError("the id of an image", "a whole number or text", repr(value), "Give keys= or set image_id.")
    return str(plain)


def _columns(entry: object, key: str, truth: bool, form: BoxFormat) -> Columns:
    """The columns of one image."""
    side = "target" if truth else "prediction"
    where = f"{side} of image '{key}'"
    given = _given(entry, where, form)
    box = _boxes(given.box, where, given.form)
    n = len(box)
    label = _whole(_column(given.label, "labels", where, n), where)
    boxes = np.array([n], np.int64)
    if truth:
        area = box[:, 2] * box[:, 3] if given.area is None else _floats(given.area, "area", where, n)
        crowd = np.zeros(n, bool) if given.crowd is None else _column(given.crowd, "iscrowd", where, n) != 0
        return Columns(box, label, _NONE, area, crowd, boxes)
    return Columns(box, label, _floats(given.score, "scores", where, n), _NONE, _NONE.astype(bool), boxes)


def _given(entry: object, where: str, form: str) -> _Given:
    if isinstance(entry, Mapping):
        if "boxes" in entry:
            label, score = entry.get("labels"), entry.get("scores")
            return _Given(entry["boxes"], label, score, entry.get("area"), entry.get("iscrowd"), form)
        if "annotations" in entry:
            return _records(entry["annotations"], where)
        if "bbox" in entry:
            label = next((entry[name] for name in ("labels", "category_id", "category") if name in entry), None)
            score = next((entry[name] for name in ("scores", "score") if name in entry), None)
            return _Given(entry["bbox"], label, score, entry.get("area"), entry.get("iscrowd"), "xywh")
        names = [str(name) for name in entry]
        raise InputError(where, _SHAPES, f"keys {', '.join(names) or 'none'}", did_you_mean("boxes", names))
    if isinstance(entry, list | tuple):
        return _records(entry, where)
    held = getattr(entry, "boxes", entry)
    if not hasattr(held, "xyxy"):
        raise InputError(where, _SHAPES, type(entry).__name__, "Give one such entry an image.")
    more = getattr(entry, "data", None)
    more = more if isinstance(more, Mapping) else {}
    label, score = (_first(held, names) for names in (("class_id", "cls"), ("confidence", "conf")))
    return _Given(held.xyxy, label, score, more.get("area"), more.get("iscrowd"), "xyxy")


def _first(held: object, names: tuple[str, str]) -> Any:
    return next((getattr(held, name) for name in names if hasattr(held, name)), None)


def _records(records: Any, where: str) -> _Given:
    """COCO's annotations or results of one image: a dict a box."""
    for i, record in enumerate(records):
        if not isinstance(record, Mapping) or not {"bbox", "category_id"} <= record.keys():
            got = f"keys {', '.join(map(str, record))}" if isinstance(record, Mapping) else type(record).__name__
            raise InputError(f"{where}, entry {i}", "an annotation, a dict with bbox and category_id", got,
                             f"Give an image {_SHAPES}.")  # fmt: skip
    box = _boxes([record["bbox"] for record in records], where, "xywh")
    area = [r["area"] if "area" in r else w * h for r, (_, _, w, h) in zip(records, box.tolist(), strict=True)]
    score = [record["score"] for record in records] if all("score" in record for record in records) else None
    crowd = [record.get("iscrowd", 0) for record in records]
    return _Given(box, [record["category_id"] for record in records], score, area, crowd, "xywh")


def _boxes(values: Any, where: str, form: str) -> Floats:
    array = array_of(values, "boxes", where)
    if array.size == 0:
        return np.zeros((0, 4))
    if array.ndim != 2 or array.shape[1] != 4:
        raise InputError(f"{where}: boxes", "shape (n, 4)", f"shape {array.shape}", f"Give {form} a box.")
    box = np.array(array, np.float64)
    if form == "xyxy":
        box[:, 2:] -= box[:, :2]
    elif form == "cxcywh":
        box[:, :2] -= box[:, 2:] / 2
    return box


def _floats(values: Any, name: str, where: str, n: int) -> Floats:
    return np.array(_column(values, name, where, n), np.float64)


def _column(values: Any, name: str, where: str, n: int) -> Array:
    """Numbers, one a box."""
    if values is None:
        raise InputError(where, f"{name}, one a box", "none", f"Add {name} to the entry of every image.")
    array = array_of(values, name, where)
    if array.shape != (n,):
        got = f"{len(array)} {name}" if array.ndim == 1 else f"shape {array.shape}"
        fix = "Give every box exactly one; for an image without boxes give an empty list of both."
        raise InputError(f"{where}: {name}", f"{n} {name}, one a box", got, fix)
    return array


def _whole(array: Array, where: str) -> Longs:
    """Labels; as floats too, if they are whole numbers."""
    label = array.astype(np.int64) if array.dtype.kind != "f" or bool(np.isfinite(array).all()) else None
    if label is None or (array.dtype.kind == "f" and bool((label != array).any())):
        raise InputError(f"{where}: labels", "whole numbers", str(array.tolist()[:8]), "Give class indices.")
    return label


def _check_numbers(columns: Columns, keys: Sequence[str], truth: bool) -> None:
    """A box that is no box has no overlap, and a NaN score no rank: neither may reach the matching."""
    form = f"Does box_format say how your boxes are written? It is one of {', '.join(get_args(BoxFormat))}."
    box = columns.box
    total = box.sum() + (columns.area if truth else columns.score).sum()
    if np.isfinite(total) and (len(box) == 0 or box[:, 2:].min() >= 0):
        return
    checks: list[tuple[str, Array, Array, str, str]] = [
        ("x, y, w, h", box, np.isfinite(box), "finite numbers", "Drop the box or correct it."),
        ("x, y, w, h", box, box[:, 2:] >= 0, "w ≥ 0 and h ≥ 0", form),
        ("score", columns.score, np.isfinite(columns.score), "a finite number", "Has the model diverged?"),
        ("area", columns.area, np.isfinite(columns.area), "a finite number", "Leave area out for w · h."),
    ]
    for name, values, good, expected, fix in checks:
        if not good.all():
            row = int(np.argwhere(~good)[0, 0])
            raise InputError(f"{place(columns, row, keys, truth)}: {name}", expected, str(values[row].tolist()), fix)


def place(columns: Columns, row: int, keys: Sequence[str], truth: bool) -> str:
    """Which box of which image a row is, in words."""
    ends = np.cumsum(columns.boxes)
    image = int(np.searchsorted(ends, row, side="right"))
    box = row - int(ends[image] - columns.boxes[image])
    return f"{'target' if truth else 'prediction'} of image '{keys[image]}', box {box}"
