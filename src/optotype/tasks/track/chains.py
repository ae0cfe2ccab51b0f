"""Rows of identities: which belong to one, in the order of time, and which of them follow each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.evidence import Rows
from optotype.tables import Array, Ints

Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Chains:
    """Rows of a table by identity (sequence, class and id) and frame.

    ``order`` (n,) lists the rows identity by identity, in the order of time; ``code`` (n,) is each row's identity,
    ``place`` (n,) its position in ``order``.
    """

    order: Positions
    code: Ints
    place: Positions

    @classmethod
    def of(cls, rows: Rows) -> Chains:
        """The chains of a table with the columns ``label`` and ``id``, by item and frame."""
        order = np.lexsort((rows["id"], rows["label"], rows.item))
        columns = (rows.item[order], rows["label"][order], rows["id"][order])
        new = np.any([np.append(True, column[1:] != column[:-1])[: len(order)] for column in columns], axis=0)
        code, place = np.empty(len(order), np.int32), np.empty(len(order), np.intp)
        code[order], place[order] = np.cumsum(new) - 1, np.arange(len(order))
        return cls(order, code, place)

    def before(self, rows: Array) -> Positions:
        """Of ``rows`` in chain order: the row before in the same chain, among them; −1 for the first of a chain."""
        previous = np.append(-1, rows[:-1])[: len(rows)].astype(np.intp)
        previous[np.append(True, self.code[rows[1:]] != self.code[rows[:-1]])[: len(rows)]] = -1
        return previous


def runs(chains: Chains, frame: Ints, rows: Array) -> Ints:
    """The run (r,) of each of ``rows``, which are in chain order: consecutive frames of one identity."""
    broken = (np.diff(chains.code[rows]) != 0) | (np.diff(frame[rows]) != 1)
    return np.cumsum(np.append(0, broken)[: len(rows)]).astype(np.int32)


def last_true(mask: Array, code: Ints) -> Positions:
    """For every position the last one before it, of the same ``code``, at which ``mask`` holds; −1 for none.

    ``mask`` (n,) and ``code`` (n,), ascending, are in chain order.

    >>> last_true(np.array([True, False, False, True]), np.array([0, 0, 0, 1])).tolist()
    [-1, 0, 0, -1]
    """
    at = np.arange(len(mask))
    seen = np.maximum.accumulate(np.where(mask, at, -1)) if len(mask) else at
    found = np.append(-1, seen[:-1])[: len(mask)]
    inside = found >= 0
    found[inside] = np.where(code[found[inside]] == code[inside], found[inside], -1)
    return found.astype(np.intp)
