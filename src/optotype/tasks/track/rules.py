"""What a tracker is judged by: the protocol, its classes, and what is known of how the tracks came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optotype.tables import Tracks

PROTOCOLS = ("plain", "mot15", "mot16", "mot17", "mot20")


@dataclass(frozen=True, eq=False)
class Rules:
    """``protocol`` is one of PROTOCOLS. ``detections`` are what the tracker was given (ids −1, on the truth's
    sequences), None where unknown; ``settings`` how it ran, by name as in ``track.json``, empty where unknown: both
    serve explaining alone.
    """

    protocol: str = "plain"
    detections: Tracks | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
