"""Which images stand behind the numbers: a bounded choice that leaves no cell of the matrix without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from optotype.evidence import Evidence
from optotype.tables import Array
from optotype.tasks.wording import plural
from optotype.views import Gallery, GalleryItem, Picture

Pictures: TypeAlias = Callable[[str], Picture | None]

LIMIT = 1500
RIGHT_PER_CLASS = 12


def choose(evidence: Evidence, limit: int = LIMIT) -> tuple[Array, Array]:
    """Positions of the wrong and of the right items to show, each in the order shown.

    Wrong ones come by confidence, the surest first; where there are too many, every pair of truth and prediction
    gives its surest in turn. Right ones, at most 12 a class and a third of the limit, are the least sure of each
    class.
    """
    rows = evidence["labels"]
    truth, predicted = rows["truth"].astype(np.int64), rows["predicted"].astype(np.int64)
    sure = rows["confidence"] if "confidence" in rows.columns else np.zeros(len(truth))
    wrong, right = np.flatnonzero(truth != predicted), np.flatnonzero(truth == predicted)
    K = len(evidence.classes)
    rightly = _in_turn(right, truth[right], sure[right], RIGHT_PER_CLASS)[: limit // 3]
    wrongly = _in_turn(wrong, truth[wrong] * K + predicted[wrong], -sure[wrong])[: limit - len(rightly)]
    return (
        wrongly[np.argsort(-sure[wrongly], kind="stable")],
        rightly[np.argsort(sure[rightly], kind="stable")],
    )


def _in_turn(items: Array, cell: Array, order: Array, most: int | None = None) -> Array:
    """Items so that the first of every cell come before the second of any; at most ``most`` a cell."""
    by_cell = np.lexsort((items, order, cell))
    starts = np.flatnonzero(np.r_[True, cell[by_cell][1:] != cell[by_cell][:-1]]) if len(items) else np.zeros(0, int)
    turn = np.arange(len(items)) - np.repeat(starts, np.diff(np.r_[starts, len(items)]))
    if most is not None:
        by_cell, turn = by_cell[turn < most], turn[turn < most]
    chosen = by_cell[np.lexsort((order[by_cell], turn))]
    return np.asarray(items[chosen])


def gallery(evidence: Evidence, picture: Pictures, *, limit: int = LIMIT) -> Gallery:
    """Misclassified images by confidence, then some that are right, to be filtered by truth and prediction."""
    wrong, right = choose(evidence, limit)
    rows = evidence["labels"]
    errors = int((rows["truth"] != rows["predicted"]).sum())
    shown = f"{len(wrong):,} of {errors:,}" if len(wrong) < errors else f"all {errors:,}"
    ordered = ", the surest mistakes first" if "confidence" in rows.columns else ""
    caption = (
        f"Shown: {shown} wrongly classified images{ordered}; then {len(right):,} of the "
        f"{plural(len(evidence) - errors, 'image')} classified rightly"
        + (", the least sure of each class." if ordered else ".")
        + " Filter by truth and prediction, or click a cell of the matrix."
    )
    items = [describe(evidence, int(i), picture) for i in [*wrong, *right]]
    return Gallery("images", items, ["outcome", "truth", "predicted"], title="The images", caption=caption)


def describe(evidence: Evidence, i: int, picture: Pictures) -> GalleryItem:
    """One item with its classes, confidence and best classes."""
    rows, classes, key = evidence["labels"], evidence.classes, str(evidence.keys[i])
    truth, predicted = classes[rows["truth"][i]], classes[rows["predicted"][i]]
    is_right = bool(rows["truth"][i] == rows["predicted"][i])
    facts = [("truth", truth), ("predicted", predicted)]
    if "confidence" in rows.columns:
        facts.append(("confidence", f"{rows['confidence'][i]:.3f}"))
        best = zip(rows["top_class"][i].tolist(), rows["top_score"][i].tolist(), strict=True)
        facts.append((f"top {rows['top_class'].shape[1]}", ", ".join(f"{classes[k]} {p:.3f}" for k, p in best)))
    facets = {"outcome": "right" if is_right else "wrong", "truth": truth, "predicted": predicted}
    return GalleryItem(key, picture(key), facets, facts, "good" if is_right else "bad")
