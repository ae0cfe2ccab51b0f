"""The conventions that a tracker's numbers follow, as they are printed beside them."""

from __future__ import annotations

from typing import Any

from optotype.kernels.clear import IOU, MOSTLY, PARTLY
from optotype.metrics.intervals import FEWEST_GROUPS, LEVEL
from optotype.metrics.tracking import ALPHAS
from optotype.tasks.track.matching import JUDGED, distractors

_NAMED = {
    "plain": "each class of the truth, matched within the class; sums over the classes make the headline",
    "mot15": "every box of the truth, whatever its class, as a pedestrian",
}


def protocol(name: str, independent: bool, *, resamples: int, seed: int) -> dict[str, Any]:
    """Every threshold and convention."""
    dropped = distractors(name)
    return {
        "name": name,
        "reference": "TrackEval 1.3.0",
        "judged": _NAMED.get(name, f"class {JUDGED[0]} alone"),
        "passed_over": "rows of the truth whose column 7, cut to a whole number, is 0",
        "distractors": f"boxes assigned to {', '.join(dropped)} at IoU 0.5 are dropped" if dropped else "none",
        "iou": "of real-valued boxes, without an extra pixel",
        "hota_alphas": [round(alpha, 2) for alpha in ALPHAS.tolist()],
        "hota_matching": "one assignment a frame, on global alignment × IoU, for all α",
        "hota_unmatched": "at an α where nothing is matched AssA is 0 and LocA 1",
        "clear_iou": IOU,
        "clear_matching": "1,000 for keeping the identity of the frame before, plus IoU, summed to its greatest",
        "mostly_tracked": f"above {MOSTLY:g} of the boxes; partly from {PARTLY:g}",
        "identity_iou": IOU,
        "sequences": "counts and sums are added, then divided",
        "intervals": {
            "level": LEVEL,
            "method": "bootstrap of scenes, matches as they are: Student's on the logit (MOTA: as it is), allowing for "
            "0 to 2.41 times the bias that shows",
            "counts": "none: they grow with the data",
            "few_scenes": f"none under {FEWEST_GROUPS} scenes: of seven, blocks of frames give intervals that hold in "
            "27 to 68 % of simulated cases, as scenes differ more than moments of one",
            "differences": "as MOTA, paired by scene",
            "unit": "sequence" if independent else "scene",
            "resamples": resamples,
            "seed": seed,
        },
    }
