"""Reading what a tracker is judged by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import msgspec
import numpy as np

from optotype.errors import InputError
from optotype.formats import read_classes, read_track_detections, read_track_results, read_tracks
from optotype.formats.manifest import write_items
from optotype.kernels.track_offset import cover
from optotype.tables import Array, Floats, Tracks
from optotype.tasks.reading import Asked, Read
from optotype.tasks.track.rules import PROTOCOLS, Rules

RECORD = "track.json"
"""What ``optotype track`` leaves beside its results: how it ran, and on which detections."""
CAMERA = "camera.npz"
"""What it leaves there of the camera's motion: ``sequence`` (s,), ``start`` (s + 1,), ``matrix`` (frames, 2, 3), and
``known`` (frames,)."""

_MOT = re.compile(r"MOT(15|16|17|20)-\d+.*")
_SAMPLES, _LEAST = 128, 30  # frames looked at for an offset, and boxes below which it is not judged
_BETTER, _AGREEING = 1.01, 0.6
_OVERLAP = 0.5


def read(asked: Asked) -> Read:
    """Both sides: MOTChallenge's tree, KITTI's labels or ``.npz`` against a tracker's SEQ.txt or ``.npz``.

    The protocol is ``plain`` unless another is asked for. Where ``track.json`` lies with the results, how the tracker
    ran serves explaining, and so do the camera's motion, where it was estimated, and its detections where they are
    still there and the same, or are asked for.
    """
    asked.only("track", "classes", "sequences", "missing", "detections")
    asked.check_protocol(*PROTOCOLS)
    protocol, source = asked.protocol or "plain", Path(asked.truth)
    classes = None if asked.classes is None else read_classes(asked.classes)
    truth = read_tracks(source, protocol=protocol, classes=classes, sequences=asked.sequences)
    said = read_track_results(asked.predictions, truth.tracks, protocol=protocol, missing=_missing(asked.missing))
    record = _record(asked.predictions)
    detections, more = _detections(asked, record, truth.tracks)
    warnings = [*truth.warnings, *said.warnings, *_hint(protocol, truth.tracks), *offset(truth.tracks, said.tracks)]
    rules = Rules(protocol, detections, _settings(record), _motion(asked.predictions))
    return Read(truth.tracks, said.tracks, truth.tracks.items, source, (*warnings, *more), {"rules": rules})


def _missing(asked: str | None) -> Literal["error", "empty"]:
    if asked not in (None, "error", "empty"):
        raise InputError("--missing", "error or empty", repr(asked), "Choose one of these.")
    return "empty" if asked == "empty" else "error"


def _hint(protocol: str, truth: Tracks) -> list[str]:
    """What is said where the truth looks like MOTChallenge's and is judged by other rules."""
    names = [name for name in truth.items.key.tolist() if (found := _MOT.fullmatch(name))]
    if protocol != "plain" or not names:
        return []
    found = _MOT.fullmatch(names[0])
    year = found[1] if found else "17"
    return [
        f"The sequences are called as MOTChallenge's; they were judged by the protocol plain. --protocol mot{year} "
        "judges pedestrians alone and passes over boxes on people who are seated, standing still or reflected."
    ]  # fmt: skip


# How the tracker ran


def _record(predictions: Path) -> Mapping[str, Any]:
    """What ``track.json`` says; nothing where there is none."""
    folder = predictions if predictions.is_dir() else predictions.parent
    file = folder / RECORD
    if not file.is_file():
        return {}
    try:
        found = msgspec.json.decode(file.read_bytes())
    except (msgspec.DecodeError, OSError) as error:
        raise InputError(str(file), "the JSON that 'optotype track' writes", str(error),
                         "Repair or remove the file.") from error  # fmt: skip
    return found if isinstance(found, dict) else {}


def _settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a tracker ran with, and its name."""
    found = record.get("settings")
    named = {name: record[name] for name in ("tracker", "reference") if name in record}
    return named | (found if isinstance(found, dict) else {})


def _detections(asked: Asked, record: Mapping[str, Any], truth: Tracks) -> tuple[Tracks | None, list[str]]:
    """What the tracker was given, from where the user or its record says, and what is to be told of that."""
    if asked.detections is not None:
        found = read_track_detections(Path(asked.detections), like=truth)
        return found.tracks, list(found.warnings)
    told = record.get("detections")
    told = told if isinstance(told, dict) else {"path": told}
    if not isinstance(told.get("path"), str):
        return None, []
    folder = asked.predictions if asked.predictions.is_dir() else asked.predictions.parent
    path = next((path for path in (Path(told["path"]), folder / told["path"]) if path.exists()), None)
    if path is None:
        return None, []
    try:
        seen = read_track_detections(path, like=truth).tracks
    except InputError as error:
        return None, [f"The detections could not be read, causes were sought without: {error.where}: {error.got}."]
    if not _same(told.get("sha256"), seen):
        return None, [f"The detections in '{path}' are no longer those that were tracked; causes were sought without."]
    return seen, []


def _same(told: Any, found: Tracks) -> bool:
    """Whether the hashes of sequences that were told are those of the detections; what was not told is not known."""
    return not isinstance(told, dict) or all(told.get(name, now) == now for name, now in hashes(found).items())


def hashes(detections: Tracks) -> dict[str, str]:
    """Hash of each sequence's boxes by its name, however they were stored and whatever their classes are called."""
    score = np.zeros(len(detections)) if detections.score is None else detections.score
    start = detections.starts()
    found = {}
    for name, first, end in zip(detections.items.key.tolist(), start[:-1], start[1:], strict=True):
        one = hashlib.sha256()
        for values in (detections.frame, detections.box, score):
            one.update(np.ascontiguousarray(values[first:end]).tobytes())
        found[name] = one.hexdigest()
    return found


def _motion(predictions: Path) -> dict[str, Floats]:
    """The camera's motion by sequence, NaN where it is not known; nothing where none was estimated."""
    file = predictions / CAMERA
    if not file.is_file():
        return {}
    try:
        with np.load(file, allow_pickle=False) as found:
            matrix, known = found["matrix"].astype(np.float64), found["known"]
            if matrix.shape != (len(known), 2, 3):
                raise ValueError(f"matrices of the shape {matrix.shape}")
            parts = np.split(np.where(known[:, None, None], matrix, np.nan), found["start"][1:-1])
            return dict(zip(found["sequence"].tolist(), parts, strict=True))
    except (BadZipFile, KeyError, ValueError, IndexError, TypeError, OSError, EOFError) as error:
        raise InputError(str(file), "the camera's motion that 'optotype track --cmc' writes", str(error),
                         "Track again, or remove the file.") from error  # fmt: skip


# Whether the frames of both sides are the same


def offset(truth: Tracks, said: Tracks) -> list[str]:
    """A warning where the predictions fit the truth better one frame earlier or later, in most of the sequences.

    Compared is, in sampled frames, the sum over boxes of the truth of the best overlap with a prediction, 0 below 0.5.
    """
    item, frame, pieces = _sampled(truth)
    code = _code(said.item, said.frame)
    sums = np.zeros((3, len(item)))
    for found, shift in zip(sums, (-1, 0, 1), strict=True):
        wanted = _code(item, frame - shift)
        among = np.column_stack([np.searchsorted(code, wanted, side) for side in ("left", "right")])
        cover(truth.box, pieces, said.box, among, _OVERLAP, found)
    earlier, same, later = sums.sum(axis=1).tolist()
    best = max(earlier, later)
    if best < max(_BETTER * same, _LEAST * _OVERLAP):
        return []
    way = "later" if later > earlier else "earlier"
    each = np.array([np.bincount(item, row) for row in sums])[:, np.unique(item)]
    if (each[2 if way == "later" else 0] > each[1]).mean() < _AGREEING:
        return []
    more = f"by {100 * (best / same - 1):.1f} % more" if same else "and otherwise not at all"
    return [
        f"The predictions fit the truth better one frame {way}: in sampled frames their boxes then overlap the truth's "
        f"{more}. Are frames counted alike on both sides?"
    ]


def _code(item: Array, frame: Array) -> Array:
    """One ascending int64 a sequence and frame."""
    return item.astype(np.int64) << 32 | frame.astype(np.int64)


def _sampled(truth: Tracks) -> tuple[Array, Array, Array]:
    """Frames with boxes, evenly over all of the truth: sequence, frame, and the rows of their boxes, (n, 2)."""
    code = _code(truth.item, truth.frame)
    first = np.flatnonzero(np.diff(code, prepend=-1))
    last = np.append(first[1:], len(code))
    chosen = np.unique(np.linspace(0, len(first) - 1, _SAMPLES).astype(np.int64)) if len(first) else first
    first, last = first[chosen], last[chosen]
    return truth.item[first], truth.frame[first], np.column_stack([first, last])


# What later commands need


def keep(path: Path, truth: Tracks) -> None:
    """Write the sequences as a CSV: from it the report finds their frames."""
    write_items(path, truth.items)


def digest(truth: Tracks) -> str:
    """Hash of sequences, classes and boxes in order of the names: equal truths are equal whatever they came from."""
    found = hashlib.sha256("\0".join(truth.classes).encode())
    order = np.argsort(truth.items.key, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows = np.argsort(place[truth.item], kind="stable")
    found.update("\0".join(truth.items.key[order].tolist()).encode())
    found.update(np.ascontiguousarray(truth.length[order]).tobytes())
    for values in (place[truth.item], truth.frame, truth.id, truth.label, truth.box, truth.counts):
        found.update(np.ascontiguousarray(values[rows]).tobytes())
    return found.hexdigest()
