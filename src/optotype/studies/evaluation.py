"""Judging predictions: read both sides, match, measure, and leave everything in one folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from optotype.errors import InputError
from optotype.formats import (
    read_columns,
    read_items,
    read_labels,
    read_mask_manifest,
    read_mask_predictions,
    read_predictions,
)
from optotype.mask_trees import leaks
from optotype.results import Result
from optotype.runs import RunFolder
from optotype.studies.judging import judge
from optotype.studies.locating import located
from optotype.studies.saying import Say, quiet
from optotype.tables import Items, Masks, Tracks
from optotype.tasks import task_of
from optotype.tasks.reading import Asked, Read
from optotype.tasks.segment.judged_maps import keep_said
from optotype.tasks.segment.rules import Rules
from optotype.track_trees import framed
from optotype.training.config import TrainConfig
from optotype.training.settings import read_config


def evaluate(
    task: str,
    truth: str | Path,
    predictions: str | Path,
    *,
    out: str | Path,
    images: str | Path | None = None,
    columns: str | Path | None = None,
    resamples: int = 1000,
    seed: int = 0,
    causes: bool = True,
    report: bool = True,
    max_mb: float = 20,
    say: Say = quiet,
    command: str = "",
    protocol: str | None = None,
    split: str | None = None,
    classes: str | Path | None = None,
    map_categories: str | Path | None = None,
    iou_type: str | None = None,
    max_dets: Sequence[int] | None = None,
    areas: Sequence[str] | None = None,
    item_ids: str | Path | None = None,
    strict: bool = False,
    sequences: Sequence[str] | None = None,
    missing: str | None = None,
    detections: str | Path | None = None,
    void: str | None = None,
    unknown: str | None = None,
    group: str | None = None,
    map_classes: str | Path | None = None,
    thresholds: str | None = None,
) -> Result:
    """Measure ``predictions`` against ``truth`` and write ``eval.json``, ``evidence.npz`` and ``report.html``.

    ``truth`` is what the task's formats read: a folder per class, a CSV or the name of a catalogued data set
    (classify), a folder of label maps (segment), COCO's JSON (detect), a folder of sequences (track). ``columns`` is
    a CSV ``path,<column>…`` of further properties to look into. ``out`` must be new or empty. ``resamples`` 0 leaves
    the intervals out; ``causes`` looks for what goes with the mistakes. ``split``: classify, segment; ``classes``:
    classify, segment, track; ``map_categories``, ``iou_type``, ``max_dets``, ``areas``, ``item_ids`` and ``strict``:
    detect; ``sequences``, ``missing`` and ``detections``: track; ``void``, ``unknown``, ``group``, ``map_classes`` and
    ``thresholds``: segment. Raises InputError for anything wrong in the user's files.
    """
    record = task_of(task)
    folder = new_folder(Path(out))
    asked = Asked(
        str(truth), Path(predictions), protocol, split, _text(classes), _text(map_categories), iou_type,
        None if max_dets is None else tuple(max_dets), None if areas is None else tuple(areas), _text(item_ids), strict,
        None if sequences is None else tuple(sequences), missing, _text(detections), void, unknown, group,
        _text(map_classes), thresholds,
    )  # fmt: skip
    read = record.read(asked)
    record.keep(folder.data, _as_kept(read, images, columns))
    if isinstance(read.prediction, Masks):
        keep_said(folder.data, read.prediction)
    judged = judge(
        task, read, folder, predictions_path=asked.predictions, resamples=resamples, seed=seed, command=command
    )
    result = judged.result
    if causes:
        from optotype.studies.explaining import explain_folder

        result = explain_folder(folder, judged, said=read.prediction, seed=seed, say=say)
    if report:
        from optotype.studies.reports import write_report

        write_report(folder, max_mb=max_mb)
    return result


def _text(value: str | Path | None) -> str | None:
    return None if value is None else str(value)


def _as_kept(read: Read, images: str | Path | None, columns: str | Path | None) -> object:
    """The truth with its images where the user says they are, and with the user's columns."""
    items = read.items if images is None else _placed(read, Path(images))
    if columns is not None:
        items = read_columns(Path(columns), items)
    return read.truth if items is read.items else replace(read.truth, items=items)


def _placed(read: Read, images: Path) -> Items:
    """The items with their images, or sequences with their folders of frames, under ``images``."""
    return framed(read.items, images) if isinstance(read.truth, Tracks) else located(read.items, images)


def evaluate_run(folder: RunFolder, *, resamples: int = 1000, seed: int = 0, command: str = "") -> Result:
    """Judge the predictions that a training run left in its folder, the same way as a stranger's."""
    task, read = _read_run(folder)
    return judge(
        task, read, folder, predictions_path=folder.predictions, resamples=resamples, seed=seed, command=command
    ).result


def _read_run(folder: RunFolder) -> tuple[str, Read]:
    """Task, truth and predictions of a training run."""
    split, config = judged_split(folder), read_config(folder.config)
    if config.task == "segment":
        every = read_mask_manifest(folder.data)
        masks = every.take(every.items.split == split)
        found = read_mask_predictions(folder.predictions, masks)
        warnings = (*leaks(every.items), *found.warnings)
        return "segment", Read(masks, found.masks, masks.items, folder.data, warnings, {"rules": rules_of(config)})
    labels = read_labels(folder.data, split=split)
    return "classify", Read(labels, read_predictions(folder.predictions, labels), labels.items, folder.data)


def rules_of(config: TrainConfig) -> Rules:
    """The rules for label maps that a model is judged by: void is what it was in training."""
    return Rules(void="as-background" if config.void == "background" else "truth-dropped")


def judged_split(folder: RunFolder) -> str:
    """The split of a run's manifest that is judged: test, or validation where there is no test."""
    splits = set(read_items(folder.data).split.tolist())
    return "test" if "test" in splits else "val"


def new_folder(path: Path) -> RunFolder:
    """A folder for results that holds nothing yet; it comes into being with the first file that is written."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(str(path), "a new or empty folder", "one that holds something", "Choose another --out.")
    above = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        got = "not to be written to" if above.is_dir() else "a file"
        raise InputError(str(path), "a new folder in one that can be written to", f"{above} is {got}",
                         "Choose another --out.")  # fmt: skip
    return RunFolder(path)
