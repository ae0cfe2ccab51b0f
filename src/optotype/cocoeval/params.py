"""``Params``: what is evaluated, and what of it is supported."""

from __future__ import annotations

from typing import Any

import numpy as np

from optotype.errors import InputError
from optotype.metrics.average_precision import COCO, GRID, MOST_RANGES, THRESHOLDS, Rules
from optotype.tables import Floats

MASKS = "Measure boxes, iouType='bbox'; masks follow in a later version."


class Params:
    """What is evaluated: pycocotools' ``Params``.

    ``imgIds``, ``catIds``, ``useCats``, ``maxDets``, ``areaRng`` with ``areaRngLbl`` (up to five) may be changed;
    ``iouThrs`` and ``recThrs`` to some of their defaults.
    """

    def __init__(self, iouType: str = "segm") -> None:
        self.iouType = iouType
        self.useSegm: int | None = None
        self.imgIds: list[Any] = []
        self.catIds: list[Any] = []
        self.iouThrs: Floats = THRESHOLDS.copy()
        self.recThrs: Floats = GRID.copy()
        self.maxDets: list[int] = list(COCO.max_dets)
        self.areaRng: list[list[float]] = [[low, high] for _, low, high in COCO.ranges]
        self.areaRngLbl: list[str] = list(COCO.names)
        self.useCats = 1


def rules_of(p: Params, strict: bool) -> Rules:
    """The rules of matching; an InputError says what is not supported."""
    caps = sorted(p.maxDets)
    if not caps or caps[0] < 1:
        raise InputError("params.maxDets", "whole numbers from 1 on", repr(p.maxDets), "Write [1, 10, 100].")
    areas = [(float(low), float(high)) for low, high in p.areaRng]
    if not 1 <= len(areas) <= MOST_RANGES or len(areas) != len(p.areaRngLbl):
        got = f"{len(areas)} ranges and {len(p.areaRngLbl)} labels"
        raise InputError("params.areaRng", f"1 to {MOST_RANGES} ranges and as many areaRngLbl", got, "Change both.")
    return Rules(tuple((str(a), *area) for a, area in enumerate(areas)), tuple(caps), strict)


def chosen(name: str, values: Any, known: Floats) -> list[int]:
    """Positions of the values among those that are known."""
    given = np.asarray(values, np.float64).ravel()
    if not len(given) or not np.isin(given, known).all():
        raise InputError(f"params.{name}", f"some of the {len(known)} defaults", str(given.tolist()[:12]),
                         f"Choose from numpy.linspace({known[0]}, {known[-1]}, {len(known)}).")  # fmt: skip
    return [int(np.flatnonzero(known == value)[0]) for value in given]


def check_type(p: Params) -> None:
    """Raise InputError for anything but boxes."""
    if p.iouType != "bbox" or p.useSegm:
        raise InputError("COCOeval, iouType", "'bbox'", repr("segm" if p.useSegm else p.iouType), MASKS)
