"""Running a trained model over items: the same pixels and the same precision as in a run's own predictions."""

from __future__ import annotations

import numpy as np

from optotype.errors import InputError
from optotype.inference.load import Loaded
from optotype.tables import Items, Labels
from optotype.training.cache import ImageCache
from optotype.training.loader import Batches
from optotype.training.measure import scores
from optotype.training.task import LEARNING


def predict(loaded: Loaded, items: Items | Labels, *, batch_size: int = 64, threads: int = 0) -> Labels:
    """Probabilities (n, K) of each item, in the items' order, float32 on any device; writes nothing.

    The batch size moves them by rounding at most (about 1e-6). ``threads`` are those that decode, 0 = as many as
    compute. Raises InputError for no items, and naming the file where a photo cannot be decoded.
    """
    rows = items.items if isinstance(items, Labels) else items
    if not len(rows):
        raise InputError("data", "one item or more", "none", "Check the folder, the CSV or --split.")
    hardware, model = loaded.hardware, loaded.model
    threads = threads or hardware.threads
    cache = ImageCache.build([rows.file(i) for i in range(len(rows))], model.size, folder=None, threads=threads)
    batches = Batches(
        cache,
        np.arange(len(rows)),
        np.zeros(len(rows), np.int32),
        batch_size=batch_size,
        mean=model.mean,
        std=model.std,
        channels_last=hardware.channels_last,
        threads=threads,
    )
    with hardware.computing():
        _, found = scores(model.module, batches, LEARNING[loaded.task].scores, hardware)
    return Labels(rows, loaded.classes, found.argmax(1).astype(np.int32), found)
