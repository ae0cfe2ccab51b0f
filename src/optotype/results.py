"""The numbers of one evaluation: ``eval.json``, the one source for every number that is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from optotype.errors import InputError
from optotype.files import write_atomic

Better = Literal["higher", "lower"]


class Metric(msgspec.Struct, frozen=True):
    """One number: value with its 95 % interval; None where it does not exist (the reason stands in ``warnings``)."""

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = "ratio"
    better: Better = "higher"


class ClassResult(msgspec.Struct, frozen=True, rename={"name": "class"}):
    """The numbers of one class; ``n`` is its number of truth objects (classify: items)."""

    name: str
    n: int
    metrics: dict[str, Metric]


class SliceResult(msgspec.Struct, frozen=True, rename={"name": "slice"}):
    """The numbers of one part of the data."""

    name: str
    n: int
    metrics: dict[str, Metric]


class Counts(msgspec.Struct, frozen=True):
    """How much was judged."""

    items: int
    groups: int
    truth: int
    predictions: int
    classes: int


class Source(msgspec.Struct, frozen=True):
    """A file or folder that was read, with the hash of what was in it."""

    path: str
    sha256: str


class Provenance(msgspec.Struct, frozen=True):
    """Where the numbers come from; the only part of ``eval.json`` that may differ between equal runs."""

    truth: Source
    predictions: Source
    version: str
    command: str
    created: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """All numbers of one evaluation. All ratios are 0–1; the protocol names every convention used."""

    format: Literal["optotype.eval/1"] = "optotype.eval/1"
    task: str
    protocol: dict[str, Any]
    n: Counts
    metrics: dict[str, Metric]
    per_class: list[ClassResult] = []
    slices: dict[str, list[SliceResult]] = {}
    errors: dict[str, Any] = {}
    calibration: dict[str, Any] = {}
    causes: dict[str, Any] = {}
    warnings: list[str] = []
    provenance: Provenance

    def __getitem__(self, key: str) -> Metric:
        return self.metrics[key]


def encode(result: Result) -> bytes:
    """``eval.json`` as bytes: fixed order, shortest exact floats, two-space indent."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


def save(result: Result, path: Path) -> None:
    """Write ``eval.json`` atomically."""
    write_atomic(path, encode(result))


def load(path: Path) -> Result:
    """Read ``eval.json``; a damaged file or another format is an InputError."""
    if not path.is_file():
        raise InputError(
            str(path),
            "an eval.json of 'optotype evaluate'",
            "no such file",
            "Check the folder's name, or evaluate first.",
        )
    try:
        return msgspec.json.decode(path.read_bytes(), type=Result)
    except msgspec.DecodeError as error:
        raise InputError(str(path), "JSON of the format optotype.eval/1", str(error), "Evaluate again.") from error
