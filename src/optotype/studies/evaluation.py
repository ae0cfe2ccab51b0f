"""Judging predictions: read both sides, match, measure, and leave everything in one folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from optotype import evidence as evidences
from optotype import results
from optotype.catalog import resolve
from optotype.data.prepare import Prepared, write_manifest
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.files import sha256
from optotype.formats import read_classes, read_labels, read_predictions
from optotype.results import Provenance, Result, Source
from optotype.runs import RunFolder
from optotype.tables import Labels
from optotype.tasks import TASKS
from optotype.version import VERSION


@dataclass(frozen=True)
class Judged:
    """The numbers and what they were computed from."""

    result: Result
    evidence: Evidence


def evaluate(
    task: str,
    truth: str | Path,
    predictions: str | Path,
    *,
    out: str | Path,
    split: str | None = None,
    classes: str | Path | None = None,
    images: str | Path | None = None,
    resamples: int = 1000,
    seed: int = 0,
    report: bool = True,
    max_mb: float = 20,
    command: str = "",
) -> Result:
    """Measure ``predictions`` against ``truth`` and write ``eval.json``, ``evidence.npz`` and ``report.html``.

    ``truth`` is a folder per class, a CSV or the name of a catalogued data set; ``split`` keeps one of its splits.
    ``out`` must be new or empty. ``resamples`` 0 leaves the intervals out. Raises InputError for anything wrong in the
    user's files.
    """
    from optotype.studies.reports import write_report

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
        labels = _with_images(labels, Path(images))
    write_manifest(folder.data, Prepared.of(labels))
    save(judged, folder)
    if report:
        write_report(folder, max_mb=max_mb)
    return judged.result


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


def judge(
    task: str,
    truth: Labels,
    prediction: Labels,
    *,
    truth_path: Path,
    predictions_path: Path,
    resamples: int,
    seed: int,
    command: str,
) -> Judged:
    """Match and measure tables that were read; the hash of the truth covers what was judged, not how it was stored."""
    record = TASKS[task]
    found = record.match(truth, prediction)
    measured = record.measure(found, prediction, resamples=resamples, seed=seed)
    provenance = Provenance(
        truth=Source(str(truth_path), truth_hash(truth)),
        predictions=Source(str(predictions_path), sha256(predictions_path)),
        version=VERSION,
        command=command,
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )
    result = Result(
        task=task,
        protocol=measured.protocol,
        n=measured.n,
        metrics=measured.metrics,
        per_class=measured.per_class,
        calibration=measured.calibration,
        warnings=measured.warnings,
        provenance=provenance,
    )
    return Judged(result, found)


def save(judged: Judged, folder: RunFolder) -> None:
    """Write the numbers and the evidence; the numbers last, so that ``eval.json`` says that all is there."""
    evidences.save(judged.evidence, folder.evidence)
    results.save(judged.result, folder.eval)


def truth_hash(truth: Labels) -> str:
    """Hash of keys, classes and labels in key order: equal truths are equal whatever file they came from."""
    import hashlib

    digest = hashlib.sha256("\0".join(truth.classes).encode())
    for key, label in sorted(zip(truth.items.key.tolist(), truth.label.tolist(), strict=True)):
        digest.update(f"\0{key}\0{label}".encode(errors="surrogateescape"))
    return digest.hexdigest()


def new_folder(path: Path) -> RunFolder:
    """A folder for results that holds nothing yet; it comes into being with the first file that is written."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(str(path), "a new or empty folder", "one that holds something", "Choose another --out.")
    return RunFolder(path)


def _with_images(labels: Labels, root: Path) -> Labels:
    """The same labels, their images looked for under ``root``."""
    from dataclasses import replace

    if not root.is_dir():
        raise InputError("--images", "a folder", f"'{root}'", "Name the folder that holds the images.")
    return replace(labels, items=replace(labels.items, path=labels.items.key, root=root.resolve()))
