"""What is taken for what, in pixels."""

from __future__ import annotations

import numpy as np

from optotype.evidence import Evidence
from optotype.results import Result
from optotype.tables import Array
from optotype.tasks.segment.cell_views import CELLS
from optotype.tasks.segment.pairs import NO_CLASS, Pairs, pairs
from optotype.tasks.segment.recalling import rules_of
from optotype.tasks.segment.went import NONE
from optotype.views import Matrix, Section

MATRIX = "confusion-matrix"


def confusion(found: Pairs) -> Array:
    """Pixels of truth (rows) and prediction (columns), int64 (K, K), or (K + 1, K + 1) where a side has no class."""
    K = len(found.classes)
    truth, said = (np.where(side == NO_CLASS, K, side) for side in (found.truth, found.said))
    size = K + bool(((truth == K) | (said == K)).any())
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (truth, said), found.n)
    return counts


def confusion_section(result: Result, evidence: Evidence) -> Section:
    """Section ``confusion``."""
    void = rules_of(result.protocol).void
    found = pairs(evidence, void)
    counts = confusion(found)
    names = [*found.classes, *[NONE] * (len(counts) - len(found.classes))]
    caption = (
        "Pixels of the row’s class that were given the column’s class; the diagonal is right. By truth: of the row’s "
        "pixels (the diagonal is recall); by prediction: of the column’s (the diagonal is precision)."
    )
    if len(counts) > len(found.classes):
        caption += f" ‘{NONE}’: {_none(void)}."
    caption += " Press a cell to see the image with most of it, where it is among the largest."
    matrix = Matrix(
        names, counts.tolist(), gallery=CELLS, row_facet="class", column_facet="taken for", title="Confusion matrix",
        caption=caption, id=MATRIX, unit="pixel", start="rows",
    )  # fmt: skip
    return Section("confusion", "What is taken for what", [matrix])


def _none(void: str) -> str:
    said = "predictions of void, or of a value that no class has"
    return f"{said}; and truth that is void, under the rule ‘as-fp’" if void == "as-fp" else said
