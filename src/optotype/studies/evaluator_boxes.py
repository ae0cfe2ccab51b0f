"""What an evaluator of detectors does with its batches."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, get_args

import numpy as np

from optotype.errors import InputError, did_you_mean
from optotype.metrics import average_precision as ap
from optotype.metrics.average_precision import COCO, Rules
from optotype.metrics.ordering import numeric_order
from optotype.results import Result, Source
from optotype.studies.judging import result_of
from optotype.tables import Array, Boxes, Ints, Items
from optotype.tasks.detect import judging, matching, measuring
from optotype.tasks.detect.adapting import BoxFormat, Columns, columns_of, concatenated, place
from optotype.tasks.detect.reading import digest

SOURCE = "memory"
"""What provenance calls a source that is no file."""

Batch: TypeAlias = tuple[Columns, Columns]
"""Truth and detections of the images of a batch."""


@dataclass(frozen=True)
class BoxSide:
    """Classes by label (None: those that occur), how boxes are written, and the rules."""

    classes: Mapping[int, str] | None
    form: BoxFormat
    rules: Rules

    @classmethod
    def of(
        cls,
        classes: Sequence[str] | Mapping[int, str] | int | None,
        form: BoxFormat,
        max_dets: Sequence[int],
        areas: Mapping[str, tuple[float, float]] | None,
    ) -> BoxSide:
        """From what the user says, checked."""
        if form not in get_args(BoxFormat):
            known = get_args(BoxFormat)
            raise InputError("box_format", f"one of {', '.join(known)}", repr(form), did_you_mean(str(form), known))
        return cls(classes_of(classes), form, _rules(max_dets, areas))

    def entries(self, given: Sequence[object]) -> Sequence[object]:
        """One entry an image, as they are given."""
        return given

    def batch(self, predictions: Sequence[object], targets: Sequence[object], names: Sequence[str]) -> Batch:
        """The boxes as columns, nothing matched yet."""
        said = columns_of(predictions, names, truth=False, form=self.form)
        truth = columns_of(targets, names, truth=True, form=self.form)
        self._check_labels(said, names, truth=False)
        self._check_labels(truth, names, truth=True)
        return truth, said

    def headline(self, batches: Sequence[Batch], groups: Mapping[str, str]) -> dict[str, float | None]:
        """AP, AP50 … AR_large."""
        truth, said = self._tables(batches, groups)
        evidence = matching.match(truth, said, rules=self.rules)
        found = ap.headline(ap.sweep(ap.lay_out(evidence, self.rules), evidence), self.rules)
        return {key: None if math.isnan(value) else value for key, value in found.items()}

    def result(self, batches: Sequence[Batch], groups: Mapping[str, str], *, resamples: int, seed: int) -> Result:
        """AP and AR with intervals, errors, calibration, classes, sizes."""
        truth, said = self._tables(batches, groups)
        evidence = judging.match(truth, said, rules=self.rules)
        measured = measuring.measure(evidence, resamples=resamples, seed=seed, rules=self.rules)
        return result_of("detect", measured, _warnings(truth), _sources(truth, said))

    def _check_labels(self, columns: Columns, names: Sequence[str], *, truth: bool) -> None:
        if self.classes is None or not len(columns.label):
            return
        labels = np.array(list(self.classes), np.int64)
        at = np.minimum(np.searchsorted(labels, columns.label), len(labels) - 1)
        if (wrong := labels[at] != columns.label).any():
            row = int(np.flatnonzero(wrong)[0])
            expected = f"one of {labels[0]} … {labels[-1]}, {len(labels)} classes"
            fix = "Name all classes (also the background, where it is label 0), or give classes={label: name}."
            raise InputError(f"{place(columns, row, names, truth)}: label", expected, str(columns.label[row]), fix)

    def _tables(self, batches: Sequence[Batch], groups: Mapping[str, str]) -> tuple[Boxes, Boxes]:
        """Truth and detections in the order of the keys, so that arrival and shards leave no trace."""
        keys = np.array(list(groups), dtype=np.str_)
        order = np.argsort(keys, kind="stable")
        order = order[np.argsort(numeric_order(keys[order]))]
        items = Items.of(keys[order], group=np.array(list(groups.values()))[order])
        truth, said = (concatenated(side) for side in zip(*batches, strict=True))
        classes = self.classes
        if classes is None:
            classes = {label: str(label) for label in np.unique(np.r_[truth.label, said.label]).tolist()}
        if not classes:
            raise InputError("Evaluator", "a box, to know a class by", "none at all", "Name the classes: classes=…")
        arrival = np.empty(len(order), np.int32)
        arrival[order] = np.arange(len(order), dtype=np.int32)
        return _boxes(truth, items, arrival, classes, scores=False), _boxes(said, items, arrival, classes, scores=True)


def classes_of(given: Sequence[str] | Mapping[int, str] | int | None) -> dict[int, str] | None:
    """The name of each label, labels ascending; None where they are those that occur.

    >>> classes_of({7: "road", 3: "sky"})
    {3: 'sky', 7: 'road'}
    """
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
