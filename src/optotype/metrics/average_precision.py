"""Average precision and recall as COCO defines them (protocol ``coco``), from the bits that matching left.

Bit-equal to pycocotools 2.0.11 on the data as they are; under the weights of a resample recall is compared with i / 100
in exact arithmetic (pycocotools' grid differs from that in the last bit at ten of its points).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optotype.box_geometry import MEDIUM, SMALL
from optotype.errors import InputError
from optotype.evidence import Evidence, Rows
from optotype.kernels import steps as kernel
from optotype.kernels.sweep import RECALLS
from optotype.metrics.curves import MOST_PARTS, Curves, sweep_lanes, sweep_once
from optotype.metrics.intervals import group_index
from optotype.metrics.ordering import numeric_order, rank
from optotype.tables import Array, Floats, Ints

GRID: Floats = np.linspace(0.0, 1.0, RECALLS)
THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)
LOW_IOU = 0.1
"""Matched beside the ten thresholds, for the location-aware calibration error; bit 0, before theirs."""
IOUS: Floats = np.r_[LOW_IOU, THRESHOLDS]
FIRST, AT_50, AT_75 = 1, 0, 5
"""Bit of the first of the ten thresholds; positions of 0.5 and 0.75 among them."""
SPACING = float(np.spacing(1))
MOST_RANGES = 5
"""Ranges of area that the parts of a ranking can tell apart."""


@dataclass(frozen=True)
class Rules:
    """The conventions of protocol ``coco`` that can be set.

    ``ranges`` are (name, least, largest) areas in square pixels, both inclusive, the first of them all; ``max_dets``
    ascend: so many detections of a class in an image count, the last of them everywhere but in AR. ``strict``
    reproduces pycocotools' treatment of annotation id 0. Raises InputError for what is no such range or number.
    """

    ranges: tuple[tuple[str, float, float], ...] = (
        ("all", 0.0, 1e10),
        ("small", 0.0, SMALL),
        ("medium", SMALL, MEDIUM),
        ("large", MEDIUM, 1e10),
    )
    max_dets: tuple[int, ...] = (1, 10, 100)
    strict: bool = False

    def __post_init__(self) -> None:
        caps, ranges = self.max_dets, self.ranges
        if not caps or sorted(caps) != list(caps) or caps[0] < 1:
            raise InputError("max_dets", "ascending whole numbers from 1 on", repr(caps), "Give such as 1 10 100.")
        names = [name for name, _, _ in ranges]
        if len(ranges) > MOST_RANGES or len(set(names)) < len(names) or not all(low <= high for _, low, high in ranges):
            expected = f"up to {MOST_RANGES - 1} ranges with different names, none called 'all', least before largest"
            raise InputError("areas", expected, repr(ranges[1:]), "Give such as 0 to 256 square pixels for 'tiny'.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the ranges."""
        return tuple(name for name, _, _ in self.ranges)

    @property
    def limits(self) -> Floats:
        """Least and largest area of each range, (A, 2)."""
        return np.array([[low, high] for _, low, high in self.ranges])

    @property
    def cap(self) -> int:
        """Detections of a class in an image that count."""
        return self.max_dets[-1]


COCO = Rules()


@dataclass(frozen=True, eq=False)
class Layout:
    """The curves of each class, area range × threshold, and the right detections among the best few of an image.

    ``order`` (P,) lists the detections that count by class and rank, ``event`` (E,) the rows of the events. ``few`` has
    for each cap but the last the rows that are right at some threshold.
    """

    rules: Rules
    classes: int
    curves: Curves
    order: Array
    event: Array
    few: tuple[Few, ...]

    def of(self, values: Array) -> Array:
        """Values of the curves (Q, …) as (K, A, T, …)."""
        return values.reshape(self.classes, len(self.rules.ranges), len(THRESHOLDS), *values.shape[1:])


@dataclass(frozen=True, eq=False)
class Few:
    """Right detections among the best few of a class in an image: ``label``, ``group`` and ``bits`` over thresholds."""

    label: Ints
    group: Ints
    bits: Array

    def recalled(self, classes: int) -> Array:
        """How many objects of each class are found at each threshold, (T, K)."""
        return np.stack([np.bincount(self.label[self.bits >> t & 1 == 1], minlength=classes)
                         for t in range(len(THRESHOLDS))])  # fmt: skip

    def weighed(self, weights: Floats, classes: int) -> Floats:
        """The mean over the thresholds of the weight of what is found, (K, LANES)."""
        sums = np.zeros((classes, weights.shape[1]))
        hits = sum((self.bits >> t & 1).astype(np.float64) for t in range(len(THRESHOLDS)))
        kernel.weighted_sums(weights, self.group, self.label, np.asarray(hits), sums)
        return sums / len(THRESHOLDS)


@dataclass(frozen=True, eq=False)
class Precision:
    """The curves of the data as they are.

    ``precision`` (T, 101, K, A) and ``recall`` (T, K, A + caps): −1 for a class without objects in the range, as
    pycocotools has them; ``score`` (T, 101, K, A) at which each recall is reached, NaN for none; ``positives`` (K, A).
    """

    precision: Floats
    recall: Floats
    score: Floats
    positives: Array


class _Events(NamedTuple):
    """Detections at which some curve steps: their ``place`` in the ranking and ``row``, where each class begins, and
    the steps of each curve.
    """

    place: Array
    row: Array
    start: Array
    step_start: Array
    step_event: Ints
    step_tp: Array
    step_n: Array


def _events(found: Rows, order: Array, start: Array, inside: Array, rules: Rules, classes: int) -> _Events:
    A, T = len(rules.ranges), len(THRESHOLDS)
    is_event, step_start = np.empty(len(found), np.bool_), np.empty(classes * A * T + 1, np.int64)
    common = (found["label"], found["hit"], found["out"], inside)
    kernel.count_steps(*common, found["rank"], FIRST, T, rules.cap, is_event, step_start)
    place = np.flatnonzero(is_event[order])
    row, event_start = order[place], np.searchsorted(place, start).astype(np.int64)
    S = int(step_start[-1])
    step_event, step_tp, step_n = np.empty(S, np.int32), np.empty(S, np.int8), np.empty(S, np.int8)
    kernel.fill_steps(row, event_start, *common, FIRST, T, step_start, step_event, step_tp, step_n)
    return _Events(place, row, event_start, step_start, step_event, step_tp, step_n)


def lay_out(evidence: Evidence, rules: Rules = COCO) -> Layout:
    """Curves of every class, range and threshold from the tables ``truth`` and ``detections``."""
    truth, found = evidence["truth"], evidence["detections"]
    K, A, T = len(evidence.classes), len(rules.ranges), len(THRESHOLDS)
    group, _ = group_index(evidence.groups)
    counts = np.flatnonzero(found["rank"] < rules.cap).astype(np.int32)
    order, start = rank(found["label"], found["score"], found.item, numeric_order(evidence.keys), K, counts)
    inside = inside_bits(found["box"], rules)
    events = _events(found, order, start, inside, rules, K)
    patterns, part = _patterns(inside)
    masks = [sum(1 << c for c, p in enumerate(patterns) if p >> a & 1) for a in range(A)]
    of_class = np.repeat(np.array(masks, np.uint32), T)
    counter = np.repeat(np.arange(A, dtype=np.int32), T)
    each = np.arange(K, dtype=np.int32)
    total_group, total_counter = _totals(truth.item, truth["label"], truth["out"], group, A)
    curves = Curves(
        class_start=start,
        group=group[found.item[order]],
        part=part[order],
        event_start=events.start,
        event_point=events.place + 1,
        event_group=group[found.item[events.row]],
        curve_class=np.repeat(each, len(of_class)),
        curve_parts=np.tile(of_class, K),
        curve_total=(each[:, None] * A + counter).astype(np.int32).ravel(),
        step_start=events.step_start,
        step_event=events.step_event,
        step_tp=events.step_tp,
        step_n=events.step_n,
        total_group=total_group,
        total_counter=total_counter,
        counters=K * A,
    )
    few = tuple(_few(found, group, most) for most in rules.max_dets[:-1])
    return Layout(rules, K, curves, order, events.row, few)


def _few(found: Rows, group: Ints, most: int) -> Few:
    bits = found["hit"][:, 0] >> FIRST
    rows = np.flatnonzero((found["rank"] < most) & (bits > 0))
    return Few(found["label"][rows], group[found.item[rows]], bits[rows])


def inside_bits(box: Floats, rules: Rules) -> NDArray[np.uint8]:
    """Bit a: the area of the box (n, 4) lies in range a; shape (n,)."""
    area = box[:, 2] * box[:, 3]
    bits = np.zeros(len(box), np.uint8)
    for a, (_, low, high) in enumerate(rules.ranges):
        bits |= ((area >= low) & (area <= high)).astype(np.uint8) << a
    return bits


def sweep(layout: Layout, evidence: Evidence) -> Precision:
    """The curves of the data as they are."""
    swept = sweep_once(layout.curves, GRID, SPACING)
    score = np.full(swept.at.shape, np.nan)
    reached = swept.at >= 0
    score[reached] = evidence["detections"]["score"][layout.event[swept.at[reached]]]
    unknown = np.isnan(swept.recall)
    precision = np.where(unknown[:, None], -1.0, swept.precision)
    recall = np.where(unknown, -1.0, swept.recall)
    positives = layout.of(layout.curves.positives)[..., 0]
    whole = np.where(positives[:, 0] > 0, positives[:, 0], np.nan)
    few = [np.where(np.isnan(whole), -1.0, few.recalled(layout.classes) / whole) for few in layout.few]

    def turned(values: Array) -> Array:
        return np.ascontiguousarray(layout.of(values).transpose(2, 3, 0, 1))

    recalls = np.concatenate([layout.of(recall).transpose(2, 0, 1), *(r[..., None] for r in few)], axis=2)
    return Precision(turned(precision), recalls, turned(score), positives)


@dataclass(frozen=True)
class Selection:
    """One number of ``eval.json``: the mean of precision or of ``recall`` in a ``column`` (ranges, then caps).

    ``threshold`` is one of the ten by position, None for all.
    """

    key: str
    label: str
    recall: bool
    column: int
    threshold: int | None = None

    def of(self, precision: Floats, recall: Floats) -> Floats:
        """What the mean is of, from blocks whose first axis is the threshold and last the column."""
        block = (recall if self.recall else precision)[..., self.column]
        return block if self.threshold is None else block[self.threshold : self.threshold + 1]


def selections(rules: Rules = COCO) -> tuple[Selection, ...]:
    """The numbers of protocol ``coco`` in the order in which they are always printed."""
    A, caps = len(rules.ranges), rules.max_dets
    sizes = list(enumerate(rules.names))[1:]
    few = enumerate(caps[:-1])
    return (
        Selection("AP", "AP", False, 0),
        Selection("AP50", "AP at IoU 0.50", False, 0, AT_50),
        Selection("AP75", "AP at IoU 0.75", False, 0, AT_75),
        *(Selection(f"AP_{name}", f"AP, {name}", False, a) for a, name in sizes),
        *(Selection(f"AR_{most}", f"AR, {_dets(most)}", True, A + m) for m, most in few),
        Selection(f"AR_{caps[-1]}", f"AR, {_dets(caps[-1])}", True, 0),
        *(Selection(f"AR_{name}", f"AR, {name}", True, a) for a, name in sizes),
    )


def headline(found: Precision, rules: Rules = COCO) -> dict[str, float]:
    """Every selection's value; NaN where no class has objects.

    One mean over the flattened block [threshold, recall, class], as pycocotools' ``summarize``: a mean of class means
    can differ in the last bit.
    """
    return {s.key: _mean(s.of(found.precision, found.recall)) for s in selections(rules)}


def by_threshold(found: Precision) -> tuple[list[float], list[float]]:
    """AP and AR at each of the ten thresholds alone, all sizes, the most detections; NaN where no class has objects."""
    each = range(len(THRESHOLDS))
    return [_mean(found.precision[t, ..., 0]) for t in each], [_mean(found.recall[t, :, 0]) for t in each]


def per_class(found: Precision, rules: Rules = COCO) -> dict[str, Floats]:
    """Every selection's value of each class, (K,); NaN where the class has no objects."""

    def of(block: Floats) -> Floats:
        rows = block.reshape(math.prod(block.shape[:-1]), block.shape[-1])
        return np.where(rows.min(axis=0) > -1, rows.mean(axis=0), np.nan)

    return {s.key: of(s.of(found.precision, found.recall)) for s in selections(rules)}


def lanes(layout: Layout, weights: Floats) -> tuple[Floats, Floats]:
    """Every selection (m, LANES), and the AP of each class (K, LANES), under the weights of resamples.

    A class that a resample leaves without objects is left out of its means.
    """
    swept = sweep_lanes(layout.curves, weights)
    ap = layout.of(swept.ap).transpose(2, 3, 0, 1)  # (T, LANES, K, A)
    total = swept.totals[layout.curves.curve_total]
    positives = layout.of(total)[:, 0, 0]
    few = [_share(few.weighed(weights, layout.classes), positives) for few in layout.few]
    recall = layout.of(_share(swept.found, total)).mean(axis=2).transpose(2, 0, 1)  # (LANES, K, A)
    recall = np.concatenate([recall, *(r.T[..., None] for r in few)], axis=2)[None]
    rows = [mean_known(s.of(ap, recall).mean(axis=0).T) for s in selections(layout.rules)]
    return np.stack(rows), ap[..., 0].mean(axis=0).T


def mean_known(values: Floats) -> Floats:
    """Mean over the first axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _share(found: Floats, total: Floats) -> Floats:
    return np.asarray(np.divide(found, total, out=np.full(total.shape, np.nan), where=total > 0))


def _dets(most: int) -> str:
    return f"{most} detection{'' if most == 1 else 's'}"


def _mean(block: Floats) -> float:
    known = block[block > -1]
    return float(np.mean(known)) if len(known) else math.nan


def _patterns(inside: NDArray[np.uint8]) -> tuple[list[int], NDArray[np.uint8]]:
    """The distinct sets of ranges and, for each detection, the position of its own."""
    seen = np.flatnonzero(np.bincount(inside, minlength=1 << MOST_RANGES))
    place = np.zeros(256, np.uint8)
    place[seen] = np.arange(len(seen), dtype=np.uint8)
    assert len(seen) <= MOST_PARTS, "at most five ranges"
    return seen.tolist(), place[inside]


def _totals(item: Array, label: Array, out: Array, group: Array, ranges: int) -> tuple[Array, Array]:
    """Group and counter (class × ranges + range) of every object in every range that it counts in."""
    groups, counters = [], []
    for a in range(ranges):
        there = np.flatnonzero((out >> a & 1) == 0)
        groups.append(group[item[there]])
        counters.append(label[there].astype(np.int32) * ranges + a)
    return np.concatenate(groups).astype(np.int32), np.concatenate(counters).astype(np.int32)
