"""Files that cannot be read, are no images, or lie where none is expected."""

from __future__ import annotations

import numpy as np

from optotype.data.check_advice import CLASSIFY, Advice
from optotype.data.findings import Finding, Severity, any_finding
from optotype.data.inspection import Inspection
from optotype.listing import BAD_NAME, NO_IMAGE, OUTSIDE, Listing
from optotype.tables import Array, Strings

MAX_UNREADABLE = 0.01
"""Share of unreadable or missing files above which they are an error: training would stop."""


def severity(bad: int, of: int) -> Severity:
    """How bad it is that so many images are missing or cannot be read."""
    return "error" if bad > MAX_UNREADABLE * of else "warning"


def unreadable(names: Strings, inspection: Inspection, bad: Array, severity: Severity, advice: Advice) -> list[Finding]:
    """The images of the mask ``bad``, with what is wrong with each."""
    rows = np.flatnonzero(bad).tolist()
    return any_finding(
        "unreadable", severity, [f"{names[i]}: {inspection.problem[i]}" for i in rows],
        "{n} image{s} cannot be read", advice.unreadable,
    )  # fmt: skip


def find(listing: Listing, inspection: Inspection) -> list[Finding]:
    """Findings about the files of a listing."""
    keys = listing.labels.items.key
    unnamed = [file.key for file in listing.skipped if file.reason == BAD_NAME]
    bad = ~inspection.readable
    how_bad = severity(int(bad.sum()) + len(unnamed), len(keys) + len(unnamed))
    return [
        *unreadable(keys, inspection, bad, how_bad, CLASSIFY),
        *any_finding(
            "unreadable_name", how_bad, unnamed, "{n} image{s} left out: the file name is not valid UTF-8",
            "Rename the files.",
        ),
        *any_finding(
            "not_image", "note", [f.key for f in listing.ignored if f.reason == NO_IMAGE],
            "{n} file{s} {is_} not an image and ignored", "Nothing, unless it should be one.",
        ),
        *any_finding(
            "outside", "warning", [f.key for f in listing.ignored if f.reason == OUTSIDE],
            "{n} image{s} outside the class folders {is_} ignored", "Move them into the folder of their class.",
        ),
    ]  # fmt: skip
