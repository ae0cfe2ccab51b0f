"""Numbers in sentences, alike in every verdict and caption."""

from __future__ import annotations

import numpy as np

from optotype.tables import Array

SHOWN_NAMES = 8


def percent(value: float, digits: int = 1) -> str:
    r"""A ratio in percent, its sign kept on the number's line.

    >>> percent(0.8125)
    '81.2\xa0%'
    """
    return f"{100 * value:.{digits}f}\N{NO-BREAK SPACE}%"


def within(low: float | None, high: float | None, digits: int = 1) -> str:
    """An interval of ratios in percent with a space before it, or nothing.

    >>> within(0.79, 0.831)
    ' [79.0, 83.1]'
    """
    return "" if low is None or high is None else f" [{100 * low:.{digits}f}, {100 * high:.{digits}f}]"


def plural(n: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "item"), plural(1200, "item")
    ('1 item', '1,200 items')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def quoted(name: str, most: int = 60) -> str:
    """A class or file name in quotes, cut where it is very long.

    >>> quoted("cat")
    '‘cat’'
    """
    return f"‘{name if len(name) <= most else name[: most - 1] + '…'}’"


def listed(classes: tuple[str, ...], mask: Array) -> str:
    """The names of some classes as the start of a sentence, cut to a few.

    >>> listed(("cat", "dog", "owl"), np.array([True, False, True]))
    '2 classes (cat, owl)'
    """
    names = [classes[k] for k in np.flatnonzero(mask)]
    shown = ", ".join(names[:SHOWN_NAMES]) + (" …" if len(names) > SHOWN_NAMES else "")
    return f"{len(names)} class{'es' if len(names) > 1 else ''} ({shown})"
