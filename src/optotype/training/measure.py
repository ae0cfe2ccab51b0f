"""Measuring a model in eval mode, batch by batch, over all ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from optotype.diagnose.epochs import Score
from optotype.nn.hardware import Hardware
from optotype.training.learning import Learning
from optotype.training.loader import Batch
from optotype.training.ranks import Ranks


@contextmanager
def judging(module: nn.Module) -> Iterator[None]:
    """Eval mode without gradients; training mode comes back if it was on."""
    was = module.training
    module.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        module.train(was)


def measure(
    module: nn.Module, batches: Iterable[Batch], learning: Learning, classes: int, hardware: Hardware, ranks: Ranks
) -> Score:
    """Loss and accuracy over the batches of all ranks, in the precision of training."""
    total: Tensor | None = None
    with judging(module):
        for batch in batches:
            if not len(batch.labels):
                continue
            with hardware.autocast():
                outputs = module(batch.images.to(hardware.device, non_blocking=True))
            addends = learning.addends(outputs.to(hardware.exact), batch.labels.to(hardware.exact, non_blocking=True))
            total = addends if total is None else total + addends
    return learning.score(ranks.total(learning.nothing(classes) if total is None else total))


def scores(
    module: nn.Module, batches: Iterable[Batch], to_scores: Callable[[Tensor], Tensor], hardware: Hardware
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows seen by this rank (m,) and their probabilities (m, K), in float32 whatever the precision of
    training.
    """
    rows: list[NDArray[np.int64]] = []
    found: list[NDArray[np.float64]] = []
    with judging(module):
        for batch in batches:
            if len(batch.labels):
                outputs = module(batch.images.to(hardware.device, non_blocking=True))
                rows.append(batch.index)
                found.append(to_scores(outputs.float().cpu()).numpy())
    if not rows:
        return np.zeros(0, np.int64), np.zeros((0, 0))
    return np.concatenate(rows), np.concatenate(found)
