"""Label maps under other class names: what files hold stays as it is, only what it means changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import msgspec
import numpy as np

from optotype.class_maps import OPTION, ClassMap
from optotype.errors import InputError
from optotype.label_maps import Coding, Coloured, Indexed, LabelMap, MaskFiles
from optotype.mask_classes import made_colours
from optotype.tables import VOID, Masks


@dataclass(frozen=True, eq=False)
class Translated(Sequence[LabelMap]):
    """Label maps whose values are looked up in ``table`` (256,) uint8 when one is asked for."""

    maps: Sequence[LabelMap]
    table: LabelMap

    def __len__(self) -> int:
        return len(self.maps)

    @overload
    def __getitem__(self, index: int) -> LabelMap: ...

    @overload
    def __getitem__(self, index: slice) -> Translated: ...

    def __getitem__(self, index: int | slice) -> LabelMap | Translated:
        if isinstance(index, slice):
            return Translated(self.maps[index], self.table)
        return self.table[self.maps[index]]


def mapped(masks: Masks, names: ClassMap) -> Masks:
    """The label maps with the classes of ``names``; a class that has none there is void.

    A class takes the colour of the first that leads to it. Raises InputError where no class has a name there.
    """
    index = names.index(masks.classes)
    if not any(i >= 0 for i in index):
        expected = f"names of the data's classes: {', '.join(masks.classes[:8])} …"
        raise InputError(OPTION, expected, "none of them", "Name another map of classes.")
    table = np.arange(256, dtype=np.uint8)
    table[: len(index)] = [VOID if i < 0 else i for i in index]
    colours = made_colours(len(names.classes))
    for own, i in reversed(list(enumerate(index))):
        if i >= 0:
            colours[i] = masks.colours[own]
    return Masks(masks.items, names.classes, _translated(masks.maps, table), colours)


def _translated(maps: Sequence[LabelMap], table: LabelMap) -> Sequence[LabelMap]:
    if isinstance(maps, MaskFiles):
        return replace(maps, coding=translated(maps.coding, table.tolist()))
    return Translated(maps, table)


def translated(coding: Coding, table: Sequence[int]) -> Coding:
    """The coding with every index looked up in ``table`` (256,).

    >>> translated(Indexed({7: 0, 8: 1, 255: 255}), [1, 255, *range(2, 256)]).values
    {7: 1, 8: 255, 255: 255}
    """
    match coding:
        case Indexed():
            return Indexed({value: table[i] for value, i in coding.values.items()})
        case Coloured():
            return Coloured({colour: table[i] for colour, i in coding.colours.items()})
    return msgspec.structs.replace(coding, names={name: table[i] for name, i in coding.names.items()})


def unmapped(masks: Masks, names: ClassMap) -> list[str]:
    """Classes of the data that have no name in the map."""
    return [name for name, i in zip(masks.classes, names.index(masks.classes), strict=True) if i < 0]
