"""Boxes of one side with what is around them, and how much of it counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optotype.tables import Array, Floats, Ints
from optotype.tasks.track.facts import Facts, Side
from optotype.tasks.track.frames import FIRST

ON, NEAR = 0.5, 0.1
"""IoU of a box that is on an object, and of one that lies near it."""
HIDES = 0.5
"""Share of an object that must be hidden, by something nearer or as the truth tells, for it to be called occluded."""
MEET = 0.3
"""Overlap of two objects, as a share of the smaller, from which on they meet."""
OUTSIDE = 0.3
"""Share of a box outside the picture that makes it one at the border, where nothing hides more of it."""
FAST = 0.3
"""IoU of an object's boxes in two frames below which it moved too far to be followed by its place, where the tracker
does not say what it asks for."""
SOON = 5
"""Frames within which one thing is held to follow from another: a jerk, a meeting, the start or end of a life."""
UNSEEN = 0.3
"""A box of a tracker that overlaps no detection so much was carried on without one."""
EDGE = 1.5
"""Pixels from the border within which a box touches it."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of one side, ``row`` (n,), with what is around them."""

    facts: Facts
    side: Side
    row: Array

    @cached_property
    def item(self) -> Ints:
        """Sequence of each."""
        return self.side.rows.item[self.row]

    @cached_property
    def frame(self) -> NDArray[np.int64]:
        """Frame of each, numbered through."""
        return self.side.frame[self.row]

    @cached_property
    def _placed(self) -> Floats:
        """x, y, w, h, (4, n), of each box in a picture whose pixels count from 0."""
        return np.asarray((self.side.rows["box"][self.row] - [FIRST, FIRST, 0, 0]).T)

    @cached_property
    def outside(self) -> Floats:
        """Share of each box outside the picture; 0 where its size is not known."""
        x, y, w, h = self._placed
        width, height = self.facts.size[self.item].T
        wide = np.clip(np.minimum(x + w, width) - np.maximum(x, 0), 0, None)
        high = np.clip(np.minimum(y + h, height) - np.maximum(y, 0), 0, None)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.nan_to_num(1 - wide * high / (w * h), nan=0.0))

    @cached_property
    def touches(self) -> Array:
        """Whether each box reaches the picture's border."""
        x, y, w, h = self._placed
        width, height = self.facts.size[self.item].T
        upper = (x <= EDGE) | (y <= EDGE)
        return np.asarray(upper | (x + w >= width - EDGE) | (y + h >= height - EDGE))

    @cached_property
    def since(self) -> tuple[Array, Array]:
        """The last matched row of the chain, and how many frames ago it was."""
        last, ago = self.side.since()
        return last[self.row], ago[self.row]

    def share(self, column: int) -> Floats:
        """One of the overlaps."""
        return np.asarray(self.side.share[self.row, column])

    def who(self, column: int, other: Side) -> NDArray[np.int64]:
        """The id behind an overlap, a row of ``other``; −1 for none."""
        found = self.side.who[self.row, column]
        return np.where(found >= 0, other.rows["id"][found] if len(other.rows) else -1, -1).astype(np.int64)

    def limit(self, name: str) -> Floats:
        """A limit of the tracker in each box's sequence."""
        return np.asarray(getattr(self.facts.limits, name)[self.item])


def nobody(about: Boxes) -> NDArray[np.int64]:
    """No other object, (n,)."""
    return np.full(len(about.row), -1, np.int64)


def latest_jerk(facts: Facts) -> Floats:
    """Pixels of the last jerk up to each frame."""
    at = np.maximum.accumulate(np.where(facts.jerk > 0, np.arange(len(facts.jerk)), 0))
    return np.asarray(facts.jerk[at])
