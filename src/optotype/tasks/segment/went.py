"""Where the pixels of a class went, and where those called it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optotype.tables import Array
from optotype.tasks.segment.pairs import NO_CLASS, Pairs
from optotype.tasks.wording import percent

NONE = "no class"
"""What a prediction of void or of an unknown value is called, and truth that is void."""

SHOWN = 3


@dataclass(frozen=True, eq=False)
class Went:
    """Labels, most pixels first (NO_CLASS: none), and how many pixels went to each."""

    label: Array
    n: Array

    @classmethod
    def of(cls, label: Array, n: Array) -> Went:
        """The sums by label."""
        found, place = np.unique(label, return_inverse=True)
        sums = np.bincount(place, weights=n, minlength=len(found)).astype(np.int64)
        order = np.argsort(-sums, kind="stable")
        return cls(found[order], sums[order])


def name(classes: tuple[str, ...], label: int) -> str:
    """A class, or what is none."""
    return NONE if label == NO_CLASS else classes[label]


def of_item(found: Pairs, item: int) -> Pairs:
    """The pairs of one item."""
    start, end = np.searchsorted(found.item, [item, item + 1])
    return Pairs(found.classes, *(column[start:end] for column in (found.item, found.truth, found.said, found.n)))


def said_of(found: Pairs, label: int) -> Went:
    """What the pixels of class ``label`` that are wrong were called."""
    rows = (found.truth == label) & (found.said != label)
    return Went.of(found.said[rows], found.n[rows])


def true_of(found: Pairs, label: int) -> Went:
    """What the pixels that were wrongly called ``label`` are."""
    rows = (found.said == label) & (found.truth != label)
    return Went.of(found.truth[rows], found.n[rows])


def told(went: Went, classes: tuple[str, ...], whole: int, right: int | None = None) -> str:
    r"""Shares of ``whole`` pixels in words, the largest first; first of all those that are ``right``.

    >>> told(Went(np.array([1, -1]), np.array([30, 10])), ("sky", "road"), 100, 60)
    'right 60\xa0%, road 30\xa0%, no class 10\xa0%'
    """
    if not whole:
        return ""
    shares = [] if right is None else [f"right {percent(right / whole, 0)}"]
    pairs = list(zip(went.label.tolist(), went.n.tolist(), strict=True))
    shares += [f"{name(classes, label)} {_share(n, whole)}" for label, n in pairs[:SHOWN]]
    rest = sum(n for _, n in pairs[SHOWN:])
    return ", ".join([*shares, *([f"others {_share(rest, whole)}"] if rest else [])])


def _share(n: int, whole: int) -> str:
    return percent(n / whole, 0 if n >= 0.01 * whole else 1)
