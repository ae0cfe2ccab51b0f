"""Running a study: its runs one after the other on one split, then one comparison and one report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from optotype import results
from optotype.diagnose.compare import Comparison
from optotype.errors import InputError, did_you_mean
from optotype.files import write_atomic
from optotype.runs import RunFolder, create
from optotype.studies import camvid, idd, voc2007, wildlife
from optotype.studies.across import look_across, read_other
from optotype.studies.crossing_records import CROSSING, CROSSING_FILE
from optotype.studies.declared import STUDY_FILE, Declared, StudyFile, StudyRun, read
from optotype.studies.explaining import compare_spaces
from optotype.studies.paired import compare_folders, save
from optotype.studies.reports import write_report
from optotype.studies.study_data import StudyData, begin
from optotype.studies.training import Progress, Silent, check_models, explained, kept_data, train_run


class Recipe(Protocol):
    """What a preset of a shipped study is."""

    def __call__(self, data: str, weights: str = ..., seed: int = ...) -> Declared:
        """The study of the data; ``weights`` are those of its pretrained runs."""


STUDIES: dict[str, dict[str, Recipe]] = {
    "wildlife": {"course": wildlife.course, "tuned": wildlife.tuned},
    "camvid": {"32": camvid.all_classes, "11": camvid.eleven, "scratch": camvid.scratch},
    "voc2007": {"course": voc2007.course, "ignored": voc2007.ignored},
    "idd": {"course": idd.course},
}
"""Name → preset → recipe; the first preset is taken where none is named."""

TINY = {
    "classify": ("epochs=1", "size=32", "batch_size=8"),
    "segment": ("epochs=1", "size=64", "batch_size=4"),
}
"""Settings of a smoke test, by task."""


@dataclass(frozen=True)
class Done:
    """A finished study; ``comparison`` is None where it has a single run."""

    folder: RunFolder
    comparison: Comparison | None


def plan(
    name: str,
    *,
    data: str | None,
    weights: str | None = None,
    preset: str | None = None,
    versus: str | None = None,
    seed: int = 0,
    only: Sequence[str] | None = None,
    sets: Sequence[str] = (),
    tiny: bool = False,
) -> Declared:
    """What would be run: a shipped study by name or a YAML file, with the user's changes."""
    if name in STUDIES:
        if data is None:
            raise InputError("--data", "the data to study", "nothing", "Add --data FOLDER (wildlife: a CSV or digits).")
        recipe = _recipe(name, preset)
        declared = recipe(data, seed=seed) if weights is None else recipe(data, weights, seed)
    elif Path(name).suffix in (".yaml", ".yml"):
        declared = read(Path(name), data)
    else:
        raise InputError("study", "a shipped study or a YAML file", repr(name), did_you_mean(name, STUDIES))
    if only:
        declared = declared.only(only)
    if versus is not None:
        declared = msgspec.structs.replace(declared, versus=versus)
    declared.check()
    if tiny:
        declared = declared.with_settings(TINY[declared.task])
        declared = msgspec.structs.replace(declared, name=f"{declared.name}-tiny")
    return declared.with_settings(sets)


def _recipe(name: str, preset: str | None) -> Recipe:
    presets = STUDIES[name]
    if preset is None:
        return next(iter(presets.values()))
    if preset not in presets:
        known = f"one of {', '.join(presets)} for the study {name}"
        raise InputError("--preset", known, repr(preset), did_you_mean(preset, presets))
    return presets[preset]


def run(
    declared: Declared,
    *,
    ratios: Sequence[float] | None = None,
    keep_split: bool = False,
    classes: str | None = None,
    resume: bool = False,
    runs: str | Path = "runs",
    max_unreadable: float = 0.01,
    report: bool = True,
    max_mb: float = 20,
    progress: Progress | None = None,
    command: str = "",
) -> Done:
    """Train and judge every run on one split, compare them, and write the report into the study's folder.

    All runs see the same items in the same splits: .7/.1/.2 of all photos whatever their folders, unless ``ratios`` or
    ``keep_split`` say otherwise; label maps keep the split of their data set unless ``ratios`` are given. With
    ``resume`` finished runs are kept and the one that was stopped goes on.
    """
    progress = progress or Silent()
    check_models([declared_run.config for declared_run in declared.runs])
    folder = _open(Path(runs), declared, resume=resume, command=command)
    if resume and folder.data.is_file():
        data: StudyData = kept_data(folder, declared.task)
    else:
        data = begin(
            declared, folder, ratios=ratios, keep_split=keep_split, classes=classes, max_unreadable=max_unreadable,
            say=progress.say,
        )  # fmt: skip
    other = read_other(declared, progress.say)
    done = [RunFolder(folder.path / r.name) for r in declared.runs]
    for declared_run, place in zip(declared.runs, done, strict=True):
        _run_one(declared_run, folder, data, progress, command)
        if other is not None and not (place.path / CROSSING / CROSSING_FILE).is_file():
            look_across(place, other, declared, say=progress.say, command=command)
    comparison = compare_folders(done, [r.name for r in declared.runs]) if len(done) > 1 else None
    if comparison is not None:
        save(folder, comparison, done)
        compare_spaces(folder, done)
    if report:
        write_report(folder, max_mb=max_mb)
    return Done(folder, comparison)


def _open(runs: Path, declared: Declared, *, resume: bool, command: str) -> RunFolder:
    path = runs / declared.name
    if resume and (path / STUDY_FILE).is_file():
        before = msgspec.json.decode((path / STUDY_FILE).read_bytes(), type=StudyFile)
        if before.study != declared:
            raise InputError(
                str(path), "the settings that the study was begun with", "other settings",
                "Give the same options as then, or another --runs folder.",
            )  # fmt: skip
        return RunFolder(path)
    folder = create(runs, declared.name)
    write_atomic(path / STUDY_FILE, msgspec.json.format(msgspec.json.encode(StudyFile(declared, command))))
    return folder


def _run_one(declared: StudyRun, study: RunFolder, data: StudyData, progress: Progress, command: str) -> None:
    folder = RunFolder(study.path / declared.name)
    if folder.eval.is_file():
        progress.say(f"{declared.name}: finished before, kept")
        result = results.load(folder.eval)
        if not result.causes:  # stopped between judging and explaining
            explained(folder, result, progress)
        return
    begun = folder.config.is_file()
    progress.say(f"{declared.name}: " + ("going on" if begun else "begins"))
    folder.path.mkdir(exist_ok=True)
    origins = dict.fromkeys(declared.config.__struct_fields__, f"study {study.path.name}")
    train_run(
        data, declared.config, origins, folder, resume=begun, causes=True, report=False, progress=progress,
        command=command,
    )  # fmt: skip
