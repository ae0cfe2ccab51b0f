"""The checkpoints of a run: where it is, where it was before, and its best."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn

from optotype.errors import InputError
from optotype.nn import checkpoints
from optotype.runs import RunFolder
from optotype.training.config import TrainConfig
from optotype.training.feed import Feed
from optotype.training.optimize import MovingAverage
from optotype.training.settings import read_config
from optotype.training.state import Position, capture

LAST, PREVIOUS, BEST = "last.pt", "previous.pt", "best.pt"

MAY_DIFFER = ("data", "device", "threads", "budget", "checkpoint_seconds", "log")
"""Settings that a resumed run may change; whether the items are the same is told by their fingerprint."""


@dataclass(frozen=True)
class Keeper:
    """Writes checkpoints into ``folder``, on the first rank only. ``meta`` is what a reader needs to use the
    model.
    """

    folder: Path
    meta: dict[str, Any]
    data: str
    writes: bool

    @classmethod
    def of(cls, folder: RunFolder, feed: Feed, data: str, *, writes: bool) -> Keeper:
        """The keeper of a run; ``data`` is the fingerprint of its data."""
        model = feed.model
        meta = {
            "task": feed.config.task,
            "name": model.name,
            "classes": list(feed.truth.classes),
            "size": model.size if feed.config.task == "classify" else list(model.shape),
            "mean": list(model.mean),
            "std": list(model.std),
            "weights": dict(model.weights),
        }
        return cls(folder.checkpoints, meta, data, writes)

    def keep(
        self, module: nn.Module, optimizer: torch.optim.Optimizer, average: MovingAverage | None, position: Position
    ) -> None:
        """Write where the run is; the checkpoint before stays as the previous one."""
        if self.writes:
            state = {**capture(module, optimizer, average, position), "meta": self.meta, "data": self.data}
            checkpoints.save(state, self.folder / LAST, previous=self.folder / PREVIOUS)

    def keep_best(self, judged: nn.Module, epoch: int) -> None:
        """Write the model that is the best so far."""
        if self.writes:
            state = {"model": judged.state_dict(), "meta": self.meta, "epoch": epoch}
            checkpoints.save(state, self.folder / BEST)

    def best(self) -> dict[str, Any]:
        """The best model."""
        return checkpoints.load(self.folder / BEST)

    def mend_best(self, judged: nn.Module, position: Position) -> None:
        """Write the best model again where a kill came between the last checkpoint and it.

        The best model is written after the checkpoint of the same moment, so it is never from a lost future.
        """
        if position.batch or not position.epoch or position.best_epoch != position.epoch:
            return
        try:
            found = self.best()["epoch"]
        except InputError:
            found = 0
        if found != position.best_epoch:
            self.keep_best(judged, position.best_epoch)


def begin(folder: RunFolder, config: TrainConfig, *, resume: bool) -> tuple[dict[str, Any] | None, list[str]]:
    """The state to go on from (None: from the beginning), and what to tell the user about it."""
    if not resume:
        if (folder.checkpoints / LAST).exists() or folder.log.exists():
            raise InputError(
                str(folder.path), "a folder without a run", "a run", "Go on with --resume, or give another --name."
            )
        return None, []
    if folder.config.is_file():
        _same_settings(folder.config, config)
    state, notes = checkpoints.load_newest(folder.checkpoints / LAST, folder.checkpoints / PREVIOUS)
    if state is None and notes:
        notes.append("no checkpoint can be used: beginning anew")
    return state, notes


def _same_settings(path: Path, config: TrainConfig) -> None:
    before, now = (msgspec.structs.asdict(c) for c in (read_config(path), config))
    for name, value in before.items():
        if name not in MAY_DIFFER and now[name] != value:
            raise InputError(
                f"--resume, {name}", f"{value!r}, as in {path}", repr(now[name]),
                "Leave it as it was, or begin a new run with another --name.",
            )  # fmt: skip
