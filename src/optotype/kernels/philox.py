"""Philox-4x32-10: random words that are a function of their address, so that order and threads cannot matter.

Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), with the constants of the
paper.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optotype.kernels._jit import jit

_MASK = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@jit("void(uint64,uint64,uint64,uint64[::1],uint32[:,::1])")
def philox(seed: Any, stream: Any, epoch: Any, rows: NDArray[np.uint64], out: NDArray[np.uint32]) -> None:
    """Fill ``out`` (n, k) with the first k words at the address (seed, stream, epoch, row) of each of n rows.

    ``seed`` is the key, 64 bits; stream, epoch and rows use 32 bits each. Word j of a row does not depend on k.
    """
    columns = out.shape[1]
    for i in range(len(rows)):
        for block in range((columns + 3) // 4):
            x0, x1 = np.uint64(block), stream & _MASK
            x2, x3 = rows[i] & _MASK, epoch & _MASK
            k0, k1 = seed & _MASK, seed >> _HALF
            for _ in range(10):
                p0, p1 = _M0 * x0, _M1 * x2
                x0, x1, x2, x3 = (p1 >> _HALF) ^ x1 ^ k0, p1 & _MASK, (p0 >> _HALF) ^ x3 ^ k1, p0 & _MASK
                k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
            for j, x in enumerate((x0, x1, x2, x3)):
                if 4 * block + j < columns:
                    out[i, 4 * block + j] = np.uint32(x)
