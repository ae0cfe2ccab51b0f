"""Groups of items that are not independent: from a column, from the path, or from bursts of a camera."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from optotype.data.inspection import Inspection
from optotype.errors import InputError, did_you_mean
from optotype.tables import Items, Strings

BURST_SECONDS = 60.0
"""Photos of one camera whose times are at most this far apart, one after the other, are one burst."""


def group(items: Items, by: str, inspection: Inspection) -> tuple[Strings, str]:
    """Group of each item, shape (n,), '' for an item of its own, and a sentence about what was done.

    ``by`` is ``burst`` or ``burst:SECONDS``, the name of a column, or a regular expression that is searched in
    the key: its first capture group names the group, else the whole match.
    """
    burst = re.fullmatch(r"burst(?::(\d+(?:\.\d+)?))?", by)
    if burst:
        found = bursts(inspection, float(burst[1] or BURST_SECONDS))
        how = f"bursts: photos of one camera at most {float(burst[1] or BURST_SECONDS):g} s apart (EXIF time)"
    elif by == "group" and (items.group != "").any():
        found, how = items.group, "the column 'group'"
    elif by in items.columns:
        found, how = items.columns[by].astype(np.str_), f"the column '{by}'"
    else:
        found, how = by_pattern(items, by), f"the pattern '{by}' in the path"
    alone = int((found == "").sum())
    rest = f", {alone:,} images of their own" if alone else ""
    return found, f"{len(np.unique(found[found != ''])):,} groups by {how}{rest}"


def bursts(inspection: Inspection, seconds: float) -> Strings:
    """Bursts of each camera by EXIF time, shape (n,); '' where the time is unknown."""
    known = np.flatnonzero(np.isfinite(inspection.taken))
    if not len(known):
        raise InputError(
            "--group burst", "EXIF times in the photos", f"none in {len(inspection):,} photos",
            "Group by a column or by a pattern in the path.",
        )  # fmt: skip
    camera = np.array(inspection.camera)[known]
    order = known[np.lexsort((inspection.taken[known], camera))]
    camera, taken = np.array(inspection.camera)[order], inspection.taken[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (camera[1:] != camera[:-1]) | (np.diff(taken) > seconds)
    names = [""] * len(inspection)
    for row, number in zip(order.tolist(), np.cumsum(begins).tolist(), strict=True):
        names[row] = f"burst {number}"
    return np.array(names)


def by_pattern(items: Items, by: str, others: Sequence[str] = ("burst",)) -> Strings:
    """Group of each item by a regular expression searched in its key, shape (n,), empty where it is not found.

    ``others`` is what the option takes besides columns and patterns.
    """
    known = [*others, *items.columns, *(["group"] if "burst" in others and (items.group != "").any() else [])]
    hint, also = did_you_mean(by, known), ", ".join(others)
    try:
        pattern = re.compile(by)
    except re.error as error:
        expected = f"a column, a regular expression, or one of {also}"
        raise InputError("--group", expected, f"{by!r}: {error}", hint) from error
    names = []
    for key in items.key.tolist():
        match = pattern.search(key)
        names.append("" if match is None else (match[1] or "" if pattern.groups else match[0]))
    found = np.array(names)
    if not (found != "").any():
        got = f"{by!r}, which no path has, such as '{items.key[0]}'"
        raise InputError("--group", f"a column, a pattern that paths have, or one of {also}", got, hint)
    return found
