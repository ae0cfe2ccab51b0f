"""What is counted of each sequence and class, so that every number of any data is a function of sums."""

from __future__ import annotations

from typing import Final

import numpy as np

ALPHAS: Final = np.arange(0.05, 0.99, 0.05)
"""IoU thresholds of HOTA, with the last bits of TrackEval's."""

MIDDLE: Final = 9
"""Place of α 0.5."""

COUNTS: Final = (
    "frames", "truth", "predictions", "truth_ids", "prediction_ids", "TP", "FN", "FP", "IDSW", "Frag", "MT", "PT", "ML",
    "IDTP", "IDFN", "IDFP",
)  # fmt: skip
"""Whole numbers, one a sequence and class: boxes, identities, CLEAR at IoU 0.5, Identity."""

_CURVE = (len(ALPHAS),)

SUMS: Final[dict[str, tuple[tuple[int, ...], type]]] = {
    "MOTP_sum": ((), np.float64),
    "HOTA_TP": (_CURVE, np.int64),
    "HOTA_FN": (_CURVE, np.int64),
    "HOTA_FP": (_CURVE, np.int64),
    "AssA": (_CURVE, np.float64),
    "AssRe": (_CURVE, np.float64),
    "AssPr": (_CURVE, np.float64),
    "LocA": (_CURVE, np.float64),
}
"""Shape and kind of the other addends: the overlaps of CLEAR's matches, and at each α the counts of HOTA and the sums
over its true positives of A(c), its recall, its precision, and the overlap."""
