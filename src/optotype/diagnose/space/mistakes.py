"""The record of each misclassified item: what it is near to, and how sure the model was."""

from __future__ import annotations

import msgspec
import numpy as np

from optotype.diagnose.space.centroids import Centroids, to_true_and_predicted
from optotype.diagnose.space.featured import Featured
from optotype.diagnose.space.neighbours import nearest
from optotype.diagnose.space.records import ClassDistances, Mistake, Neighbour
from optotype.tables import Array

PER_CLASS, MOST, NEIGHBOURS = 3, 300, 5


def choose(found: Featured, judged: str, *, per_class: int = PER_CLASS, most: int = MOST) -> Array:
    """Positions of the mistakes to record, the surest first.

    Where there are more than ``most``, the surest of every true class come before the second of any; ``per_class`` of
    a class are always in, where it has so many.
    """
    wrong = found.wrong(judged)
    label = found.truth.label[wrong]
    by_class = np.argsort(label, kind="stable")
    n = np.bincount(label, minlength=len(found.classes))
    turn = np.empty(len(wrong), np.intp)
    turn[by_class] = np.arange(len(wrong)) - np.repeat(np.cumsum(n) - n, n)
    order = np.argsort(turn, kind="stable")
    kept = order[: max(most, int((turn < per_class).sum()))]
    return np.asarray(wrong[np.sort(kept)])


def describe(
    found: Featured, rows: Array, centres: Centroids, suspects: set[str], *, neighbours: int = NEIGHBOURS
) -> list[Mistake]:
    """The records of the items ``rows``; their nearest items come from the split that forms the centroids."""
    base = found.rows(centres.split)
    place = np.full(len(found), -1)
    place[base] = np.arange(len(base))
    near, distance = nearest(found.features[rows], found.features[base], neighbours, own=place[rows])
    to_true, to_predicted = to_true_and_predicted(found, rows, centres.centre)
    keys, names, label = found.truth.items.key[base], found.classes, found.truth.label[base]
    return [
        msgspec.structs.replace(
            answer,
            to_true=number(to_true[i]),
            to_predicted=number(to_predicted[i]),
            neighbours=[
                Neighbour(str(keys[at]), names[label[at]], float(far))
                for at, far in zip(near[i], distance[i], strict=True)
            ],
        )
        for i, answer in enumerate(answered(found, rows, suspects))
    ]


def answered(found: Featured, rows: Array, suspects: set[str]) -> list[Mistake]:
    """The records of the items ``rows`` as far as the answers tell: no distances, no neighbours."""
    confidence = found.confidence(rows)
    margin = confidence - _true_score(found, rows)
    keys, names = found.truth.items.key, found.classes
    return [
        Mistake(
            key=str(keys[row]),
            truth=names[found.truth.label[row]],
            predicted=names[found.said.label[row]],
            confidence=number(confidence[i]),
            margin=number(margin[i]),
            to_true=None,
            to_predicted=None,
            neighbours=[],
            suspect=str(keys[row]) in suspects,
        )
        for i, row in enumerate(rows.tolist())
    ]


def by_class(found: Featured, judged: str, centres: Centroids) -> list[ClassDistances]:
    """Both distances over all mistakes of each true class."""
    wrong = found.wrong(judged)
    to_true, to_predicted = to_true_and_predicted(found, wrong, centres.centre)
    label = found.truth.label[wrong]
    return [
        ClassDistances(
            name,
            int((label == k).sum()),
            _median(to_true[label == k]),
            _median(to_predicted[label == k]),
            int((to_predicted < to_true)[label == k].sum()),
            number(centres.spread[k]),
        )
        for k, name in enumerate(found.classes)
    ]


def number(value: float) -> float | None:
    """A float for JSON: None for NaN."""
    return None if np.isnan(value) else float(value)


def _median(values: Array) -> float | None:
    there = values[np.isfinite(values)]
    return float(np.median(there)) if len(there) else None


def _true_score(found: Featured, rows: Array) -> Array:
    if found.said.scores is None:
        return np.full(len(rows), np.nan)
    return np.asarray(found.said.scores[rows, found.truth.label[rows]])
