"""Boxes and colours of the regions of an id map, in one pass over the image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array = NDArray[Any]


@jit("void(int32[:,::1], uint8[:,:,::1], int32[::1], int32[:,::1], int64[:,::1])")
def regions(ids: Array, image: Array, row: Array, box: Array, colour: Array) -> None:
    """Bounds and colour sums of each region.

    ``ids`` (h, w) and ``image`` (h, w, 3); ``row`` maps an id to its row, −1 for those not wanted. ``box`` (n, 4)
    becomes the least x, least y, greatest x, greatest y of each region (greatest < least: nothing of it is there);
    ``colour`` (n, 4) the sums of its three channels and its pixels.
    """
    h, w = ids.shape
    box[:, :2] = np.int32(2147483647)
    box[:, 2:] = -1
    colour[:] = 0
    for y in range(h):
        for x in range(w):
            i = row[ids[y, x]]
            if i < 0:
                continue
            box[i, 0] = min(box[i, 0], x)
            box[i, 1] = min(box[i, 1], y)
            box[i, 2] = max(box[i, 2], x)
            box[i, 3] = y
            for c in range(3):
                colour[i, c] += image[y, x, c]
            colour[i, 3] += 1


@jit("void(int32[:,::1], uint8[:,:,::1], int32[::1], int32[:,::1], int64[:,::1])")
def surroundings(ids: Array, image: Array, wanted: Array, window: Array, colour: Array) -> None:
    """Colour sums of what is in a window but not of the region, for each region.

    ``wanted`` (n,) ids; ``window`` (n, 4) least x, least y, and the x and y after the last, inside the image;
    ``colour`` (n, 4) becomes the sums of the three channels and the number of pixels.
    """
    colour[:] = 0
    for i in range(len(wanted)):
        for y in range(window[i, 1], window[i, 3]):
            for x in range(window[i, 0], window[i, 2]):
                if ids[y, x] != wanted[i]:
                    for c in range(3):
                        colour[i, c] += image[y, x, c]
                    colour[i, 3] += 1
