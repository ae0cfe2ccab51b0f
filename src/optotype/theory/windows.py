"""Where a kernel stands: the cells of a plane that each output cell reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from optotype.errors import InputError
from optotype.theory import checks, shapes
from optotype.theory.checks import Floats

Ints: TypeAlias = npt.NDArray[np.int64]
Pair: TypeAlias = int | tuple[int, int]
"""One number for both axes, or (along rows, along columns)."""


def pair(value: Pair) -> tuple[int, int]:
    """The two numbers of a ``Pair``: along the rows (vertical), along the columns (horizontal).

    >>> pair(2), pair((1, 2))
    ((2, 2), (1, 2))
    """
    return value if isinstance(value, tuple) else (value, value)


def array(where: str, values: npt.ArrayLike, axes: tuple[str, ...]) -> Floats:
    """``values`` as finite float64 with one axis for each name in ``axes``; not copied where they already are.

    Raises InputError for another number of axes, an empty axis, or a value that is NaN or infinite.

    >>> array("image", [[1, 2]], ("H", "W"))
    array([[1., 2.]])
    """
    found = checks.finite(where, values)
    if found.ndim != len(axes) or not found.size:
        form = "(" + ", ".join(axes) + ("," if len(axes) == 1 else "") + ")"
        raise InputError(where, f"an array of shape {form}, not empty", f"shape {found.shape}", "Reshape it.")
    return found


def planes(where: str, values: npt.ArrayLike) -> Floats:
    """Channels (C, H, W); a single plane (H, W) becomes one channel."""
    found = checks.finite(where, values)
    return array(where, found[None] if found.ndim == 2 else found, ("C", "H", "W"))


@dataclass(frozen=True)
class Windows:
    """A kernel of ``kernel`` cells that slides over a plane of ``size`` cells; all pairs are (rows, columns).

    Output cell (r, c) and tap (i, j) meet at input cell (r·s − p + i·d, c·s − p + j·d), with stride s, padding p and
    dilation d of that axis. Cells outside the plane are padding.

    >>> Windows((5, 5), (3, 3), dilation=(2, 2)).output
    (1, 1)
    """

    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    @property
    def output(self) -> tuple[int, int]:
        """(H', W'); raises InputError where the kernel does not fit (see ``shapes.conv_output``)."""
        return self._cells(0), self._cells(1)

    def rows(self, row: int) -> Ints:
        """Input rows (kh,) that output row ``row`` reads; below 0 or from H on they are padding."""
        return self._read(0, row)

    def columns(self, column: int) -> Ints:
        """Input columns (kw,) that output column ``column`` reads."""
        return self._read(1, column)

    def padded(self, plane: Floats, fill: float = 0.0) -> Floats:
        """``plane`` (…, H, W) with ``fill`` around it: (…, H + 2p, W + 2p)."""
        around = [(0, 0)] * (plane.ndim - 2) + [(p, p) for p in self.padding]
        return np.pad(plane, around, constant_values=fill)

    def taps(self, padded: Floats) -> Iterator[tuple[int, int, Floats]]:
        """For each tap (i, j) the cells (…, H', W') of a padded plane that it meets, one for each output cell.

        The cells are views: what is written to them is written to ``padded``.
        """
        (height, width), (sy, sx), (dy, dx) = self.output, self.stride, self.dilation
        for i, j in np.ndindex(self.kernel):
            y, x = i * dy, j * dx
            yield i, j, padded[..., y : y + (height - 1) * sy + 1 : sy, x : x + (width - 1) * sx + 1 : sx]

    def _cells(self, axis: int) -> int:
        return shapes.conv_output(
            self.size[axis],
            self.kernel[axis],
            stride=self.stride[axis],
            padding=self.padding[axis],
            dilation=self.dilation[axis],
        )

    def _read(self, axis: int, cell: int) -> Ints:
        first = cell * self.stride[axis] - self.padding[axis]
        return first + self.dilation[axis] * np.arange(self.kernel[axis], dtype=np.int64)


def windows(
    size: tuple[int, ...], kernel: tuple[int, ...], *, stride: Pair = 1, padding: Pair = 0, dilation: Pair = 1
) -> Windows:
    """The ``Windows`` of a kernel (kh, kw) on a plane (H, W); of longer shapes the last two axes count.

    >>> windows((3, 5, 5), (3, 3), padding=1).output
    (5, 5)
    """
    (height, width), (tall, wide) = size[-2:], kernel[-2:]
    return Windows((height, width), (tall, wide), pair(stride), pair(padding), pair(dilation))
