"""The rules that numbers of a segmentation followed, from the protocol that was printed beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optotype.tasks.segment.rules import Rules
from optotype.tasks.segment.thresholds import TENTHS


def rules_of(protocol: Mapping[str, Any]) -> Rules:
    """What a protocol says of void and of thresholds; what only matching needs is as usual.

    >>> rules_of({"void": "as-fp", "thresholds": [0.5, 0.7]})
    Rules(void='as-fp', thresholds=(5, 7), rim=3, least=16)
    """
    usual = Rules()
    tenths = tuple(round(TENTHS * t) for t in protocol.get("thresholds", ())) or usual.thresholds
    return Rules(void=protocol.get("void", usual.void), thresholds=tenths)
