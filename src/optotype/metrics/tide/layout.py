"""From what each detection is to the ranking behind the precision–recall curves in which one type of error is fixed.

Fixing a type leaves its detections out and lets those that would be right enter as true positives. tidecv breaks ties
of scores differently in a curve that it computes anew: there all errors come before all true positives of the same
score. So a true positive that is followed by an error of its score stands twice: at its place for the first curve, and
after that error for the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.evidence import Evidence, Rows
from optotype.kernels.tide import (
    ABSENT,
    BKG,
    CLS,
    DIVISORS,
    FIXED_CLS,
    FIXED_LOC,
    FOUND,
    IGNORED,
    MISSED,
    POINTED_AT,
    REGION,
    RIGHT,
    RIGHT_FIRST,
    RIGHT_LATE,
    TP,
)
from optotype.metrics.intervals import group_index
from optotype.metrics.ordering import file_order, numeric_order, rank
from optotype.metrics.tide.variants import VARIANTS, Variant
from optotype.tables import Array, Floats, Ints

Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]

KEYS = ("AP50", "Cls", "Loc", "Both", "Dupe", "Bkg", "Miss", "FP", "FN")
"""The numbers of an analysis, and the curves of each class: as it is, then with one kind of error fixed."""
MAIN = slice(1, 7)
"""The six main errors among ``KEYS``; ``FP`` and ``FN`` are special, and overlap with them."""

_FIXED = {KEYS.index("Cls"): FIXED_CLS, KEYS.index("Loc"): FIXED_LOC}
_OBJECT = FIXED_LOC + 1
"""Beside the kinds of entries, when classes are ordered."""
_COUNTED = ((FOUND, POINTED_AT, MISSED), (FOUND, POINTED_AT), (FOUND,))
"""The objects that curves divide by: all, those that are no Miss, those that were found."""
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Tally:
    """How many there are of each class, (K,) or (K, …).

    ``objects`` are judged, ``regions`` are ignored objects and crowds; ``detections`` were looked at. ``errors``
    (K, 6) count the six main errors that touch the AP, ``ignored`` (K, 6) those of detections that left it; tidecv's
    ``count_errors`` is their sum.
    """

    objects: Array
    regions: Array
    detections: Array
    errors: Array
    ignored: Array


@dataclass(frozen=True, eq=False)
class Layout:
    """The ranking of a variant and its objects.

    ``group`` and ``kind`` (E,) are entries by class (``class_start`` (K + 1,)) and rank, their kinds as in
    ``kernels.tide``; ``total_group`` and ``total_counter`` (class × 3 + counter) the objects. ``appearance`` (9, K) are
    the classes in the order in which each mean adds them up (which ``tide`` depends on).
    """

    variant: Variant
    class_start: Longs
    group: Ints
    kind: Bytes
    total_group: Ints
    total_counter: Ints
    appearance: Array
    tally: Tally

    @property
    def positives(self) -> Longs:
        """Objects that each curve divides by, (K, 9)."""
        K, counters = len(self.class_start) - 1, len(_COUNTED)
        objects = np.bincount(self.total_counter, minlength=K * counters).reshape(K, counters)
        return np.ascontiguousarray(objects[:, DIVISORS], np.int64)


@dataclass(frozen=True, eq=False)
class _Entries:
    """What a ranking is made of, by ``row`` of the detections: each one in the AP, and again where it would be fixed.

    ``label`` is the detection's class, or that of the object for which it would be fixed.
    """

    row: Ints
    label: Ints
    kind: Bytes

    def take(self, index: Array) -> _Entries:
        return _Entries(self.row[index], self.label[index], self.kind[index])


def lay_out(evidence: Evidence, variant: Variant) -> Layout:
    """Ranking and counts of a variant from the columns of ``err`` in the tables ``truth`` and ``detections``."""
    v, K = VARIANTS.index(variant), len(evidence.classes)
    truth, found = evidence["truth"], evidence["detections"]
    code, status = found["tide"][:, v], truth["tide"][:, v]
    place = numeric_order(evidence.keys) if variant.coco else file_order(evidence)
    group, _ = group_index(evidence.groups)
    entries = _entries(code, found, truth, v, len(evidence))
    ranking = _ranking(entries, found, place, group, K, errors_first=not variant.coco)
    appearance = _appearance(_first_seen(entries, found, truth, status, place, K))
    tally = _tally(code, status, found["label"], truth["label"], K)
    return Layout(variant, *ranking, *_totals(truth, status, group), appearance, tally)


def _entries(code: Array, found: Rows, truth: Rows, v: int, items: int) -> _Entries:
    rows = np.flatnonzero((code > 0) & (code < IGNORED)).astype(np.int32)
    winner = truth["tide_winner"][:, v]
    missed = np.flatnonzero(winner >= 0)
    first = found.starts(items)
    fixed = (first[truth.item[missed]] + winner[missed]).astype(np.int32)
    of_fixed = np.where(code[fixed] & (IGNORED - 1) == CLS, FIXED_CLS, FIXED_LOC).astype(np.uint8)
    entries = _Entries(
        np.concatenate([rows, fixed]),
        np.concatenate([found["label"][rows], truth["label"][missed]]),
        np.concatenate([code[rows] - np.uint8(TP), of_fixed]),
    )
    return entries.take(np.argsort(entries.row, kind="stable"))


def _ranking(
    entries: _Entries, found: Rows, place: Ints, group: Ints, classes: int, *, errors_first: bool
) -> tuple[Longs, Ints, Bytes]:
    """Where each class begins, and the group and kind of each entry by class and rank."""
    item, score = found.item[entries.row], found["score"][entries.row]
    order, start = rank(entries.label, score, item, place, classes)
    of_group, kind, label = group[item[order]], entries.kind[order], entries.label[order]
    if errors_first:
        early, error = _early(kind, label, score[order])
        kind[early] = RIGHT_FIRST
        kind = np.insert(kind, error + 1, RIGHT_LATE)
        of_group = np.insert(of_group, error + 1, of_group[early])
        start = start + np.searchsorted(error, start)
    return start, of_group, kind


def _early(kind: Bytes, label: Ints, score: Floats) -> tuple[Array, Array]:
    """The true positives before an error of their class and score, and the last such error of each."""
    n = len(kind)
    new = np.ones(n, np.bool_)
    new[1:] = (label[1:] != label[:-1]) | (score[1:] != score[:-1])
    tie = np.cumsum(new) - 1
    wrong = np.flatnonzero(kind != RIGHT)
    last = np.full(n, -1)
    last[tie[wrong]] = wrong  # of repeated indices the last assignment stays
    early = np.flatnonzero((kind == RIGHT) & (last[tie] > np.arange(n)))
    return early, last[tie[early]]


def _totals(truth: Rows, status: Array, group: Ints) -> tuple[Ints, Ints]:
    """Group and counter of each object, once for each counter that it is in."""
    rows = [np.flatnonzero(np.isin(status, those)) for those in _COUNTED]
    counter = [truth["label"][r] * np.int32(len(_COUNTED)) + np.int32(c) for c, r in enumerate(rows)]
    return group[truth.item[np.concatenate(rows)]], np.concatenate(counter)


def _appearance(first: Array) -> Array:
    """The order of the classes in each mean, (9, K), from where they are ``_first_seen``.

    tidecv adds classes up as they come: image by image the truth, then the detections by score. In a curve that it
    computes anew those with an error in it come first, in the order of the errors.
    """
    whole = np.minimum(first[:FIXED_CLS].min(axis=0), first[_OBJECT])
    orders = [np.argsort(whole, kind="stable")]
    for c in range(1, len(KEYS)):
        wrong = [kind for kind in range(1, FIXED_CLS) if kind != c] + ([_FIXED[c]] if c in _FIXED else [])
        orders.append(np.lexsort((whole, first[wrong].min(axis=0))))
    return np.stack(orders)


def _first_seen(entries: _Entries, found: Rows, truth: Rows, status: Array, place: Ints, classes: int) -> Array:
    """When each class is first seen by the kind of entry, the objects last, (_OBJECT + 1, K); _NEVER for not at all."""
    objects = np.flatnonzero((status > ABSENT) & (status != REGION)).astype(np.int32)
    kind = np.concatenate([entries.kind, np.full(len(objects), _OBJECT, np.uint8)])
    label = np.concatenate([entries.label, truth["label"][objects]])
    at = np.concatenate([place[found.item[entries.row]], place[truth.item[objects]]])
    code = kind * np.int64(classes) + label
    least = np.full((_OBJECT + 1) * classes, np.iinfo(np.int32).max, np.int32)
    np.minimum.at(least, code, at)
    early = np.flatnonzero(at == least[code])  # the rest is too late to be first
    row, of_object = np.concatenate([entries.row, objects])[early], kind[early] == _OBJECT
    score = np.zeros(len(early))
    score[~of_object] = found["score"][row[~of_object]]
    early = early[np.lexsort((row, -score, ~of_object, at[early]))]
    first = np.full((_OBJECT + 1) * classes, _NEVER)
    np.minimum.at(first, code[early], np.arange(len(early)))
    return first.reshape(_OBJECT + 1, classes)


def _tally(code: Array, status: Array, label: Ints, truth_label: Ints, classes: int) -> Tally:
    by_code = _crossed(label, code, classes, 2 * IGNORED).reshape(classes, 2, IGNORED)
    by_status = _crossed(truth_label, status, classes, REGION + 1)
    missed = by_status[:, MISSED]
    return Tally(
        objects=by_status[:, FOUND] + by_status[:, POINTED_AT] + missed,
        regions=by_status[:, REGION],
        detections=by_code[:, :, TP:].sum(axis=(1, 2)),
        errors=np.column_stack([by_code[:, 0, CLS : BKG + 1], missed]),
        ignored=np.column_stack([by_code[:, 1, CLS : BKG + 1], np.zeros_like(missed)]),
    )


def _crossed(label: Ints, code: Array, classes: int, codes: int) -> Array:
    """How often each code comes in each class, (classes, codes)."""
    return np.bincount(label * np.int64(codes) + code, minlength=classes * codes).reshape(classes, codes)
