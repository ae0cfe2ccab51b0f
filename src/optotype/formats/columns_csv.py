"""CSV of further columns about items: ``path,<column>…``, one row an item, in any order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from optotype import delimited
from optotype.errors import InputError
from optotype.predictions import locate
from optotype.tables import Array, Items

_FIX = "Write a header such as 'path,camera,temperature', then one line an image."


def read(path: Path, items: Items) -> Items:
    """The items with the columns of the file beside their own; an item that the file leaves out has empty texts.

    A column that the items have already is replaced. Rows about other items are left aside, so that one file serves all
    splits; a file that names none of the items, or an item twice, is an InputError.
    """
    table = delimited.read(path, required=("path",), fix=_FIX)
    rows = locate(table.column("path"), items)
    known = np.flatnonzero(rows >= 0)
    if not len(known):
        shown = ", ".join(repr(key) for key in items.key[:2].tolist())
        got = f"{len(rows)} rows about other items"
        raise InputError(
            str(path), f"rows about the items judged, such as {shown}", got, "Write paths as the truth does."
        )
    _, first, counts = np.unique(rows[known], return_index=True, return_counts=True)
    if (counts > 1).any():
        line = int(known[first[counts > 1][0]])
        raise InputError(
            table.where(line), "every item once", f"{table.rows[line][0]!r} again", "Remove one of the rows."
        )
    return replace(items, columns={**items.columns, **_columns(table, rows, known, items)})


def _columns(table: delimited.TextTable, rows: Array, known: Array, items: Items) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for name in table.header:
        if name == "path":
            continue
        texts = np.array(table.column(name))
        values = np.zeros(len(items), texts.dtype)
        values[rows[known]] = texts[known]
        found[name] = values
    return found
