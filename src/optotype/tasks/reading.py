"""What a user asks to have judged, and what reading it gives, alike in every task."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optotype.errors import InputError
from optotype.tables import Items


@dataclass(frozen=True)
class Asked:
    """The files and every option about reading and protocol; None or False where the user said nothing."""

    truth: str
    predictions: Path
    protocol: str | None = None
    split: str | None = None
    classes: str | None = None
    map_categories: str | None = None
    iou_type: str | None = None
    max_dets: tuple[int, ...] | None = None
    areas: tuple[str, ...] | None = None
    item_ids: str | None = None
    strict: bool = False
    sequences: tuple[str, ...] | None = None
    missing: str | None = None
    detections: str | None = None
    void: str | None = None
    unknown: str | None = None
    group: str | None = None
    map_classes: str | None = None
    thresholds: str | None = None

    def only(self, task: str, *names: str) -> None:
        """Raise InputError for an option that was given although the task has no such thing."""
        common = {"truth", "predictions", "protocol", *names}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if name not in common and value is not None and value is not False:
                flag = f"--{name.replace('_', '-')}"
                raise InputError(flag, f"options of '{task}'", flag, "Leave it out; the task has no such thing.")

    def check_protocol(self, *known: str) -> None:
        """Raise InputError for a protocol that the task does not have."""
        if self.protocol is not None and self.protocol not in known:
            raise InputError("--protocol", f"one of {', '.join(known)}", repr(self.protocol), "Choose one of these.")


@dataclass(frozen=True, eq=False)
class Read:
    """Both sides as tables of the same items, what was unusual about the files, and options for match and measure.

    ``source`` is where the truth lies; ``rules`` are keyword arguments that the task's functions share.
    """

    truth: Any
    prediction: Any
    items: Items
    source: Path
    warnings: tuple[str, ...] = ()
    rules: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.items):
            raise InputError(str(self.source), "at least one item to judge", "none", "Check the file and the split.")
