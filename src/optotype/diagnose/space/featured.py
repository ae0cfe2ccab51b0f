"""Items with what a model said of them and where they lie in its feature space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optotype.errors import InputError
from optotype.tables import Array, Labels


@dataclass(frozen=True, eq=False)
class Featured:
    """``truth`` and ``said`` are about the same items in the same order; ``features`` (n, d) float32, a row an item.

    ``truth.items.split`` tells train, val and test apart. Raises InputError where the three do not fit together.
    """

    truth: Labels
    said: Labels
    features: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.truth.classes != self.said.classes or not np.array_equal(self.truth.items.key, self.said.items.key):
            raise InputError(
                "predictions", "the truth's items and classes, in its order", "others", "Align them first."
            )
        if self.features.ndim != 2 or len(self.features) != len(self.truth):
            expected = f"{len(self.truth)} rows, one an item"
            raise InputError("features", expected, f"shape {self.features.shape}", "Compute them for these items.")
        if not np.isfinite(self.features).all():
            row = int(np.flatnonzero(~np.isfinite(self.features).all(axis=1))[0])
            key = self.truth.items.key[row]
            raise InputError("features", "finite numbers", f"others at '{key}'", "Train with a smaller learning rate.")

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.truth.classes

    def rows(self, split: str) -> NDArray[np.intp]:
        """Positions of a split's items. Raises InputError where there are none."""
        found = np.flatnonzero(self.truth.items.split == split)
        if not len(found):
            have = ", ".join(sorted({s or "none" for s in self.truth.items.split.tolist()}))
            raise InputError("feature space", f"items of the split '{split}'", f"splits: {have}", "Name another split.")
        return found

    def wrong(self, split: str) -> NDArray[np.intp]:
        """Positions of a split's misclassified items, the surest mistakes first (in order without scores)."""
        rows = self.rows(split)
        rows = rows[self.truth.label[rows] != self.said.label[rows]]
        order = np.argsort(-self.confidence(rows), kind="stable")
        return np.asarray(rows if self.said.scores is None else rows[order])

    def confidence(self, rows: Array) -> Array:
        """Score of the predicted class, (m,); NaN without scores."""
        if self.said.scores is None:
            return np.full(len(rows), np.nan)
        return np.asarray(self.said.scores[rows, self.said.label[rows]])
