"""What is in a data set, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from optotype.classes import ClassList
from optotype.data import check_boxes, check_frames, duplicates
from optotype.data.check_masks import check_masks
from optotype.data.check_tracks import check_tracks
from optotype.data.duplicates import Components, Duplicates, members
from optotype.data.findings import ClassCount, Finding, Findings, Severity, Task, any_finding, worst_first
from optotype.data.inspection import LEAST_SIDE, Inspection, Progress, inspect
from optotype.data.split import DEFAULT_RATIOS, check_ratios, targets
from optotype.data.statistics import class_counts
from optotype.errors import InputError
from optotype.formats import is_masks, read_boxes, read_classes, read_listing
from optotype.listing import BAD_NAME, NO_IMAGE, OUTSIDE, SPLITS, Listing
from optotype.tables import Array, Boxes, Labels, Strings
from optotype.track_trees import is_tree

__all__ = ["ClassCount", "Finding", "Findings", "check"]

MAX_UNREADABLE = 0.01
"""Share of unreadable or missing files above which they are an error: training would stop."""

UNEVEN, VERY_UNEVEN = 10, 100
"""Ratio of the largest to the smallest class from which on it is a warning (of objects: a note, then a warning)."""

SIZE_FACTOR = 4
"""A picture is a size outlier when its shorter side is this many times smaller or larger than the median's."""

ASPECT = 4.0
"""… or when its sides are in a ratio above this."""


class _Advice(NamedTuple):
    """What to do about the files, which depends on what they are for."""

    unreadable: str
    copies: str
    near: str
    rotated: str
    mode: str


_CLASSIFY = _Advice(
    "Repair or remove them; split, train and study leave them out.",
    "Remove the copies; split keeps them together.",
    "Look at them; split keeps them together.",
    "Nothing: they are turned upright wherever they are used.",
    "Nothing: all are converted to RGB; ask whether the mode gives the class away.",
)
_DETECT = _Advice(
    "Repair them, or take them out of the JSON file.",
    "Take the copies out of the JSON file: what is in them counts twice.",
    "Look at them: never let one be trained on and the other be tested on.",
    "Nothing, if the boxes are drawn on the picture as displayed.",
    "Nothing: all are converted to RGB.",
)


def check(
    path: str | Path,
    *,
    task: Task | None = None,
    images: str | Path | None = None,
    classes: ClassList | str | Path | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> Findings:
    """Look at a data set, at every image once, and say what is there and what is wrong with it.

    A folder or CSV is for classification, COCO's JSON for detection, sequences (SEQ/gt/gt.txt) for tracking, a layout
    of label maps (CamVid, PASCAL VOC, Cityscapes, IDD) for segmentation; ``task`` overrules. ``classes`` are names, or
    the file that has them. ``images`` is the folder that holds the images (detection: without it only the file is
    looked at; tracking: where it is not the sequences' own). Raises InputError only where there is
    nothing to look at (no such path, no image, a file that cannot be read as what it should be).
    """
    path = Path(path)
    task = task or _task_of(path)
    if task == "segment":
        return _segment(path, images, classes, threads, progress)
    if isinstance(classes, (str, Path)):
        classes = read_classes(str(classes))
    if task == "track":
        return check_tracks(path, None if images is None else Path(images), classes)
    if task == "detect":
        if classes is not None:
            raise InputError("--classes", "no class list for detection", "one", "Leave it out: the file has its own.")
        return _detect(path, None if images is None else Path(images), threads, progress)
    if images is not None:
        raise InputError("--images", "a COCO JSON file, whose images lie elsewhere", f"'{path}'",
                         "Leave --images out: a folder or CSV leads to its images.")  # fmt: skip
    return _classify(path, classes, threads, progress)


def _task_of(path: Path) -> Task:
    if path.suffix.lower() == ".json":
        return "detect"
    if is_tree(path):
        return "track"
    return "segment" if is_masks(path) else "classify"


def _segment(
    path: Path, images: str | Path | None, classes: ClassList | str | Path | None, threads: int,
    progress: Progress | None,
) -> Findings:  # fmt: skip
    if images is not None:
        raise InputError("--images", "nothing: a data set of label maps has its images beside them", f"'{images}'",
                         "Leave it out.")  # fmt: skip
    if not isinstance(classes, (str, Path, type(None))):
        raise InputError("classes", "a class file or a shipped list, whose values are known", "names",
                         "Give the file's name.")  # fmt: skip
    return check_masks(path, classes=classes, threads=threads, progress=progress)


def _classify(path: Path, classes: ClassList | None, threads: int, progress: Progress | None) -> Findings:
    listing = read_listing(path, classes=classes)
    items = listing.labels.items
    inspection = inspect([items.file(i) for i in range(len(items))], threads=threads, progress=progress)
    found = duplicates.find(inspection)
    findings = [
        *_files(listing, inspection),
        *_classes(listing, inspection),
        *_copies(items.key, inspection, found, _CLASSIFY),
        *_contradictions(listing.labels, inspection, found),
        *_pictures(items.key, inspection, _CLASSIFY),
    ]
    readable = listing.labels.take(np.flatnonzero(inspection.readable))
    return Findings(
        path=str(path),
        images=len(readable),
        classes=_class_table(readable, listing.empty),
        findings=worst_first(findings),
        notes=list(listing.notes),
    )


def _detect(path: Path, images: Path | None, threads: int, progress: Progress | None) -> Findings:
    listing = read_boxes(path, threads=threads)
    boxes = listing.boxes
    names, sizes = check_boxes.names_of(boxes.items), np.column_stack([boxes.items.width, boxes.items.height])
    findings, notes = list[Finding](), list[str]()
    if images is None:
        notes.append("The images were not looked at; --images names the folder that holds them.")
    else:
        items = check_frames.located(boxes.items, images)
        inspection = inspect([items.file(i) for i in range(len(items))], threads=threads, progress=progress)
        findings += _images(boxes, images, inspection)
        sizes = np.where(sizes > 0, sizes, np.column_stack([inspection.width, inspection.height]))
    rows = check_boxes.class_rows(boxes)
    findings += check_boxes.find(listing, names, sizes) + _uneven_objects(rows)
    return Findings(
        path=str(path), task="detect", images=len(boxes.items), classes=rows, findings=worst_first(findings),
        notes=notes, boxes=check_boxes.counts(boxes),
    )  # fmt: skip


def _images(boxes: Boxes, folder: Path, inspection: Inspection) -> list[Finding]:
    """Findings about the images of boxes, all from one folder."""
    names, n, found = check_boxes.names_of(boxes.items), len(boxes.items), duplicates.find(inspection)
    missing = check_frames.missing(inspection)
    bad = ~inspection.readable & ~missing
    return [
        *check_frames.find_missing(names, missing, folder, _severity(int(missing.sum()), n)),
        *_unreadable(names, inspection, bad, _severity(int(bad.sum()), n), _DETECT),
        *check_frames.find_sizes(names, boxes.items, inspection),
        *_copies(names, inspection, found, _DETECT),
        *check_frames.find_other_boxes(boxes, names, members(found.exact, inspection.readable)),
        *_pictures(names, inspection, _DETECT),
    ]


def _severity(bad: int, of: int) -> Severity:
    return "error" if bad > MAX_UNREADABLE * of else "warning"


def _unreadable(
    names: Strings, inspection: Inspection, bad: Array, severity: Severity, advice: _Advice
) -> list[Finding]:
    rows = np.flatnonzero(bad).tolist()
    return any_finding(
        "unreadable", severity, [f"{names[i]}: {inspection.problem[i]}" for i in rows],
        "{n} image{s} cannot be read", advice.unreadable,
    )  # fmt: skip


def _files(listing: Listing, inspection: Inspection) -> list[Finding]:
    keys = listing.labels.items.key
    unnamed = [file.key for file in listing.skipped if file.reason == BAD_NAME]
    bad = ~inspection.readable
    severity = _severity(int(bad.sum()) + len(unnamed), len(keys) + len(unnamed))
    return [
        *_unreadable(keys, inspection, bad, severity, _CLASSIFY),
        *any_finding(
            "unreadable_name", severity, unnamed, "{n} image{s} left out: the file name is not valid UTF-8",
            "Rename the files.",
        ),
        *any_finding(
            "not_image", "note", [f.key for f in listing.ignored if f.reason == NO_IMAGE],
            "{n} file{s} {is_} not an image and ignored", "Nothing, unless it should be one.",
        ),
        *any_finding(
            "outside", "warning", [f.key for f in listing.ignored if f.reason == OUTSIDE],
            "{n} image{s} outside the class folders {is_} ignored", "Move them into the folder of their class.",
        ),
    ]  # fmt: skip


def _classes(listing: Listing, inspection: Inspection) -> list[Finding]:
    labels = listing.labels.take(np.flatnonzero(inspection.readable))
    counts = np.bincount(labels.label, minlength=len(labels.classes))
    names = np.array(labels.classes, dtype=object)
    empty = [*listing.empty, *names[counts == 0].tolist()]
    findings = any_finding(
        "empty_class", "warning", dict.fromkeys(empty), "{n} class{es} without a readable image",
        "Add images, or remove the class.",
    )  # fmt: skip
    if (counts > 0).sum() < 2:
        findings += any_finding(
            "one_class", "error", names[counts > 0].tolist() or [""], "only one class has images",
            "Add images of another class: one folder a class.",
        )  # fmt: skip
    shares = check_ratios(DEFAULT_RATIOS)
    small = [c for c in np.flatnonzero(counts).tolist() if not targets([int(counts[c])], shares).all()]
    findings += any_finding(
        "small_class", "warning", [f"{names[c]}: {counts[c]}" for c in small],
        "{n} class{es} too small to be divided .7/.1/.2", "Add images, or leave the class out.",
    )  # fmt: skip
    findings += _absent(labels)
    return findings + _uneven(
        names, counts, "images", "warning",
        "Read balanced accuracy and the rows per class; weigh classes in training (class_weights: inverse).",
    )  # fmt: skip


def _uneven_objects(rows: Sequence[ClassCount]) -> list[Finding]:
    counts = np.array([row.objects for row in rows], np.int64)
    filled = counts[counts > 0]
    severe = len(filled) > 0 and filled.max() >= VERY_UNEVEN * filled.min()
    return _uneven(
        np.array([row.name for row in rows], dtype=object), counts, "objects", "warning" if severe else "note",
        "Read AP class by class: the mean counts every class alike; show rare classes more often in training.",
    )  # fmt: skip


def _uneven(names: Array, counts: Array, what: str, severity: Severity, fix: str) -> list[Finding]:
    filled = counts[counts > 0]
    if len(filled) < 2 or filled.max() < UNEVEN * filled.min():
        return []
    low, high = names[np.argmin(np.where(counts, counts, counts.max() + 1))], names[counts.argmax()]
    return any_finding(
        "uneven", severity, [f"{low}: {filled.min():,}", f"{high}: {filled.max():,}"],
        f"the largest class has {filled.max() / filled.min():,.0f} times as many {what} as the smallest", fix, 1,
    )  # fmt: skip


def _absent(labels: Labels) -> list[Finding]:
    """Classes that a split lacks."""
    counts = class_counts(labels)
    there = np.sum(list(counts.values()), axis=0) > 0 if counts else np.zeros(0, bool)
    lacking = [
        f"{labels.classes[c]} in {split}"
        for split, row in counts.items()
        if split
        for c in np.flatnonzero(there & (row == 0)).tolist()
    ]
    return any_finding(
        "absent",
        "warning",
        lacking,
        "{n} time{s} a class has no image in a split",
        "Divide anew with 'optotype split'.",
    )


def _copies(names: Strings, inspection: Inspection, found: Duplicates, advice: _Advice) -> list[Finding]:
    exact = found.exact
    same, alike = members(exact, inspection.readable), members(found.near, inspection.readable)
    copies = sum(len(rows) - 1 for rows in same)
    nearly = sum(len(rows) - 1 for rows in alike) - copies
    largest = max((len(rows) for rows in alike), default=0)
    return [
        *any_finding(
            "exact_duplicates", "warning", [" = ".join(names[rows[:3]].tolist()) for rows in same],
            "{n} file{s} {is_} an exact copy of another", advice.copies, copies,
        ),
        *any_finding(
            "near_duplicates", "warning",
            [" ≈ ".join(names[_one_each(rows, exact)[:3]].tolist()) for rows in alike if _differ(exact, rows)],
            f"{{n}} image{{s}} {{is_}} a near copy of another (largest group: {largest:,} images)",
            advice.near, nearly,
        ),
    ]  # fmt: skip


def _contradictions(labels: Labels, inspection: Inspection, found: Duplicates) -> list[Finding]:
    """Copies with more than one label, or in more than one split."""
    same, alike = members(found.exact, inspection.readable), members(found.near, inspection.readable)
    conflict = [rows for rows in same if _differ(labels.label, rows)]
    doubtful = [rows for rows in alike if _differ(found.exact, rows) and _differ(labels.label, rows)]
    return [
        *any_finding(
            "duplicates_other_label", "error",
            [" = ".join(_labelled(labels, rows[:3])) for rows in conflict],
            "{n} picture{s} {is_} there under two or more labels", "Keep the right label of each.",
        ),
        *any_finding(
            "near_duplicates_other_label", "warning",
            [" ≈ ".join(_labelled(labels, rows[:3])) for rows in doubtful],
            "{n} group{s} of near copies with two or more labels", "Look at them: is one of the labels wrong?",
        ),
        *_leaks(labels, alike),
    ]  # fmt: skip


def _differ(values: Array, rows: Array) -> bool:
    return len(set(values[rows].tolist())) > 1


def _labelled(labels: Labels, rows: Array) -> list[str]:
    return [f"{labels.items.key[i]} ({labels.classes[labels.label[i]]})" for i in rows.tolist()]


def _one_each(rows: Array, exact: Components) -> Array:
    """One row of each set of equal files."""
    return rows[np.unique(exact[rows], return_index=True)[1]]


def _leaks(labels: Labels, alike: Sequence[Array]) -> list[Finding]:
    """Copies, equal or near, on both sides of a split; counted in the later of train, val, test."""
    rank = {name: i for i, name in enumerate(SPLITS)}
    split = labels.items.split
    examples, count = [], 0
    for rows in alike:
        inside = [i for i in rows.tolist() if split[i]]
        first = min(inside, key=lambda i: rank[str(split[i])], default=-1)
        later = [i for i in inside if split[i] != split[first]]
        count += len(later)
        if later:
            examples.append(f"{labels.items.key[first]} ≈ {labels.items.key[later[0]]}")
    return any_finding(
        "leaks", "error", examples,
        "{n} image{s} in a later split {is_} (nearly) the same as one in an earlier split",
        "Results on that split look better than they are: divide anew with 'optotype split'.", count,
    )  # fmt: skip


def _pictures(names: Strings, inspection: Inspection, advice: _Advice) -> list[Finding]:
    readable = inspection.readable
    turned = np.flatnonzero(inspection.orientation > 1)
    tiny = np.flatnonzero(readable & (np.minimum(inspection.width, inspection.height) < LEAST_SIDE))
    uniform = np.flatnonzero(inspection.uniform)
    return [
        *any_finding(
            "rotated", "note", names[turned].tolist(), "{n} photo{s} stored rotated or mirrored (EXIF)",
            advice.rotated,
        ),
        *any_finding(
            "uniform", "warning", names[uniform].tolist(), "{n} image{s} {is_} almost of one colour",
            "Look at them: lens cap, failed export?",
        ),
        *any_finding(
            "tiny", "note", names[tiny].tolist(),
            f"{{n}} image{{s}} below {LEAST_SIDE} pixels: too small to search for near copies",
            "Nothing, if images are meant to be that small.",
        ),
        *_sizes(names, inspection),
        *_modes(names, inspection, advice),
    ]  # fmt: skip


def _sizes(names: Strings, inspection: Inspection) -> list[Finding]:
    rows = np.flatnonzero(inspection.readable)
    if not len(rows):
        return []
    width, height = inspection.width[rows].astype(float), inspection.height[rows].astype(float)
    short, long = np.minimum(width, height), np.maximum(width, height)
    median = float(np.median(short))
    odd = (short * SIZE_FACTOR < median) | (short > SIZE_FACTOR * median) | (long > ASPECT * short)
    shown = [f"{names[i]}: {inspection.width[i]} × {inspection.height[i]}" for i in rows[odd].tolist()]
    return any_finding(
        "size_outliers", "note", shown,
        f"{{n}} image{{s}} of unusual size: shorter side {SIZE_FACTOR} times below or above the median of "
        f"{median:.0f} pixels, or longer than {ASPECT:g}:1",
        "Look at them: thumbnails, panoramas, scans?",
    )  # fmt: skip


def _modes(names: Strings, inspection: Inspection, advice: _Advice) -> list[Finding]:
    rows = np.flatnonzero(inspection.readable).tolist()
    counts = Counter(inspection.mode[i] for i in rows)
    if len(counts) < 2:
        return []
    usual = counts.most_common(1)[0][0]
    odd = [f"{names[i]}: {_MODES.get(inspection.mode[i], inspection.mode[i])}" for i in rows
           if inspection.mode[i] != usual]  # fmt: skip
    listed = ", ".join(f"{n:,} {_MODES.get(mode, mode)}" for mode, n in counts.most_common()[1:])
    return any_finding(
        "mode_outliers", "note", odd, f"{{n}} image{{s}} not {_MODES.get(usual, usual)} as the others: {listed}",
        advice.mode,
    )  # fmt: skip


_MODES = {
    "RGB": "colour (RGB)", "L": "gray", "1": "black and white", "P": "palette", "RGBA": "colour with transparency",
    "LA": "gray with transparency", "CMYK": "CMYK", "I;16": "16-bit gray", "I;16B": "16-bit gray",
    "I": "32-bit gray", "YCbCr": "YCbCr",
}  # fmt: skip


def _class_table(labels: Labels, empty: Sequence[str]) -> list[ClassCount]:
    counts = class_counts(labels)
    rows = [
        ClassCount(name, sum(int(row[c]) for row in counts.values()), {s: int(row[c]) for s, row in counts.items()})
        for c, name in enumerate(labels.classes)
    ]
    return [*rows, *(ClassCount(name, 0, dict.fromkeys(counts, 0)) for name in empty if name not in labels.classes)]
