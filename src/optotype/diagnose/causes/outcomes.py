"""What became of each judged object, alike in every task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optotype.evidence import Evidence
from optotype.tables import Array, Floats, Ints


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One row a judged object, in the order of the table ``conditions``.

    ``failed`` (n,) bool; ``truth`` (n,) the class; ``said`` (n,) the position in ``names`` of what the model made of
    it, −1 for nothing: ``names`` are the classes and, after them, ways to fail that are no class. ``confidence`` (n,)
    in that, None where there is none in every row.
    """

    failed: Array
    truth: Ints
    said: Ints
    names: tuple[str, ...]
    confidence: Floats | None = None


def outcomes(evidence: Evidence) -> Outcomes | None:
    """What became of each judged object; None where the evidence does not tell."""
    table, read = OUTCOMES[evidence.task]
    return read(evidence) if table in evidence.tables else None


def _of_items(evidence: Evidence) -> Outcomes:
    labels = evidence["labels"]
    truth, said = (np.asarray(labels[name], np.int32) for name in ("truth", "predicted"))
    return Outcomes(truth != said, truth, said, evidence.classes, labels.columns.get("confidence"))


def _of_objects(evidence: Evidence) -> Outcomes:
    # The package brings its kernels, which only those who need them should wait for.
    from optotype.tasks.detect.failing import BADLY_PLACED, failing

    found = failing(evidence)
    truth = np.asarray(evidence["truth"]["label"][found.row], np.int32)
    return Outcomes(found.failed, truth, found.said, (*evidence.classes, BADLY_PLACED))


def _of_tracks(evidence: Evidence) -> Outcomes:
    """An object counts in every frame anew; what is missed is taken for nothing."""
    rows = evidence["truth"]
    kept = np.asarray(rows["kept"], bool)
    failed, truth = rows["match"][kept] < 0, np.asarray(rows["label"][kept], np.int32)
    return Outcomes(failed, truth, np.where(failed, -1, truth).astype(np.int32), evidence.classes)


def _of_components(evidence: Evidence) -> Outcomes:
    """A component fails when less than half of its pixels are right; it is taken for what most of the wrong ones are.

    What is said there may be no class at all, and then it is taken for nothing.
    """
    rows, K = evidence["components"], len(evidence.classes)
    truth, said = (np.asarray(rows[name], np.int32) for name in ("label", "said"))
    failed = 2 * rows["right"] < rows["area"]
    return Outcomes(failed, truth, np.where(failed, np.where(said < K, said, -1), truth), evidence.classes)


OUTCOMES: dict[str, tuple[str, Callable[[Evidence], Outcomes]]] = {
    "classify": ("labels", _of_items),
    "detect": ("truth", _of_objects),
    "track": ("truth", _of_tracks),
    "segment": ("components", _of_components),
}
"""Task → the table of the evidence that is needed, and what reads it."""
