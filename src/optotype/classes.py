"""Class lists: the names of the classes in the order of their indices, and how names become indices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np

from optotype.errors import InputError, and_more, did_you_mean
from optotype.tables import Ints

ClassList: TypeAlias = tuple[str, ...]

_DIGITS = re.compile("([0-9]+)")


def natural_key(text: str) -> tuple[tuple[str | int, ...], str]:
    """Key for sorting as people do: numbers by value, letters whatever their case.

    >>> sorted(["n10", "N2", "n1"], key=natural_key)
    ['n1', 'N2', 'n10']
    """
    parts: list[str | int] = []
    for position, part in enumerate(_DIGITS.split(text.casefold())):
        if position % 2 == 0:
            parts.append(part)
        else:  # length before digits orders numbers of any size without making integers of them
            parts += [len(part.lstrip("0")), part.lstrip("0")]
    return tuple(parts), text


def natural_order(names: Iterable[str]) -> ClassList:
    """The distinct names in natural order.

    >>> natural_order(["n10", "n2", "n2"])
    ('n2', 'n10')
    """
    return tuple(sorted(set(names), key=natural_key))


def to_indices(names: Sequence[str], classes: ClassList, where: Callable[[int], str]) -> Ints:
    """Index of each name in ``classes``, int32, shape (n,).

    Where no name is in the list but all are numbers, they are taken as indices. ``where(i)`` names the i-th name's
    place (file and line, say) for the InputError about one that is not in the list.

    >>> to_indices(["dog", "cat"], ("cat", "dog"), str).tolist()
    [1, 0]
    >>> to_indices(["1", "0"], ("cat", "dog"), str).tolist()
    [1, 0]
    """
    index = {name: i for i, name in enumerate(classes)}
    if names and not index.keys() & set(names):
        index |= {str(i): i for i in range(len(classes)) if str(i) not in index}
    try:
        return np.array([index[name] for name in names], np.int32)
    except KeyError:
        at = next(i for i, name in enumerate(names) if name not in index)
    unknown = natural_order(name for name in names if name not in index)
    more = and_more(len(unknown) - 1, "names")
    hint = did_you_mean(names[at], classes)
    fix = f"{hint} Or give the whole list with --classes."
    raise InputError(where(at), f"one of the {len(classes)} classes", f"{names[at]!r}{more}", fix)
