"""The overlap of two boxes x, y, w, h as pycocotools computes it, to the last bit."""

from __future__ import annotations

from typing import Any, TypeAlias

from numpy.typing import NDArray

from optotype.kernels._jit import jit

Array: TypeAlias = NDArray[Any]


@jit("float64(float64[:, ::1], int64, float64[:, ::1], int64, boolean)")
def overlap(found: Array, d: int, truth: Array, g: int, crowd: bool) -> float:
    """Intersection over union of row ``d`` of ``found`` and row ``g`` of ``truth``; with a crowd over ``d``'s area.

    The operations and their order are those of ``bbIou``, which the last bit depends on.
    """
    x, y, w, h = found[d, 0], found[d, 1], found[d, 2], found[d, 3]
    gx, gy, gw, gh = truth[g, 0], truth[g, 1], truth[g, 2], truth[g, 3]
    wide = min(w + x, gw + gx) - max(x, gx)
    high = min(h + y, gh + gy) - max(y, gy)
    if wide <= 0 or high <= 0:
        return 0.0
    shared = wide * high
    whole: float = w * h if crowd else w * h + gw * gh - shared
    return float(shared / whole)
