"""Truth and prediction of the same items and classes, in the same order: what matching asks for."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from optotype.errors import InputError
from optotype.tables import Items


class Table(Protocol):
    """A table of items that are judged by classes."""

    @property
    def items(self) -> Items:
        """What is judged."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Their names, in the order of the labels."""


def check_aligned(truth: Table, prediction: Table, said: str, item: str) -> None:
    """Raise InputError where a prediction, called ``said``, has other classes or another ``item`` than the truth."""
    if truth.classes != prediction.classes:
        raise InputError(f"classes of the {said}", f"the truth's {len(truth.classes)} classes in its order",
                         f"{len(prediction.classes)} classes", "Give both the same class list.")  # fmt: skip
    if truth.items is not prediction.items and not np.array_equal(truth.items.key, prediction.items.key):
        raise InputError(f"{item}s of the {said}", f"the truth's {len(truth.items)} {item}s in its order", "others",
                         f"Give the {said} of the truth's {item}s.")  # fmt: skip
