"""What a tracker lets through, read from the settings that it ran with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from optotype.evidence import Evidence
from optotype.tables import Floats
from optotype.tasks.track.rules import Rules


@dataclass(frozen=True, eq=False)
class Limits:
    """A value a sequence, (items,); NaN where it is not known or the tracker has no such limit.

    Boxes with scores at or below ``low`` are not looked at, those below ``high`` only continue a track that was
    there in the frame before, and a track starts at ``start``. It is continued with an overlap of at least ``iou``.
    After more than ``buffer`` frames without a box a track is forgotten; a new one is let out after ``confirm`` frames.
    Boxes of ``area`` square pixels or less, or wider than ``ratio`` times their height, are not let out.
    """

    low: Floats
    high: Floats
    start: Floats
    buffer: Floats
    confirm: Floats
    area: Floats
    ratio: Floats
    iou: Floats

    @classmethod
    def of(cls, evidence: Evidence, rules: Rules) -> Limits:
        """Those of the sequences of the evidence."""
        n = len(evidence)
        found = {field.name: np.full(n, np.nan) for field in fields(cls)}
        for i, key in enumerate(evidence.keys.tolist()):
            for name, value in _read(rules.settings, key).items():
                found[name][i] = value
        return cls(**found)


_NAMES = {
    "low": ("low",),
    "high": ("high",),
    "start": ("start",),
    "buffer": ("buffer", "max_lost", "max_age"),
    "area": ("min_area",),
    "ratio": ("max_ratio",),
    "iou": ("iou_threshold",),
}
"""What the trackers call each limit."""


def _read(settings: Mapping[str, Any], sequence: str) -> dict[str, float]:
    """The limits in a sequence: what is set for it alone stands over what is set for all."""
    named = {**settings, **settings.get("sequences", {}).get(sequence, {})}
    found = {limit: float(named[name]) for limit, names in _NAMES.items() for name in names if name in named}
    if found.get("ratio") == 0:  # the trackers' word for no limit
        del found["ratio"]
    if "high" in found and "low" not in found:  # OC-SORT has no use for lower scores
        found["low"] = found["high"]
    if "match_new" in named:  # ByteTrack lets a track out with its second box
        found["confirm"] = 1.0
    if "min_hits" in named:  # of boxes after the first
        found["confirm"] = float(named["min_hits"])
    return found
