"""Losses of label maps, from logits (b, K, h, w) and maps (b, h, w); pixels of ``VOID`` do not count."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from optotype.tables import VOID
from optotype.training.config import TrainConfig

TINY = 1e-12


def weighted_sum(text: str) -> list[tuple[float, str]]:
    """The terms of a loss, each with its weight.

    >>> weighted_sum("cross_entropy+0.5*dice")
    [(1.0, 'cross_entropy'), (0.5, 'dice')]
    """
    parts = [part.rpartition("*") for part in text.split("+")]
    return [(float(weight or 1), name) for weight, _, name in parts]


def loss_of(logits: Tensor, labels: Tensor, config: TrainConfig, class_weights: Tensor | None) -> Tensor:
    """The loss that the settings ask for, as a sum over the items.

    Losses of pixels are averaged over the labelled pixels of each item, so that the parts of a batch add up however it
    is dealt out; an item without any adds 0.
    """
    terms = [
        weight * LOSSES[name](logits.float(), labels, config, class_weights)
        for weight, name in weighted_sum(config.loss)
    ]
    return torch.stack(terms).sum()


def cross_entropy(logits: Tensor, labels: Tensor, config: TrainConfig, class_weights: Tensor | None) -> Tensor:
    """−w_c·log ŷ_c of each pixel's class c, smoothed (torch's formula); summed over items."""
    losses = functional.cross_entropy(
        logits, labels, class_weights, ignore_index=VOID, reduction="none", label_smoothing=config.label_smoothing
    )
    return _mean_of_items(losses, labels)


def focal(logits: Tensor, labels: Tensor, config: TrainConfig, class_weights: Tensor | None) -> Tensor:
    """−w_c·(1 − ŷ_c)^γ·log ŷ_c of each pixel's class c; summed over items. Lin et al. 2017."""
    inside = labels != VOID
    classes = torch.where(inside, labels, 0)
    log_p = functional.log_softmax(logits, 1).gather(1, classes[:, None])[:, 0]
    losses = -((-torch.expm1(log_p)).clamp_min(TINY) ** config.focal_gamma) * log_p
    if class_weights is not None:
        losses = losses * class_weights[classes]
    return _mean_of_items(torch.where(inside, losses, 0.0), labels)


def dice(logits: Tensor, labels: Tensor, _config: TrainConfig, _class_weights: Tensor | None) -> Tensor:
    """Soft Dice loss over all pixels of the batch together, the mean over classes, times the number of items.

    A class without a pixel in the batch counts as 0, as in ``optotype.theory.dice``; class weights do not enter.
    """
    inside = (labels != VOID)[:, None]
    classes = logits.shape[1]
    said = logits.softmax(1) * inside
    true = functional.one_hot(torch.where(inside[:, 0], labels, 0), classes).movedim(-1, 1) * inside
    pixels = (0, 2, 3)
    size = true.sum(pixels)
    overlap = (said * true).sum(pixels)
    losses = 1 - 2 * overlap / (said.sum(pixels) + size).clamp_min(TINY)
    return torch.where(size > 0, losses, 0.0).mean() * len(labels)


Loss = Callable[[Tensor, Tensor, TrainConfig, Tensor | None], Tensor]

LOSSES: dict[str, Loss] = {"cross_entropy": cross_entropy, "focal": focal, "dice": dice}
"""Name → loss; a new one is a function and a line here (and its name in the pattern of ``TrainConfig.loss``)."""


def _mean_of_items(losses: Tensor, labels: Tensor) -> Tensor:
    """Sum over items of the mean over their labelled pixels; ``losses`` (b, h, w) are 0 elsewhere."""
    counts = (labels != VOID).sum((1, 2)).clamp_min(1)
    return (losses.sum((1, 2)) / counts).sum()
