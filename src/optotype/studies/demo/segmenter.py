"""A simulated segmentation whose faults are declared: label maps of the world, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optotype.studies.demo.faults import Fault, hit_by
from optotype.studies.demo.scapes import Scapes
from optotype.tables import Masks

OVERLOOKED = 0.03
"""Of things, where no fault strikes."""
_CELL, _WAY = 12, 0.5
"""Outlines waver: patches of so many pixels a side are moved by a normal way of so many pixels."""

Map = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Painted:
    """``prediction`` as simulated; which things (m,) each fault of things ``struck``; where classes were renamed, the
    images (n,).
    """

    prediction: Masks
    struck: dict[str, NDArray[np.bool_]]
    renamed: dict[str, NDArray[np.bool_]]


def simulate(scapes: Scapes, faults: tuple[Fault, ...], *, seed: int) -> Painted:
    """Label maps with the faults in them; missing a thing wins over naming it wrongly.

    What is overlooked becomes what lies beside it. Same arguments, same maps.
    """
    rng = np.random.default_rng(seed)
    things, truth, n = scapes.things, scapes.truth, len(scapes.truth)
    of_things = tuple(f for f in faults if f.does in ("miss", "mistake"))
    struck = hit_by(of_things, things.label, truth.classes, things.attributes, rng)
    gone = rng.random(len(things.id)) < OVERLOOKED
    named = things.label.copy()
    for fault in of_things:
        if fault.does == "miss":
            gone |= struck[fault.key]
        else:
            named[struck[fault.key]] = truth.classes.index(fault.taken_for)
    renamed = {f.key: rng.random(n) < f.rate for f in faults if f.does == "rename"}
    way = sum((f.rate for f in faults if f.does == "waver"), start=_WAY)
    starts = np.searchsorted(things.item, np.arange(n + 1))
    maps = []
    for i in range(n):
        rows = np.arange(starts[i], starts[i + 1])
        labels = np.array(truth.maps[i])
        lost = np.isin(scapes.maps[i], things.id[rows[gone[rows]]])
        for row in rows[(named[rows] != things.label[rows]) & ~gone[rows]].tolist():
            labels[scapes.maps[i] == things.id[row]] = named[row]
        labels = _beside(labels, lost)
        for fault in faults:
            if fault.does == "rename" and renamed[fault.key][i]:
                labels[labels == truth.classes.index(fault.truth)] = truth.classes.index(fault.taken_for)
        maps.append(_wavering(labels, way, rng))
    return Painted(replace(truth, maps=maps), struck, renamed)


def _beside(labels: Map, lost: NDArray[np.bool_]) -> Map:
    """Labels (h, w) with those of what is ``lost`` replaced by what lies left of it, else right."""
    width = labels.shape[1]
    place = np.where(lost, -1, np.arange(width))
    left = np.maximum.accumulate(place, axis=1)
    right = np.minimum.accumulate(np.where(lost, width, np.arange(width))[:, ::-1], axis=1)[:, ::-1]
    chosen = np.where(left >= 0, left, np.where(right < width, right, np.arange(width)))
    return np.ascontiguousarray(np.take_along_axis(labels, chosen, axis=1))


def _wavering(labels: Map, way: float, rng: np.random.Generator) -> Map:
    """Labels moved patch by patch."""
    h, w = labels.shape
    shape = (2, h // _CELL + 1, w // _CELL + 1)
    moved = np.rint(rng.normal(0, way, shape)).astype(np.int64).repeat(_CELL, 1).repeat(_CELL, 2)[:, :h, :w]
    y, x = np.clip(np.arange(h)[:, None] + moved[0], 0, h - 1), np.clip(np.arange(w) + moved[1], 0, w - 1)
    return np.ascontiguousarray(labels[y, x])
