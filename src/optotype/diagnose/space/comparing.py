"""The study's table: the first model's mistakes under each model, by distance to the class centroids."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optotype.diagnose.space.centroids import Centroids, centroids, distance, to_true_and_predicted
from optotype.diagnose.space.featured import Featured
from optotype.diagnose.space.mistakes import PER_CLASS, number
from optotype.diagnose.space.records import CentroidTable, ComparedItem, Placed
from optotype.errors import InputError
from optotype.tables import Array


def compare(
    models: Mapping[str, Featured], *, judged: str = "test", forms: str = "train", per_class: int = PER_CLASS
) -> CentroidTable:
    """Up to ``per_class`` items of each class that the first model misclassifies (surest first) under each model.

    Every model has its own feature space and its own centroids, formed by the items of the split ``forms``; distances
    are comparable within a model, not between models. Raises InputError where the models saw other items.
    """
    spaces = list(models.values())
    first = spaces[0]
    for name, other in models.items():
        if other.classes != first.classes or not np.array_equal(other.truth.items.key, first.truth.items.key):
            raise InputError(
                f"model '{name}'", "the same items and classes as the first model's", "others", "Rerun it."
            )
    wrong = first.wrong(judged)
    label = first.truth.label[wrong]
    chosen = [wrong[label == k][:per_class] for k in range(len(first.classes))]
    rows = np.concatenate(chosen)
    centres = [centroids(space, forms) for space in spaces]
    placed = [_placed(space, rows, centre) for space, centre in zip(spaces, centres, strict=True)]
    items = [
        ComparedItem(str(first.truth.items.key[row]), first.classes[first.truth.label[row]], [p[i] for p in placed])
        for i, row in enumerate(rows.tolist())
    ]
    return CentroidTable(
        models=list(models),
        dimensions=[space.features.shape[1] for space in spaces],
        spread=[_spread(space, centre) for space, centre in zip(spaces, centres, strict=True)],
        judged=judged,
        centroids_of=forms,
        per_class=per_class,
        items=items,
        fewer={first.classes[k]: len(mine) for k, mine in enumerate(chosen) if len(mine) < per_class},
    )


def _placed(space: Featured, rows: Array, centres: Centroids) -> list[Placed]:
    to_true, to_predicted = to_true_and_predicted(space, rows, centres.centre)
    right = space.truth.label[rows] == space.said.label[rows]
    return [
        Placed(space.classes[k], bool(ok), number(true), None if ok else number(predicted))
        for k, ok, true, predicted in zip(space.said.label[rows].tolist(), right, to_true, to_predicted, strict=True)
    ]


def _spread(space: Featured, centres: Centroids) -> float:
    rows = space.rows(centres.split)
    return float(np.median(distance(space.features[rows], centres.centre[space.truth.label[rows]])))
