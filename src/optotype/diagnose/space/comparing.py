"""The study's table: the first model's mistakes under each model, by distance to the class centroids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optotype.diagnose.space.mistakes import PER_CLASS, number
from optotype.diagnose.space.placing import Placing
from optotype.diagnose.space.records import CentroidTable, ComparedItem, Placed
from optotype.errors import InputError
from optotype.tables import Array


def compare(models: Mapping[str, Placing], *, per_class: int = PER_CLASS) -> CentroidTable:
    """Up to ``per_class`` items of each class that the first model misclassifies (surest first) under each model.

    Every model has its own feature space and its own centroids; distances are comparable within a model, not between
    models. Raises InputError where the models were judged on other items.
    """
    placings = list(models.values())
    first = placings[0]
    for name, other in models.items():
        if other.classes != first.classes or not np.array_equal(other.key, first.key):
            raise InputError(
                f"model '{name}'", "the same items and classes as the first model's", "others", "Rerun it."
            )
    wrong = first.wrong()
    chosen = [wrong[first.label[wrong] == k][:per_class] for k in range(len(first.classes))]
    rows = np.concatenate(chosen)
    placed = [_placed(placing, rows) for placing in placings]
    items = [
        ComparedItem(str(first.key[row]), first.classes[first.label[row]], [p[i] for p in placed])
        for i, row in enumerate(rows.tolist())
    ]
    return CentroidTable(
        models=list(models),
        dimensions=[placing.dimensions for placing in placings],
        spread=[placing.typical for placing in placings],
        judged=first.judged,
        centroids_of=first.forms,
        per_class=per_class,
        items=items,
        fewer={first.classes[k]: len(mine) for k, mine in enumerate(chosen) if len(mine) < per_class},
    )


def _placed(placing: Placing, rows: Array) -> list[Placed]:
    label, said, distance = placing.label[rows], placing.said[rows], placing.distance[rows]
    every = np.arange(len(rows))
    return [
        Placed(placing.classes[k], bool(k == truth), number(to_true), None if k == truth else number(to_predicted))
        for k, truth, to_true, to_predicted in zip(
            said.tolist(), label.tolist(), distance[every, label], distance[every, said], strict=True
        )
    ]
