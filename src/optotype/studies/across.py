"""A study's models on another data set, each held against what it does on its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from optotype.catalog import resolve
from optotype.class_maps import by_name, plain
from optotype.diagnose.domains import Crossing
from optotype.formats import read_mask_manifest, read_mask_predictions, write_mask_manifest
from optotype.mapped_masks import mapped
from optotype.runs import RunFolder
from optotype.studies.crossing import versus
from optotype.studies.crossing_records import CROSSING, VERSUS
from optotype.studies.declared import Declared
from optotype.studies.evaluation import rules_of
from optotype.studies.judging import judge
from optotype.studies.predicting import predict_maps
from optotype.studies.saying import Say
from optotype.studies.study_data import other_maps
from optotype.tables import Masks
from optotype.tasks.reading import Read
from optotype.tasks.segment.rules import Rules
from optotype.training.settings import read_config


def read_other(declared: Declared, say: Say) -> Masks | None:
    """The label maps of the other data set, None for a study without one."""
    return None if declared.versus is None else other_maps(declared, resolve(declared.versus), say)


def look_across(run: RunFolder, masks: Masks, declared: Declared, *, say: Say, command: str) -> Crossing:
    """Judge the run's model on the other data set, in its folder ``versus``, and hold both against each other, in
    ``crossing``. What the model says is read as its own classes and judged as those of the other data set that have the
    same names; a class without one is void.
    """
    own, other = _names(declared)
    say(f"{run.path.name}: on {other}")
    place = RunFolder(run.path / VERSUS)
    place.path.mkdir(exist_ok=True)
    shutil.rmtree(place.path / "predictions", ignore_errors=True)  # of a study that was stopped while it predicted
    write_mask_manifest(place.data, masks)
    said = place.path / "predictions"
    predict_maps(run.path, place.data, out=said, say=say)
    found = read_mask_predictions(said, _of_run(run, masks))
    prediction = mapped(found.masks, by_name(masks.classes))
    alike = plain(found.masks.classes[0]) == plain(masks.classes[0])  # else void would count as another class
    rules = rules_of(read_config(run.config)) if alike else Rules()
    read = Read(masks, prediction, masks.items, Path(str(declared.versus)), found.warnings, {"rules": rules})
    judge("segment", read, place, predictions_path=said, resamples=1000, seed=0, command=command)
    return versus(
        run.path, place.path, out=run.path / CROSSING, names=(own, other),
        map_classes=declared.preparation.map_classes, report=False, command=command,
    )  # fmt: skip


def _of_run(run: RunFolder, masks: Masks) -> Masks:
    """The items of the label maps under the classes and colours that the run's model knows."""
    own = read_mask_manifest(run.data)
    return Masks(masks.items, own.classes, masks.maps, own.colours)


def _names(declared: Declared) -> tuple[str, str]:
    """What the two data sets are called: their folders' names, told apart where they are alike."""
    first, second = (Path(path).resolve().name for path in (declared.runs[0].config.data, str(declared.versus)))
    return (first, second) if first != second else (first, f"{second} (other)")
