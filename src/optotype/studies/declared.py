"""What a study is: a list of training runs that are declared together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from optotype.errors import InputError, did_you_mean
from optotype.training.config import TrainConfig
from optotype.training.settings import apply_sets, read_yaml, typed

STUDY_FILE = "study.json"


class StudyRun(msgspec.Struct, frozen=True):
    """One run of a study; ``note`` says what it is there for."""

    name: str
    config: TrainConfig
    note: str = ""


class Declared(msgspec.Struct, frozen=True):
    """A study: the first run is the one the others are held against."""

    name: str
    title: str
    runs: list[StudyRun]

    def lines(self) -> list[str]:
        """The plan, a line a run."""
        head = f"study {self.name}: {len(self.runs)} runs on {self.runs[0].config.data}"
        return [
            head,
            *(f"  {run.name}: {_short(run.config)}" + (f" – {run.note}" if run.note else "") for run in self.runs),
        ]

    def only(self, names: Sequence[str]) -> Declared:
        """The study with these runs alone."""
        known = [run.name for run in self.runs]
        for name in names:
            if name not in known:
                raise InputError("--only", "runs of the study", repr(name), did_you_mean(name, known))
        return msgspec.structs.replace(self, runs=[run for run in self.runs if run.name in names])

    def with_settings(self, sets: Sequence[str]) -> Declared:
        """The study with 'key=value' settings applied to every run."""
        runs = [msgspec.structs.replace(run, config=apply_sets(run.config, sets)) for run in self.runs]
        return msgspec.structs.replace(self, runs=runs)


class StudyFile(msgspec.Struct, frozen=True):
    """What a study's folder remembers of its declaration."""

    study: Declared
    command: str


def read(path: Path, data: str | None) -> Declared:
    """A study from a YAML file: ``name``, ``title``, ``base`` (settings), ``runs`` (name → settings that differ).

    Unknown keys are refused; every value is typed by the schema of the settings.
    """
    raw = read_yaml(path)
    allowed = {"name", "title", "base", "runs"}
    for key in raw:
        if key not in allowed:
            raise InputError(f"{path}, key '{key}'", "name, title, base or runs", key, did_you_mean(key, allowed))
    runs = raw.get("runs")
    if not isinstance(runs, dict) or not runs:
        raise InputError(f"{path}, key 'runs'", "one or more runs: a name and its settings", repr(runs), "Add runs.")
    base: dict[str, Any] = {"task": "classify", **(raw.get("base") or {}), **({"data": data} if data else {})}
    declared = [
        StudyRun(str(name), typed(_merged(base, settings or {}), where=f"{path}, run '{name}'"))
        for name, settings in runs.items()
    ]
    return Declared(str(raw.get("name", path.stem)), str(raw.get("title", path.stem)), declared)


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _short(config: TrainConfig) -> str:
    augmented = "augmented" if config.augment != type(config.augment)() else "plain"
    return (
        f"{config.model}, weights {config.weights}, {config.size} px, {config.epochs} epochs of batches of "
        f"{config.batch_size}, {config.optimizer} at {config.lr:g}, {config.schedule}, {augmented}"
    )
