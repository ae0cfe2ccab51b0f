"""The conventions that a detector's numbers follow, as they are printed beside them."""

from __future__ import annotations

from typing import Any

from optotype.metrics.average_precision import THRESHOLDS, Rules
from optotype.metrics.box_calibration import DECE_BINS, LAECE_BINS
from optotype.metrics.intervals import LEVEL

_ANY = "as any other"


def protocol(rules: Rules, independent: bool, *, resamples: int, seed: int) -> dict[str, Any]:
    """Every threshold and convention."""
    return {
        "name": "coco",
        "iou_type": "bbox",
        "iou_thresholds": [round(t, 2) for t in THRESHOLDS.tolist()],
        "recalls": "101, numpy's linspace(0, 1, 101)",
        "areas": {name: [low, high] for name, low, high in rules.ranges},
        "max_dets": list(rules.max_dets),
        "annotation_id_0": "unmatched, as pycocotools has it" if rules.strict else _ANY,
        "tide": "tidecv 1.0.1: IoU 0.5, background below 0.1, the best 100 of an image",
        "calibration": {"dece": calibration_protocol("dece"), "laece": calibration_protocol("laece")},
        "best_f1": "IoU 0.5, all classes together",
        "intervals": {
            "level": LEVEL,
            "method": "bootstrap of groups: normal on the logit, allowing for 0 to 2.41 times the bias that shows",
            "differences": "percentile bootstrap, paired; of Loc, dece and of two sizes as method, without the logit",
            "tide.Both": "none",
            "dece": "as method, without the logit; none unless clear of 0 by its bias and four standard errors",
            "laece": "none",
            "unit": "image" if independent else "group",
            "resamples": resamples,
            "seed": seed,
        },
    }


def calibration_protocol(name: str) -> dict[str, Any]:
    """Bins, edges and threshold of a calibration error."""
    if name == "dece":
        return {"bins": DECE_BINS, "edges": "[lo, hi)", "iou": 0.5, "score_floor": 0.0}
    return {"bins": LAECE_BINS, "edges": "(lo, hi]", "iou": 0.1, "score_floor": 0.0, "thresholds": "none applied"}


def rules_of(found: dict[str, Any]) -> Rules:
    """The rules that a protocol was written from, for computing again what a result does not hold.

    >>> rules_of(protocol(Rules(), True, resamples=0, seed=0)) == Rules()
    True
    """
    ranges = tuple((name, float(low), float(high)) for name, (low, high) in found["areas"].items())
    return Rules(ranges, tuple(found["max_dets"]), found["annotation_id_0"] != _ANY)
