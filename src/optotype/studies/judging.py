"""From two tables to numbers and evidence, and both to and from a folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from optotype import evidence as evidences
from optotype import results
from optotype.errors import InputError
from optotype.evidence import Evidence
from optotype.files import sha256
from optotype.results import Provenance, Result, Source
from optotype.runs import RunFolder
from optotype.tasks import task_of
from optotype.tasks.measured import Measured
from optotype.tasks.reading import Read
from optotype.version import VERSION


@dataclass(frozen=True)
class Judged:
    """The numbers and what they were computed from."""

    result: Result
    evidence: Evidence


def judge(
    task: str, read: Read, folder: RunFolder, *, predictions_path: Path, resamples: int, seed: int, command: str
) -> Judged:
    """Match and measure tables that were read, and leave evidence and numbers in the folder.

    The hash of the truth covers what was judged, not how it was stored, as does that of predictions in a folder, which
    may hold other things. The evidence is written while it is measured, the numbers last, so that ``eval.json`` says
    that all is there.
    """
    record = task_of(task)
    found = record.match(read.truth, read.prediction, **read.rules)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(evidences.save, found, folder.evidence)
        measured = record.measure(found, read.prediction, resamples=resamples, seed=seed, **read.rules)
        written.result()
    said = sha256(predictions_path) if predictions_path.is_file() else record.digest(read.prediction)
    sources = (
        Source(str(read.source), record.digest(read.truth)),
        Source(str(predictions_path), said),
    )
    judged = Judged(result_of(task, measured, read.warnings, sources, command), found)
    results.save(judged.result, folder.eval)
    return judged


def result_of(
    task: str, measured: Measured, warnings: Sequence[str], sources: tuple[Source, Source], command: str = ""
) -> Result:
    """What was measured of truth and predictions (``sources``) as a result, ``warnings`` of reading first."""
    provenance = Provenance(*sources, VERSION, command, time.strftime("%Y-%m-%dT%H:%M:%S%z"))
    numbers = {name: getattr(measured, name) for name in measured.__struct_fields__}
    numbers["warnings"] = [*warnings, *measured.warnings]
    return Result(task=task, provenance=provenance, **numbers)


def save(judged: Judged, folder: RunFolder) -> None:
    """Write both again after more was found out, the numbers last."""
    evidences.save(judged.evidence, folder.evidence)
    results.save(judged.result, folder.eval)


def load(folder: RunFolder) -> Judged:
    """The numbers and evidence in an evaluated folder."""
    if not folder.path.is_dir():
        raise InputError(str(folder.path), "a run or evaluation folder", "no such folder", "Check the path.")
    return Judged(results.load(folder.eval), evidences.load(folder.evidence))
