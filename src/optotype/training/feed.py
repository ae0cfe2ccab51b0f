"""The items of a run and the batches that are made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from optotype.nn.hardware import Hardware
from optotype.nn.models import Model
from optotype.tables import Labels, Masks
from optotype.training.balance import Frequencies
from optotype.training.cache import ImageCache
from optotype.training.config import TrainConfig
from optotype.training.keys import SAMPLE, generator
from optotype.training.loader import Batches
from optotype.training.ranks import Ranks

Rows = NDArray[np.int64]
Truth = Labels | Masks
Targets = NDArray[np.int32] | ImageCache
"""What is aimed at, row by row: class indices, or label maps at the size of the input."""


@dataclass(frozen=True, eq=False)
class Feed:
    """``truth`` are all items, cached in this order, and ``targets`` what is learnt of them; ``train``, ``val`` and
    ``test`` are their rows, ``sample`` the rows of ``train`` on which its metrics are measured in eval mode;
    ``frequencies`` are those of the classes in ``train``.
    """

    cache: ImageCache
    truth: Truth
    targets: Targets
    train: Rows
    val: Rows
    test: Rows
    sample: Rows
    frequencies: Frequencies
    config: TrainConfig
    model: Model
    hardware: Hardware
    ranks: Ranks

    @property
    def warnings(self) -> list[str]:
        """What the caches have to say, each sentence once."""
        maps = self.targets.warnings if isinstance(self.targets, ImageCache) else ()
        return list(dict.fromkeys((*self.cache.warnings, *maps)))

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
            self.targets,
            batch_size=batch_size,
            mean=self.model.mean,
            std=self.model.std,
            dtype=dtype,
            channels_last=self.hardware.channels_last,
            threads=self.hardware.threads,
            rank=self.ranks.rank,
            world=self.ranks.world,
        )


def rows_of(truth: Truth, split: str) -> Rows:
    """Rows of one split, ascending."""
    return np.flatnonzero(truth.items.split == split).astype(np.int64)


def sample_of(train: Rows, seed: int, most: int) -> Rows:
    """All training rows, or a fixed sample of ``most`` of them that the seed decides, ascending."""
    if len(train) <= most:
        return train
    return np.sort(generator(SAMPLE, seed).choice(train, most, replace=False))
