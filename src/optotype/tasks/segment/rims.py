"""The pixels near a boundary between classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.tables import Array

_LOWEST, _HIGHEST = 0, 255


def rims(labels: NDArray[np.uint8], classes: int, reach: int) -> NDArray[np.bool_]:
    """Which pixels (h, w) have one of another class within ``reach`` rows and columns.

    Labels from ``classes`` on are of no class: they have no boundary and make none.

    >>> rims(np.array([[0, 0, 0, 1, 255, 255]], np.uint8), 2, 1).astype(int).tolist()
    [[0, 0, 1, 1, 0, 0]]
    """
    h, w = labels.shape
    real = labels < classes
    least = np.full((h + 2 * reach, w + 2 * reach), _HIGHEST, np.uint8)
    greatest = np.full_like(least, _LOWEST)
    inside = np.s_[reach : reach + h, reach : reach + w]
    np.copyto(least[inside], labels, where=real)
    np.copyto(greatest[inside], labels + np.uint8(1), where=real)  # so that 0 stands for none
    least, greatest = (
        _extreme(_extreme(values, reach, of, 0), reach, of, 1)
        for values, of in ((least, np.minimum), (greatest, np.maximum))
    )
    others: NDArray[np.bool_] = greatest > least + np.uint8(1)
    return real & others


def _extreme(values: Array, reach: int, of: Any, axis: int) -> Array:
    """The extreme of every window of 2 · reach + 1 along an axis, from windows of twice the width each time."""
    n, width = values.shape[axis] - 2 * reach, 1

    def cut(first: int, last: int | None) -> Array:
        return values[first:last] if axis == 0 else values[:, first:last]

    while 2 * width <= 2 * reach + 1:
        values = of(cut(0, -width), cut(width, None))
        width *= 2
    rest = 2 * reach + 1 - width
    found: Array = of(cut(0, n), cut(rest, rest + n))
    return found
