"""The pairs of labels that take part, by the rule for void; every number of pixels is a sum over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optotype.evidence import Evidence
from optotype.tables import OTHER, VOID, Array
from optotype.tasks.segment.rules import Void

NO_CLASS = -1


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


def pairs(evidence: Evidence, void: Void, *, constant: int | None = None) -> Pairs:
    """The pairs of the evidence that take part under a rule for void.

    A predicted value that no class has is a miss under every rule, and so is a predicted void where truth has a class
    and void is not left out. With ``constant``, the truth against a model that says this label (a class or VOID)
    everywhere; a pair of labels may then stand in several rows.
    """
    rows, K, classes = evidence["pixels"], len(evidence.classes), evidence.classes
    spoken = rows["said"] if constant is None else np.full(len(rows), constant, np.uint8)
    void_truth, void_said = rows["truth"] == VOID, spoken == VOID
    truth = np.where(void_truth, NO_CLASS, rows["truth"].astype(np.int64))
    said = np.where(spoken >= OTHER, NO_CLASS, spoken.astype(np.int64))
    kept = ~void_truth
    if void == "both-dropped":
        kept &= ~void_said
    elif void == "as-fp":
        kept |= said != NO_CLASS
    elif void == "as-class":
        truth[void_truth], said[void_said] = K, K
        kept[:] = True
        classes = (*classes, void_name(classes))
    elif void == "as-background":
        truth[void_truth], said[void_said] = 0, 0
        kept[:] = True
    return Pairs(classes, rows.item[kept], truth[kept], said[kept], rows["n"][kept])


def void_name(classes: tuple[str, ...]) -> str:
    """What void is called as a class.

    >>> void_name(("sky", "road")), void_name(("void", "road"))
    ('void', 'void (none of the list)')
    """
    return "void" if "void" not in classes else "void (none of the list)"
