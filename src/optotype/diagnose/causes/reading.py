"""One item's conditions against its class: what is unusual about it."""

from __future__ import annotations

import numpy as np

from optotype.diagnose.causes.binning import show
from optotype.diagnose.causes.looking import unit_of
from optotype.diagnose.causes.wording import title
from optotype.diagnose.conditions import BY_KEY, TABLE
from optotype.evidence import Evidence
from optotype.tables import Array, Floats, Strings
from optotype.tasks.wording import percent
from optotype.views import Reading

FEWEST = 10
"""With fewer items of its class an item is set against all items."""


def readings(evidence: Evidence, row: int) -> list[Reading]:
    """The conditions of one row of the table ``conditions`` against its class, the most unusual first.

    ``share`` is the share of the others of the class that lie below the value (equal ones half); conditions that are
    the same in all of the class are left out, as they say nothing. Empty where no conditions were measured.
    """
    if TABLE not in evidence.tables:
        return []
    rows = evidence[TABLE]
    peers, whom = _peers(evidence, row)
    found: list[tuple[float, Reading]] = []
    for key, column in rows.columns.items():
        if column.dtype.kind == "U":
            reading = _category(key, column, row, peers, whom)
        else:
            reading = _number(key, column, row, peers, whom)
        if reading is not None:
            found.append(reading)
    return [reading for _, reading in sorted(found, key=lambda pair: -pair[0])]


def _peers(evidence: Evidence, row: int) -> tuple[Array, str]:
    item = evidence[TABLE].item
    if "labels" in evidence.tables:
        label = evidence["labels"]["truth"][item]
        same = label == label[row]
        if same.sum() >= FEWEST:
            return same, "its class"
    return np.ones(len(item), bool), "all items"


def _number(key: str, column: Floats, row: int, peers: Array, whom: str) -> tuple[float, Reading] | None:
    value = float(column[row])
    others = column[peers & (np.arange(len(column)) != row)]
    others = others[np.isfinite(others)]
    if not np.isfinite(value) or len(others) < FEWEST - 1 or bool((others == value).all()):
        return None
    share = float((others < value).mean() + (others == value).mean() / 2)
    reading = Reading(title(key), show(value, unit_of(key)), share, _against(key, share, whom))
    return 2 * abs(share - 0.5), reading


def _against(key: str, share: float, whom: str) -> str:
    known = BY_KEY.get(key)
    low, high = (known.low, known.high) if known else ("lower", "higher")
    if share == 0.5:
        return f"in the middle of {whom}"
    word, passed = (low, 1 - share) if share < 0.5 else (high, share)
    if passed == 1:
        return f"{word} than all others of {whom}".replace("others of all items", "other items")
    return f"{word} than {percent(min(passed, 0.99), 0)} of {whom}"


def _category(key: str, column: Strings, row: int, peers: Array, whom: str) -> tuple[float, Reading] | None:
    value, known = str(column[row]), column[peers]
    if not value or len(known) < FEWEST or bool((known == known[0]).all()):
        return None
    share = float((known == value).mean())
    return 1 - share, Reading(title(key), value, None, f"as {percent(share, 0)} of {whom}")
