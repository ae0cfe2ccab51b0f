"""A declared weakness of a simulated model, and which things it strikes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from optotype.diagnose.conditions import PREFIX
from optotype.tables import Array

Direction = Literal["low", "high"]
Does = Literal["mistake", "miss", "misplace", "repeat", "imagine", "waver", "rename"]
"""Answer wrongly (a detector, a segmentation: name wrongly); overlook; box badly; find again; see where nothing is;
draw outlines beside where they are; give all of a class in an image another's name."""
Shows = Literal["effect", "slice", "trust", "size", "error", "rim", "domain"]
"""Where an explanation would name it: a condition, a class or pair, misplaced confidence, sizes, kinds of errors,
accuracy near boundaries, what changes from one domain to another."""


@dataclass(frozen=True)
class Fault:
    """One declared weakness.

    It strikes the ``share`` of the things with the lowest or highest recorded ``attribute`` (empty: all) – only those
    of the class ``truth`` where one is named – and ``does`` it to ``rate`` of them; what is imagined is ``rate`` things
    an image, outlines waver by ``rate`` pixels, and a class is renamed in ``rate`` of the images. Mistakes are
    ``taken_for`` that class, or any other; ``overconfident`` ones are made with the confidence of right answers.

    ``shows`` is the part of the explanation that would name it, under ``condition`` (empty: the column of the
    attribute) or, of errors, under the key ``error`` of TIDE.
    """

    key: str
    says: str
    attribute: str
    direction: Direction
    share: float
    rate: float
    truth: str = ""
    taken_for: str = ""
    overconfident: bool = False
    does: Does = "mistake"
    shows: Shows = "effect"
    condition: str = ""
    error: str = ""

    @property
    def named(self) -> str:
        """The condition under which an explanation knows the attribute."""
        return self.condition or PREFIX + self.attribute


def hit_by(
    faults: tuple[Fault, ...],
    label: Array,
    classes: tuple[str, ...],
    attributes: Mapping[str, Array],
    rng: np.random.Generator,
) -> dict[str, NDArray[np.bool_]]:
    """Things (n,) that each fault hits, by its key: its ``rate`` of those that it strikes."""
    return {f.key: _strikes(f, label, classes, attributes) & (rng.random(len(label)) < f.rate) for f in faults}


def _strikes(
    fault: Fault, label: Array, classes: tuple[str, ...], attributes: Mapping[str, Array]
) -> NDArray[np.bool_]:
    """Things in the fault's tail of its attribute, among those of its class; never all where many are equal.

    ``label`` (n,) indexes ``classes``; ``attributes`` are columns (n,), numbers or texts of numbers.
    """
    inside = np.ones(len(label), bool)
    if fault.truth:
        inside = np.asarray(label == classes.index(fault.truth))
    if not inside.any() or not fault.attribute:
        return inside
    values = np.array(attributes[fault.attribute], dtype=np.float64)
    tail = fault.share if fault.direction == "low" else 1 - fault.share
    known = values[inside]
    edge = np.quantile(known, tail)
    low = (values <= edge) & (values < known.max())
    high = (values >= edge) & (values > known.min())
    return np.asarray(inside & (low if fault.direction == "low" else high))
