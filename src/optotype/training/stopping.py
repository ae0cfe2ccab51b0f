"""When to stop: between two steps at an interrupt or the end of the budget, and which epoch is the best."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from optotype.diagnose.epochs import Score
from optotype.training.config import TrainConfig

DECIDES = {"loss": "loss", "miou": "mean IoU"}
"""What can make an epoch the best, in words."""


def decides(config: TrainConfig) -> str:
    """What makes an epoch the best: ``loss`` or ``miou``."""
    if config.best != "auto":
        return config.best
    return "miou" if config.task == "segment" else "loss"


def cost(score: Score, config: TrainConfig) -> float:
    """What is least in the best epoch: the loss, or 1 − mean IoU."""
    if decides(config) == "loss":
        return score.loss
    assert score.miou is not None, "a score of segmentation"
    return 1 - score.miou


@dataclass
class Clock:
    """Seconds used by a run, those before a resume included; ``interrupted`` is set by a signal."""

    budget: float
    before: float = 0.0
    started: float = field(default_factory=time.monotonic)
    interrupted: bool = False

    @property
    def elapsed(self) -> float:
        """Seconds since the run was first begun, pauses left out."""
        return self.before + time.monotonic() - self.started

    @property
    def over(self) -> bool:
        """Whether the budget is used up."""
        return 0 < self.budget <= self.elapsed


@contextmanager
def listening(clock: Clock) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into ``clock.interrupted``, so that the state can be saved between two
    steps.

    The second one acts at once. Only the main thread can listen; elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.getsignal(kind) for kind in kinds}

    def note(_kind: int, _frame: FrameType | None) -> None:
        clock.interrupted = True
        for each, handler in before.items():
            signal.signal(each, handler)

    for kind in kinds:
        signal.signal(kind, note)
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
