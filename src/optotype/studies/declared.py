"""What a study is: a list of training runs that are declared together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

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


class Preparation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done to label maps before training, for all runs alike.

    ``map_classes`` names a map of class names (a file or a shipped one); pixels of classes that it leaves out become
    void. ``share`` is the part of each split that is taken, drawn by the first run's seed.
    """

    map_classes: str | None = None
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0

    def line(self) -> str:
        """What is done, in words; empty for nothing."""
        parts = [
            f"{100 * self.share:g} % of each split" if self.share < 1 else "",
            f"classes by the map {self.map_classes}" if self.map_classes else "",
        ]
        return ", ".join(filter(None, parts))


class Declared(msgspec.Struct, frozen=True):
    """A study: the first run is the one the others are held against.

    ``versus`` is another data set, on which every model is judged too and held against its own.
    """

    name: str
    title: str
    runs: list[StudyRun]
    preparation: Preparation = Preparation()
    versus: str | None = None

    @property
    def task(self) -> str:
        """The task of its runs."""
        return self.runs[0].config.task

    def check(self) -> None:
        """Raise InputError for runs of several tasks, and for what other tasks than segmentation do not have."""
        if len(tasks := {run.config.task for run in self.runs}) > 1:
            got = " and ".join(sorted(tasks))
            raise InputError(f"study {self.name}", "runs of one task", got, "Make a study of each.")
        if self.task != "segment" and (self.versus is not None or self.preparation != Preparation()):
            fix = "Leave them out, or study label maps."
            raise InputError("--versus, preparation", "a study of segmentations", f"one of the task {self.task}", fix)

    def lines(self) -> list[str]:
        """The plan, a line a run."""
        n = len(self.runs)
        head = f"study {self.name}: {n} {'run' if n == 1 else 'runs'} on {self.runs[0].config.data}"
        told = [head, f"  data: {self.preparation.line()}"] if self.preparation.line() else [head]
        if self.versus:
            told.append(f"  held against {self.versus}")
        return [
            *told,
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
    """A study from a YAML file: ``name``, ``title``, ``base`` (settings), ``runs`` (name → settings that differ),
    ``preparation`` of label maps (``map_classes``, ``share``), ``versus``.

    Unknown keys are refused; every value is typed by the schema of the settings.
    """
    raw = read_yaml(path)
    allowed = ("name", "title", "base", "runs", "preparation", "versus")
    for key in raw:
        if key not in allowed:
            raise InputError(f"{path}, key '{key}'", f"one of {', '.join(allowed)}", key, did_you_mean(key, allowed))
    runs = raw.get("runs")
    if not isinstance(runs, dict) or not runs:
        raise InputError(f"{path}, key 'runs'", "one or more runs: a name and its settings", repr(runs), "Add runs.")
    base: dict[str, Any] = {"task": "classify", **(raw.get("base") or {}), **({"data": data} if data else {})}
    declared = [
        StudyRun(str(name), typed(_merged(base, settings or {}), where=f"{path}, run '{name}'"))
        for name, settings in runs.items()
    ]
    return Declared(
        str(raw.get("name", path.stem)), str(raw.get("title", path.stem)), declared,
        _preparation(raw.get("preparation"), f"{path}, key 'preparation'"), raw.get("versus"),
    )  # fmt: skip


def _preparation(raw: Any, where: str) -> Preparation:
    try:
        return msgspec.convert(raw or {}, Preparation, strict=False)
    except msgspec.ValidationError as error:
        raise InputError(
            where, "map_classes (a name) and share (above 0, up to 1)", str(error), "Correct it."
        ) from None


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _short(config: TrainConfig) -> str:
    augmented = "augmented" if config.augment != type(config.augment)() else "plain"
    weighted = "" if config.class_weights == "none" else f", classes weighted ({config.class_weights})"
    return (
        f"{config.model}, weights {config.weights}, {config.size} px, {config.epochs} epochs of batches of "
        f"{config.batch_size}, {config.optimizer} at {config.lr:g}, {config.schedule}, {augmented}{weighted}"
    )
