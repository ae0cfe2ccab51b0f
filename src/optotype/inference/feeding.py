"""Items as batches of pixels for a trained model: decoded, squeezed and normalised as in its own judging."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from optotype.errors import InputError
from optotype.inference.load import Loaded
from optotype.tables import Items
from optotype.training.cache import ImageCache
from optotype.training.loader import Batches


def batches(loaded: Loaded, items: Items, *, batch_size: int, threads: int, cache: Path | None) -> Batches:
    """The items in their order, (b, 3, h, w) float32 a batch.

    ``cache`` is a folder of decoded photos such as training's; None keeps them in memory. ``threads`` decode, 0 = as
    many as compute. Raises InputError for no items; iterating raises it naming the file that cannot be decoded.
    """
    if not len(items):
        raise InputError("data", "one item or more", "none", "Check the folder, the CSV or --split.")
    model, threads = loaded.model, threads or loaded.hardware.threads
    paths = [items.file(i) for i in range(len(items))]
    return Batches(
        ImageCache.build(paths, model.shape, folder=cache, threads=threads),
        np.arange(len(items)),
        np.zeros(len(items), np.int32),
        batch_size=batch_size,
        mean=model.mean,
        std=model.std,
        channels_last=loaded.hardware.channels_last,
        threads=threads,
    )


def images(loaded: Loaded, items: Items, *, batch_size: int, threads: int, cache: Path | None) -> Iterator[Tensor]:
    """The batches' images, on the model's device."""
    for batch in batches(loaded, items, batch_size=batch_size, threads=threads, cache=cache):
        yield batch.images.to(loaded.hardware.device, non_blocking=True)
