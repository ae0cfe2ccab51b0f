"""Pooling by hand: the largest or the mean value under a window that slides over each channel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optotype.errors import InputError
from optotype.theory import shapes
from optotype.theory.checks import Floats
from optotype.theory.windows import Ints, Pair, Windows, pair, planes, windows


class Pooled(NamedTuple):
    """Largest values (C, H', W'), and the row and column of the image cell each was found in, of the same shape."""

    values: Floats
    rows: Ints
    columns: Ints


def max_pool(
    image: npt.ArrayLike, size: Pair, *, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1
) -> Pooled:
    """The largest value under each window of ``size`` cells: max_ij image[c, r·s − p + i·d, q·s − p + j·d].

    ``image`` is (C, H, W) or (H, W); ``stride`` is ``size`` where it is left out, and may be smaller (windows
    overlap) or larger (cells are skipped). Padding never wins. Of equal values the first counts, row by row. The
    gradient of the pooling goes to the cells that ``rows`` and ``columns`` name. Raises InputError where the window
    is larger than the padded image, the padding more than half of the window, or a window sees padding only. Equal to
    ``torch.nn.functional.max_pool2d``.

    >>> found = max_pool([[1, 2, 0], [5, 3, 9], [0, 0, 0]], 2, stride=1)
    >>> found.values
    array([[[5., 9.],
            [5., 9.]]])
    >>> found.rows[0, 0, 1], found.columns[0, 0, 1]
    (np.int64(1), np.int64(2))
    """
    x = planes("image", image)
    at = _pooling(x, size, stride, padding, dilation)
    seen = np.stack([cells for _, _, cells in at.taps(at.padded(x, fill=-np.inf))])
    winner, values = seen.argmax(axis=0), seen.max(axis=0)
    if np.isinf(values).any():
        rule = "a cell of the image under every window"
        got = f"a window of {at.kernel} cells, dilation {at.dilation}, that sees padding only"
        raise InputError("dilation", rule, got, "Use less dilation or padding, or a larger image.")
    row_tap, column_tap = np.divmod(winner, at.kernel[1])
    rows, columns = np.indices(at.output)
    return Pooled(
        values,
        rows * at.stride[0] - at.padding[0] + row_tap * at.dilation[0],
        columns * at.stride[1] - at.padding[1] + column_tap * at.dilation[1],
    )


def average_pool(
    image: npt.ArrayLike, size: Pair, *, stride: Pair | None = None, padding: Pair = 0, count_padding: bool = True
) -> Floats:
    """The mean under each window, (C, H', W'): a convolution of each channel with a kernel of 1/(kh·kw).

    ``image`` is (C, H, W) or (H, W); ``stride`` is ``size`` where it is left out. Padding counts as zeros;
    with ``count_padding=False`` only the cells of the image are averaged. Raises InputError as ``max_pool``. Equal to
    ``torch.nn.functional.avg_pool2d`` (``count_include_pad``).

    >>> average_pool([[1, 2], [3, 6]], 2)
    array([[[3.]]])
    """
    x = planes("image", image)
    at = _pooling(x, size, stride, padding, 1)
    total = np.zeros((len(x), *at.output))
    for _, _, cells in at.taps(at.padded(x)):
        total += cells
    counted = np.zeros(at.output)
    for _, _, inside in at.taps(at.padded(np.ones(at.size), fill=float(count_padding))):
        counted += inside
    return total / counted


def _pooling(x: Floats, size: Pair, stride: Pair | None, padding: Pair, dilation: Pair) -> Windows:
    at = windows(x.shape, pair(size), stride=size if stride is None else stride, padding=padding, dilation=dilation)
    for kernel, p, d in zip(at.kernel, at.padding, at.dilation, strict=True):
        reach = shapes.extent(kernel, d)
        if 2 * p > reach:
            rule = f"at most half of the window, which spans {reach}"
            raise InputError("padding", rule, str(p), "With more, a window could see padding only.")
    return at
