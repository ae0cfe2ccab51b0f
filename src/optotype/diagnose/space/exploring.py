"""From features to everything that is said about a feature space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from optotype.diagnose.space.centroids import centroids, to_true_and_predicted
from optotype.diagnose.space.embedding import MOST_POINTS, chance, embed, same_class
from optotype.diagnose.space.embedding import NEIGHBOURS as K_NEAREST
from optotype.diagnose.space.featured import Featured
from optotype.diagnose.space.mistakes import MOST, NEIGHBOURS, PER_CLASS, by_class, choose, describe
from optotype.diagnose.space.neighbours import nearest
from optotype.diagnose.space.records import Embedding, Share, Space, Suspect
from optotype.diagnose.space.suspects import suspects
from optotype.metrics.intervals import FEWEST_GROUPS, bootstrap, group_index, percentile
from optotype.tables import Array, Floats, Ints

MOST_SUSPECTS = 100
RESAMPLES = 1000


def explore(
    found: Featured,
    *,
    judged: str = "test",
    forms: str = "train",
    seed: int = 0,
    most_points: int = MOST_POINTS,
    per_class: int = PER_CLASS,
    most_mistakes: int = MOST,
) -> Space:
    """Pictures, surroundings, centroid distances, mistakes and label suspects of one model.

    ``judged`` is the split whose mistakes are looked at, ``forms`` the one whose items form the centroids and are the
    possible neighbours. Pictures: 2-D of train and validation items, 3-D of validation items (of the judged ones where
    there are none). Needs scikit-learn. Raises InputError where a split is empty.
    """
    centres = centroids(found, forms)
    rows, wrong = found.rows(judged), found.wrong(judged)
    listed, doubted = _suspects(found, judged, forms)
    suspicious = {suspect.key for suspect in listed or []}
    mistakes = describe(found, choose(found, judged, per_class=per_class, most=most_mistakes), centres, suspicious)
    around, by_chance, k = _surroundings(found, rows, found.rows(forms), seed)
    to_true, to_predicted = to_true_and_predicted(found, wrong, centres.centre)
    known = np.isfinite(to_true) & np.isfinite(to_predicted)
    pictures = _pictures(found, judged, most_points, seed)
    return Space(
        classes=list(found.classes),
        dimensions=found.features.shape[1],
        judged=judged,
        centroids_of=forms,
        items=len(rows),
        k=k,
        embeddings=pictures,
        surroundings=around,
        surroundings_chance=by_chance,
        nearer=share((to_predicted < to_true)[known].astype(np.float64), found, wrong[known], seed),
        per_class=by_class(found, judged, centres),
        mistakes=mistakes,
        mistakes_total=len(wrong),
        suspects=None if listed is None else listed[:MOST_SUSPECTS],
        suspects_total=len(listed or []),
        doubted=doubted,
        notes=_notes(found, centres.n, forms, judged, pictures),
    )


def share(values: Floats, found: Featured, rows: Array, seed: int) -> Share:
    """Mean of values (m,) of the items ``rows``, with the bootstrap interval over their groups, 20 at least."""
    if not len(rows):
        return Share(None, None, None, 0)
    index, groups = group_index(found.truth.items.groups()[rows])
    low = high = None
    if groups >= FEWEST_GROUPS:

        def mean(weights: Ints) -> Floats:
            each = weights[index]
            return np.array([each @ values / each.sum()])

        ends = percentile(bootstrap(mean, groups, resamples=RESAMPLES, seed=seed))
        low, high = float(ends[0][0]), float(ends[1][0])
    return Share(float(values.mean()), low, high, len(rows))


def _pictures(found: Featured, judged: str, most: int, seed: int) -> list[Embedding]:
    have = set(found.truth.items.split.tolist())
    flat = [split for split in ("train", "val") if split in have] or [judged]
    wanted: list[tuple[Sequence[str], Literal[2, 3]]] = [(flat, 2), (["val"] if "val" in have else [judged], 3)]
    made = (embed(found, splits, dimensions, most=most, seed=seed) for splits, dimensions in wanted)
    return [picture for picture in made if picture is not None]


def _surroundings(found: Featured, rows: Array, base: Array, seed: int) -> tuple[Share, float, int]:
    """Share of same-class items among the k training items nearest to a judged one, what chance would give, and k."""
    label = found.truth.label
    place = np.full(len(found), -1)
    place[base] = np.arange(len(base))
    near, _ = nearest(found.features[rows], found.features[base], K_NEAREST, own=place[rows])
    if not near.shape[1]:
        return Share(None, None, None, 0), 0.0, 0
    same = same_class(near, label[base], label[rows])
    if np.array_equal(rows, base):
        by_chance = chance(label[rows])
    else:
        by_chance = float((np.bincount(label[base], minlength=len(found.classes)) / len(base))[label[rows]].mean())
    return share(same, found, rows, seed), by_chance, near.shape[1]


def _suspects(found: Featured, judged: str, forms: str) -> tuple[list[Suspect] | None, int]:
    """What confident learning doubts, where the nearest items of ``forms`` side with it; and how many it doubts.

    A weak model's doubts are mostly its own mistakes. Neighbours that have the suggested class more often than the
    given one are a second witness: on data with labels changed on purpose they keep the wrong labels and drop most of
    the rest.
    """
    scores = found.said.scores
    if scores is None:
        return None, 0
    rows, base = found.rows(judged), found.rows(forms)
    doubted = suspects(found.truth.label[rows], scores[rows])
    place = np.full(len(found), -1)
    place[base] = np.arange(len(base))
    row = rows[doubted.row]
    near, _ = nearest(found.features[row], found.features[base], NEIGHBOURS, own=place[row])
    label = found.truth.label[base][near]
    given = (label == found.truth.label[row][:, None]).sum(axis=1)
    suggested = (label == doubted.suggested[:, None]).sum(axis=1)
    listed = [
        Suspect(
            key=str(found.truth.items.key[row[i]]),
            given=found.classes[found.truth.label[row[i]]],
            suggested=found.classes[doubted.suggested[i]],
            predicted=found.classes[found.said.label[row[i]]],
            score_given=float(scores[row[i], found.truth.label[row[i]]]),
            score_suggested=float(scores[row[i], doubted.suggested[i]]),
            margin=float(doubted.margin[i]),
            near_given=int(given[i]),
            near_suggested=int(suggested[i]),
        )
        for i in np.flatnonzero(suggested > given).tolist()
    ]
    return listed, len(row)


def _notes(found: Featured, n: Array, forms: str, judged: str, pictures: Sequence[Embedding]) -> list[str]:
    notes = [
        f"The {p.dimensions}-D picture shows {p.shown:,} of {p.total:,} items, drawn by class and split."
        for p in pictures
        if p.shown < p.total
    ]
    absent = [name for name, count in zip(found.classes, n.tolist(), strict=True) if not count]
    if absent:
        notes.append(f"No item of the split '{forms}' is of: {', '.join(absent)}; these classes have no centroid.")
    if forms == judged:
        notes.append(f"The items of the split '{forms}' form the centroids that they are measured against.")
    if len(pictures) < 2:
        notes.append("Too few items for some pictures: 8 are needed.")
    return notes
