"""Pictures of a feature space by t-SNE, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from optotype.diagnose.space.featured import Featured
from optotype.diagnose.space.neighbours import distances
from optotype.diagnose.space.records import Embedding, Purity
from optotype.errors import require
from optotype.tables import Array, Floats, Strings

MOST_POINTS = 3000
FEWEST_POINTS = 8
PERPLEXITY = 30.0
COMPONENTS = 50
"""Principal components that t-SNE starts from (van der Maaten and Hinton 2008 take 30, scikit-learn advises 50)."""
NEIGHBOURS = 10
DECIMALS = 3


def embed(
    found: Featured, splits: Sequence[str], dimensions: Literal[2, 3], *, most: int = MOST_POINTS, seed: int = 0
) -> Embedding | None:
    """A t-SNE picture of the splits' items; None where there are fewer than 8.

    At most ``most`` points, drawn so that every class keeps its share in every split. t-SNE (van der Maaten and Hinton
    2008; Barnes-Hut) as scikit-learn has it, on the first 50 principal components, from a principal-component start,
    perplexity 30 or a third of the points if that is less. One seed gives one picture on one machine with one number of
    threads. Needs scikit-learn: MissingExtraError without it.
    """
    require("the picture of the feature space", "explain", "sklearn")
    every = np.sort(np.concatenate([found.rows(split) for split in splits]))
    if min(len(every), most) < FEWEST_POINTS:
        return None
    rows = stratified(every, found.truth.items.split, found.truth.label, most, seed)
    features, label = found.features[rows], found.truth.label[rows]
    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    reduced = principal(features, seed)
    place = tsne(reduced, dimensions, perplexity, seed)
    k = min(NEIGHBOURS, (len(rows) - 1) // 2)
    in_space, in_picture = order(distances(features, features)), order(distances(place, place))[:, :k]
    same = same_class(in_space[:, :k], label), same_class(in_picture, label)
    confidence = found.confidence(rows)
    return Embedding(
        dimensions=dimensions,
        splits=list(splits),
        key=found.truth.items.key[rows].tolist(),
        split=found.truth.items.split[rows].tolist(),
        label=label.tolist(),
        predicted=found.said.label[rows].tolist(),
        confidence=[None if np.isnan(c) else round(float(c), 6) for c in confidence],
        place=[np.round(axis, DECIMALS).tolist() for axis in place.T.astype(np.float64)],
        total=len(every),
        perplexity=perplexity,
        components=reduced.shape[1],
        k=k,
        trustworthiness=trustworthiness(in_space, in_picture),
        purity_features=float(same[0].mean()),
        purity_picture=float(same[1].mean()),
        chance=chance(label),
        per_class=[_purity(name, label == i, *same) for i, name in enumerate(found.classes)],
        seed=seed,
    )


def stratified(rows: Array, split: Strings, label: Array, most: int, seed: int) -> Array:
    """At most ``most`` of ``rows``, ascending: each class of each split gives about the same share, drawn at random."""
    if len(rows) <= most:
        return rows
    strata = np.unique(
        np.stack([np.unique(split[rows], return_inverse=True)[1], label[rows]]), axis=1, return_inverse=True
    )[1]
    shuffled = np.random.Generator(np.random.Philox(seed)).permutation(len(rows))
    by_stratum = shuffled[np.argsort(strata.ravel()[shuffled], kind="stable")]
    n = np.bincount(strata.ravel())
    turn = np.arange(len(rows)) - np.repeat(np.cumsum(n) - n, n)
    quantile = (turn + 0.5) / np.repeat(n, n)
    chosen = by_stratum[np.argsort(quantile, kind="stable")[:most]]
    return np.sort(rows[chosen])


def principal(features: Array, seed: int) -> Floats:
    """The first 50 principal components (n, ≤ 50) of features (n, d); fewer where n or d is less."""
    from sklearn.decomposition import PCA

    most = min(COMPONENTS, *features.shape)
    if bool((features == features[0]).all()):
        return np.zeros((len(features), most))
    found: Floats = PCA(most, random_state=seed).fit_transform(features.astype(np.float64))
    return found


def tsne(points: Floats, dimensions: int, perplexity: float, seed: int) -> Floats:
    """Places (n, dimensions) of points (n, d), float64."""
    from sklearn.manifold import TSNE

    spread = float(points.std(axis=0).max())
    if spread == 0:
        return np.zeros((len(points), dimensions))
    start: Any = "pca" if points.shape[1] >= dimensions else "random"
    made = TSNE(dimensions, perplexity=perplexity, init=start, learning_rate="auto", random_state=seed)
    return np.asarray(made.fit_transform((points / spread).astype(np.float32)), np.float64)


def order(distance: Floats) -> Array:
    """Every other point by distance (n, n − 1), nearest first, ties to the lower position; spoils ``distance``."""
    np.fill_diagonal(distance, np.inf)
    return np.asarray(np.argsort(distance, axis=1, kind="stable")[:, :-1])


def trustworthiness(in_space: Array, in_picture: Array) -> float | None:
    """Trustworthiness of a picture (Venna and Kaski 2001): 1 − 2 / (n k (2n − 3k − 1)) · Σ max(0, r − k).

    The sum is over each point's k nearest in the picture, ``in_picture`` (n, k), which are its r-th nearest in the
    feature space, ``in_space`` (n, n − 1). None unless k < n / 2.
    """
    n, k = in_picture.shape
    if not 0 < k < n / 2:
        return None
    rank = np.empty((n, n), np.int32)
    np.put_along_axis(rank, in_space, np.arange(1, n, dtype=np.int32)[None], axis=1)
    beyond = np.take_along_axis(rank, in_picture, axis=1) - k
    return float(1 - beyond[beyond > 0].sum() * 2 / (n * k * (2 * n - 3 * k - 1)))


def same_class(near: Array, label: Array, of: Array | None = None) -> Floats:
    """Share (n,) of each point's nearest (n, k) that have its class; ``of``: the points' classes if not ``label``."""
    mine = label if of is None else of
    return np.asarray((label[near] == mine[:, None]).mean(axis=1))


def chance(label: Array) -> float:
    """Mean purity if the labels were shuffled: how often two different points have the same class."""
    n = np.bincount(label).astype(np.float64)
    total = n.sum()
    return float((n * (n - 1)).sum() / (total * (total - 1)))


def _purity(name: str, mine: Array, features: Floats, picture: Floats) -> Purity:
    if not mine.any():
        return Purity(name, 0, None, None)
    return Purity(name, int(mine.sum()), float(features[mine].mean()), float(picture[mine].mean()))
