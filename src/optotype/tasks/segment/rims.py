"""The pixels near a boundary between classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optotype.tables import VOID, Array
from optotype.tasks.segment.room import Room


def rims(labels: NDArray[np.uint8], classes: int, reach: int, room: Room) -> NDArray[np.uint8]:
    """1 for pixels (h, w) that have one of another class within ``reach`` rows and columns, 0 for others.

    Labels from ``classes`` on are of no class: they have no boundary and make none. What is returned is in ``room``.

    >>> rims(np.array([[0, 0, 0, 1, 255, 255]], np.uint8), 2, 1, Room()).tolist()
    [[0, 0, 1, 1, 0, 0]]
    """
    (h, w), wide = labels.shape, labels.shape[1] + 2 * reach
    n = (h + 2 * reach) * wide + 2 * reach  # rows with a border on every side lie one after the other
    low, low_spare, high, high_spare = room.array("rims", (4, n), np.uint8)
    real, value, rim = room.array("maps", (3, h, w), np.uint8)
    np.less(labels, classes, out=real, casting="unsafe")

    def bordered(flat: Array, border: int) -> Array:
        flat[:] = border
        flat[reach * wide : (reach + h) * wide].reshape(h, wide)[:, reach : reach + w] = value
        return flat

    np.subtract(real, np.uint8(1), out=value)  # all bits where there is no class
    np.bitwise_or(labels, value, out=value)
    least = _extreme(bordered(low, VOID), low_spare, reach, wide, np.minimum)
    np.add(labels, np.uint8(1), out=value)
    np.multiply(value, real, out=value)  # one more than the class, and 0 where there is none
    greatest = _extreme(bordered(high, 0), high_spare, reach, wide, np.maximum)
    np.subtract(greatest, least, out=greatest)
    np.greater(greatest.reshape(h, wide)[:, :w], np.uint8(1), out=rim, casting="unsafe")
    found: NDArray[np.uint8] = np.multiply(rim, real, out=rim)
    return found


def _extreme(values: Array, spare: Array, reach: int, wide: int, of: np.ufunc) -> Array:
    """The extreme of every window of 2 · reach + 1 rows and columns, in ``values`` or in ``spare``.

    A shift of the whole is one of every row; windows grow to twice their width by one comparison.
    """
    n = 2 * reach + 1
    for step in (1, wide):
        width = 1
        while width < n:
            further = min(width, n - width)
            kept = len(values) - further * step
            of(values[:kept], values[further * step :], out=spare[:kept])
            values, spare = spare[:kept], values
            width += further
    return values
