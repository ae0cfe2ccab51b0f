"""What a sweep found."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SWEEP_FILE = "sweep.json"


class SweepRow(msgspec.Struct, frozen=True):
    """One combination of the swept settings, and every number of the tracks that it gives (None: does not exist)."""

    settings: dict[str, Any]
    metrics: dict[str, float | int | None]


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """``sweep.json``: ``rows`` in the order in which they were tried, ``best`` the position of the highest HOTA.

    ``swept`` are the values of each swept setting, ``settings`` those of the first combination. ``held_out`` are the
    numbers when each scene is tracked with the combination that is best on the others; empty for one scene.
    """

    format: Literal["optotype.sweep/1"] = "optotype.sweep/1"
    tracker: str
    reference: bool
    protocol: str
    settings: dict[str, Any]
    swept: dict[str, list[Any]]
    rows: list[SweepRow]
    best: int | None
    held_out: dict[str, float | int | None]
    scenes: int
    sequences: int
    frames: int
    detections: str
    detections_sha256: dict[str, str]
    truth: str
    warnings: list[str]
    version: str
    command: str
