"""The trackers: detections of sequences into tracks, at once (``track``) or frame by frame (``Online``)."""

from __future__ import annotations

from optotype.association.interpolation import interpolate
from optotype.association.online import Online, Step
from optotype.association.registry import TRACKERS, Tracker
from optotype.association.running import track
from optotype.association.settings import ByteTrack, IoU, OCSort, Settings, Sort

__all__ = [
    "TRACKERS", "ByteTrack", "IoU", "OCSort", "Online", "Settings", "Sort", "Step", "Tracker", "interpolate", "track",
]  # fmt: skip
