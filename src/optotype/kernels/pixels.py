"""Which samples make up a pixel, and what is true at its centre."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels import grounds
from optotype.kernels._jit import jit
from optotype.kernels.shade import ROAD

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]

_KINDS = 32
_ORDER = np.array([(1, 1), (1, 0), (0, 1), (1, 2), (2, 1), (0, 0), (0, 2), (2, 0), (2, 2)], np.int64)
_WEIGHT = np.array([4, 2, 2, 2, 2, 1, 1, 1, 1], np.float64) / 16.0


@jit("int64(int32[:,::1],int32[:,::1],int32[::1],float32[::1])")
def samples(owner: I32, info: I32, at: I32, weight: F32) -> Any:
    """Which samples stand for each pixel: of the nine around its centre, one for each thing and material seen.

    Written: ``at`` the samples' places in the flat ``owner``, pixel by pixel, the first of each pixel as −1 − place;
    ``weight`` the share of a tent filter that each stands for. Returns how many there are.
    """
    rows, columns = owner.shape
    height, width = rows // 2, columns // 2
    keys, share, first = np.empty(9, np.int64), np.empty(9), np.empty(9, np.int64)
    n = 0
    for y in range(height):
        for x in range(width):
            centre = owner[2 * y + 1, 2 * x + 1]
            same = True
            for k in range(1, 9):
                same &= owner[2 * y + _ORDER[k, 0], 2 * x + _ORDER[k, 1]] == centre
            if same:
                at[n], weight[n] = -1 - ((2 * y + 1) * columns + 2 * x + 1), 1.0
                n += 1
                continue
            found = 0
            for k in range(9):
                t = owner[2 * y + _ORDER[k, 0], 2 * x + _ORDER[k, 1]]
                key = -1 if t < 0 else info[t, 0] * _KINDS + info[t, 2]
                slot = 0
                while slot < found and keys[slot] != key:
                    slot += 1
                if slot == found:
                    keys[slot], share[slot], first[slot] = key, 0.0, k
                    found += 1
                share[slot] += _WEIGHT[k]
            for slot in range(found):
                place = (2 * y + _ORDER[first[slot], 0]) * columns + 2 * x + _ORDER[first[slot], 1]
                at[n], weight[n] = -1 - place if slot == 0 else place, share[slot]
                n += 1
    return n


@jit(
    "void(float32[:,::1],int32[:,::1],float64[::1],int32[:,::1],float64[::1],int64,uint8[:,::1],int32[:,::1],"
    "float32[:,::1],int32[::1])"
)
def truth(
    depth: F32,
    owner: I32,
    camera: F64,
    info: I32,
    street: F64,
    paint: int,
    label: NDArray[np.uint8],
    thing: I32,
    metres: F32,
    visible: I32,
) -> Any:
    """Labels, things (row + 1, 0 none) and depth at the pixels' centres; ``paint`` is the label of markings."""
    height, width = label.shape
    for y in range(height):
        for x in range(width):
            t, z = owner[2 * y + 1, 2 * x + 1], depth[2 * y + 1, 2 * x + 1]
            if t < 0:
                label[y, x], thing[y, x], metres[y, x] = 0, 0, np.inf
                continue
            metres[y, x] = 1.0 / z
            label[y, x] = info[t, 1]
            thing[y, x] = info[t, 0]
            if info[t, 0] > 0:
                visible[info[t, 0] - 1] += 1
            if info[t, 2] == ROAD:
                a, b = (x + 0.5 - camera[13]) / camera[12], (camera[14] - y - 0.5) / camera[12]
                px = camera[0] + (camera[9] + a * camera[3] + b * camera[6]) / z
                py = camera[1] + (camera[10] + a * camera[4] + b * camera[7]) / z
                if grounds.marking(px, py, 1e-3, 1e-3, street) > 0.5:
                    label[y, x] = paint
