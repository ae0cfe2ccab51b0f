"""Classes without images, with few, with far more than others, or lacking in a split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optotype.data.findings import ClassCount, Finding, Severity, any_finding
from optotype.data.inspection import Inspection
from optotype.data.split import DEFAULT_RATIOS, check_ratios, targets
from optotype.data.statistics import class_counts
from optotype.listing import Listing
from optotype.tables import Array, Labels

UNEVEN, VERY_UNEVEN = 10, 100
"""Ratio of the largest to the smallest class from which on it is a warning (of objects: a note, then a warning)."""


def table(labels: Labels, empty: Sequence[str]) -> list[ClassCount]:
    """Images of each class and split; ``empty`` classes last."""
    counts = class_counts(labels)
    rows = [
        ClassCount(name, sum(int(row[c]) for row in counts.values()), {s: int(row[c]) for s, row in counts.items()})
        for c, name in enumerate(labels.classes)
    ]
    return [*rows, *(ClassCount(name, 0, dict.fromkeys(counts, 0)) for name in empty if name not in labels.classes)]


def find(listing: Listing, inspection: Inspection) -> list[Finding]:
    """Findings about the classes of a classification."""
    labels = listing.labels.take(np.flatnonzero(inspection.readable))
    counts = np.bincount(labels.label, minlength=len(labels.classes))
    names = np.array(labels.classes, dtype=object)
    empty = [*listing.empty, *names[counts == 0].tolist()]
    findings = any_finding(
        "empty_class", "warning", dict.fromkeys(empty), "{n} class{es} without a readable image",
        "Add images, or remove the class.",
    )  # fmt: skip
    if (counts > 0).sum() < 2:
        findings += any_finding(
            "one_class", "error", names[counts > 0].tolist() or [""], "only one class has images",
            "Add images of another class: one folder a class.",
        )  # fmt: skip
    shares = check_ratios(DEFAULT_RATIOS)
    small = [c for c in np.flatnonzero(counts).tolist() if not targets([int(counts[c])], shares).all()]
    findings += any_finding(
        "small_class", "warning", [f"{names[c]}: {counts[c]}" for c in small],
        "{n} class{es} too small to be divided .7/.1/.2", "Add images, or leave the class out.",
    )  # fmt: skip
    findings += _absent(labels)
    return findings + _uneven(
        names, counts, "images", "warning",
        "Read balanced accuracy and the rows per class; weigh classes in training (class_weights: inverse).",
    )  # fmt: skip


def find_uneven_objects(rows: Sequence[ClassCount]) -> list[Finding]:
    """Whether some class has far more objects than another."""
    counts = np.array([row.objects for row in rows], np.int64)
    filled = counts[counts > 0]
    severe = len(filled) > 0 and filled.max() >= VERY_UNEVEN * filled.min()
    return _uneven(
        np.array([row.name for row in rows], dtype=object), counts, "objects", "warning" if severe else "note",
        "Read AP class by class: the mean counts every class alike; show rare classes more often in training.",
    )  # fmt: skip


def _uneven(names: Array, counts: Array, what: str, severity: Severity, fix: str) -> list[Finding]:
    filled = counts[counts > 0]
    if len(filled) < 2 or filled.max() < UNEVEN * filled.min():
        return []
    low, high = names[np.argmin(np.where(counts, counts, counts.max() + 1))], names[counts.argmax()]
    return any_finding(
        "uneven", severity, [f"{low}: {filled.min():,}", f"{high}: {filled.max():,}"],
        f"the largest class has {filled.max() / filled.min():,.0f} times as many {what} as the smallest", fix, 1,
    )  # fmt: skip


def _absent(labels: Labels) -> list[Finding]:
    """Classes that a split lacks."""
    counts = class_counts(labels)
    there = np.sum(list(counts.values()), axis=0) > 0 if counts else np.zeros(0, bool)
    lacking = [
        f"{labels.classes[c]} in {split}"
        for split, row in counts.items()
        if split
        for c in np.flatnonzero(there & (row == 0)).tolist()
    ]
    return any_finding(
        "absent",
        "warning",
        lacking,
        "{n} time{s} a class has no image in a split",
        "Divide anew with 'optotype split'.",
    )
