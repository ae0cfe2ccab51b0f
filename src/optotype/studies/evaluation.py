"""Judging predictions: read both sides, match, measure, and leave everything in one folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from optotype.catalog import resolve
from optotype.data.prepare import Prepared, write_manifest
from optotype.errors import InputError
from optotype.formats import read_classes, read_columns, read_labels, read_predictions
from optotype.results import Result
from optotype.runs import RunFolder
from optotype.studies.explaining import Say, explain_folder, quiet, under
from optotype.studies.judging import judge, save
from optotype.studies.reports import write_report


def evaluate(
    task: str,
    truth: str | Path,
    predictions: str | Path,
    *,
    out: str | Path,
    split: str | None = None,
    classes: str | Path | None = None,
    images: str | Path | None = None,
    columns: str | Path | None = None,
    resamples: int = 1000,
    seed: int = 0,
    causes: bool = True,
    report: bool = True,
    max_mb: float = 20,
    say: Say = quiet,
    command: str = "",
) -> Result:
    """Measure ``predictions`` against ``truth`` and write ``eval.json``, ``evidence.npz`` and ``report.html``.

    ``truth`` is a folder per class, a CSV or the name of a catalogued data set; ``split`` keeps one of its splits.
    ``columns`` is a CSV ``path,<column>…`` of further properties to look into. ``out`` must be new or empty.
    ``resamples`` 0 leaves the intervals out; ``causes`` looks for what goes with the mistakes. Raises InputError for
    anything wrong in the user's files.
    """
    folder = new_folder(Path(out))
    source = resolve(str(truth))
    known = None if classes is None else read_classes(classes)
    labels = read_labels(source, classes=known, split=split)
    said = read_predictions(Path(predictions), labels)
    judged = judge(
        task, labels, said, truth_path=source, predictions_path=Path(predictions), resamples=resamples, seed=seed,
        command=command,
    )  # fmt: skip
    if images is not None:
        labels = under(labels, Path(images))
    if columns is not None:
        labels = replace(labels, items=read_columns(Path(columns), labels.items))
    write_manifest(folder.data, Prepared.of(labels))
    save(judged, folder)
    result = explain_folder(folder, judged, said=said, seed=seed, say=say) if causes else judged.result
    if report:
        write_report(folder, max_mb=max_mb)
    return result


def evaluate_run(folder: RunFolder, *, resamples: int = 1000, seed: int = 0, command: str = "") -> Result:
    """Judge the predictions that a training run left in its folder, the same way as a stranger's."""
    labels = read_labels(folder.data, split=judged_split(folder))
    said = read_predictions(folder.predictions, labels)
    judged = judge(
        "classify", labels, said, truth_path=folder.data, predictions_path=folder.predictions, resamples=resamples,
        seed=seed, command=command,
    )  # fmt: skip
    save(judged, folder)
    return judged.result


def judged_split(folder: RunFolder) -> str:
    """The split of a run's manifest that is judged: test, or validation where there is no test."""
    splits = set(read_labels(folder.data).items.split.tolist())
    return "test" if "test" in splits else "val"


def new_folder(path: Path) -> RunFolder:
    """A folder for results that holds nothing yet; it comes into being with the first file that is written."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(str(path), "a new or empty folder", "one that holds something", "Choose another --out.")
    return RunFolder(path)
