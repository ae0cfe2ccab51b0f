"""What is in sequences with tracks, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from optotype.classes import ClassList
from optotype.data.findings import (
    EXAMPLES,
    ClassCount,
    Finding,
    Findings,
    SequenceCount,
    Severity,
    TrackCounts,
    any_finding,
    worst_first,
)
from optotype.errors import InputError
from optotype.formats import kitti, mot, read_tracks
from optotype.listing import TrackListing
from optotype.sequences import frame_files, picture_size
from optotype.tables import Array, Floats, Tracks
from optotype.track_parts import MOT_CLASSES, Fault
from optotype.track_trees import framed, is_kitti, truth_places

FAR = 2.0
"""Heights by which an object that is nowhere near its last box has to move in one frame to be another."""

DISTRACTORS = ("person on vehicle", "static person", "distractor", "reflection")
"""Classes of MOTChallenge that predictions may lie on without counting as false."""

_MOT = re.compile(r"MOT(16|17|20)-\d+.*")

_FAULTS: dict[str, tuple[str, str]] = {
    "repeated_id": ("{n} box{es} {has_} an id that was there in the frame", "Give each object an id of its own."),
    "outside": ("{n} box{es} in frames that the sequence does not have", "Correct the lines, or seqLength."),
    "negative_size": ("{n} box{es} with a negative width or height", "Write width and height, not corners."),
    "unknown_class": ("{n} box{es} of a class that is not known", "Correct the lines, or name all with --classes."),
    "negative_id": ("{n} box{es} of the truth with a negative id", "Give each object an id, 0 or more."),
}  # fmt: skip
"""What is said of each kind of faulty rows, and what is to be done."""


def check_tracks(path: Path, images: Path | None = None, classes: ClassList | None = None) -> Findings:
    """What is in the truth of tracking, and what is wrong with it.

    Names of sequences like MOT17-02 bring MOTChallenge's classes. Of the images their number and the first one's size
    are looked at. Raises InputError for what cannot be read as tracks at all.
    """
    listing = _read(path, classes)
    tracks = listing.tracks
    if images is not None:
        tracks = _framed(tracks, images)
    files = [frame_files(tracks.items.file(i)) if tracks.items.path[i] else [] for i in range(len(tracks.items))]
    chains = np.lexsort((tracks.frame, tracks.id, tracks.item))
    findings = [
        *_of_files(listing),
        *_faults(listing.faults),
        *_frames(tracks, files),
        *_boxes(tracks),
        *_identities(tracks, chains),
        *_class_findings(tracks),
    ]
    return Findings(
        path=str(path), task="track", images=int(tracks.length.sum()), classes=_class_rows(tracks),
        findings=worst_first(findings), sequences=_sequence_rows(tracks), tracks=_counts(tracks),
    )  # fmt: skip


def _read(path: Path, classes: ClassList | None) -> TrackListing:
    if path.suffix.lower() == ".npz" or not path.exists():
        return read_tracks(path, classes=classes)
    if is_kitti(path):
        return kitti.read(path, classes=classes, lenient=True)
    places, _ = truth_places(path)
    named = classes is not None or any((place.labels or path).with_name("labels.txt").is_file() for place in places)
    known = not named and all(_MOT.fullmatch(place.name) for place in places)
    return mot.read(path, protocol="mot17" if known else "plain", classes=classes, lenient=True)


def _framed(tracks: Tracks, images: Path) -> Tracks:
    if not images.is_dir():
        raise InputError("--images", "the folder that holds the sequences' frames", f"'{images}'", "Check the path.")
    return replace(tracks, items=framed(tracks.items, images))


# What is there


def _sequence_rows(tracks: Tracks) -> list[SequenceCount]:
    items, s = tracks.items, len(tracks.items)
    kept = tracks.counts
    boxes = np.bincount(tracks.item[kept], minlength=s)
    ids = np.bincount(_distinct(tracks.item[kept], tracks.id[kept]), minlength=s)
    return [
        SequenceCount(
            name=str(items.key[i]), frames=int(tracks.length[i]),
            rate=None if np.isnan(tracks.rate[i]) else float(tracks.rate[i]), width=int(items.width[i]),
            height=int(items.height[i]), tracks=int(ids[i]), boxes=int(boxes[i]),
        )
        for i in range(s)
    ]  # fmt: skip


def _class_rows(tracks: Tracks) -> list[ClassCount]:
    """Counted boxes, tracks and frames of each class; of MOTChallenge's only those that occur."""
    rows = []
    for label, name in enumerate(tracks.classes):
        there = (tracks.label == label) & tracks.counts
        if not (tracks.label == label).any() and tracks.classes == MOT_CLASSES:
            continue
        frames, ids = _pairs(tracks, tracks.frame, there), _pairs(tracks, tracks.id, there)
        rows.append(ClassCount(name, frames, {"": frames}, objects=int(there.sum()), tracks=ids,
                               crowds=int(((tracks.label == label) & ~tracks.counts).sum())))  # fmt: skip
    return rows


def _pairs(tracks: Tracks, column: Array, there: Array) -> int:
    """How many different values a column has in the sequences, among the rows of a mask."""
    return len(_distinct(tracks.item[there], column[there]))


def _distinct(item: Array, column: Array) -> Array:
    """The sequence of each different pair of sequence and value."""
    order = np.lexsort((column, item))  # many times faster than np.unique of rows
    item, column = item[order], column[order]
    new = np.append(True, (np.diff(item) != 0) | (np.diff(column) != 0))
    return np.asarray(item[new[: len(item)]])


def _counts(tracks: Tracks) -> TrackCounts:
    distractor = [i for i, name in enumerate(tracks.classes) if name in DISTRACTORS and tracks.classes == MOT_CLASSES]
    return TrackCounts(
        tracks=_pairs(tracks, tracks.id, tracks.counts), boxes=int(tracks.counts.sum()),
        ignored=int((~tracks.counts).sum()), distractors=int(np.isin(tracks.label, distractor).sum()),
    )  # fmt: skip


# What is wrong


def _of_files(listing: TrackListing) -> list[Finding]:
    findings = []
    for said in listing.warnings:
        kind = "zero_based" if "count frames from 0" in said or "counts frames from 0" in said else "file"
        if "no width or no height" in said:
            continue  # found again below, with examples
        text = said.rstrip(".").replace("{", "{{").replace("}", "}}")
        findings += any_finding(kind, "warning", [], text, "Correct the files, unless it is meant to be so.", 1)
    return findings


def _faults(faults: Sequence[Fault]) -> list[Finding]:
    findings = []
    for kind, (text, fix) in _FAULTS.items():
        found = [fault for fault in faults if fault.kind == kind]
        n = sum(fault.number for fault in found)
        shown = [f"{place}: {got}" for fault in found for place, got in zip(fault.places, fault.got, strict=True)]
        filled = text.replace("{has_}", "has" if n == 1 else "have")
        findings += any_finding(kind, "error", shown[:EXAMPLES], filled, fix, n)
    return findings


def _frames(tracks: Tracks, files: Sequence[Sequence[Path]]) -> list[Finding]:
    names, length = tracks.items.key.tolist(), tracks.length.tolist()
    none = [name for name, found in zip(names, files, strict=True) if not found]
    other = [f"{name}: {len(found):,} images, {n:,} frames" for name, found, n in zip(names, files, length, strict=True)
             if found and len(found) != n]  # fmt: skip
    sizes = [picture_size(found[0]) if found else (0, 0) for found in files]
    written = zip(tracks.items.width.tolist(), tracks.items.height.tolist(), strict=True)
    wrong = [f"{name}: {w} × {h} written, {x} × {y} in '{found[0].name}'"
             for name, found, (w, h), (x, y) in zip(names, files, written, sizes, strict=True)
             if x and w and (w, h) != (x, y)]  # fmt: skip
    bare = tracks.length - np.bincount(_distinct(tracks.item, tracks.frame), minlength=len(names))
    unlabelled = [f"{names[i]}: {bare[i]:,} of {length[i]:,}" for i in np.flatnonzero(bare).tolist()]
    return [
        *any_finding("no_images", "note", none, "{n} sequence{s} without images",
                     "Nothing for measuring; --images names their folder, for pictures and conditions."),
        *any_finding("length", "warning", other, "{n} sequence{s} {has_} another number of images than of frames"
                     .replace("{has_}", "has" if len(other) == 1 else "have"),
                     "Correct seqLength in seqinfo.ini, or complete the images."),
        *any_finding("size", "error", wrong, "{n} sequence{s} with another size in seqinfo.ini than the first image",
                     "Correct imWidth and imHeight."),
        *any_finding("no_objects", "note", unlabelled, "{n} frame{s} without a box",
                     "Nothing, if nothing is to be seen in them: whatever is found there is false.", int(bare.sum())),
    ]  # fmt: skip


def _boxes(tracks: Tracks) -> list[Finding]:
    x, y, w, h = tracks.box.T
    size = np.column_stack([tracks.items.width, tracks.items.height])[tracks.item].T
    known = (size > 0).all(axis=0) & tracks.counts & (w > 0) & (h > 0)
    off = known & ((x - 1 >= size[0]) | (y - 1 >= size[1]) | (x - 1 + w <= 0) | (y - 1 + h <= 0))
    return [
        *_shown(tracks, "zero_size", "warning", np.flatnonzero((w == 0) | (h == 0)),
                "{n} box{es} without width or height", "Remove them: they overlap nothing, so that each is missed."),
        *_shown(tracks, "off_image", "warning", np.flatnonzero(off), "{n} box{es} entirely outside the image",
                "Give them considered = 0 (column 7), or remove them: nothing can be found there."),
    ]  # fmt: skip


def _shown(tracks: Tracks, kind: str, severity: Severity, rows: Array, text: str, fix: str) -> list[Finding]:
    """A finding about the boxes at ``rows``, of which only some are put into words."""
    return any_finding(kind, severity, [_words(tracks, i) for i in rows[:EXAMPLES].tolist()], text, fix, len(rows))


def _words(tracks: Tracks, row: int) -> str:
    x, y, w, h = (f"{value:.6g}" for value in tracks.box[row].tolist())
    name = tracks.items.key[tracks.item[row]]
    return f"{name}, frame {tracks.frame[row]}: id {tracks.id[row]} at {x}, {y}, {w} × {h}"


def _identities(tracks: Tracks, chains: Array) -> list[Finding]:
    """Gaps and leaps of identities, and those of a single frame; ``chains`` orders the rows by sequence, id, frame."""
    item, number, frame = tracks.item[chains], tracks.id[chains], tracks.frame[chains]
    same = (np.diff(item) == 0) & (np.diff(number) == 0)
    step = np.diff(frame)
    gaps = np.flatnonzero(same & (step > 1))
    longest = gaps[np.argsort(-step[gaps], kind="stable")]
    shown = [f"{tracks.items.key[item[i]]}, id {number[i]}: {step[i] - 1:,} frames after frame {frame[i]}"
             for i in longest[:EXAMPLES].tolist()]  # fmt: skip
    pairs = np.flatnonzero(same & (step == 1))
    before, after = chains[pairs], chains[pairs + 1]
    leap = _leaps(tracks.box[before], tracks.box[after])
    two = zip(before[leap][:EXAMPLES].tolist(), after[leap][:EXAMPLES].tolist(), strict=True)
    leaps = [f"{_words(tracks, a)}, then at {tracks.box[b][0]:.6g}, {tracks.box[b][1]:.6g}" for a, b in two]
    single = _single(same)
    other = np.flatnonzero(same & (np.diff(tracks.label[chains]) != 0))
    return [
        *any_finding("gaps", "note", shown,
                     f"{{n}} gap{{s}} in tracks, {int((step[gaps] - 1).sum()):,} frames in all",
                     "Nothing, if the objects were not to be seen; else label them there too.", len(gaps)),
        *any_finding("leaps", "warning", leaps,
                     f"{{n}} time{{s}} an id leaps by more than {FAR:g} heights from one frame to the next",
                     "Look at them: is the id used for two objects?", int(leap.sum())),
        *any_finding("classes_of_id", "warning", [_words(tracks, i) for i in chains[other + 1][:EXAMPLES].tolist()],
                     "{n} time{s} the class of an id changes", "Give an object one class.", len(other)),
        *any_finding("single", "note", [_words(tracks, i) for i in chains[single][:EXAMPLES].tolist()],
                     "{n} track{s} of a single box", "Look at them: was an id mistyped?", int(single.sum())),
    ]  # fmt: skip


def _leaps(before: Floats, after: Floats) -> Array:
    """Mask of the pairs of boxes (n, 4) that do not touch and whose centres are more than FAR heights apart."""
    low, high = (
        np.maximum(before[:, :2], after[:, :2]),
        np.minimum(before[:, :2] + before[:, 2:], after[:, :2] + after[:, 2:]),
    )
    apart = (high <= low).any(axis=1)
    moved = np.hypot(*(after[:, :2] + after[:, 2:] / 2 - before[:, :2] - before[:, 2:] / 2).T)
    far: Array = apart & (moved > FAR * np.maximum(before[:, 3], after[:, 3]))
    return far


def _single(same: Array) -> Array:
    """Mask of the rows that are alone in their chain."""
    joined = np.concatenate([[False], same, [False]])
    return ~(joined[1:] | joined[:-1]) if len(same) else np.zeros(0, np.bool_)


def _class_findings(tracks: Tracks) -> list[Finding]:
    there = np.bincount(tracks.label, minlength=len(tracks.classes)) > 0
    empty = [] if tracks.classes == MOT_CLASSES else [n for n, t in zip(tracks.classes, there, strict=True) if not t]
    return [
        *any_finding("empty_class", "note", empty, "{n} class{es} without a box", "Add objects, or remove the class."),
        *any_finding("no_tracks", "error", [], "there is no box at all", "Is this the right folder?",
                     int(not len(tracks))),
    ]  # fmt: skip
