"""What measuring gives in every task."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from optotype.results import ClassResult, Counts, Metric, SliceResult
from optotype.tables import Array


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one evaluation, without provenance."""

    metrics: dict[str, Metric]
    per_class: list[ClassResult]
    slices: dict[str, list[SliceResult]] = {}
    errors: dict[str, Any] = {}
    calibration: dict[str, Any] = {}
    protocol: dict[str, Any]
    n: Counts
    warnings: list[str]


def number(value: Array | float | None) -> float | None:
    """A plain float, None for what does not exist."""
    if value is None or not math.isfinite(value):
        return None
    return float(value)
