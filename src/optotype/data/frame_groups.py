"""Frames that are not independent of each other: sequences, or blocks of consecutive frames."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from optotype.classes import natural_key
from optotype.data.groups import by_pattern
from optotype.errors import InputError
from optotype.tables import Items

_BLOCK = re.compile(r"#\d{4,}$")
_BLOCKS = re.compile(r"blocks:([1-9]\d*)")


def grouped(items: Items, by: str | None) -> tuple[Items, list[str]]:
    """The items with their groups as asked, and sentences about what was done.

    ``by`` is None or ``sequence`` (what the names of the frames say, else every image by itself), ``image``,
    ``blocks:N`` (N consecutive frames of a sequence, by their names), the name of a column, or a regular expression
    that is searched in the key.
    """
    if by is None or by == "sequence":
        return items, []
    if by == "image":
        return replace(items, group=np.zeros(len(items), "<U1")), []
    if blocks := _BLOCKS.fullmatch(by):
        return _in_blocks(items, int(blocks[1]))
    if by.startswith("blocks"):
        raise InputError("--group", "blocks:N with N frames in a block, such as blocks:8", repr(by), "Correct it.")
    if by in items.columns:
        return replace(items, group=items.columns[by].astype(np.str_)), []
    found = by_pattern(items, by, ("sequence", "image", "blocks:N"))
    n = len(np.unique(found))
    return replace(items, group=found), [f"{n:,} group{'' if n == 1 else 's'} by the pattern '{by}' in the name."]


def is_block(group: str) -> bool:
    """Whether a group is one of the blocks that ``grouped`` makes, which are not independent of each other.

    >>> is_block("0001TP#0003"), is_block("0001TP")
    (True, False)
    """
    return _BLOCK.search(group) is not None


def _in_blocks(items: Items, size: int) -> tuple[Items, list[str]]:
    """Blocks of consecutive frames, the remainder of a sequence in blocks that differ by one frame at most."""
    names = np.empty(len(items), dtype=f"<U{max(map(len, items.group.tolist()), default=0) + 12}")
    count = 0
    for group in np.unique(items.group).tolist():
        rows = np.flatnonzero(items.group == group)
        order = rows[np.array(sorted(range(len(rows)), key=lambda i: natural_key(str(items.key[rows[i]]))))]
        for number, block in enumerate(np.array_split(order, max(1, round(len(rows) / size)))):
            names[block] = f"{group}#{number:04}"  # as is_block knows them
            count += 1
    said = (
        f"Groups are {count:,} blocks of about {size} consecutive frames: intervals say how sure the numbers are for "
        "these sequences, not for other streets."
    )
    return replace(items, group=names), [said]
