"""What the training loop must know of a task: a record of functions. ``LEARNING`` holds one a task."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from optotype.diagnose.epochs import Score
from optotype.tables import Labels
from optotype.training.config import TrainConfig
from optotype.training.mixing import mix

Key = tuple[int, ...]


@dataclass(frozen=True)
class Learning:
    """The part of training that differs from task to task.

    - ``prepare(images, labels, classes, config, key)`` → what is fed and what is aimed at (mixing)
    - ``loss(outputs, targets, config, class_weights)`` → the *sum* over the items, to be divided by their number
      in the whole step, over all ranks
    - ``addends(outputs, labels)`` → float64 numbers that add up over batches and ranks; ``nothing`` are those of
      no items
    - ``score(addends)`` → loss and accuracy
    - ``scores(outputs)`` → float64 probabilities (b, K)
    - ``write(path, labels)`` → the file of predictions
    """

    prepare: Callable[[Tensor, Tensor, int, TrainConfig, Key], tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor, TrainConfig, Tensor | None], Tensor]
    addends: Callable[[Tensor, Tensor], Tensor]
    score: Callable[[Sequence[float]], Score]
    nothing: Tensor
    scores: Callable[[Tensor], Tensor]
    write: Callable[[Path, Labels], None]


def classify_prepare(
    images: Tensor, labels: Tensor, classes: int, config: TrainConfig, key: Key
) -> tuple[Tensor, Tensor]:
    """Mixup and CutMix."""
    return mix(images, labels, classes=classes, mixup=config.mixup, cutmix=config.cutmix, key=key)


def classify_loss(outputs: Tensor, targets: Tensor, config: TrainConfig, class_weights: Tensor | None) -> Tensor:
    """Cross-entropy, label-smoothed, class shares weighted, summed over the items (torch's formula)."""
    return functional.cross_entropy(
        outputs.float(), targets, class_weights, reduction="sum", label_smoothing=config.label_smoothing
    )


def classify_addends(outputs: Tensor, labels: Tensor) -> Tensor:
    """Items, sums of plain cross-entropy and of its squares, items whose greatest logit is right. Shape (4,)."""
    logits = outputs.double()
    losses = functional.cross_entropy(logits, labels, reduction="none")
    right = (logits.argmax(1) == labels).double()
    return torch.stack([torch.ones_like(losses), losses, losses.square(), right]).sum(1)


def classify_score(addends: Sequence[float]) -> Score:
    """Mean and spread of the cross-entropy, and accuracy."""
    n, loss, squares, right = addends
    mean = loss / n
    return Score(loss=mean, accuracy=right / n, n=int(n), spread=math.sqrt(max(0.0, squares / n - mean * mean)))


def classify_scores(outputs: Tensor) -> Tensor:
    """Softmax in float64, rows summing to 1."""
    return outputs.double().softmax(1)


def classify_write(path: Path, labels: Labels) -> None:
    """``.npz`` of keys, classes and scores."""
    from optotype.formats import write_predictions

    write_predictions(path, labels)


LEARNING = {
    "classify": Learning(
        prepare=classify_prepare,
        loss=classify_loss,
        addends=classify_addends,
        score=classify_score,
        nothing=torch.zeros(4, dtype=torch.float64),
        scores=classify_scores,
        write=classify_write,
    ),
}
"""Task → its functions."""


def class_weights(labels: NDArray[np.int32], classes: int, config: TrainConfig) -> NDArray[np.float32] | None:
    """Weight of each class, shape (K,), or None: ``inverse`` is n / (classes present · n of the class).

    Their mean over the items is 1, so the loss keeps its scale; a class that does not occur has weight 0.
    """
    if config.class_weights == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    present = counts > 0
    weights = np.zeros(classes, np.float64)
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights.astype(np.float32)
