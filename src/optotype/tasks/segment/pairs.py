"""The pairs of labels that take part, by the rule for void; every number of pixels is a sum over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optotype.evidence import Evidence
from optotype.tables import OTHER, VOID, Array
from optotype.tasks.segment.rules import Void

NO_CLASS = -1
VOID_CLASS = "void"


@dataclass(frozen=True, eq=False)
class Pairs:
    """How often truth and prediction meet in an item, one row a pair of labels.

    ``item`` (r,) int32, ``truth`` and ``said`` (r,) int64 (NO_CLASS: none that is judged), ``n`` (r,) int64 pixels.
    ``classes`` are those that are judged: the evidence's, and where void is a class, void.
    """

    classes: tuple[str, ...]
    item: Array
    truth: Array
    said: Array
    n: Array


def void_label(classes: tuple[str, ...], void: Void) -> int | None:
    """The position of what void counts as among the judged ``classes``; None under a rule that makes it no class.

    >>> void_label(("sky", "void"), "as-class"), void_label(("sky",), "as-background"), void_label(("sky",), "as-fp")
    (1, 0, None)
    """
    if void == "as-class":
        return classes.index(VOID_CLASS)
    return 0 if void == "as-background" else None


def pairs(evidence: Evidence, void: Void, *, constant: int | None = None) -> Pairs:
    """The pairs of the evidence that take part under a rule for void.

    A predicted value that no class has is a miss under every rule, and so is a predicted void where truth has a class
    and void is not left out. With ``constant``, the truth against a model that says this label (a class or VOID)
    everywhere; a pair of labels may then stand in several rows. Where void is a class it is the one called VOID_CLASS,
    which comes last if the list has none.
    """
    rows, classes = evidence["pixels"], evidence.classes
    spoken = rows["said"] if constant is None else np.full(len(rows), constant, np.uint8)
    void_truth, void_said = rows["truth"] == VOID, spoken == VOID
    truth = np.where(void_truth, NO_CLASS, rows["truth"].astype(np.int64))
    said = np.where(spoken >= OTHER, NO_CLASS, spoken.astype(np.int64))
    kept = ~void_truth
    if void == "both-dropped":
        kept &= ~void_said
    elif void == "as-fp":
        kept |= said != NO_CLASS
    elif void == "as-class" and VOID_CLASS not in classes:
        classes = (*classes, VOID_CLASS)
    if (label := void_label(classes, void)) is not None:
        truth[void_truth] = said[void_said] = label
        kept[:] = True
    return Pairs(classes, rows.item[kept], truth[kept], said[kept], rows["n"][kept])
