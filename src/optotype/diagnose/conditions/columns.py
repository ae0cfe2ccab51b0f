"""Conditions from the user's own columns: numbers as they are, few distinct texts as categories."""

from __future__ import annotations

import math

import numpy as np

from optotype.diagnose.conditions.known import BOX_COLUMNS
from optotype.tables import Array, Floats, Items, Strings

PREFIX = "column:"
"""Begins the key of a user's column, so that it cannot be taken for one of ours."""

MOST_CATEGORIES = 20


def read(items: Items) -> tuple[dict[str, Floats], dict[str, Strings], list[tuple[str, str]]]:
    """Numeric columns, categorical columns and those left out with the reason; keys begin with PREFIX.

    A column is numeric where every filled value is a finite number (empty: NaN); else it is categorical where it has
    at most 20 distinct texts. The columns of a box are none of these.
    """
    numeric, categorical, skipped = {}, {}, []
    for name, values in items.columns.items():
        if name in BOX_COLUMNS:
            continue
        texts = [str(value).strip() for value in values.tolist()]
        distinct = len(set(texts) - {""})
        numbers = _numbers(values, texts)
        if distinct == 0:
            skipped.append((PREFIX + name, "the column is empty"))
        elif distinct == 1 and "" not in texts:
            skipped.append((PREFIX + name, "the same for all items"))
        elif numbers is not None and distinct > 1:
            numeric[PREFIX + name] = numbers
        elif distinct <= MOST_CATEGORIES:
            categorical[PREFIX + name] = np.array(texts, np.str_)
        else:
            skipped.append((PREFIX + name, f"{distinct:,} distinct texts; up to {MOST_CATEGORIES} are compared"))
    return numeric, categorical, skipped


def _numbers(values: Array, texts: list[str]) -> Floats | None:
    if values.dtype.kind in "biuf":
        found = values.astype(np.float64)
    else:
        try:
            found = np.array([float(text or "nan") for text in texts])
        except ValueError:
            return None
        if any(text and not math.isfinite(x) for text, x in zip(texts, found.tolist(), strict=True)):
            return None
    return np.where(np.isfinite(found), found, np.nan)
