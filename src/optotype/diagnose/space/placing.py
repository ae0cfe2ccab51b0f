"""How far the judged items lie from every class's centroid: what a study needs of a run's feature space."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optotype.diagnose.space.centroids import centroids, distance
from optotype.diagnose.space.featured import Featured
from optotype.errors import InputError
from optotype.files import replacing
from optotype.tables import Array, Floats

_DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError, OSError)


@dataclass(frozen=True, eq=False)
class Placing:
    """The judged items (n,) by ``key``, with their class ``label``, what was ``said`` and how sure (NaN: no scores).

    ``distance`` (n, K) float64 is to the centroid of each of the ``classes``, NaN where a class has none;
    ``dimensions`` of the space, ``typical`` the median distance of an item of the split ``forms`` to its own centroid.
    """

    classes: tuple[str, ...]
    key: Array
    label: Array
    said: Array
    confidence: Floats
    distance: Floats
    dimensions: int
    typical: float
    judged: str
    forms: str

    def wrong(self) -> Array:
        """Positions of the misclassified items, the surest mistakes first (in order without scores)."""
        rows = np.flatnonzero(self.label != self.said)
        return rows[np.argsort(-np.nan_to_num(self.confidence[rows]), kind="stable")]


def place(found: Featured, *, judged: str = "test", forms: str = "train") -> Placing:
    """Euclidean distances of a split's items to the centroids that the split ``forms`` gives."""
    rows, centres = found.rows(judged), centroids(found, forms)
    given = found.features[rows]
    columns = [distance(given, centre[None]) for centre in centres.centre]
    return Placing(
        classes=found.classes,
        key=found.truth.items.key[rows],
        label=found.truth.label[rows],
        said=found.said.label[rows],
        confidence=found.confidence(rows),
        distance=np.column_stack(columns),
        dimensions=found.features.shape[1],
        typical=centres.typical,
        judged=judged,
        forms=forms,
    )


def save(placing: Placing, path: Path) -> None:
    """Write ``.npz``, atomically."""
    arrays: dict[str, Any] = {name: np.array(getattr(placing, name)) for name in _NAMES}
    with replacing(path) as stream:
        np.savez_compressed(stream, **arrays)


def load(path: Path) -> Placing:
    """Read what ``save`` wrote; a missing or damaged file is an InputError."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            read = {name: file[name] for name in _NAMES}
        plain = {name: values.item() if values.ndim == 0 else values for name, values in read.items()}
        return Placing(**{**plain, "classes": tuple(read["classes"].tolist())})
    except _DAMAGE as error:
        raise InputError(str(path), "distances written by Optotype", str(error), "Explain the run again.") from error


_NAMES = tuple(Placing.__dataclass_fields__)
