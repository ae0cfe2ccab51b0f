"""Loggers besides the run folder: wandb, TensorBoard, MLflow. None of them can stop a run."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from optotype.diagnose.epochs import EpochRow
from optotype.errors import MissingExtraError
from optotype.runs import RunFolder
from optotype.tables import Array, Labels, Masks
from optotype.training.config import TrainConfig

Say = Callable[[str], None]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Logger:
    """``epoch`` takes a row's numbers, ``finish`` the classes and the confusion matrix of the judged split."""

    epoch: Callable[[int, dict[str, float]], None]
    finish: Callable[[Sequence[str], Counts], None]


class Loggers:
    """The loggers asked for; one that fails is dropped, with one line about it."""

    def __init__(self, names: Sequence[str], folder: RunFolder, config: TrainConfig, say: Say) -> None:
        self._say = say
        self._open: dict[str, Logger] = {}
        for name in names:
            self._guarded(name, partial(self._begin, name, folder, config))

    def epoch(self, row: EpochRow) -> None:
        """Pass on an epoch."""
        numbers = flat(row)
        for name in list(self._open):
            self._guarded(name, partial(self._open[name].epoch, row.epoch, numbers))

    def finish(self, truth: Labels | Masks, said: Labels | Masks) -> None:
        """Pass on the confusion matrix (of items, or of pixels), and close."""
        for name in list(self._open):
            self._guarded(name, partial(self._finish, name, truth, said))

    def _finish(self, name: str, truth: Labels | Masks, said: Labels | Masks) -> None:
        self._open[name].finish(truth.classes, confusion(truth, said))

    def _begin(self, name: str, folder: RunFolder, config: TrainConfig) -> None:
        self._open[name] = LOGGERS[name](folder, config)

    def _guarded(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 — whatever a logger raises, the run goes on
            self._open.pop(name, None)
            first = (str(error).splitlines() or [""])[0][:200]
            self._say(f"warning: {name} failed and is left out from here on ({type(error).__name__}: {first})")


def require(names: Sequence[str]) -> None:
    """Raise MissingExtraError where a logger's package is missing."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(f"--log {name}", "log", name)


def flat(row: EpochRow) -> dict[str, float]:
    """The numbers of a row by dotted name.

    >>> from optotype.diagnose.epochs import EpochTime, Score, StepTimes
    >>> time = EpochTime(1.0, 9.0, StepTimes(0.1, 0.2, 0.3, 0.4))
    >>> flat(EpochRow(1, 3, 1e-3, 1e-3, 0.7, Score(0.6, 0.5, 8), None, True, time))["train.loss"]
    0.6
    """
    numbers: dict[str, float] = {}

    def walk(prefix: str, values: dict[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(value, dict):
                walk(f"{prefix}{key}.", value)
            elif isinstance(value, (int, float)) and not isinstance(value, bool):
                numbers[prefix + key] = float(value)

    walk("", msgspec.to_builtins(row))
    return numbers


def confusion(truth: Labels | Masks, said: Labels | Masks) -> Counts:
    """Items, or pixels that have a class, by truth (rows) and prediction (columns), shape (K, K)."""
    k = len(truth.classes)
    counts = np.zeros(k * k, np.int64)
    for true, found in _pairs(truth, said):
        known = (true < k) & (found < k)
        counts += np.bincount(true[known].astype(np.int64) * k + found[known], minlength=k * k)
    return counts.reshape(k, k)


def _pairs(truth: Labels | Masks, said: Labels | Masks) -> Iterator[tuple[Array, Array]]:
    if isinstance(truth, Masks):
        assert isinstance(said, Masks), "two tables of one kind"
        yield from zip(truth.maps, said.maps, strict=True)
    else:
        assert isinstance(said, Labels), "two tables of one kind"
        yield truth.label, said.label


def _wandb(folder: RunFolder, config: TrainConfig) -> Logger:
    import wandb

    settings = wandb.Settings(silent=True, console="off")
    if not os.environ.get("WANDB_MODE") and not (os.environ.get("WANDB_API_KEY") or wandb.api.api_key):
        settings.mode = "offline"
    run = wandb.init(
        project=os.environ.get("WANDB_PROJECT", "optotype"), name=folder.path.name, dir=str(folder.path),
        config=msgspec.to_builtins(config), settings=settings,
    )  # fmt: skip

    def finish(classes: Sequence[str], counts: Counts) -> None:
        columns = ("Actual", "Predicted", "nPredictions")
        cells = [[a, b, int(counts[i, j])] for i, a in enumerate(classes) for j, b in enumerate(classes)]
        table = wandb.Table(columns=list(columns), data=cells)
        names = dict(zip(columns, columns, strict=True))
        run.log({"confusion_matrix": wandb.plot_table("wandb/confusion_matrix/v1", table, names)})
        run.finish()

    return Logger(lambda epoch, numbers: run.log(numbers, step=epoch), finish)


def _tensorboard(folder: RunFolder, config: TrainConfig) -> Logger:
    from torch.utils.tensorboard import SummaryWriter

    writer: Any = SummaryWriter(str(folder.path / "tensorboard"))
    writer.add_text("config", f"```\n{msgspec.json.format(msgspec.json.encode(config)).decode()}\n```")

    def epoch(number: int, numbers: dict[str, float]) -> None:
        for name, value in numbers.items():
            writer.add_scalar(name.replace(".", "/"), value, number)
        writer.flush()

    def finish(classes: Sequence[str], counts: Counts) -> None:
        writer.add_image("confusion_matrix", heat(counts), dataformats="HWC")
        writer.add_text("confusion_matrix", _markdown(classes, counts))
        writer.close()

    return Logger(epoch, finish)


def _mlflow(folder: RunFolder, config: TrainConfig) -> Logger:
    import mlflow

    if not os.environ.get("MLFLOW_TRACKING_URI"):
        # plain files in the run folder: they need no database package, and survive a kill
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        mlflow.set_tracking_uri((folder.path / "mlflow").resolve().as_uri())
    client = mlflow.MlflowClient()
    project = os.environ.get("MLFLOW_EXPERIMENT_NAME", "optotype")
    found = client.get_experiment_by_name(project)
    experiment = found.experiment_id if found else client.create_experiment(project)
    run = client.create_run(experiment, run_name=folder.path.name).info.run_id
    for key, value in msgspec.to_builtins(config).items():
        client.log_param(run, key, value)

    def epoch(number: int, numbers: dict[str, float]) -> None:
        for name, value in numbers.items():
            client.log_metric(run, name, value, step=number)

    def finish(classes: Sequence[str], counts: Counts) -> None:
        client.log_dict(run, {"classes": list(classes), "counts": counts.tolist()}, "confusion_matrix.json")
        client.log_text(run, _markdown(classes, counts), "confusion_matrix.md")
        client.set_terminated(run)

    return Logger(epoch, finish)


LOGGERS: dict[str, Callable[[RunFolder, TrainConfig], Logger]] = {
    "wandb": _wandb,
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
}
"""Name → opener."""

CELL = 24
"""Pixels of a cell of ``heat``."""


def heat(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Each row's shares as an image, white to blue, truth in rows; shape (24 K, 24 K, 3)."""
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    cold, hot = np.array([255, 255, 255.0]), np.array([8, 48, 107.0])
    colours: NDArray[np.uint8] = np.rint(cold + share[..., None] * (hot - cold)).astype(np.uint8)
    return colours.repeat(CELL, 0).repeat(CELL, 1)


def _markdown(classes: Sequence[str], counts: Counts) -> str:
    names = [name.replace("|", "\\|").replace("\n", " ") for name in classes]
    head = ["| truth \\ prediction | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 1)]
    rows = counts.tolist()
    return "\n".join(head + [f"| {n} | " + " | ".join(map(str, r)) + " |" for n, r in zip(names, rows, strict=True)])
