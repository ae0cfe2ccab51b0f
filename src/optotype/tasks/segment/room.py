"""Arrays that a thread uses for one image after another."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from optotype.tables import Array


class Room(threading.local):
    """Scratch arrays by name, each thread its own; what stands in them is what was left there.

    Fresh memory costs a page fault every 4 KiB, which for label maps is more than the work that is done in it.
    """

    def __init__(self) -> None:
        self._held: dict[str, Array] = {}

    def array(self, name: str, shape: tuple[int, ...], kind: Any, *, fill: int | None = None) -> Array:
        """An array of this shape; a ``fill`` is written where it is made anew, not where it is used again."""
        size = math.prod(shape)
        held = self._held.get(name)
        if held is None or held.size < size or held.dtype != kind:
            held = np.empty(size, kind) if fill is None else np.full(size, fill, kind)
            self._held[name] = held
        return held[:size].reshape(shape)
