"""What one tracker holds between frames, and its kernel run on any number of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from optotype.association.registry import tracker_of
from optotype.association.settings import RATE, Settings
from optotype.tables import Array, Floats

NO_MOTION = np.zeros((0, 6))
_CLOCK, _BORN, _OUT, _ALIVE, _FREE = 0, 1, 2, 3, 0
_SLOTS = 64


class Holding:
    """The tracks of one tracker; grows with what it has to hold at once, and with nothing else."""

    def __init__(
        self, settings: Settings, *, sequence: str = "", rate: float = RATE, reference: bool = False, clock: int = 0
    ) -> None:
        tracker = tracker_of(settings)
        self._run = tracker.run()
        self._settings = np.array(settings.vector(settings.resolved(sequence, rate, reference=reference)))
        self._head = np.zeros(8, np.int64)
        self._head[_CLOCK] = clock
        self._book = np.zeros((_SLOTS, tracker.book), np.int64)
        self._book[:, _FREE] = np.arange(_SLOTS)
        self._state = np.zeros((_SLOTS, tracker.state))
        self._out, self._who = np.empty((_SLOTS, 5)), np.empty((_SLOTS, 4), np.int64)

    @property
    def slots(self) -> int:
        """So many tracks there is room for."""
        return len(self._book)

    @property
    def born(self) -> int:
        """Identities given so far."""
        return int(self._head[_BORN])

    def run(self, start: Array, box: Floats, score: Floats, motion: Floats = NO_MOTION) -> tuple[Floats, Array]:
        """Track through frames as ``track_byte.run`` takes them; its rows ``out`` and ``who``, valid until the next."""
        head, frames, f = self._head, len(start) - 1, 0
        head[_OUT] = 0
        while True:
            f = self._run(
                f, head, self._book, self._state, start, box, score, self._settings, motion, self._out, self._who
            )
            k = head[_OUT]
            if f == frames:
                return self._out[:k], self._who[:k]
            self._make_room(int(start[f + 1] - start[f]))

    def _make_room(self, boxes: int) -> None:
        alive, k = int(self._head[_ALIVE]), int(self._head[_OUT])
        if alive + boxes > len(self._book):
            before = len(self._book)
            self._book = _longer(self._book, alive + boxes)
            self._book[before:, _FREE] = np.arange(before, len(self._book))
            self._state = _longer(self._state, alive + boxes)
        if k + alive + boxes > len(self._out):
            self._out, self._who = _longer(self._out, k + alive + boxes), _longer(self._who, k + alive + boxes)


def _longer(table: Array, rows: int) -> Any:
    """The table with at least twice the rows, the new ones zeros."""
    longer = np.zeros((max(rows, 2 * len(table)), table.shape[1]), table.dtype)
    longer[: len(table)] = table
    return longer
