"""One exported still: its frame, its objects, its names, and which split it is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from optotype.world.attributes import Objects
from optotype.world.scene import Frame

TURNS = ("train", "test", "train", "val", "train", "train", "test", "train", "train", "train")
"""Splits in turn: seven of ten to train, one to val, two to test, from the first few on."""


@dataclass(frozen=True, eq=False)
class Still:
    """A rendered frame; ``picture`` is its image file, already written."""

    index: int
    frame: Frame
    objects: Objects
    picture: Path

    @property
    def stem(self) -> str:
        """Name without suffix, the same in every layout."""
        return self.picture.stem

    @property
    def split(self) -> str:
        """train, val or test."""
        return split(self.index)


def split(index: int) -> str:
    """The split of the item (or group of items) of this number; it does not depend on how many there are."""
    return TURNS[index % len(TURNS)]
