"""What is in a data set, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from optotype.classes import ClassList
from optotype.data import (
    check_boxes,
    check_classes,
    check_copies,
    check_files,
    check_frames,
    check_pictures,
    duplicates,
)
from optotype.data.check_advice import CLASSIFY, DETECT
from optotype.data.check_files import severity, unreadable
from optotype.data.check_masks import check_masks
from optotype.data.check_tracks import check_tracks
from optotype.data.duplicates import members
from optotype.data.findings import ClassCount, Finding, Findings, Task, worst_first
from optotype.data.inspection import Inspection, Progress, inspect
from optotype.errors import InputError
from optotype.formats import is_masks, read_boxes, read_classes, read_listing
from optotype.tables import Boxes
from optotype.track_trees import is_tree

__all__ = ["ClassCount", "Finding", "Findings", "check"]


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
        *check_files.find(listing, inspection),
        *check_classes.find(listing, inspection),
        *check_copies.find(items.key, inspection, found, CLASSIFY),
        *check_copies.find_contradictions(listing.labels, inspection, found),
        *check_pictures.find(items.key, inspection, CLASSIFY),
    ]
    readable = listing.labels.take(np.flatnonzero(inspection.readable))
    return Findings(
        path=str(path),
        images=len(readable),
        classes=check_classes.table(readable, listing.empty),
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
    findings += check_boxes.find(listing, names, sizes) + check_classes.find_uneven_objects(rows)
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
        *check_frames.find_missing(names, missing, folder, severity(int(missing.sum()), n)),
        *unreadable(names, inspection, bad, severity(int(bad.sum()), n), DETECT),
        *check_frames.find_sizes(names, boxes.items, inspection),
        *check_copies.find(names, inspection, found, DETECT),
        *check_frames.find_other_boxes(boxes, names, members(found.exact, inspection.readable)),
        *check_pictures.find(names, inspection, DETECT),
    ]
