"""How well boxes of some frames are covered by those of others, to find frames that are counted differently."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

from optotype.kernels._jit import jit
from optotype.kernels.overlap import overlap

Array: TypeAlias = NDArray[Any]


@jit("void(float64[:, ::1], int64[:, ::1], float64[:, ::1], int64[:, ::1], float64, float64[::1])")
def cover(truth: Array, piece: Array, said: Array, among: Array, least: float, found: Array) -> None:
    """Per pair of pieces: the sum over the truth's boxes of the best overlap with those said, 0 below ``least``.

    ``piece`` and ``among`` (n, 2) are the first rows and those after the last of boxes x, y, w, h.
    """
    for i in range(len(piece)):
        total = 0.0
        for g in range(piece[i, 0], piece[i, 1]):
            best = 0.0
            for d in range(among[i, 0], among[i, 1]):
                best = max(best, overlap(said, d, truth, g, False))
            if best >= least:
                total += best
        found[i] = total
