"""Precision–recall curves: of all classes by IoU and by size, and of each class."""

from __future__ import annotations

import numpy as np

from optotype.evidence import Evidence
from optotype.metrics import average_precision as ap
from optotype.metrics.average_precision import AT_50, GRID, THRESHOLDS, Precision, Rules
from optotype.results import Result
from optotype.tables import Floats
from optotype.tasks.detect.protocol import rules_of
from optotype.views import ROLES, Axis, Chart, Role, Section, Series

_IOUS = (0, 2, 4, 6, 8)
"""Thresholds .50 .60 .70 .80 .90 by position."""
_OF_CLASS = (0, 5, 8)
"""Of single classes: .50 .75 .90."""
MOST_CLASSES = 80


def curves(result: Result, evidence: Evidence) -> Section:
    """One chart whose groups are chosen from a list, and AP and AR by threshold."""
    rules = rules_of(result.protocol)
    found = ap.sweep(ap.lay_out(evidence, rules), evidence)
    series = _by_iou(found) + _by_size(found, rules)
    n = found.positives[:, 0]
    shown = [k for k in np.argsort(-n, kind="stable")[:MOST_CLASSES].tolist() if n[k]]
    for k in shown:
        series += _of(found.precision[..., k : k + 1, 0], _OF_CLASS, f"class {evidence.classes[k]}")
    cut = f" Of the classes the {MOST_CLASSES} with most objects." if (n > 0).sum() > MOST_CLASSES else ""
    chart = Chart(
        "line",
        Axis("recall", 0.0, 1.0, unit="ratio"),
        Axis("precision", 0.0, 1.0, unit="ratio"),
        series,
        title="Precision by recall",
        caption=(
            "Interpolated precision at 101 recalls, the mean over classes with objects; AP is the mean height of a "
            f"curve, 0 where a recall is never reached.{cut}"
        ),
        id="curves",
    )
    lead = "How many false detections each further object costs, as the score threshold falls from left to right."
    return Section("curves", "Precision and recall", [chart, *_by_threshold(result)], lead=lead)


def _by_threshold(result: Result) -> list[Chart]:
    """A chart; none of results of versions that did not measure it."""
    rows = result.slices.get("iou", [])
    if not rows:
        return []
    series = [
        Series(key, [float(row.name) for row in rows], [row.metrics[key].value for row in rows], role=role)
        for key, role in zip(("AP", "AR"), ROLES, strict=False)
    ]
    caption = "What AP and AR are the means of. A steep fall: objects are found, but boxes do not fit well."
    x, y = Axis("IoU threshold", 0.5, 0.95), Axis("AP, AR", 0.0, 1.0, unit="ratio")
    return [Chart("line", x, y, series, title="AP and AR by IoU threshold", caption=caption, id="thresholds")]


def _by_iou(found: Precision) -> list[Series]:
    return _of(found.precision[..., 0], _IOUS, "all classes, by IoU")


def _by_size(found: Precision, rules: Rules) -> list[Series]:
    blocks = [(name, found.precision[AT_50 : AT_50 + 1, ..., a]) for a, name in enumerate(rules.names)]
    return [
        s
        for i, (name, block) in enumerate(blocks)
        for s in _of(block, (0,), "all classes at IoU 0.5, by size", name=name, role=ROLES[i % len(ROLES)])
    ]


def _of(
    block: Floats, thresholds: tuple[int, ...], group: str, *, name: str = "", role: Role | None = None
) -> list[Series]:
    """Series of some thresholds of a block (T, 101, K), the mean over the classes that have objects."""
    known = block[0, 0] > -1
    if not known.any():
        return []
    x = [round(float(r), 2) for r in GRID]
    made = []
    for i, t in enumerate(thresholds):
        y: list[float | None] = [round(float(p), 4) for p in block[t][:, known].mean(axis=1)]
        made.append(Series(name or f"IoU {THRESHOLDS[t]:.2f}", x, y, role=role or ROLES[i], group=group))
    return made
