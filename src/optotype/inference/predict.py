"""Running a trained model over items: the same pixels and the same precision as in a run's own predictions."""

from __future__ import annotations

import numpy as np

from optotype.inference.feeding import batches
from optotype.inference.load import Loaded
from optotype.tables import Items, Labels
from optotype.training.measure import scores
from optotype.training.task import LEARNING


def predict(loaded: Loaded, items: Items | Labels, *, batch_size: int = 64, threads: int = 0) -> Labels:
    """Probabilities (n, K) of each item, in the items' order, float32 on any device; writes nothing.

    The batch size moves them by rounding at most (about 1e-6). ``threads`` are those that decode, 0 = as many as
    compute. Raises InputError for no items, and naming the file where a photo cannot be decoded.
    """
    rows = items.items if isinstance(items, Labels) else items
    fed = batches(loaded, rows, batch_size=batch_size, threads=threads, cache=None)
    with loaded.hardware.computing():
        _, found = scores(loaded.model.module, fed, LEARNING[loaded.task].scores, loaded.hardware)
    return Labels(rows, loaded.classes, found.argmax(1).astype(np.int32), found)
