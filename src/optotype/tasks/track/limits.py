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
    there in the frame before, and a track starts at ``start``. After more than ``buffer`` frames without a box a track
    is forgotten; a new one is let out after ``confirm`` frames. Boxes of ``area`` square pixels or less, or wider than
    ``ratio`` times their height, are not let out.
    """

    low: Floats
    high: Floats
    start: Floats
    buffer: Floats
    confirm: Floats
    area: Floats
    ratio: Floats

    @classmethod
    def of(cls, evidence: Evidence, rules: Rules) -> Limits:
        """Those of the sequences of the evidence."""
        n = len(evidence)
        found = {field.name: np.full(n, np.nan) for field in fields(cls)}
        for i, key in enumerate(evidence.keys.tolist()):
            for name, value in _read(_settings(rules.settings, key)).items():
                found[name][i] = value
        return cls(**found)


def _settings(settings: Mapping[str, Any], sequence: str) -> Mapping[str, Any]:
    """The settings of a sequence: its own, where it has some, over those of all."""
    own = settings.get("sequences", {}).get(sequence, {})
    return {**settings, **own}


_NAMES: dict[str, tuple[str, ...]] = {}


def _read(settings: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(settings[name]) for name in () if name in settings}
