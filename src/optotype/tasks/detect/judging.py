"""Everything that is found out by setting detections against objects, before anything is counted."""

from __future__ import annotations

from optotype.evidence import Evidence
from optotype.metrics.average_precision import COCO, Rules
from optotype.tables import Boxes
from optotype.tasks.detect import matching
from optotype.tasks.detect.erring import err


def match(truth: Boxes, prediction: Boxes, *, rules: Rules = COCO, threads: int = 0) -> Evidence:
    """The evidence of ``matching.match`` with the errors of ``erring.err``: all that measuring and the report need."""
    return err(matching.match(truth, prediction, rules=rules, threads=threads), rules=rules, threads=threads)
