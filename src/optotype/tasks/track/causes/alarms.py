"""Why a box of a tracker is false."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from optotype.kernels.track_events import HELD, LOOSE, OTHER, PASSED, SEEN
from optotype.tables import Array, Floats
from optotype.tasks.track.causes.boxes import NEAR, ON, SOON, UNSEEN, Boxes, nobody
from optotype.tasks.track.causes.rule import Found, Rule
from optotype.tasks.track.chains import last_true


class Alarms(Boxes):
    """Unmatched boxes of a tracker, in chain order."""

    @cached_property
    def on(self) -> Floats:
        """Largest overlap with anything of the truth."""
        return np.asarray(self.side.share[self.row][:, [LOOSE, HELD, OTHER, PASSED]].max(axis=1, initial=0.0))

    @cached_property
    def near_match(self) -> Array:
        """Whether the track is matched within ``SOON`` frames, before or after."""
        order, code, frame = self.side.chains.order, self.side.chains.code, self.side.frame
        back = order[::-1]
        after = last_true((self.side.match >= 0)[back], code[back])
        ahead = np.full(len(order), SOON + 1, np.int64)
        there = after >= 0
        ahead[back[there]] = frame[back[after[there]]] - frame[back[there]]
        return (self.since[1] <= SOON) | (ahead[self.row] <= SOON)


def _alarm_class(a: Alarms) -> Found:
    return a.share(OTHER) >= ON, a.share(OTHER), nobody(a)


def _alarm_twice(a: Alarms) -> Found:
    truth = a.side.who[a.row, HELD]
    holder = np.where(truth >= 0, a.facts.truth.match[truth] if len(a.facts.truth.rows) else -1, -1)
    return a.share(HELD) >= ON, a.share(HELD), np.where(holder >= 0, a.side.rows["id"][holder], -1)


def _alarm_passed(a: Alarms) -> Found:
    return a.share(PASSED) >= ON, a.share(PASSED), a.who(PASSED, a.facts.truth)


def _alarm_unseen(a: Alarms) -> Found:
    known = np.full(len(a.row), a.facts.seen is not None)
    return known & (a.share(SEEN) < UNSEEN), np.ones(len(a.row)), nobody(a)


def _alarm_near(a: Alarms) -> Found:
    share = np.maximum(a.share(LOOSE), a.share(HELD))
    return (share >= NEAR) & (share < ON), share, nobody(a)


def _alarm_border(a: Alarms) -> Found:
    return a.touches & a.near_match & (a.on < NEAR), a.outside, nobody(a)


def _alarm_by_passed(a: Alarms) -> Found:
    return a.share(PASSED) >= NEAR, a.share(PASSED), a.who(PASSED, a.facts.truth)


def _alarm_nothing(a: Alarms) -> Found:
    return a.on < NEAR, a.side.rows["score"][a.row], nobody(a)


ALARMS: tuple[Rule[Alarms], ...] = (
    Rule("duplicate", _alarm_twice),
    Rule("wrong class", _alarm_class),
    Rule("passed over", _alarm_passed),
    Rule("carried on", _alarm_unseen),
    Rule("badly placed", _alarm_near),
    Rule("border", _alarm_border),
    Rule("background", _alarm_nothing),
    Rule("passed over", _alarm_by_passed),
)
"""Of a false box in one frame. A run of frames has the cause of most of them."""
