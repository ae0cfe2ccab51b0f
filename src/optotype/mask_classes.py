"""Class lists of label masks: names, colours, the values that stand for them in files, and which of them are void."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError
from optotype.label_maps import Coloured, Indexed, colour_key
from optotype.tables import VOID

VOID_NAMES = frozenset({"void", "unlabeled", "unlabelled", "ignore", "ignored", "unknown", "boundary"})
"""Names, in any case, of what is no class."""


@dataclass(frozen=True, eq=False)
class MaskClasses:
    """``names`` (K) and ``colours`` (K, 3) of the classes; ``values`` and ``painted`` are what files hold.

    ``values`` maps a number in a file to an index or to ``VOID``; ``painted`` a colour ``r,g,b`` likewise, empty where
    the list has no colours (``colours`` are then our own). ``void`` names the entries that are no classes.
    """

    names: tuple[str, ...]
    colours: NDArray[np.uint8]
    values: dict[int, int]
    painted: dict[str, int]
    void: tuple[str, ...] = ()

    @property
    def indexed(self) -> Indexed:
        """How files of numbers are read."""
        return Indexed(self.values)

    @property
    def coloured(self) -> Coloured:
        """How files of colours are read."""
        return Coloured(self.painted)


def listed(rows: Sequence[tuple[str, tuple[int, int, int] | None]], *, more: dict[int, int] | None = None,
           where: str = "classes") -> MaskClasses:  # fmt: skip
    """The classes of a list of names and colours; a row's place is its value, ``more`` are further values.

    >>> found = listed([("Sky", (128, 128, 128)), ("Void", (0, 0, 0)), ("Road", (128, 64, 128))])
    >>> found.names, found.values, found.painted["0,0,0"]
    (('Sky', 'Road'), {0: 0, 1: 255, 2: 1, 255: 255}, 255)
    """
    names = [name for name, _ in rows if name.casefold() not in VOID_NAMES]
    place = {name: i for i, name in enumerate(names)}
    values = {i: place.get(name, VOID) for i, (name, _) in enumerate(rows)}
    painted: dict[str, int] = {}
    for name, colour in rows:
        if colour is None:
            continue
        key = colour_key(colour)
        if key in painted:
            raise InputError(where, "every colour once", f"{key} twice, the second time as '{name}'", "Correct it.")
        painted[key] = place.get(name, VOID)
    own = {name: colour for name, colour in rows if colour is not None}
    made = made_colours(len(names))
    colours = np.array([own.get(name, made[i]) for i, name in enumerate(names)], np.uint8).reshape(-1, 3)
    void = tuple(name for name, _ in rows if name.casefold() in VOID_NAMES)
    return MaskClasses(tuple(names), colours, {**values, VOID: VOID, **(more or {})}, painted, void)


def made_colours(n: int) -> NDArray[np.uint8]:
    """Colours (n, 3) that differ from each other, for lists that have none: hues by the golden ratio.

    >>> made_colours(3).shape
    (3, 3)
    """
    hues = [(0.6 + i * 0.618033988749895) % 1 for i in range(n)]
    found = [colorsys.hsv_to_rgb(hue, (0.75, 0.5)[i % 2], (0.95, 0.7, 0.5)[i % 3]) for i, hue in enumerate(hues)]
    return np.array([[round(255 * part) for part in colour] for colour in found], np.uint8).reshape(-1, 3)
