"""A study's models on another data set, each held against what it does on its own."""

from __future__ import annotations

from pathlib import Path

from optotype.catalog import resolve
from optotype.diagnose.domains import Crossing
from optotype.formats import read_mask_predictions, write_mask_manifest
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
from optotype.training.settings import read_config


def read_other(declared: Declared, say: Say) -> Masks | None:
    """The label maps of the other data set, None for a study without one."""
    return None if declared.versus is None else other_maps(declared, resolve(declared.versus), say)


def look_across(run: RunFolder, masks: Masks, declared: Declared, *, say: Say, command: str) -> Crossing:
    """Judge the run's model on the other data set, in its folder ``versus``, and hold both against each other, in
    ``crossing``.
    """
    own, other = _names(declared)
    say(f"{run.path.name}: on {other}")
    place = RunFolder(run.path / VERSUS)
    place.path.mkdir(exist_ok=True)
    write_mask_manifest(place.data, masks)
    said = place.path / "predictions"
    predict_maps(run.path, place.data, out=said, say=say)
    found = read_mask_predictions(said, masks)
    rules = rules_of(read_config(run.config))
    read = Read(masks, found.masks, masks.items, Path(str(declared.versus)), found.warnings, {"rules": rules})
    judge("segment", read, place, predictions_path=said, resamples=1000, seed=0, command=command)
    return versus(
        run.path, place.path, out=run.path / CROSSING, names=(own, other),
        map_classes=declared.preparation.map_classes, report=False, command=command,
    )  # fmt: skip


def _names(declared: Declared) -> tuple[str, str]:
    """What the two data sets are called: their folders' names, told apart where they are alike."""
    first, second = (Path(path).resolve().name for path in (declared.runs[0].config.data, str(declared.versus)))
    return (first, second) if first != second else (first, f"{second} (other)")
