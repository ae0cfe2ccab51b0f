"""The conventions that a segmentation's numbers follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Void: TypeAlias = Literal["truth-dropped", "both-dropped", "as-fp", "as-class", "as-background"]

VOIDS: dict[Void, str] = {
    "truth-dropped": "pixels of void truth are left out; a void prediction on a class is a miss",
    "both-dropped": "pixels where truth or prediction is void are left out",
    "as-fp": "pixels of void truth count as false positives of the class predicted there",
    "as-class": "void is a class like any other",
    "as-background": "void counts as the background, the first class",
}
"""What becomes of void pixels, rule by rule."""

THRESHOLDS = tuple(range(1, 11))
"""Tenths of IoU at which an (image, class) pair counts as a hit."""


@dataclass(frozen=True)
class Rules:
    """What a user can choose.

    ``void`` is one of ``VOIDS``; ``thresholds`` are tenths of IoU; ``rim`` is how near to a boundary between classes,
    in pixels, a pixel is called one of the boundary; connected parts of fewer than ``least`` pixels are no components.
    """

    void: Void = "truth-dropped"
    thresholds: tuple[int, ...] = THRESHOLDS
    rim: int = 3
    least: int = 16
