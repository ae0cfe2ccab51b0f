"""From two tables to numbers and evidence, and both to and from a folder."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from optotype import evidence as evidences
from optotype import results
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.files import sha256
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
    digest = hashlib.sha256("\0".join(truth.classes).encode())
    for key, label in sorted(zip(truth.items.key.tolist(), truth.label.tolist(), strict=True)):
        digest.update(f"\0{key}\0{label}".encode(errors="surrogateescape"))
    return digest.hexdigest()


def load(folder: RunFolder) -> Judged:
    """The numbers and evidence in an evaluated folder."""
    if not folder.path.is_dir():
        raise InputError(str(folder.path), "a run or evaluation folder", "no such folder", "Check the path.")
    return Judged(results.load(folder.eval), evidences.load(folder.evidence))
