"""What training must know of classification, and ``LEARNING``, which holds such a record for each task."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from optotype.data.prepare import Prepared, write_manifest
from optotype.diagnose.epochs import Score
from optotype.formats import write_predictions
from optotype.tables import Labels
from optotype.training import segmenting
from optotype.training.balance import Frequencies
from optotype.training.config import TrainConfig
from optotype.training.feed import Feed, Rows, Targets, Truth
from optotype.training.judge import predict_rows
from optotype.training.learning import Key, Learning
from optotype.training.losses import loss_of
from optotype.training.mixing import mix
from optotype.training.norms import steady_lone_norms, steady_norms

SAMPLE_SIZE = 5000
"""Training items of classification on which the training metrics are measured at most."""

LABELS = NDArray[np.int32]


def classify_keep(path: Path, truth: Truth) -> None:
    """``data.csv`` of paths and classes."""
    write_manifest(path, Prepared.of(cast(Labels, truth)))


def classify_targets(truth: Truth, _config: TrainConfig, _folder: Path | None, _threads: int) -> Targets:
    """The class of each item."""
    return cast(Labels, truth).label


def classify_frequencies(targets: Targets, rows: Rows, classes: int) -> Frequencies:
    """Of the items of the rows."""
    return Frequencies.of_labels(cast(LABELS, targets)[rows], classes)


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


def classify_nothing(_classes: int) -> Tensor:
    """The addends of no items."""
    return torch.zeros(4, dtype=torch.float64)


def classify_predict(module: nn.Module, feed: Feed, rows: Rows, places: Sequence[Path]) -> Labels | None:
    """``.npz`` of keys, classes and scores."""
    said = predict_rows(module, feed, rows, classify_scores, places[0].parent)
    if said is not None:
        for place in places:
            write_predictions(place.with_name(f"{place.name}.npz"), said)
    return said


def classify_marks(targets: Targets) -> Iterator[str]:
    """The class of each item."""
    return map(str, cast(LABELS, targets).tolist())


LEARNING = {
    "classify": Learning(
        sample=SAMPLE_SIZE,
        keep=classify_keep,
        targets=classify_targets,
        frequencies=classify_frequencies,
        prepare=classify_prepare,
        loss=classify_loss,
        alone=steady_norms,
        addends=classify_addends,
        score=classify_score,
        nothing=classify_nothing,
        scores=classify_scores,
        predict=classify_predict,
        marks=classify_marks,
    ),
    "segment": Learning(
        sample=segmenting.SAMPLE_SIZE,
        keep=segmenting.keep,
        targets=segmenting.targets,
        frequencies=segmenting.frequencies,
        prepare=segmenting.prepare,
        loss=loss_of,
        alone=steady_lone_norms,
        addends=segmenting.addends,
        score=segmenting.score,
        nothing=segmenting.nothing,
        scores=classify_scores,
        predict=segmenting.predict,
        marks=segmenting.marks,
    ),
}
"""Task → its functions."""
