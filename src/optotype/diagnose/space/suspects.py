"""Labels that may be wrong: confident learning (Northcutt, Jiang and Chuang, JAIR 2021)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optotype.tables import Array, Floats


@dataclass(frozen=True, eq=False)
class Suspects:
    """``row`` (m,) positions of the suspects, the most suspicious first; ``suggested`` (m,) the class each seems to be.

    ``margin`` (m,) is the score of the given class minus the greatest other: the lower the more suspicious.
    ``threshold`` (K,) is the mean score of each class over the items labelled so, NaN where there are none.
    """

    row: Array
    suggested: Array
    margin: Floats
    threshold: Floats


def suspects(label: Array, scores: Floats) -> Suspects:
    """Items off the diagonal of the confident joint.

    ``label`` (n,) are the given classes, ``scores`` (n, K) probabilities of a model that was not trained on these
    items. An item counts for the likeliest of the classes whose threshold its score reaches (the first of equals); it
    is a suspect when that class is not the given one. Ranked by margin.

    >>> found = suspects(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]))
    >>> found.row.tolist(), found.suggested.tolist()
    ([1], [1])
    """
    n, K = scores.shape
    counts = np.bincount(label, minlength=K)
    sums = np.zeros(K)
    np.add.at(sums, label, scores[np.arange(n), label])
    threshold = np.divide(sums, counts, out=np.full(K, np.nan), where=counts > 0)
    reached = scores >= np.where(counts > 0, threshold, np.inf)
    likeliest = np.where(reached, scores, -1.0).argmax(axis=1)
    row = np.flatnonzero(reached.any(axis=1) & (likeliest != label))
    given = scores[row, label[row]]
    others = scores[row].copy()
    others[np.arange(len(row)), label[row]] = -np.inf
    margin = given - others.max(axis=1, initial=-np.inf)
    order = np.argsort(margin, kind="stable")
    return Suspects(row[order], likeliest[row[order]], margin[order], threshold)
