"""Why a box is missed or false and why an identity is lost: the rules, in their order, over measured facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from optotype.box_geometry import iou
from optotype.kernels.track_events import (
    COVERED,
    DETECTED,
    FREE,
    HELD,
    HIDDEN,
    LOOSE,
    MEETS,
    OTHER,
    PASSED,
    SEEN,
    TAKEN,
    WRONG,
)
from optotype.tables import Array, Floats, Ints
from optotype.tasks.track import moving
from optotype.tasks.track.chains import last_true
from optotype.tasks.track.codes import CAUSE_CODE, CAUSES, UNEXPLAINED
from optotype.tasks.track.facts import Facts, Side
from optotype.tasks.track.frames import FIRST

ON, NEAR = 0.5, 0.1
"""IoU of a box that is on an object, and of one that lies near it."""
HIDES = 0.5
"""Share of an object that must be hidden, by something nearer or as the truth tells, for it to be called occluded."""
MEET = 0.3
"""Overlap of two objects, as a share of the smaller, from which on they meet."""
OUTSIDE = 0.3
"""Share of a box outside the picture that makes it one at the border, where nothing hides more of it."""
FAST = 0.3
"""IoU of an object's boxes in two frames below which it moved too far to be followed by its place, where the tracker
does not say what it asks for."""
SOON = 5
"""Frames within which one thing is held to follow from another: a jerk, a meeting, the start or end of a life."""
UNSEEN = 0.3
"""A box of a tracker that overlaps no detection so much was carried on without one."""
_EDGE = 1.5
"""Pixels from the border within which a box touches it."""

T = TypeVar("T")
Found = tuple[Array, Array, Array]
"""Where a rule holds, the measured fact, and the id of the other object (−1: none); each (n,)."""


@dataclass(frozen=True)
class Rule(Generic[T]):
    """A cause and its test."""

    cause: str
    test: Callable[[T], Found]


@dataclass(frozen=True, eq=False)
class Caused:
    """Of n things: ``code`` uint8 of the cause, ``fact``, NaN for none, and the ``other`` id, −1 for none."""

    code: NDArray[np.uint8]
    fact: Floats
    other: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.code)

    @classmethod
    def unknown(cls, n: int) -> Caused:
        """All unexplained."""
        return cls(np.zeros(n, np.uint8), np.full(n, np.nan), np.full(n, -1, np.int64))


def first(rules: Sequence[Rule[T]], about: T, n: int) -> Caused:
    """The first of the rules that holds, for each of n things; else unexplained."""
    made = Caused.unknown(n)
    for rule in rules:
        holds, fact, other = rule.test(about)
        taken = holds & (made.code == UNEXPLAINED)
        made.code[taken] = CAUSE_CODE[rule.cause]
        made.fact[taken] = fact[taken]
        made.other[taken] = other[taken]
    return made


def most(caused: Caused, group: Ints, groups: int) -> Caused:
    """The commonest cause of each group (of equally common ones the first of ``CAUSES``, unexplained last).

    ``group`` (n,) in any order. The fact is the mean over those of the cause, of frames their number; the other is that
    of the largest fact.
    """
    made = Caused.unknown(groups)
    n = len(CAUSES)
    counts = np.bincount(group * n + caused.code, minlength=groups * n).reshape(groups, n)
    counts = np.column_stack([counts[:, 1:], counts[:, UNEXPLAINED]])
    made.code[:] = np.where(counts.sum(axis=1) > 0, (np.argmax(counts, axis=1) + 1) % n, UNEXPLAINED)
    rows = np.flatnonzero((made.code[group] == caused.code) & (caused.code != UNEXPLAINED))
    where = group[rows]
    with np.errstate(invalid="ignore"):
        mean = np.bincount(where, caused.fact[rows], groups) / np.bincount(where, minlength=groups)
    in_frames = np.isin(made.code, [CAUSE_CODE[name] for name in _FRAMES])
    made.fact[:] = np.where(in_frames, np.bincount(where, minlength=groups), mean)
    made.fact[made.code == UNEXPLAINED] = np.nan
    rows = rows[np.argsort(caused.fact[rows], kind="stable")]  # the last one written, the largest, stays
    named = rows[caused.other[rows] >= 0]
    made.other[group[named]] = caused.other[named]
    return made


_FRAMES = ("detection missing", "carried on", "not confirmed")


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of one side, ``row`` (n,), with what is around them."""

    facts: Facts
    side: Side
    row: Array

    @cached_property
    def item(self) -> Ints:
        """Sequence of each."""
        return self.side.rows.item[self.row]

    @cached_property
    def frame(self) -> NDArray[np.int64]:
        """Frame of each, numbered through."""
        return self.side.frame[self.row]

    @cached_property
    def _placed(self) -> Floats:
        """x, y, w, h, (4, n), of each box in a picture whose pixels count from 0."""
        return np.asarray((self.side.rows["box"][self.row] - [FIRST, FIRST, 0, 0]).T)

    @cached_property
    def outside(self) -> Floats:
        """Share of each box outside the picture; 0 where its size is not known."""
        x, y, w, h = self._placed
        width, height = self.facts.size[self.item].T
        wide = np.clip(np.minimum(x + w, width) - np.maximum(x, 0), 0, None)
        high = np.clip(np.minimum(y + h, height) - np.maximum(y, 0), 0, None)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.nan_to_num(1 - wide * high / (w * h), nan=0.0))

    @cached_property
    def touches(self) -> Array:
        """Whether each box reaches the picture's border."""
        x, y, w, h = self._placed
        width, height = self.facts.size[self.item].T
        upper = (x <= _EDGE) | (y <= _EDGE)
        return np.asarray(upper | (x + w >= width - _EDGE) | (y + h >= height - _EDGE))

    @cached_property
    def since(self) -> tuple[Array, Array]:
        """The last matched row of the chain, and how many frames ago it was."""
        last, ago = self.side.since()
        return last[self.row], ago[self.row]

    def share(self, column: int) -> Floats:
        """One of the overlaps."""
        return np.asarray(self.side.share[self.row, column])

    def who(self, column: int, other: Side) -> NDArray[np.int64]:
        """The id behind an overlap, a row of ``other``; −1 for none."""
        found = self.side.who[self.row, column]
        return np.where(found >= 0, other.rows["id"][found] if len(other.rows) else -1, -1).astype(np.int64)

    def limit(self, name: str) -> Floats:
        """A limit of the tracker in each box's sequence."""
        return np.asarray(getattr(self.facts.limits, name)[self.item])


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


def _none(about: Boxes) -> NDArray[np.int64]:
    return np.full(len(about.row), -1, np.int64)


def _missed_wrong_class(m: Missed) -> Found:
    return ~m.detected & (m.share(WRONG) >= ON), m.share(WRONG), _none(m)


def _missed_size(m: Missed) -> Found:
    box = m.detection[1]
    area = box[:, 2] * box[:, 3]
    return area <= m.limit("area"), area, _none(m)


def _missed_ratio(m: Missed) -> Found:
    box = m.detection[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = box[:, 2] / box[:, 3]
    return ratio > m.limit("ratio"), ratio, _none(m)


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
    return m.maybe & moved & (ago <= SOON), _latest_jerk(m.facts)[m.frame], _none(m)


def _missed_far(m: Missed) -> Found:
    stay, least = m.facts.stay[m.row], m.limit("iou")
    return m.maybe & (m.since[1] <= SOON) & (stay < np.where(np.isfinite(least), least, FAST)), stay, _none(m)


def _missed_new(m: Missed) -> Found:
    newborn = m.detected & (m.since[1] > 1) & (m.streak <= m.limit("confirm"))
    return newborn, m.streak.astype(np.float64), _none(m)


def _missed_near(m: Missed) -> Found:
    share = m.share(FREE)
    return (share >= NEAR) & (share < ON), share, _none(m)


def _missed_border(m: Missed) -> Found:
    far = (m.outside >= OUTSIDE) & (m.outside >= m.share(HIDDEN))
    edge = m.touches & m.edge_of_life & (m.share(HIDDEN) < HIDES)
    return (far | edge) & ~m.detected, m.outside, _none(m)


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
    return known & ~m.detected, np.ones(len(m.row)), _none(m)


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
    return a.share(OTHER) >= ON, a.share(OTHER), _none(a)


def _alarm_twice(a: Alarms) -> Found:
    truth = a.side.who[a.row, HELD]
    holder = np.where(truth >= 0, a.facts.truth.match[truth] if len(a.facts.truth.rows) else -1, -1)
    return a.share(HELD) >= ON, a.share(HELD), np.where(holder >= 0, a.side.rows["id"][holder], -1)


def _alarm_passed(a: Alarms) -> Found:
    return a.share(PASSED) >= ON, a.share(PASSED), a.who(PASSED, a.facts.truth)


def _alarm_unseen(a: Alarms) -> Found:
    known = np.full(len(a.row), a.facts.seen is not None)
    return known & (a.share(SEEN) < UNSEEN), np.ones(len(a.row)), _none(a)


def _alarm_near(a: Alarms) -> Found:
    share = np.maximum(a.share(LOOSE), a.share(HELD))
    return (share >= NEAR) & (share < ON), share, _none(a)


def _alarm_border(a: Alarms) -> Found:
    return a.touches & a.near_match & (a.on < NEAR), a.outside, _none(a)


def _alarm_by_passed(a: Alarms) -> Found:
    return a.share(PASSED) >= NEAR, a.share(PASSED), a.who(PASSED, a.facts.truth)


def _alarm_nothing(a: Alarms) -> Found:
    return a.on < NEAR, a.side.rows["score"][a.row], _none(a)


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
    return moved & ((s.gap <= SOON) | at_once), _latest_jerk(s.facts)[frame[s.after]], np.full(len(start), -1, np.int64)


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


def _latest_jerk(facts: Facts) -> Floats:
    """Pixels of the last jerk up to each frame."""
    at = np.maximum.accumulate(np.where(facts.jerk > 0, np.arange(len(facts.jerk)), 0))
    return np.asarray(facts.jerk[at])


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
