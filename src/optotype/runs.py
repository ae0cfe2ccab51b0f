"""Run folders: the files of one training or evaluation, append-only or replaced as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from optotype.errors import InputError

_NAME = re.compile(r"[\w][\w.+=-]{0,99}")


@dataclass(frozen=True)
class RunFolder:
    """Where each file of a run lies; nothing is made or read by naming it."""

    path: Path

    @property
    def config(self) -> Path:
        """The resolved settings, with the origin of each value."""
        return self.path / "config.yaml"

    @property
    def env(self) -> Path:
        """Machine, versions, device and precision."""
        return self.path / "env.json"

    @property
    def architecture(self) -> Path:
        """The model's layer table."""
        return self.path / "architecture.json"

    @property
    def log(self) -> Path:
        """One JSON line an epoch."""
        return self.path / "log.jsonl"

    @property
    def curves(self) -> Path:
        """The log's losses and accuracies as a table."""
        return self.path / "curves.csv"

    @property
    def data(self) -> Path:
        """The manifest of the data used: items, labels, splits, exclusions."""
        return self.path / "data.csv"

    @property
    def predictions(self) -> Path:
        """What the model says about the judged split: a folder of label maps where there is one (segment), else
        ``.npz`` (classify).
        """
        maps = self.path / "predictions"
        return maps if maps.is_dir() else maps.with_suffix(".npz")

    @property
    def eval(self) -> Path:
        """All numbers."""
        return self.path / "eval.json"

    @property
    def evidence(self) -> Path:
        """What the numbers were computed from."""
        return self.path / "evidence.npz"

    @property
    def distances(self) -> Path:
        """Of the judged items to the centroid of each class, in the model's feature space."""
        return self.path / "distances.npz"

    @property
    def space(self) -> Path:
        """What was found out about the feature space and about each mistake."""
        return self.path / "space.json"

    @property
    def centroids(self) -> Path:
        """Of a study: what the first run mistakes, in each run's feature space."""
        return self.path / "centroids.json"

    @property
    def heat(self) -> Path:
        """Heat maps of the mistakes, with their index ``heat.json``."""
        return self.path / "heat"

    @property
    def report(self) -> Path:
        """The report, one offline file."""
        return self.path / "report.html"

    @property
    def sheets(self) -> Path:
        """Image sheets made in training, with their index ``sheets.json``."""
        return self.path / "sheets"

    @property
    def checkpoints(self) -> Path:
        """``last.pt`` and ``best.pt``."""
        return self.path / "checkpoints"


def create(root: Path, name: str, *, resume: bool = False) -> RunFolder:
    """The folder ``root/name`` for a new run, or the one to go on with.

    Nothing is overwritten: an existing, non-empty folder needs ``resume``.
    """
    if not _NAME.fullmatch(name):
        raise InputError("--name", "letters, digits, '.', '_', '+', '=' and '-', 100 at most", repr(name), "Rename.")
    folder = RunFolder(root / name)
    if folder.path.exists() and not folder.path.is_dir():
        raise InputError(str(folder.path), "a folder", "a file", "Choose another --name.")
    if resume and not folder.config.is_file():
        raise InputError(str(folder.path), "a run to go on with", "no config.yaml in it", "Delete it and start anew.")
    if not resume and folder.path.is_dir() and any(folder.path.iterdir()):
        raise InputError(
            str(folder.path),
            "a new folder",
            "one that is not empty",
            "Go on with --resume, or give another --name.",
        )
    folder.path.mkdir(parents=True, exist_ok=True)
    return folder
