"""What kind of error each detection is: the matching side of TIDE."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optotype.box_geometry import MEDIUM, SMALL
from optotype.evidence import Evidence, Rows
from optotype.kernels import ranking
from optotype.kernels import tide as kernel
from optotype.machine import usable_cores
from optotype.metrics.average_precision import COCO, Rules, inside_bits
from optotype.metrics.tide import NOTED, VARIANTS, Variant
from optotype.tables import Array, Floats
from optotype.tasks.detect.matching import in_parts

MOST_OF_IMAGE = 100
"""Detections of an image, all classes together, that protocol ``tide`` looks at."""

Bytes = NDArray[np.uint8]


def err(evidence: Evidence, *, rules: Rules = COCO, threads: int = 0) -> Evidence:
    """The evidence of ``match`` with what each detection is and what became of each object, a column a variant.

    ``detections``: ``tide`` uint8 (n, V), a code of ``kernels.tide`` and ``IGNORED``; ``tide_partner`` int32 (n, P), in
    the variants ``NOTED``: the position among the image's truth rows of the object that a detection matches, misplaces,
    misnames or repeats, −1 for none. ``truth``: ``tide`` uint8 (m, V); ``tide_winner`` int32 (m, V): the position among
    the image's detections of the one that would be fixed for this object, −1 for none.

    Of ``rules`` the cap and ``strict`` matter, to ``tide-coco``; the ranges are COCO's. Ignored objects of the class
    excuse unmatched detections: a crowd any number (share of the detection's area above 0.5), an object outside the
    range one. The result does not depend on ``threads`` (0: all cores). Source: tidecv 1.0.1, ``quantify.py``.
    """
    truth, found = evidence["truth"], evidence["detections"]
    n, m, items, V = len(found), len(truth), len(evidence), len(VARIANTS)
    order, start = _by_image(found, items)
    box, truth_box = np.ascontiguousarray(found["box"]), np.ascontiguousarray(truth["box"])
    inside, counts = _inside(box), _counts(truth["crowd"], truth["area"], truth_box)
    coco = np.array([variant.coco for variant in VARIANTS])
    caps = np.where(coco, rules.cap, MOST_OF_IMAGE).astype(np.int64)
    truth_start = truth.starts(items).astype(np.int64)
    lost = (truth["id"] == 0) & rules.strict
    error, partner = np.empty((n, V), np.uint8), np.empty((n, len(NOTED)), np.int32)
    status, winner = np.empty((m, V), np.uint8), np.empty((m, V), np.int32)
    noted = np.array(NOTED, np.int64)

    def part(first: int, last: int) -> None:
        kernel.err(
            first, last, start, order, found["label"], box, inside, truth_start, truth["label"], truth_box,
            truth["crowd"], lost, counts, coco, caps, len(evidence.classes), noted, error, partner, status, winner,
        )  # fmt: skip

    in_parts(part, start, threads or usable_cores())
    tables = dict(evidence.tables)
    tables["truth"] = Rows(truth.item, {**truth.columns, "tide": status, "tide_winner": winner})
    tables["detections"] = Rows(found.item, {**found.columns, "tide": error, "tide_partner": partner})
    return Evidence(evidence.task, evidence.classes, evidence.keys, evidence.groups, tables)


def _by_image(found: Rows, items: int) -> tuple[Array, Array]:
    """Rows by item and falling score, ties as in the file, and where each item begins."""
    n = len(found)
    order, out, start = np.arange(n, dtype=np.int32), np.empty(n, np.int32), np.empty(items + 1, np.int64)
    ranking.by_score(order, np.ascontiguousarray(found["score"]).view(np.uint64), np.empty_like(order))
    ranking.by_code(order, found.item, out, start)
    return out, start


def _inside(box: Floats) -> Bytes:
    """Of each detection and variant: 0 not of it, 1 inside, 2 outside, so that it counts only when matched."""
    bits, size = inside_bits(box, COCO), _size(box)
    inside = np.empty((len(box), len(VARIANTS)), np.uint8)
    for v, variant in enumerate(VARIANTS):
        if variant.convention == "size-filter":
            inside[:, v] = size == variant.size
        else:
            inside[:, v] = 2 - (bits >> variant.size & 1) if _by_area(variant) else 1
    return inside


def _counts(crowd: Array, area: Floats, box: Floats) -> Bytes:
    """Of each row of the truth and variant: 0 not of it, 1 an object, 2 ignored."""
    size, counts = _size(box), np.empty((len(crowd), len(VARIANTS)), np.uint8)
    for v, variant in enumerate(VARIANTS):
        if variant.convention == "size-filter":
            counts[:, v] = np.where(size == variant.size, 1 + crowd, 0)
        elif _by_area(variant):
            low, high = COCO.limits[variant.size]
            counts[:, v] = 1 + (crowd | (area < low) | (area > high))
        else:
            counts[:, v] = 1 + crowd
    return counts


def _by_area(variant: Variant) -> bool:
    """Whether an area range decides what is ignored: of all sizes COCO has one too, tidecv has none."""
    return variant.coco or variant.convention == "coco-range"


def _size(box: Floats) -> Bytes:
    """1, 2 or 3 for the half-open range of w · h: small, medium, large."""
    area = box[:, 2] * box[:, 3]
    return (1 + (area >= SMALL).astype(np.uint8) + (area >= MEDIUM)).astype(np.uint8)
