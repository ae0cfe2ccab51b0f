"""What goes on around each object of a sequence: how many others there are, what hides it, how it and all move."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optotype.evidence import Rows
from optotype.kernels import track_events as kernel
from optotype.tables import Array, Floats, Ints
from optotype.tasks.track import moving
from optotype.tasks.track.chains import Chains


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Objects (n,) in the order of the frames. ``item`` is the sequence, ``image`` numbers the frames of all sequences
    through, so that of one sequence they follow each other, ``id`` and ``label`` tell objects apart, ``visibility`` is
    NaN where it is not known. ``motion`` (frames, 2) is the camera's in each frame, where images told it.
    """

    item: Ints
    image: NDArray[np.int64]
    id: NDArray[np.int64]
    label: Ints
    box: Floats
    visibility: Floats
    motion: Floats | None = None

    @cached_property
    def chains(self) -> Chains:
        """The objects by identity."""
        return Chains.of(Rows(self.item, {"label": self.label, "id": self.id}))

    @cached_property
    def _steps(self) -> tuple[Array, Array]:
        """Rows whose object was in the frame before, and its rows there."""
        return moving.steps(self.chains, self.image)

    def density(self) -> Floats:
        """Objects in the frame, itself among them."""
        counts = np.bincount(self._place) if len(self.image) else np.zeros(0, int)
        return counts[self._place].astype(np.float64)

    def occlusion(self) -> Floats:
        """Share of the object that is hidden: as the truth tells, else what nearer boxes (with a lower foot) cover."""
        n = len(self.image)
        share, who = np.zeros((n, 7)), np.full((n, 7), -1, np.int32)
        begin = np.append(np.flatnonzero(np.diff(self._place, prepend=-1)), n).astype(np.int64)
        kernel.company(begin, np.ascontiguousarray(self.box, np.float64), np.ones(n, np.bool_), share, who)
        told = moving.told(self.visibility)
        return np.where(told, 1 - self.visibility, share[:, kernel.COVERED])

    def speed(self) -> Floats:
        """How far the centre moves a frame, in heights of the box: since the frame before, else to the next; NaN where
        the object is in neither.
        """
        later, earlier = self._steps
        centre = self.box[:, :2] + self.box[:, 2:] / 2
        step = np.hypot(*(centre[later] - centre[earlier]).T)
        found = np.full(len(self.image), np.nan)
        found[earlier] = step
        found[later] = step
        with np.errstate(divide="ignore", invalid="ignore"):
            speed = found / self.box[:, 3]
        return np.asarray(np.where(np.isfinite(speed), speed, np.nan))

    def size(self) -> Floats:
        """√(w h) in pixels."""
        return np.asarray(np.sqrt(self.box[:, 2] * self.box[:, 3]))

    def camera(self) -> Floats:
        """How far the image's centre moved since the frame before, in pixels, where that was estimated; else the median
        displacement of all boxes, NaN with fewer than 3 in both frames.
        """
        if not len(self.image):
            return np.zeros(0)
        later, earlier = self._steps
        motion = moving.of_all(self.box, later, earlier, self._place, int(self._place[-1]) + 1)[self._place]
        known = None if self.motion is None else self.motion[self.image]
        return np.asarray(np.hypot(*moving.preferred(known, motion).T))

    def age(self) -> Floats:
        """Frames since the object was first there."""
        chains = self.chains
        n = np.bincount(chains.code)
        first = chains.order[np.cumsum(n) - n][chains.code] if len(n) else chains.order
        return (self.image - self.image[first]).astype(np.float64)

    @cached_property
    def _place(self) -> NDArray[np.int64]:
        """Number of each object's frame among those that have objects."""
        return np.cumsum(np.append(False, np.diff(self.image) != 0)[: len(self.image)]).astype(np.int64)
