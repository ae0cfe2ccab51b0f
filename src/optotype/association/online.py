"""The trackers frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.association.holding import NO_MOTION, Holding
from optotype.association.rounding import rounded
from optotype.association.settings import RATE, Settings
from optotype.association.voting import Votes
from optotype.errors import InputError
from optotype.kernels.slots import sound
from optotype.tables import Array, Floats

_NO_LABELS = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """The tracks of one frame.

    ``id`` (k,), ``box`` (k, 4) x, y, w, h, ``score`` (k,), ``label`` (k,), and ``row`` (k,), the box of the frame that
    each is (−1: none).
    """

    id: NDArray[np.int64]
    box: Floats
    score: Floats
    label: NDArray[np.int64]
    row: NDArray[np.int64]


class Online:
    """A tracker that is shown one frame after the other, of a video that may never end: what is lost is forgotten.

    What it says of a sequence is what ``track`` says of it. ``classes`` is the number of classes (labels 0 …
    classes − 1), tracked apart where ``per_class``; ``rate`` the frames a second, which times in seconds are counted
    by; ``sequence`` its name, for settings that go by it. ``dense_ids`` numbers from 1 in the order of appearance.

    >>> from optotype.association.settings import IoU
    >>> tracker = Online(IoU())
    >>> tracker.update(np.array([[0.0, 0, 8, 4]]), np.array([0.9])).id.tolist()
    [1]
    >>> step = tracker.update(np.array([[50.0, 0, 8, 4], [1, 0, 8, 4]]), np.array([0.8, 0.9]))
    >>> step.id.tolist(), step.row.tolist()
    ([1, 2], [1, 0])
    """

    def __init__(
        self, settings: Settings, *, classes: int = 1, per_class: bool = True, reference: bool = False,
        dense_ids: bool = False, rate: float = RATE, sequence: str = "",
    ) -> None:  # fmt: skip
        self._settings, self._classes = settings, classes
        self._options: dict[str, Any] = {"reference": reference, "rate": rate, "sequence": sequence}
        self._rounds = reference and settings.NAME != "iou"
        self._apart = per_class and classes > 1
        self._numbers = _Numbers() if dense_ids or self._apart else None
        self._votes = Votes(classes)
        self._whole = Holding(settings, **self._options)
        self._held: dict[int, Holding] = {}
        self._start = np.zeros(2, np.int64)
        self._frames = 0

    def update(self, box: Floats, score: Floats, label: Array | None = None, motion: Floats | None = None) -> Step:
        """The tracks of the next frame.

        ``box`` (n, 4) are its boxes x, y, w, h in pixels, ``score`` (n,) their scores, ``label`` (n,) their classes,
        where there are several, and ``motion`` (2, 3) is the camera's from the frame before, where it is known.
        """
        box = np.ascontiguousarray(box, np.float64)
        score = np.ascontiguousarray(score, np.float64)
        n = len(score)
        if box.shape != (n, 4) or score.ndim != 1:
            raise InputError(f"frame {self._frames + 1}", "boxes (n, 4) and scores (n,)",
                             f"shapes {box.shape} and {score.shape}", "Give one score a box.")  # fmt: skip
        if not sound(box, score):
            raise InputError(f"frame {self._frames + 1}", "finite boxes with w ≥ 0 and h ≥ 0 and finite scores",
                             "others", "Drop such boxes.")  # fmt: skip
        moved = NO_MOTION if motion is None else np.ascontiguousarray(motion, np.float64).reshape(1, 6)
        if self._classes > 1:
            return self._of_classes(box, score, self._checked(label, n), moved)
        self._frames += 1
        self._start[1] = n
        out, who = self._whole.run(self._start, box, score, moved)
        return self._step(out, who, np.zeros(len(who), np.int64))

    def _checked(self, label: Array | None, n: int) -> NDArray[np.int64]:
        where = f"labels of frame {self._frames + 1}"
        if label is None or np.shape(label) != (n,):
            raise InputError(where, f"{n} classes", "none" if label is None else f"shape {np.shape(label)}",
                             "Give the class of each box.")  # fmt: skip
        label = np.ascontiguousarray(label, np.int64)
        if n and (label.min() < 0 or label.max() >= self._classes):
            raise InputError(where, f"0 … {self._classes - 1}", f"{label.min()} … {label.max()}", "Correct the class.")
        return label

    def _of_classes(self, box: Floats, score: Floats, label: NDArray[np.int64], motion: Floats) -> Step:
        before = self._frames
        self._frames += 1
        if not self._apart:
            self._start[1] = len(score)
            out, who = self._whole.run(self._start, box, score, motion)
            return self._step(out, who, self._votes.add(who, label, self._whole.slots))
        for k in np.unique(label).tolist():
            if k not in self._held:
                self._held[k] = Holding(self._settings, **self._options, clock=before)
        outs, whos, labels = [np.zeros((0, 5))], [np.zeros((0, 4), np.int64)], [_NO_LABELS]
        for k in sorted(self._held):
            index = np.flatnonzero(label == k)
            self._start[1] = len(index)
            out, who = self._held[k].run(self._start, box[index], score[index], motion)
            who = who.copy()
            if len(index):
                who[:, 2] = np.where(who[:, 2] >= 0, index[who[:, 2]], -1)
            outs.append(out.copy())
            whos.append(who)
            labels.append(np.full(len(who), k))
        return self._step(np.concatenate(outs), np.concatenate(whos), np.concatenate(labels))

    def _step(self, out: Floats, who: Array, label: NDArray[np.int64]) -> Step:
        ids = who[:, 1].copy()
        if self._numbers is not None:
            ids = self._numbers.of(label if self._apart else np.zeros_like(label), ids, who[:, 3])
        box, score = out[:, :4].copy(), out[:, 4].copy()
        if self._rounds:
            box, score = rounded(box, 1), rounded(score, 2)
        return Step(ids, box, score, label, who[:, 2].copy())


class _Numbers:
    """Identities from 1 in the order in which they first appear; only those that hold a slot are remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[int, int]] = {}
        self._given = 0

    def of(self, label: Array, ids: Array, slots: Array) -> NDArray[np.int64]:
        """The numbers of the rows: class, identity and slot of each are given."""
        numbers = np.empty(len(ids), np.int64)
        for place, (k, own, slot) in enumerate(zip(label.tolist(), ids.tolist(), slots.tolist(), strict=True)):
            known = self._known.get((k, slot))
            if known is None or known[0] != own:
                self._given += 1
                known = self._known[k, slot] = own, self._given
            numbers[place] = known[1]
        return numbers
