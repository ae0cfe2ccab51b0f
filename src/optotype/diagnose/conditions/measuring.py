"""All conditions of a set of objects, and what could not be measured, with the flag that would give it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optotype.diagnose.conditions import columns, photometry
from optotype.diagnose.conditions.known import Features, Known, Objects, whole_images_filled
from optotype.diagnose.conditions.learning import nearest
from optotype.diagnose.conditions.registry import BOXLESS, CONDITIONS, FLAGS, UNSIZED, Condition
from optotype.tables import Array, Floats, Ints, Items, Strings


@dataclass(frozen=True, eq=False)
class Conditions:
    """What was measured of n objects.

    ``values`` maps a condition's key to float64 (n,), NaN where it does not exist; ``categorical`` to texts (n,), empty
    where unknown. A user's column has the key ``column:NAME``. ``skipped`` holds (key, reason); ``warnings`` what went
    wrong with single images. ``item`` (n,) is the row of each object's item.
    """

    item: Ints
    values: dict[str, Floats]
    categorical: dict[str, Strings]
    skipped: list[tuple[str, str]]
    warnings: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.item)


def measure(
    task: str,
    objects: Objects,
    items: Items,
    *,
    images: bool,
    frequency: Array | None = None,
    features: Features | None = None,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Conditions:
    """Measure every condition of the task for which there is what it needs.

    ``images``: decode the items' images (those that cannot be read give NaN and a warning). ``frequency`` (K,) counts
    the training items of each class. ``threads`` 0: all cores; the result does not depend on it.
    """
    looked = photometry.look(items, objects, threads=threads, progress=progress) if images else None
    size = np.column_stack([items.width, items.height]).astype(np.float64)[objects.item]
    size[(size <= 0).any(axis=1)] = np.nan
    if looked is not None:
        size = np.where(np.isfinite(looked.size), looked.size, size)
    box, boxed = whole_images_filled(objects, size)
    known = Known(
        objects,
        box,
        boxed,
        size,
        None if looked is None else looked.pixels,
        None if looked is None else looked.quality,
        frequency,
        None if features is None else nearest(features, objects),
    )
    has = {"truth": True, "images": images, "training": frequency is not None, "model": features is not None}
    values: dict[str, Floats] = {}
    skipped: list[tuple[str, str]] = []
    for condition in CONDITIONS:
        if task not in condition.tasks:
            continue
        if not has[condition.needs]:
            skipped.append((condition.key, FLAGS[condition.needs]))
            continue
        found = condition.measure(known)
        if reason := _useless(condition, found, bool(known.boxed.any())):
            skipped.append((condition.key, reason))
        else:
            values[condition.key] = found
    numeric, categorical, others = columns.read(items)
    values |= {key: column[objects.item] for key, column in numeric.items()}
    texts = {key: column[objects.item] for key, column in categorical.items()}
    return Conditions(objects.item, values, texts, skipped + others, _warnings(looked))


def _useless(condition: Condition, values: Floats, boxed: bool) -> str:
    """Why a condition tells nothing here, or an empty text."""
    there = values[np.isfinite(values)]
    if not len(there):
        return UNSIZED if boxed and condition.absent == BOXLESS else condition.absent
    return f"the same for all ({there[0]:.4g})" if len(there) > 1 and there.min() == there.max() else ""


def _warnings(looked: photometry.Looked | None) -> list[str]:
    if looked is None or not looked.problems:
        return []
    n = len(looked.problems)
    return [f"{n:,} image{'s' * (n > 1)} could not be read; the first: {looked.problems[0]}."]
