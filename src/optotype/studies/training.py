"""One training run from data to report, and predictions of a trained model."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from optotype.catalog import resolve
from optotype.data.prepare import Prepared, prepare, write_manifest
from optotype.data.prepare_masks import prepare_masks
from optotype.errors import InputError, OptotypeError, require
from optotype.formats import read_classes, read_items, read_labels, read_mask_manifest, write_predictions
from optotype.label_maps import Unknown
from optotype.results import Result
from optotype.runs import RunFolder, create
from optotype.studies.evaluation import evaluate_run
from optotype.studies.explaining import explain_folder
from optotype.studies.reports import write_report
from optotype.tables import Labels, Masks
from optotype.training.config import TrainConfig
from optotype.training.settings import resolve as resolve_settings

Data = Prepared | Labels | Masks
D = TypeVar("D")

TORCH = ("torch", "timm", "safetensors")
_LIVE_SECONDS = 20.0


class Progress(Protocol):
    """Who is told how it goes."""

    def say(self, line: str) -> None:
        """One line for a person."""

    def begin(self, title: str) -> None:
        """A new model is being trained."""

    def step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """A step of an epoch is done; both count from 1."""


class Silent:
    """Tells nobody."""

    def say(self, line: str) -> None:
        """Nothing."""

    def begin(self, title: str) -> None:
        """Nothing."""

    def step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        """Nothing."""


def train(
    task: str,
    flags: Mapping[str, Any],
    *,
    config: Path | None = None,
    sets: Sequence[str] = (),
    classes: str | None = None,
    name: str | None = None,
    runs: str | Path = "runs",
    resume: bool = False,
    max_unreadable: float = 0.01,
    unknown: Unknown = "error",
    group: str | None = None,
    causes: bool = True,
    report: bool = True,
    progress: Progress | None = None,
    command: str = "",
) -> tuple[RunFolder, Result | None]:
    """Train, judge and report one model; returns its folder and the numbers (None on all but the first rank).

    ``flags`` are settings of ``TrainConfig`` that win over the file ``config``; ``sets`` are 'key=value' strings that
    win over both. With ``resume`` the settings and the data are those of the run; flags that are given must agree.
    """
    require("optotype train", "train", *TORCH)
    first = int(os.environ.get("RANK", "0")) == 0
    progress = progress if progress and first else Silent()
    root = Path(runs)
    if resume:
        folder = create(root, _name(name, str(flags.get("model", ""))), resume=True)
        settings, origins = resolve_settings(None, folder.config, flags, list(sets))
        data: Data = kept_data(folder, settings.task)
    else:
        settings, origins = resolve_settings(None, config, {"task": task, **flags}, list(sets))
        check_models([settings])
        data = load_data(
            settings, classes=classes, max_unreadable=max_unreadable, unknown=unknown, group=group, progress=progress
        )  # fmt: skip
        title = _name(name, settings.model)
        folder = create(root, title) if first else RunFolder(root / title)
    result = train_run(
        data, settings, origins, folder, resume=resume, causes=causes, report=report, progress=progress,
        command=command,
    )  # fmt: skip
    return folder, result


def kept_data(folder: RunFolder, task: str) -> Labels | Masks:
    """The items that a run of a task was begun with, from the manifest in its folder."""
    if task == "segment":
        return read_mask_manifest(folder.data)
    return read_labels(folder.data)


def train_run(
    data: Data,
    settings: TrainConfig,
    origins: Mapping[str, str],
    folder: RunFolder,
    *,
    resume: bool,
    causes: bool,
    report: bool,
    progress: Progress,
    command: str,
) -> Result | None:
    """Train in a folder that exists, then judge the test split by the same path as a stranger's predictions."""
    from optotype.training.train import train as run_loop

    first = int(os.environ.get("RANK", "0")) == 0
    if isinstance(data, Prepared):
        if first:
            write_manifest(folder.data, data)
        truth: Labels | Masks = data.labels
    else:
        truth = data
    progress.begin(folder.path.name)
    run_loop(
        truth, settings, folder, resume=resume, origins=origins, say=progress.say, on_step=progress.step,
        on_epoch=_live_report(folder) if report and first else None,
    )  # fmt: skip
    if not first:
        return None
    result = evaluate_run(folder, seed=0, command=command)
    if causes:
        result = explained(folder, result, progress)
    if report:
        write_report(folder)
    return result


def explained(folder: RunFolder, result: Result, progress: Progress) -> Result:
    """The numbers with their causes; a model that cannot be explained is a finished run all the same."""
    try:
        return explain_folder(folder, say=progress.say)
    except OptotypeError as error:
        progress.say(f"not explained: {error}")
        return result


def check_models(runs: Sequence[TrainConfig]) -> None:
    """Build each model once, so that a wrong name or unreachable weights are found before hours of work."""
    require("training", "train", *TORCH)
    from optotype.nn.models import create as build

    for task, model, weights, shape in dict.fromkeys((run.task, run.model, run.weights, run.shape) for run in runs):
        build(model, 2, shape, task=task, weights=weights)


def load_data(
    settings: TrainConfig,
    *,
    classes: str | None,
    max_unreadable: float,
    unknown: Unknown = "error",
    group: str | None = None,
    progress: Progress,
) -> Prepared | Masks:
    """The items to train on, each with a split (of classification: and readable); says what was left out.

    ``unknown``: what values in label maps that the class list does not know are, ``error`` or ``void``; ``group``:
    what stays together where items are divided.

    Data without splits are always divided with seed 0, so that runs that differ only in ``settings.seed`` are judged on
    the same items.
    """
    path = resolve(settings.data)
    if settings.task == "segment":
        masks = prepare_masks(path, classes=classes, unknown=unknown, group=group)
        return _told(masks.masks, masks.notes, progress)
    prepared = prepare(
        path, classes=None if classes is None else read_classes(classes), max_unreadable=max_unreadable, group=group
    )  # fmt: skip
    return _told(prepared, prepared.notes, progress)


def _told(data: D, notes: Sequence[str], progress: Progress) -> D:
    for note in notes:
        progress.say(note)
    return data


def predict(
    task: str,
    run: str | Path,
    data: str | Path,
    *,
    out: str | Path,
    split: str | None = None,
    batch_size: int = 64,
    device: str = "auto",
) -> int:
    """Write what the model of ``run`` says about ``data`` to ``out`` (.npz or .csv); returns the number of items."""
    require("optotype predict", "train", *TORCH)
    from optotype.inference.load import load_run
    from optotype.inference.predict import predict as run_model

    if Path(out).exists():
        raise InputError(str(out), "a new file", "one that exists", "Choose another --out.")
    folder = RunFolder(Path(run))
    loaded = load_run(folder, device=device)
    if loaded.task != task:
        raise InputError(str(run), f"a model for the task '{task}'", f"one for '{loaded.task}'", "Name another run.")
    items = read_items(resolve(str(data)), split=split)
    said = run_model(loaded, items, batch_size=batch_size)
    write_predictions(Path(out), said)
    return len(said)


def _name(given: str | None, model: str) -> str:
    """The run's name: as given, else the model's without what a folder's name cannot hold."""
    name = given or model.replace("/", "_").replace(":", "_")
    if not name:
        raise InputError("--resume", "--name of the run to go on with", "none", "Add --name.")
    return name


def _live_report(folder: RunFolder) -> Any:
    """Draw the report again after an epoch, but not more often than every few seconds."""
    drawn = [time.monotonic()]

    def on_epoch(_: object) -> None:
        if time.monotonic() - drawn[0] >= _LIVE_SECONDS:
            write_report(folder)
            drawn[0] = time.monotonic()

    return on_epoch
