"""Measuring a detector from inside a program: boxes are handed over batch by batch, no file is read or written."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from optotype.errors import InputError, did_you_mean
from optotype.metrics import average_precision as ap
from optotype.metrics.average_precision import COCO, Rules
from optotype.metrics.ordering import numeric_order
from optotype.results import Result, Source
from optotype.studies.judging import result_of
from optotype.tables import Array, Boxes, Ints, Items
from optotype.tasks.detect import judging, matching, measuring
from optotype.tasks.detect.adapting import BoxFormat, Columns, as_key, columns_of, concatenated, key_of, place
from optotype.tasks.detect.reading import digest

SOURCE = "memory"
"""What provenance calls a source that is no file."""


@dataclass(eq=False)
class _Held:
    """What was handed over so far: keys in the order of arrival, each with its group, and the columns of batches."""

    keys: dict[str, str] = field(default_factory=dict)
    truth: list[Columns] = field(default_factory=list)
    said: list[Columns] = field(default_factory=list)


class Evaluator:
    """Collects detections and truth, and gives all numbers of ``eval.json`` at any time.

    ``classes`` are the names in the order of the labels, {label: name} where labels are not 0, 1, 2 … (COCO's category
    ids), the number of classes, or None: the labels that occur. ``box_format`` is that of the key ``boxes``.
    ``max_dets`` are how many detections of a class in an image count for each AR, the last everywhere else;
    ``areas`` {name: (least, largest)} in square pixels take the place of small, medium and large.

    Whatever the batches, shards and order of arrival, the numbers are the same to the last bit.

    >>> evaluator = Evaluator(classes=["car", "person"])
    >>> said = {"boxes": [[10, 10, 60, 90]], "scores": [0.9], "labels": [1]}
    >>> evaluator.update([said], [{"boxes": [[12, 8, 60, 88]], "labels": [1]}])
    >>> round(evaluator.ap()["AP50"], 3)
    1.0
    """

    def __init__(
        self,
        task: Literal["detect"] = "detect",
        classes: Sequence[str] | Mapping[int, str] | int | None = None,
        *,
        box_format: BoxFormat = "xyxy",
        max_dets: Sequence[int] = COCO.max_dets,
        areas: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        if task != "detect":
            raise InputError("Evaluator", "task 'detect'", repr(task), "Use optotype.evaluate for other tasks.")
        if box_format not in get_args(BoxFormat):
            known = get_args(BoxFormat)
            raise InputError("box_format", f"one of {', '.join(known)}", repr(box_format),
                             did_you_mean(str(box_format), known))  # fmt: skip
        self._classes = _classes(classes)
        self._labels = None if self._classes is None else np.array(list(self._classes), np.int64)
        self._form: BoxFormat = box_format
        self._rules = _rules(max_dets, areas)
        self._held = _Held()

    def __len__(self) -> int:
        return len(self._held.keys)

    def update(
        self,
        predictions: Sequence[object],
        targets: Sequence[object],
        keys: Sequence[object] | None = None,
        *,
        groups: Sequence[str] | None = None,
    ) -> None:
        """Add a batch, one prediction and one target an image; see ``columns_of`` for what they may be.

        Images are told apart by ``keys`` (whole numbers or text), else by ``image_id`` in the targets, else by running
        numbers, which do not suffice where several processes are merged. ``groups`` tie images that are not independent
        (frames of a sequence), for the intervals. An InputError names image and box; nothing of that batch is added.
        """
        n = _length(predictions, targets, keys, groups)
        names = self._names(targets, keys)
        said = columns_of(predictions, names, truth=False, form=self._form)
        truth = columns_of(targets, names, truth=True, form=self._form)
        self._check_labels(said, names, truth=False)
        self._check_labels(truth, names, truth=True)
        if n:
            self._held.keys.update(zip(names, groups or [""] * n, strict=True))
            self._held.said.append(said)
            self._held.truth.append(truth)

    def merge(self, other: Evaluator) -> Evaluator:
        """Add what another evaluator holds, of the same classes and rules and of other images; returns self."""
        if (self._classes, self._rules) != (other._classes, other._rules):
            raise InputError("Evaluator.merge", "evaluators of the same classes, max_dets and areas", "others",
                             "Make all evaluators with the same arguments.")  # fmt: skip
        if twice := next((key for key in other._held.keys if key in self._held.keys), None):
            raise InputError("Evaluator.merge", "every image in one evaluator", f"'{twice}' in two",
                             "Give keys= or image_id: running numbers are the same in every process.")  # fmt: skip
        self._held.keys.update(other._held.keys)
        self._held.said.extend(other._held.said)
        self._held.truth.extend(other._held.truth)
        return self

    def reset(self) -> None:
        """Forget all images."""
        self._held = _Held()

    def ap(self) -> dict[str, float | None]:
        """The headline numbers alone (AP, AP50 … AR_large), None for one that does not exist: for every epoch."""
        truth, said = self._tables()
        evidence = matching.match(truth, said, rules=self._rules)
        found = ap.headline(ap.sweep(ap.lay_out(evidence, self._rules), evidence), self._rules)
        return {key: None if math.isnan(value) else value for key, value in found.items()}

    def result(self, *, resamples: int = 1000, seed: int = 0) -> Result:
        """All numbers, as ``eval.json`` has them: AP and AR with intervals, errors, calibration, classes, sizes.

        ``resamples`` 0 leaves the intervals out.
        """
        truth, said = self._tables()
        evidence = judging.match(truth, said, rules=self._rules)
        measured = measuring.measure(evidence, resamples=resamples, seed=seed, rules=self._rules)
        return result_of("detect", measured, _warnings(truth), _sources(truth, said))

    def _names(self, targets: Sequence[object], keys: Sequence[object] | None) -> list[str]:
        """A key of each image of a batch that no image has yet."""
        names = [key_of(target) for target in targets] if keys is None else [as_key(key) for key in keys]
        known = [str(len(self) + i) if name is None else name for i, name in enumerate(names)]
        batch: set[str] = set()
        for name in known:
            if name in self._held.keys or name in batch:
                raise InputError("Evaluator.update", "every image once", f"'{name}' again",
                                 "Give other keys=, or reset() between epochs.")  # fmt: skip
            batch.add(name)
        return known

    def _check_labels(self, columns: Columns, names: Sequence[str], *, truth: bool) -> None:
        labels = self._labels
        if labels is None or not len(columns.label):
            return
        at = np.minimum(np.searchsorted(labels, columns.label), len(labels) - 1)
        if (wrong := labels[at] != columns.label).any():
            row = int(np.flatnonzero(wrong)[0])
            expected = f"one of {labels[0]} … {labels[-1]}, {len(labels)} classes"
            fix = "Name all classes (also the background, where it is label 0), or give classes={label: name}."
            raise InputError(f"{place(columns, row, names, truth)}: label", expected, str(columns.label[row]), fix)

    def _tables(self) -> tuple[Boxes, Boxes]:
        """Truth and detections in the order of the keys, so that arrival and shards leave no trace."""
        held = self._held
        if not held.keys:
            raise InputError("Evaluator", "at least one image", "none", "Call update first.")
        keys = np.array(list(held.keys), dtype=np.str_)
        order = np.argsort(keys, kind="stable")
        order = order[np.argsort(numeric_order(keys[order]))]
        items = Items.of(keys[order], group=np.array(list(held.keys.values()))[order])
        truth, said = concatenated(held.truth), concatenated(held.said)
        classes = self._classes
        if classes is None:
            classes = {label: str(label) for label in np.unique(np.r_[truth.label, said.label]).tolist()}
        if not classes:
            raise InputError("Evaluator", "a box, to know a class by", "none at all", "Name the classes: classes=…")
        arrival = np.empty(len(order), np.int32)
        arrival[order] = np.arange(len(order), dtype=np.int32)
        return _boxes(truth, items, arrival, classes, scores=False), _boxes(said, items, arrival, classes, scores=True)


def _boxes(columns: Columns, items: Items, place: Array, classes: Mapping[int, str], *, scores: bool) -> Boxes:
    """The table of columns whose images have these places among the items."""
    item = np.repeat(place, columns.boxes)
    if not bool((item[1:] >= item[:-1]).all()):
        rows = np.argsort(item, kind="stable")
        item, columns = item[rows], columns.take(rows)
    n, box = len(item), columns.box
    return Boxes(
        items,
        tuple(classes.values()),
        item,
        _positions(columns.label, list(classes)),
        box,
        box[:, 2] * box[:, 3] if scores else columns.area,
        np.zeros(n, bool) if scores else columns.crowd,
        np.arange(n, dtype=np.int64) + (not scores),
        columns.score if scores else None,
    )


def _positions(label: Array, labels: list[int]) -> Ints:
    """Position (n,) of each label among the ascending ``labels``."""
    if labels and labels[-1] - labels[0] == len(labels) - 1:
        return (label - labels[0]).astype(np.int32)
    return np.searchsorted(np.array(labels, np.int64), label).astype(np.int32)


def _length(
    predictions: Sequence[object],
    targets: Sequence[object],
    keys: Sequence[object] | None,
    groups: Sequence[str] | None,
) -> int:
    """Images of a batch; all that is given must have as many."""
    given = {"predictions": predictions, "targets": targets, "keys": keys, "groups": groups}
    for name, values in given.items():
        if values is not None and (not isinstance(values, Sequence) or isinstance(values, str)):
            raise InputError(f"Evaluator.update, {name}", "a list, one entry an image", type(values).__name__,
                             "Put a single image into a list of one.")  # fmt: skip
    lengths = {name: len(values) for name, values in given.items() if values is not None}
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{n} {name}" for name, n in lengths.items())
        raise InputError("Evaluator.update", "lists of one length, an entry an image", got,
                         "Give an image without boxes an entry with empty lists.")  # fmt: skip
    return len(predictions)


def _classes(given: Sequence[str] | Mapping[int, str] | int | None) -> dict[int, str] | None:
    """The name of each label, labels ascending; None where they are those that occur."""
    if given is None:
        return None
    fix = "Give names in the order of the labels, {label: name}, or how many there are."
    if isinstance(given, int):
        named = {label: str(label) for label in range(given)}
    elif isinstance(given, Mapping):
        named = dict(sorted(given.items()))
    else:
        named = dict(enumerate([] if isinstance(given, str) else given))
    if not named or not all(isinstance(name, str) for name in named.values()):
        raise InputError("Evaluator, classes", "names of at least one class", repr(given), fix)
    if len(set(named.values())) < len(named):
        raise InputError("Evaluator, classes", "every name once", repr(given), "Rename the repeated class.")
    return named


def _rules(max_dets: Sequence[int], areas: Mapping[str, tuple[float, float]] | None) -> Rules:
    rules = replace(COCO, max_dets=tuple(max_dets))
    if areas is None:
        return rules
    ranges = ((name, float(low), float(high)) for name, (low, high) in areas.items())
    return replace(rules, ranges=(COCO.ranges[0], *ranges))


def _warnings(truth: Boxes) -> list[str]:
    """What is unusual about the boxes as such."""
    if len(truth) and bool((truth.box[:, :2] + truth.box[:, 2:]).max() <= 1):
        return ["All boxes of the truth lie within 0 to 1: sizes mean nothing unless boxes are in pixels."]
    return []


def _sources(truth: Boxes, said: Boxes) -> tuple[Source, Source]:
    found = hashlib.sha256(digest(said).encode())
    found.update(np.ascontiguousarray(said.score).tobytes())
    return Source(SOURCE, digest(truth)), Source(SOURCE, found.hexdigest())
