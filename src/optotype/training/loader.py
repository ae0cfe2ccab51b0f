"""Batches of normalised images (and their label maps) from the cache, made ahead by threads, the same whatever their
number or timing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from optotype.kernels.augment import normalise
from optotype.machine import usable_cores
from optotype.nn.built import IMAGENET_MEAN, IMAGENET_STD
from optotype.training import augment as changes
from optotype.training.cache import ImageCache
from optotype.training.config import Augment

AHEAD = 3
"""Batches in the making or waiting; bounds the memory."""


@dataclass(frozen=True, eq=False)
class Batch:
    """``images`` (b, 3, h, w) normalised; ``labels`` (b,) int64, or label maps (b, h, w) uint8; ``index`` (b,) the
    item rows.
    """

    images: Tensor
    labels: Tensor
    index: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batches:
    """One pass over the items ``index`` (rows of ``cache``) as batches; iterate as often as you like.

    ``labels`` has one class index for every row of the cache: those of a batch are ``labels[batch.index]``. Or it is
    a cache of label maps, which are moved as their images are, by nearest neighbours; beyond the image lies ``VOID``.
    Order and changes are functions of (seed, epoch, item row). ``augment`` None (or all neutral) only
    normalises: (level / 255 − mean) / std, worked out in float32 and then rounded to ``dtype``.
    ``channels_last`` lays the memory out as (b, h, w, 3). ``threads`` 0 = all cores of this process.

    ``batch_size`` is that of all ranks together. Each batch is dealt out in ``world`` contiguous shares whose
    lengths differ by one at most, so that every item is seen once and all ranks see the same number of batches;
    a rank's share of the last may be empty. ``start_batch`` skips that many batches, to go on inside an epoch.

    Iterating raises InputError naming the file when a photo cannot be decoded; the threads end with the iterator.
    """

    cache: ImageCache
    index: NDArray[np.int64]
    labels: NDArray[Any] | ImageCache
    _: KW_ONLY
    batch_size: int
    seed: int = 0
    epoch: int = 0
    augment: Augment | None = None
    shuffle: bool = False
    mean: Sequence[float] = IMAGENET_MEAN
    std: Sequence[float] = IMAGENET_STD
    dtype: torch.dtype = torch.float32
    channels_last: bool = True
    threads: int = 0
    start_batch: int = 0
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.cache):
            raise ValueError(f"one label for each of the cache's {len(self.cache)} rows, got {len(self.labels)}")
        if self.dtype not in (torch.float32, torch.bfloat16):
            raise ValueError(f"dtype must be float32 or bfloat16, got {self.dtype}")

    def __len__(self) -> int:
        """Batches that an iteration yields."""
        return max(-(-len(self.index) // self.batch_size) - self.start_batch, 0)

    def __iter__(self) -> Iterator[Batch]:
        shares = self._shares()
        workers = self.threads or usable_cores()
        pool = ThreadPoolExecutor(workers, thread_name_prefix="optotype-loader")
        pending: deque[tuple[Batch, list[Future[None]]]] = deque()
        try:
            for rows in shares:
                pending.append(self._begin(rows, pool, workers))
                if len(pending) == AHEAD:
                    yield _finished(*pending.popleft())
            while pending:
                yield _finished(*pending.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _shares(self) -> list[NDArray[np.int64]]:
        """Item rows of this rank's share of every batch."""
        index = np.asarray(self.index, np.int64)
        if self.shuffle:
            index = shuffled(index, seed=self.seed, epoch=self.epoch)
        starts = range(self.start_batch * self.batch_size, len(index), self.batch_size)
        return [np.array_split(index[i : i + self.batch_size], self.world)[self.rank] for i in starts]

    def _begin(
        self, rows: NDArray[np.int64], pool: ThreadPoolExecutor, workers: int
    ) -> tuple[Batch, list[Future[None]]]:
        """Lay out a batch and hand its images to the threads, a few to a task."""
        (height, width), b = self.cache.shape, len(rows)
        if self.channels_last:
            memory = torch.empty((b, height, width, 3), dtype=self.dtype)
            pictures, out = memory.permute(0, 3, 1, 2), memory
        else:
            pictures = torch.empty((b, 3, height, width), dtype=self.dtype)
            out = pictures.permute(0, 2, 3, 1)
        target = out.view(torch.uint16).numpy() if self.dtype == torch.bfloat16 else out.numpy()
        draws = None
        if self.augment is not None and self.augment != Augment():
            draws = changes.draw(self.augment, rows, size=(height, width), seed=self.seed, epoch=self.epoch)
        table = level_table(self.mean, self.std, self.dtype)
        step = max(1, b // (4 * workers))
        if isinstance(self.labels, ImageCache):
            labels = torch.empty((b, height, width), dtype=torch.uint8)
        else:
            labels = torch.from_numpy(np.asarray(self.labels)[rows].astype(np.int64))
        tasks = [
            pool.submit(self._make, rows, range(i, min(i + step, b)), draws, table, target, labels.numpy())
            for i in range(0, b, step)
        ]
        return Batch(pictures, labels, rows), tasks

    def _make(
        self,
        rows: NDArray[np.int64],
        part: range,
        draws: changes.Draws | None,
        table: NDArray[Any],
        out: NDArray[Any],
        labels: NDArray[Any],
    ) -> None:
        blank = np.zeros(3, out.dtype)
        for i in part:
            image = self.cache.get(int(rows[i]))
            if draws is None:
                normalise(image, table, out[i])
            else:
                changes.apply(image, draws, i, table, blank, out[i])
            if isinstance(self.labels, ImageCache):
                found = self.labels.get(int(rows[i]))
                labels[i] = found if draws is None else changes.move(found, draws, i)


def shuffled(index: NDArray[np.int64], *, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of one epoch: item rows by random keys that depend on (seed, epoch, row).

    >>> shuffled(np.arange(5), seed=0, epoch=0).tolist() == shuffled(np.arange(5)[::-1], seed=0, epoch=0).tolist()
    True
    """
    index = np.sort(index)
    return index[np.argsort(changes.uniforms(seed, changes.ORDER, epoch, index, 1)[:, 0], kind="stable")]


def level_table(mean: Sequence[float], std: Sequence[float], dtype: torch.dtype) -> NDArray[Any]:
    """The normalised value of each channel and level, shape (3, 256): float32, or bfloat16's bits as uint16."""
    levels = torch.arange(256, dtype=torch.float32) / 255
    centre, spread = torch.tensor(mean, dtype=torch.float32), torch.tensor(std, dtype=torch.float32)
    table = ((levels - centre[:, None]) / spread[:, None]).to(dtype)
    result: NDArray[Any] = (table.view(torch.uint16) if dtype == torch.bfloat16 else table).numpy()
    return result


def _finished(batch: Batch, tasks: list[Future[None]]) -> Batch:
    for task in tasks:
        task.result()
    return batch
