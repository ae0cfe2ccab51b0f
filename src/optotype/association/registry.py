"""The trackers there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from optotype.association.settings import ByteTrack, IoU, OCSort, Settings, Sort


@dataclass(frozen=True)
class Tracker:
    """A tracker: its settings, its kernel, and what it does in a line.

    ``kernel`` is the module of ``optotype.kernels`` with its ``run``, imported, and so compiled, when it is first used;
    ``book`` and ``state`` are the widths of its tables (kernels/slots.py); ``source`` is where it was published.
    """

    settings: type[Settings]
    kernel: str
    book: int
    state: int
    about: str
    source: str

    def run(self) -> Callable[..., int]:
        """The kernel."""
        return import_module(f"optotype.kernels.{self.kernel}").run  # type: ignore[no-any-return]


TRACKERS: dict[str, Tracker] = {
    "iou": Tracker(IoU, "track_iou", 5, 5, "each box continues the track that it overlaps most",
                   "Bochinski, Eiselein and Sikora 2017, in its simplest form"),
    "sort": Tracker(Sort, "track_sort", 6, 21, "a Kalman filter and the assignment of most overlap",
                    "Bewley et al. 2016, Simple Online and Realtime Tracking"),
    "bytetrack": Tracker(ByteTrack, "track_byte", 10, 21, "boxes of high score first, then those of low score",
                         "Zhang et al. 2022, ByteTrack"),
    "ocsort": Tracker(OCSort, "track_ocsort", 10, 102, "SORT that trusts what it observed more than its filter",
                      "Cao et al. 2023, Observation-Centric SORT"),
}  # fmt: skip


def tracker_of(settings: Settings) -> Tracker:
    """The tracker that the settings are for."""
    return TRACKERS[settings.NAME]
