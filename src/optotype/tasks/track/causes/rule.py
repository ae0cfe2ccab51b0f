"""A cause and its test; the first of several that holds, and the commonest of a group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from optotype.tables import Array, Floats, Ints
from optotype.tasks.track.codes import CAUSE_CODE, CAUSES, UNEXPLAINED

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
