"""The conventions that a segmentation's numbers follow, as they are printed beside them."""

from __future__ import annotations

from typing import Any

from optotype.metrics.intervals import FEWEST_GROUPS, LEVEL
from optotype.tasks.segment.parts import COUNTED, FOUND, SIZES
from optotype.tasks.segment.rules import VOIDS, Rules
from optotype.tasks.segment.thresholds import TENTHS, definition


def protocol(
    rules: Rules, averaged: dict[str, list[str]], independent: bool, *, resamples: int, seed: int
) -> dict[str, Any]:
    """Every threshold and convention; ``averaged`` names the classes that averages are over."""
    limits = [limit for _, limit in SIZES if limit]
    return {
        "name": "plain",
        "reference": "scikit-learn's confusion matrix and cityscapesScripts' IoU",
        "void": rules.void,
        "void_means": VOIDS[rules.void],
        "unknown": "a predicted value that no class has is a miss; such a value in the truth is void",
        "sums": "one confusion matrix of all images, then divided",
        "averaged_over": {
            "miou, dice, precision, recall": averaged["present"],
            "mean_accuracy, map, success_mean": averaged["truth"],
            "absent": averaged["absent"],
        },
        "undefined": "0 in an average over classes, as scikit-learn's zero_division=0; null by class",
        "accuracy": "of a class: (TP + TN) / N against the rest; TP / (TP + FN) is its recall",
        "thresholds": [t / TENTHS for t in rules.thresholds],
        "threshold_analysis": definition(rules.thresholds),
        "boundary": f"within {rules.rim} rows and columns of a pixel of another class; there is none towards void",
        "components": f"8 neighbours, at least {rules.least} pixels; small below {limits[0]:,}, large from "
        f"{limits[1]:,}; found with {100 * FOUND:.0f} % of the pixels right",
        "parts_and_components": "of the truth's classes, whatever becomes of void",
        "intervals": {
            "level": LEVEL,
            "method": "bootstrap of groups: Student's on the logit, allowing for 0 to 2.41 times the bias that shows",
            "averages": "over classes: degrees of freedom after Satterthwaite, as classes in few groups say less",
            COUNTED: "none: a share of components near 1, where intervals hold too seldom",
            "few_groups": f"none under {FEWEST_GROUPS} groups; blocks of frames speak of these sequences alone",
            "differences": "as method, without the logit, paired by group",
            "unit": "image" if independent else "group",
            "resamples": resamples,
            "seed": seed,
        },
    }
