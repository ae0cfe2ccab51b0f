"""Everything that is found out by setting tracks against objects, before anything is counted."""

from __future__ import annotations

from optotype.evidence import Evidence
from optotype.tables import Tracks
from optotype.tasks.track import matching
from optotype.tasks.track.eventing import explained
from optotype.tasks.track.rules import Rules


def match(truth: Tracks, prediction: Tracks, *, rules: Rules | None = None, threads: int = 0) -> Evidence:
    """The evidence of ``matching.match`` with the events of ``eventing.explained``: all that measuring and the report
    need. ``rules`` None: protocol ``plain``, of tracks about which nothing more is known.
    """
    rules = rules or Rules()
    return explained(matching.match(truth, prediction, rules=rules, threads=threads), rules)
