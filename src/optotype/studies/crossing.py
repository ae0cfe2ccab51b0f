"""One model on two data sets, each evaluated in a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from optotype import class_maps
from optotype.diagnose.domains import Crossing, cross
from optotype.files import write_atomic
from optotype.runs import RunFolder
from optotype.studies.comparison import names_of
from optotype.studies.crossing_records import CROSSING_FILE, CrossingFile
from optotype.studies.evaluation import new_folder
from optotype.studies.judging import load
from optotype.studies.reports import write_report


def versus(
    run: str | Path,
    other: str | Path,
    *,
    out: str | Path,
    map_classes: str | Path | None = None,
    names: Sequence[str] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    report: bool = True,
    max_mb: float = 20,
    command: str = "",
) -> Crossing:
    """Hold what a model does on the data set of ``other`` against what it does on that of ``run``.

    Both are folders of runs or evaluations of segmentations. ``map_classes`` is a file or a shipped map (``idd``,
    ``cityscapes``, ``camvid``, ``street18``) that gives both sides' classes their joint names; without it classes are
    joined by name. Writes ``crossing.json`` and ``report.html`` into ``out``.
    """
    target = new_folder(Path(out))
    classes = None if map_classes is None else class_maps.read(map_classes)
    folders = [RunFolder(Path(run)), RunFolder(Path(other))]
    judged = [load(folder) for folder in folders]
    found = cross(
        [j.result for j in judged], [j.evidence for j in judged], names_of(folders, names), classes=classes,
        resamples=resamples, seed=seed,
    )  # fmt: skip
    target.path.mkdir(parents=True, exist_ok=True)
    kept = CrossingFile([str(folder.path.resolve()) for folder in folders], found, command)
    write_atomic(target.path / CROSSING_FILE, msgspec.json.format(msgspec.json.encode(kept)))
    if report:
        write_report(target, max_mb=max_mb)
    return found
