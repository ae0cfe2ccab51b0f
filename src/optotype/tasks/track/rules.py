"""What a tracker is judged by: the protocol, its classes, and what is known of how the tracks came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optotype.tables import Floats, Tracks

PROTOCOLS = ("plain", "mot15", "mot16", "mot17", "mot20")


@dataclass(frozen=True, eq=False)
class Rules:
    """``protocol`` is one of PROTOCOLS. ``detections`` are what the tracker was given (ids −1, on the truth's
    sequences), None where unknown; ``settings`` how it ran, by name as in ``track.json``, empty where unknown.
    ``motion`` maps a sequence to the camera's, (length, 2, 3): where a place of the frame before lies in this one, NaN
    where that is not known. All three serve explaining alone.
    """

    protocol: str = "plain"
    detections: Tracks | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    motion: Mapping[str, Floats] = field(default_factory=dict)
