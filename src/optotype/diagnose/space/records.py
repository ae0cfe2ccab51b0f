"""What is found out about a model's feature space, as JSON: enough to draw the report's part from it alone."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from optotype.errors import InputError
from optotype.files import write_atomic

Record = TypeVar("Record", bound=msgspec.Struct)

FORMAT: Literal["optotype.space/1"] = "optotype.space/1"


class Purity(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """How much of the surroundings of a class's ``n`` points is of the same class: 0–1, in the feature space and in
    the picture of it; None for a class without points.
    """

    name: str
    n: int
    features: float | None
    picture: float | None


class Embedding(msgspec.Struct, frozen=True, kw_only=True):
    """A t-SNE picture of ``shown`` of ``total`` items.

    Columns, one value a point: ``key``, ``split``, ``label`` and ``predicted`` (positions in the classes),
    ``confidence`` (None without scores); ``place`` has one list of coordinates for each dimension.
    ``trustworthiness`` (Venna and Kaski 2001; 1: no point has false neighbours) and purity are over the ``k`` nearest;
    ``chance`` is the purity that shuffled labels would have.
    """

    dimensions: Literal[2, 3]
    splits: list[str]
    key: list[str]
    split: list[str]
    label: list[int]
    predicted: list[int]
    confidence: list[float | None]
    place: list[list[float]]
    total: int
    perplexity: float
    components: int
    k: int
    trustworthiness: float | None
    purity_features: float | None
    purity_picture: float | None
    chance: float
    per_class: list[Purity]
    seed: int

    @property
    def shown(self) -> int:
        """Number of points."""
        return len(self.key)


class Neighbour(msgspec.Struct, frozen=True):
    """An item of the training split near another item."""

    key: str
    label: str
    distance: float


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """One misclassified item.

    ``margin`` is the score of the predicted class minus that of the true one; confidence and margin are None without
    scores. ``to_true`` and ``to_predicted`` are Euclidean distances to the centroids, None where a class has none.
    """

    key: str
    truth: str
    predicted: str
    confidence: float | None
    margin: float | None
    to_true: float | None
    to_predicted: float | None
    neighbours: list[Neighbour]
    suspect: bool


class ClassDistances(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """A class's mistakes: medians of both distances, how many lie nearer to the predicted class's centroid; ``spread``
    is the median distance of the class's items that form the centroid.
    """

    name: str
    mistakes: int
    to_true: float | None
    to_predicted: float | None
    nearer_predicted: int
    spread: float | None


class Suspect(msgspec.Struct, frozen=True):
    """An item whose label may be wrong; the lower ``margin`` (given score − greatest other), the more so.

    ``near_given`` and ``near_suggested`` count its nearest training items of either class.
    """

    key: str
    given: str
    suggested: str
    predicted: str
    score_given: float
    score_suggested: float
    margin: float
    near_given: int
    near_suggested: int


class Share(msgspec.Struct, frozen=True):
    """A share of ``n`` with its 95 % interval; None where it does not exist or no interval is valid."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found out about one model's feature space.

    ``nearer`` is the share of the judged split's mistakes that lie nearer to the centroid of the class they were given
    than to that of their own; ``surroundings`` the share of same-class items among the ``k`` training items nearest to
    a judged item. ``mistakes`` holds some of all ``mistakes_total``, the surest first. ``suspects``
    are those that confident learning doubts (``doubted`` in all) and whose nearest training items side with it; None
    without scores.
    """

    format: Literal["optotype.space/1"] = FORMAT
    classes: list[str]
    dimensions: int
    judged: str
    centroids_of: str
    items: int
    k: int
    embeddings: list[Embedding]
    surroundings: Share
    surroundings_chance: float
    nearer: Share
    per_class: list[ClassDistances]
    mistakes: list[Mistake]
    mistakes_total: int
    suspects: list[Suspect] | None
    suspects_total: int
    doubted: int
    notes: list[str]


class Placed(msgspec.Struct, frozen=True):
    """One item under one model; ``to_predicted`` is None where the model is right (written NA)."""

    predicted: str
    right: bool
    to_true: float | None
    to_predicted: float | None


class ComparedItem(msgspec.Struct, frozen=True):
    """One item that the first model misclassifies, under each of the models."""

    key: str
    truth: str
    models: list[Placed]


class CentroidTable(msgspec.Struct, frozen=True, kw_only=True):
    """Distances to class centroids under several models.

    ``dimensions`` and ``spread`` (the median distance of an item of ``centroids_of`` to its own class's centroid) are
    those of each model's space; ``fewer`` names the classes of which the first model misclassifies fewer than
    ``per_class`` items, with their number.
    """

    format: Literal["optotype.centroids/1"] = "optotype.centroids/1"
    models: list[str]
    dimensions: list[int]
    spread: list[float]
    judged: str
    centroids_of: str
    per_class: int
    items: list[ComparedItem]
    fewer: dict[str, int]


def save(record: Space | CentroidTable, path: Path) -> None:
    """Write the record as JSON, atomically."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(record), indent=0) + b"\n")


def load(path: Path) -> Space:
    """Read what ``save`` wrote of a model's space; a missing or damaged file is an InputError."""
    return _load(path, Space)


def load_centroids(path: Path) -> CentroidTable:
    """Read what ``save`` wrote of several models' distances; a missing or damaged file is an InputError."""
    return _load(path, CentroidTable)


def _load(path: Path, kind: type[Record]) -> Record:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(str(path), f"a record of {kind.__name__}", str(error), "Explain the run again.") from error
