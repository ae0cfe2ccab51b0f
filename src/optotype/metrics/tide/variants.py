"""The variants of TIDE: two protocols, and for sizes two conventions of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from optotype import box_geometry

Protocol = Literal["tide", "tide-coco"]
Convention = Literal["whole", "coco-range", "size-filter"]


@dataclass(frozen=True)
class Variant:
    """One way to decide what an error is.

    Protocol ``tide`` is tidecv 1.0.1: 100 detections of an image, all classes together; the mean over every class that
    has objects or detections. ``tide-coco`` agrees with COCO's evaluation: 100 detections of an image and class, its
    matches, its recall grid, the mean over the classes with objects.

    ``size`` 1, 2, 3 are small, medium and large, 0 is all. Convention ``coco-range``: objects whose area is outside the
    range are ignored, unmatched detections outside leave the AP, matches to objects inside stay. ``size-filter``: only
    the boxes whose width × height is in the half-open range exist.
    """

    protocol: Protocol
    convention: Convention = "whole"
    size: int = 0

    @property
    def coco(self) -> bool:
        """Whether it is of the protocol ``tide-coco``."""
        return self.protocol == "tide-coco"

    @property
    def key(self) -> str:
        """Name in files.

        >>> Variant("tide").key, Variant("tide-coco", "size-filter", 1).key
        ('tide', 'tide-coco/size-filter/small')
        """
        return self.protocol if self.size == 0 else f"{self.protocol}/{self.convention}/{SIZES[self.size]}"


SIZES = ("all", *box_geometry.SIZES)

VARIANTS = (
    Variant("tide"),
    Variant("tide", "coco-range", 1),
    Variant("tide", "coco-range", 2),
    Variant("tide", "coco-range", 3),
    Variant("tide", "size-filter", 1),
    Variant("tide", "size-filter", 2),
    Variant("tide", "size-filter", 3),
    Variant("tide-coco"),
    Variant("tide-coco", "coco-range", 1),
    Variant("tide-coco", "coco-range", 2),
    Variant("tide-coco", "coco-range", 3),
    Variant("tide-coco", "size-filter", 1),
    Variant("tide-coco", "size-filter", 2),
    Variant("tide-coco", "size-filter", 3),
)
"""The columns of ``tide`` in the evidence."""

NOTED = tuple(v for v, variant in enumerate(VARIANTS) if variant.size == 0)
"""The variants whose partners the evidence keeps, one column each of ``tide_partner``: those of all sizes."""
