"""Why an identity is lost, or a track goes over to another object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.box_geometry import iou
from optotype.kernels.track_events import MEETS
from optotype.tables import Array, Floats, Ints
from optotype.tasks.track.causes.boxes import FAST, MEET, SOON, latest_jerk
from optotype.tasks.track.causes.missed import MISSED
from optotype.tasks.track.causes.rule import Caused, Found, Rule
from optotype.tasks.track.codes import CAUSE_CODE
from optotype.tasks.track.facts import Facts, Side


@dataclass(frozen=True, eq=False)
class Switches:
    """Moments at which something changes between two matches: of an object's identity, or of a track's object.

    ``before`` and ``after`` (n,) are the rows of the truth on both sides, ``switched`` (n,) bool whether the identity
    changes, ``gap`` (n,) the frames between, ``during`` why the object was missed there; ``apart`` (n,) the frames to
    the opposite change of another object, NaN for none, and that object's id, ``partner``; ``meets`` (n,) the largest
    overlap with another object around it and that one's id, ``met``; ``owner`` (n,) the id of the object that the new
    track was on before, −1 for none; ``second`` what the new track was just before.
    """

    facts: Facts
    before: Array
    after: Array
    switched: Array
    gap: NDArray[np.int64]
    during: Caused
    apart: Floats
    partner: NDArray[np.int64]
    meets: Floats
    met: NDArray[np.int64]
    owner: NDArray[np.int64]
    second: Caused


def _switch_swap(s: Switches) -> Found:
    return np.isfinite(s.apart), s.apart, s.partner


def _switch_jerk(s: Switches) -> Found:
    """A jerk soon before, or in the frame in which the object was lost."""
    frame, jerks = s.facts.truth.frame, s.facts.jerks
    start = frame[s.before]
    moved, at_once = jerks[frame[s.after]] > jerks[start], jerks[np.minimum(start + 1, frame[s.after])] > jerks[start]
    return moved & ((s.gap <= SOON) | at_once), latest_jerk(s.facts)[frame[s.after]], np.full(len(start), -1, np.int64)


def _switch_buffer(s: Switches) -> Found:
    buffer = s.facts.limits.buffer[s.facts.truth.rows.item[s.after]]
    return s.switched & (s.gap > buffer), s.gap.astype(np.float64), s.during.other


def _switch_crossing(s: Switches) -> Found:
    close = s.switched & ((s.gap <= SOON) | (s.owner >= 0))
    return close & (s.meets >= MEET), s.meets, np.where(s.owner >= 0, s.owner, s.met)


def _switch_meeting(s: Switches) -> Found:
    return s.meets >= MEET, s.meets, np.where(s.owner >= 0, s.owner, s.met)


def _switch_far(s: Switches) -> Found:
    """Of the tracker's own boxes on both sides, too."""
    truth, said = s.facts.truth, s.facts.said.rows["box"]
    ends = (said[truth.match[side]] for side in (s.before, s.after))
    overlap = np.fmin(s.facts.stay[s.after], iou(*ends)) if len(said) else s.facts.stay[s.after]
    least = s.facts.limits.iou[truth.rows.item[s.after]]
    far = s.switched & (s.gap <= SOON) & (overlap < np.where(np.isfinite(least), least, FAST))
    return far, overlap, np.full(len(s.after), -1, np.int64)


def _during(cause: str) -> Rule[Switches]:
    def test(s: Switches) -> Found:
        return s.during.code == CAUSE_CODE[cause], s.during.fact, s.during.other

    return Rule(cause, test)


def _switch_twice(s: Switches) -> Found:
    return s.second.code == CAUSE_CODE["duplicate"], s.second.fact, np.full(len(s.after), -1, np.int64)


SWITCHES: tuple[Rule[Switches], ...] = (
    Rule("swap", _switch_swap),
    Rule("camera jerk", _switch_jerk),
    Rule("buffer expired", _switch_buffer),
    Rule("crossing", _switch_crossing),
    *(_during(rule.cause) for rule in MISSED),
    Rule("duplicate", _switch_twice),
    Rule("crossing", _switch_meeting),
    Rule("moved far", _switch_far),
)
"""Of an identity switch, a fragmentation, and a track that goes over to another object. Between the crossing and the
duplicate stand the causes for which the object was missed in between."""


def meetings(side: Side, first_place: Array, last_place: Array) -> tuple[Floats, Ints]:
    """The largest MEETS among the chain's rows at the places ``first_place`` … ``last_place``, and who was met."""
    n = last_place - first_place + 1
    group = np.repeat(np.arange(len(n)), n)
    place = np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first_place, n)
    rows = side.chains.order[place]
    share = side.share[rows, MEETS]
    order = np.argsort(share, kind="stable")
    found, who = np.zeros(len(n)), np.full(len(n), -1, np.int32)
    found[group[order]] = share[order]  # the last one written, the largest, stays
    who[group[order]] = side.who[rows[order], MEETS]
    return found, who
