"""The class of a track whose boxes are of several."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optotype.kernels.slots import vote
from optotype.tables import Array


class Votes:
    """What the boxes of each track were so far, by slot."""

    def __init__(self, classes: int) -> None:
        self._votes = np.zeros((0, classes + 1), np.int64)
        self._owner = np.zeros(0, np.int64)

    def add(self, who: Array, label: NDArray[np.int64], slots: int) -> NDArray[np.int64]:
        """The class of each row of ``who`` (kernels/slots.py) by votes; ``label`` (n,) is that of each box."""
        if self._votes.shape[1] == 2:
            return np.zeros(len(who), np.int64)
        if slots > len(self._owner):
            more = slots - len(self._owner)
            self._votes = np.concatenate([self._votes, np.zeros((more, self._votes.shape[1]), np.int64)])
            self._owner = np.concatenate([self._owner, np.full(more, -1)])
        own = np.where(who[:, 2] >= 0, label[who[:, 2]], -1) if len(label) else np.full(len(who), -1)
        chosen = np.empty(len(who), np.int64)
        vote(who, own, self._votes, self._owner, chosen)
        return chosen
