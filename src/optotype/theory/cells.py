"""Convolution printed cell by cell: which cells are read, and each output cell's sum.

Signs are true minus signs. ``×`` marks a cell of the image that is not read (or a gap between the taps of a dilated
kernel), ``·`` a cell of padding that is not read, and ``[0]`` a cell of padding that is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optotype.errors import InputError
from optotype.theory.checks import Floats
from optotype.theory.convolution import maps
from optotype.theory.windows import Pair, Windows, array, pair, planes, windows

UNREAD, UNREAD_PADDING, READ_PADDING = "×", "·", "[0]"


def number(value: float, digits: int = 3) -> str:
    """A number with a true minus sign: whole numbers without a point, others with up to ``digits`` decimals.

    >>> number(-2.0), number(0.12345), number(-0.0)
    ('−2', '0.123', '0')
    """
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def grid(values: npt.ArrayLike, *, digits: int = 3) -> str:
    """The rows of a plane (H, W) as text, columns aligned on the right; channels (C, H, W) one below the other.

    Raises InputError for other shapes and for values that are not finite.

    >>> print(grid([[1, 0, -1], [10, 0.5, 2]]))
     1    0  −1
    10  0.5   2
    """
    return "\n\n".join(
        _aligned([[number(v, digits) for v in row] for row in plane]) for plane in planes("values", values)
    )


def spread(kernel: npt.ArrayLike, dilation: Pair, *, digits: int = 3) -> str:
    """A kernel (kh, kw) spread out by its dilation, with × between its taps.

    >>> print(spread([[1, -1], [2, 3]], 2))
    1  ×  −1
    ×  ×   ×
    2  ×   3
    """
    weights = array("kernel", kernel, ("kh", "kw"))
    (dy, dx), (tall, wide) = pair(dilation), weights.shape
    at = windows((dy * (tall - 1) + 1, dx * (wide - 1) + 1), weights.shape, dilation=dilation)
    cells = np.full(at.size, UNREAD, dtype=object)
    for (i, j), weight in np.ndenumerate(weights):
        cells[i * dy, j * dx] = number(weight, digits)
    return _aligned(cells.tolist())


def window(
    image: npt.ArrayLike,
    kernel: tuple[int, int],
    place: tuple[int, int],
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    digits: int = 3,
) -> str:
    """The image (H, W) as one output cell sees it: every cell that it does not read is marked.

    ``kernel`` is the shape (kh, kw), ``place`` the (row, column) of the output cell. Padding is printed around the
    image. Raises InputError where there is no such output cell.

    >>> print(window([[1, 2, 3], [4, 5, 6], [7, 8, 9]], (2, 2), (0, 1)))
    ×  2  3
    ×  5  6
    ×  ×  ×
    >>> print(window([[1, 2], [3, 4]], (2, 2), (0, 0), padding=1))
    [0]  [0]  ·  ·
    [0]    1  ×  ·
      ·    ×  ×  ·
      ·    ·  ·  ·
    """
    x = array("image", image, ("H", "W"))
    at = windows(x.shape, kernel, stride=stride, padding=padding, dilation=dilation)
    height, width = at.output
    if not (0 <= place[0] < height and 0 <= place[1] < width):
        rule = f"a row from 0 to {height - 1} and a column from 0 to {width - 1}"
        raise InputError("place", rule, str(place), f"The output has {height} × {width} cells.")
    return _marked(x, at, [place], digits)


def used(
    image: npt.ArrayLike,
    kernel: tuple[int, int],
    *,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    digits: int = 3,
) -> str:
    """The image (H, W) with every cell marked that no output cell reads: a stride can leave out the last ones.

    >>> print(used([[1, 2, 3], [4, 5, 6]], (2, 2), stride=2))
    1  2  ×
    4  5  ×
    """
    x = array("image", image, ("H", "W"))
    at = windows(x.shape, kernel, stride=stride, padding=padding, dilation=dilation)
    return _marked(x, at, list(np.ndindex(at.output)), digits)


def steps(
    image: npt.ArrayLike,
    kernel: npt.ArrayLike,
    *,
    bias: float = 0.0,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    digits: int = 3,
) -> str:
    """The sum behind each output cell, one line each: value · weight, row by row through the kernel.

    ``image`` is (H, W) or (C, H, W), ``kernel`` (kh, kw) or (C, kh, kw). With several channels each one's sum stands
    in brackets. Padding counts as 0. Raises InputError as ``convolution.maps``.

    >>> print(steps([[1, 0, -1], [2, 3, 4]], [[1, -1]]))
    (0,0): 1·1 + 0·(−1) = 1
    (0,1): 0·1 + (−1)·(−1) = 1
    (1,0): 2·1 + 3·(−1) = −1
    (1,1): 3·1 + 4·(−1) = −1
    """
    x, w = planes("image", image), planes("kernel", kernel)
    total = maps(x, w, bias=bias, stride=stride, padding=padding, dilation=dilation).total
    at = windows(x.shape, w.shape, stride=stride, padding=padding, dilation=dilation)
    padded = at.padded(x)
    lines = []
    for (row, column), result in np.ndenumerate(total):
        rows, columns = at.rows(row) + at.padding[0], at.columns(column) + at.padding[1]
        seen = padded[:, rows[:, None], columns]
        lines.append(f"({row},{column}): {_sum(seen, w, bias, digits)} = {number(result, digits)}")
    return "\n".join(lines)


def _sum(seen: Floats, weights: Floats, bias: float, digits: int) -> str:
    sums = [
        " + ".join(f"{_factor(v, digits)}·{_factor(k, digits)}" for v, k in zip(a.ravel(), b.ravel(), strict=True))
        for a, b in zip(seen, weights, strict=True)
    ]
    terms = [f"[{text}]" for text in sums] if len(sums) > 1 else sums
    return " + ".join(terms + ([_factor(bias, digits)] if bias else []))


def _factor(value: float, digits: int) -> str:
    text = number(value, digits)
    return f"({text})" if text.startswith("−") else text


def _marked(image: Floats, at: Windows, outputs: list[tuple[int, ...]], digits: int) -> str:
    """The padded image, with the cells marked that none of the output cells reads."""
    (top, left), (height, width) = at.padding, at.size
    read = np.zeros((height + 2 * top, width + 2 * left), bool)
    for row, column in outputs:
        read[np.ix_(at.rows(row) + top, at.columns(column) + left)] = True
    cells = np.where(read, READ_PADDING, UNREAD_PADDING).astype(object)
    for (r, c), value in np.ndenumerate(image):
        cells[r + top, c + left] = number(value, digits) if read[r + top, c + left] else UNREAD
    return _aligned(cells.tolist())


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
