"""Why an object is missed in a frame."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.track_events import COVERED, DETECTED, FREE, HIDDEN, TAKEN, WRONG
from optotype.tables import Array, Floats
from optotype.tasks.track import moving
from optotype.tasks.track.causes.boxes import FAST, HIDES, NEAR, ON, OUTSIDE, SOON, Boxes, latest_jerk, nobody
from optotype.tasks.track.causes.rule import Found, Rule


class Missed(Boxes):
    """Unmatched boxes of the truth, in chain order."""

    @cached_property
    def detected(self) -> Array:
        """Whether the tracker was given a detection that is this object's."""
        return self.share(DETECTED) > 0

    @cached_property
    def maybe(self) -> Array:
        """Detected, or nobody knows."""
        return self.detected | (self.facts.seen is None)

    @cached_property
    def detection(self) -> tuple[Floats, Floats]:
        """Score and box of the object's detection, NaN for none."""
        score, box = np.full(len(self.row), np.nan), np.full((len(self.row), 4), np.nan)
        if self.facts.seen is not None:
            d = self.side.who[self.row, DETECTED]
            there = d >= 0
            score[there], box[there] = self.facts.seen.score[d[there]], self.facts.seen.box[d[there]]
        return score, box

    @cached_property
    def hidden(self) -> Floats:
        """Share that cannot be seen: as the truth tells, else what nearer boxes cover."""
        visibility = self.side.rows["visibility"]
        told = moving.told(visibility)[self.row]
        return np.where(told, 1 - visibility[self.row], self.share(COVERED))

    @cached_property
    def edge_of_life(self) -> Array:
        """Whether the object enters or leaves within ``SOON`` of its boxes."""
        chains = self.side.chains
        n = np.bincount(chains.code)
        start = (np.cumsum(n) - n)[chains.code[self.row]]
        place = chains.place[self.row] - start
        return (place < SOON) | (place >= n[chains.code[self.row]] - SOON)

    @cached_property
    def streak(self) -> NDArray[np.int64]:
        """Boxes of the object in consecutive frames, up to this one, that were all detected."""
        order, code = self.side.chains.order, self.side.chains.code
        found = self.side.share[order, DETECTED] > 0
        goes_on = found[1:] & found[:-1] & (np.diff(self.side.frame[order]) == 1) & (np.diff(code[order]) == 0)
        at = np.arange(len(order))
        start = np.maximum.accumulate(np.where(np.append(False, goes_on)[: len(order)], 0, at))
        count = np.where(found, at - start + 1, 0)
        return count[self.side.chains.place[self.row]]


def _missed_wrong_class(m: Missed) -> Found:
    return ~m.detected & (m.share(WRONG) >= ON), m.share(WRONG), nobody(m)


def _missed_size(m: Missed) -> Found:
    box = m.detection[1]
    area = box[:, 2] * box[:, 3]
    return area <= m.limit("area"), area, nobody(m)


def _missed_ratio(m: Missed) -> Found:
    box = m.detection[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = box[:, 2] / box[:, 3]
    return ratio > m.limit("ratio"), ratio, nobody(m)


def _missed_score(m: Missed) -> Found:
    score = m.detection[0]
    last, ago = m.since
    unused = (score <= m.limit("low")) | ((score < m.limit("high")) & (ago > 1))
    by = np.where(m.hidden >= HIDES, m.who(HIDDEN, m.side), -1)
    return unused | ((score < m.limit("start")) & (last < 0)), score, by


def _missed_jerk(m: Missed) -> Found:
    last, ago = m.since
    jerks = m.facts.jerks
    moved = (last >= 0) & (jerks[m.frame] > jerks[m.side.frame[last]])
    return m.maybe & moved & (ago <= SOON), latest_jerk(m.facts)[m.frame], nobody(m)


def _missed_far(m: Missed) -> Found:
    stay, least = m.facts.stay[m.row], m.limit("iou")
    return m.maybe & (m.since[1] <= SOON) & (stay < np.where(np.isfinite(least), least, FAST)), stay, nobody(m)


def _missed_new(m: Missed) -> Found:
    newborn = m.detected & (m.since[1] > 1) & (m.streak <= m.limit("confirm"))
    return newborn, m.streak.astype(np.float64), nobody(m)


def _missed_near(m: Missed) -> Found:
    share = m.share(FREE)
    return (share >= NEAR) & (share < ON), share, nobody(m)


def _missed_border(m: Missed) -> Found:
    far = (m.outside >= OUTSIDE) & (m.outside >= m.share(HIDDEN))
    edge = m.touches & m.edge_of_life & (m.share(HIDDEN) < HIDES)
    return (far | edge) & ~m.detected, m.outside, nobody(m)


def _missed_occluded(m: Missed) -> Found:
    by = np.where(m.share(HIDDEN) >= NEAR, m.who(HIDDEN, m.side), -1)
    return ~m.detected & (m.hidden >= HIDES), m.hidden, by


def _missed_one_box(m: Missed) -> Found:
    said = m.side.who[m.row, TAKEN]
    owner = np.where(said >= 0, m.facts.said.match[said] if len(m.facts.said.rows) else -1, -1)
    other = np.where(owner >= 0, m.side.rows["id"][owner], -1)
    return m.share(TAKEN) >= ON, m.share(TAKEN), other


def _missed_detection(m: Missed) -> Found:
    known = np.full(len(m.row), m.facts.seen is not None)
    return known & ~m.detected, np.ones(len(m.row)), nobody(m)


MISSED: tuple[Rule[Missed], ...] = (
    Rule("wrong class", _missed_wrong_class),
    Rule("size filter", _missed_size),
    Rule("ratio filter", _missed_ratio),
    Rule("low score", _missed_score),
    Rule("camera jerk", _missed_jerk),
    Rule("moved far", _missed_far),
    Rule("not confirmed", _missed_new),
    Rule("badly placed", _missed_near),
    Rule("border", _missed_border),
    Rule("occluded", _missed_occluded),
    Rule("one box", _missed_one_box),
    Rule("detection missing", _missed_detection),
)
"""Of a missed object in one frame. A run of frames has the cause of most of them."""
