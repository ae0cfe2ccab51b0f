"""The items of a run and the batches that are made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from optotype.nn.hardware import Hardware
from optotype.nn.models import Model
from optotype.tables import Labels
from optotype.training.cache import ImageCache
from optotype.training.config import TrainConfig
from optotype.training.keys import SAMPLE, generator
from optotype.training.loader import Batches
from optotype.training.ranks import Ranks

SAMPLE_SIZE = 5000
"""Training items on which the training metrics are measured at most; which ones is decided by the seed."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Feed:
    """``labels`` are all items, cached in this order; ``train``, ``val`` and ``test`` are their rows,
    ``sample`` the rows of ``train`` on which its metrics are measured in eval mode.
    """

    cache: ImageCache
    labels: Labels
    train: Rows
    val: Rows
    test: Rows
    sample: Rows
    config: TrainConfig
    model: Model
    hardware: Hardware
    ranks: Ranks

    @property
    def batches_per_epoch(self) -> int:
        """Batches of one pass over the training items."""
        return -(-len(self.train) // self.config.batch_size)

    def training(self, epoch: int, start: int) -> Batches:
        """The shuffled, augmented batches of an epoch (from 0), beginning with batch ``start``."""
        batches = self._batches(self.train, self.config.batch_size, self.hardware.dtype)
        return replace(
            batches,
            seed=self.config.seed,
            epoch=epoch,
            augment=self.config.augment,
            shuffle=True,
            start_batch=start,
        )

    def measuring(self, rows: Rows, dtype: torch.dtype | None = None) -> Batches:
        """The batches of ``rows`` as they are, in order; ``dtype`` None is that of training."""
        return self._batches(rows, self.config.batch_size * 2, dtype or self.hardware.dtype)

    def _batches(self, rows: Rows, batch_size: int, dtype: torch.dtype) -> Batches:
        return Batches(
            self.cache,
            rows,
            self.labels.label,
            batch_size=batch_size,
            mean=self.model.mean,
            std=self.model.std,
            dtype=dtype,
            channels_last=self.hardware.channels_last,
            threads=self.hardware.threads,
            rank=self.ranks.rank,
            world=self.ranks.world,
        )


def rows_of(labels: Labels, split: str) -> Rows:
    """Rows of one split, ascending."""
    return np.flatnonzero(labels.items.split == split).astype(np.int64)


def sample_of(train: Rows, seed: int) -> Rows:
    """All training rows, or a fixed sample of ``SAMPLE_SIZE`` of them, ascending."""
    if len(train) <= SAMPLE_SIZE:
        return train
    return np.sort(generator(SAMPLE, seed).choice(train, SAMPLE_SIZE, replace=False))
