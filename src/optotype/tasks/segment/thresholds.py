"""In which images a class is hit at each threshold of IoU, and what the shares of these images are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optotype.metrics import segmentation
from optotype.tables import Array
from optotype.tasks.measured import number
from optotype.tasks.segment.cells import Cells

TENTHS = 10

DEFINITION = (
    "A cell is an image and a class with pixels I right, T of the truth, P predicted and U = T + P − I > 0. It is a "
    "hit at t if T > 0, P > 0 and I / U ≥ t, compared in whole numbers. By class: success = hits / cells, precision = "
    "hits / cells with P > 0, recall = hits / cells with T > 0. map is the precision averaged over t and then over the "
    "classes in the truth, 0 for one that is never predicted; success_mean likewise. Counts of images, without scores "
    "and without ranking: no average precision."
)
_FLOOR = (
    " At t = 0 every cell with T > 0 and P > 0 is a hit: each adds 1/{n} to the average over t, however little of it "
    "is right."
)


def hits(cells: Cells, thresholds: tuple[int, ...]) -> Array:
    """Whether each cell is hit at each of the thresholds, in tenths of IoU, (c, t) bool."""
    both = (cells.truth > 0) & (cells.said > 0)
    tenths = np.array(thresholds, np.int64)
    reached: Array = TENTHS * cells.intersection[:, None] >= tenths * cells.union[:, None]
    return reached & both[:, None]


def definition(thresholds: tuple[int, ...]) -> str:
    """What is counted, with its floor where the average takes part at 0."""
    return DEFINITION + (_FLOOR.format(n=len(thresholds)) if 0 in thresholds else "")


def curves(classes: tuple[str, ...], sums: Mapping[str, Array], thresholds: tuple[int, ...]) -> dict[str, Any]:
    """Success, precision and recall of each class at each threshold, as ``eval.json`` has them."""
    values = {
        "success": segmentation.success_at(sums["hits"], sums["cells"]),
        "precision": segmentation.precision_at(sums["hits"], sums["saids"]),
        "recall": segmentation.recall_at(sums["hits"], sums["truths"]),
    }
    counts = {name: sums[name].astype(int).tolist() for name in ("cells", "truths", "saids")}
    return {
        "t": [t / TENTHS for t in thresholds],
        "classes": [
            {"class": name, **{key: counts[key][k] for key in counts}}
            | {key: [number(v) for v in found[k]] for key, found in values.items()}
            for k, name in enumerate(classes)
        ],
        "definition": definition(thresholds),
    }
