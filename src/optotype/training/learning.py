"""What the training loop must know of a task: a record of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from optotype.diagnose.epochs import Score
from optotype.training.balance import Frequencies
from optotype.training.config import TrainConfig
from optotype.training.feed import Feed, Rows, Targets, Truth

Key = tuple[int, ...]


@dataclass(frozen=True)
class Learning:
    """The part of training that differs from task to task.

    - ``sample``: training items on which the training metrics are measured at most
    - ``keep(path, truth)`` → writes the manifest of the data
    - ``targets(truth, config, folder, threads)`` → what is aimed at, row by row; ``folder`` keeps decoded maps
    - ``frequencies(targets, rows, classes)`` → how often each class occurs in the rows
    - ``prepare(images, labels, classes, config, key)`` → what is fed and what is aimed at (mixing)
    - ``loss(outputs, targets, config, class_weights)`` → the *sum* over the items, to be divided by their number
      in the whole step, over all ranks
    - ``alone(module)`` → a context for a batch of one image
    - ``addends(outputs, labels)`` → float64 numbers that add up over batches and ranks; ``nothing(classes)`` are those
      of no items
    - ``score(addends)`` → loss, accuracy and so on
    - ``scores(outputs)`` → float64 probabilities (b, K, …)
    - ``predict(module, feed, rows, places)`` → writes what is said of the rows to each of the places (paths without an
      ending), and gives it back on the first rank
    - ``marks(targets)`` → a word a row that differs where the targets do
    """

    sample: int
    keep: Callable[[Path, Truth], None]
    targets: Callable[[Truth, TrainConfig, Path | None, int], Targets]
    frequencies: Callable[[Targets, Rows, int], Frequencies]
    prepare: Callable[[Tensor, Tensor, int, TrainConfig, Key], tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor, TrainConfig, Tensor | None], Tensor]
    alone: Callable[[nn.Module], AbstractContextManager[None]]
    addends: Callable[[Tensor, Tensor], Tensor]
    score: Callable[[Sequence[float]], Score]
    nothing: Callable[[int], Tensor]
    scores: Callable[[Tensor], Tensor]
    predict: Callable[[nn.Module, Feed, Rows, Sequence[Path]], Any]
    marks: Callable[[Targets], Iterator[str]]
