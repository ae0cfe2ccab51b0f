"""Files that are read and written: one module a format, all of them in ``FORMATS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

import numpy as np

from optotype.class_maps import ClassMap
from optotype.classes import ClassList
from optotype.errors import InputError, did_you_mean
from optotype.formats import (
    camvid,
    cityscapes,
    class_list,
    coco,
    coco_results,
    columns_csv,
    folder,
    kitti,
    manifest,
    mask_classes,
    mask_folder,
    mask_manifest,
    mot,
    predictions_csv,
    predictions_npz,
    tracks_npz,
    voc_masks,
)
from optotype.label_maps import Unknown, write_label_map
from optotype.listing import SPLITS, BoxListing, Listing, MaskListing, TrackListing
from optotype.mask_classes import MaskClasses
from optotype.predictions import align
from optotype.tables import Array, Items, Labels, Masks, Tracks
from optotype.track_parts import aligned, identified, of_sequences, one_judged
from optotype.track_trees import is_kitti

__all__ = [
    "FORMATS", "ClassList", "Format", "MaskClasses", "holds_masks", "is_masks", "read_boxes", "read_classes",
    "read_columns", "read_detections", "read_items", "read_labels", "read_listing", "read_mask_classes",
    "read_mask_manifest", "read_mask_predictions", "read_masks", "read_predictions", "read_track_detections",
    "read_track_results", "read_tracks", "write_label_map", "write_mask_manifest", "write_predictions",
    "write_tracks",
]  # fmt: skip


class Format(NamedTuple):
    """One kind of file: what it holds, and the functions that read and (where that is done) write it."""

    holds: str
    read: Callable[..., Any]
    write: Callable[..., None] | None = None


FORMATS: dict[str, Format] = {
    "folder": Format("images, one folder a class, with or without train/val/test above", folder.read),
    "manifest": Format("CSV path,label[,split][,group][,…columns]", manifest.read, manifest.write),
    "classes": Format("class names in order, or name to index: text, JSON, YAML, CSV", class_list.read),
    "columns": Format("CSV path,<column>…: further columns about items", columns_csv.read),
    "coco": Format("boxes of the truth: COCO's JSON with images, annotations, categories", coco.read, coco.write),
    "coco-results": Format("detections: COCO's JSON list of results", coco_results.read, coco_results.write),
    "mot": Format("tracks of the truth: MOTChallenge's SEQ/gt/gt.txt, a row a box", mot.read),
    "mot-results": Format("tracks of a tracker: MOTChallenge's SEQ.txt, a row a box", mot.read_results, mot.write),
    "mot-detections": Format("detections in sequences: SEQ/det/det.txt or SEQ.txt, a row a box", mot.read_detections),
    "kitti": Format("tracks: KITTI's label_02/SEQ.txt, a row a box", kitti.read),
    "tracks-npz": Format("tracks: the columns of the table as arrays", tracks_npz.read, tracks_npz.write),
    "camvid": Format("label maps: CamVid's folders of images and of masks, with lists or splits", camvid.read),
    "voc": Format("label maps: PASCAL VOC's JPEGImages, SegmentationClass and lists", voc_masks.read),
    "cityscapes": Format("label maps: Cityscapes' and IDD's leftImg8bit and gtFine, PNG or polygons", cityscapes.read),
    "masks": Format("label maps: a folder of PNG files, class numbers, palettes or colours", mask_folder.read),
    "mask-classes": Format("classes of label maps: name,r,g,b a line, or a name a line", mask_classes.read),
    "mask-manifest": Format("label maps of a run: data.masks.json beside data.csv", mask_manifest.read),
    "predictions-csv": Format("CSV path,label or path,<class>…", predictions_csv.read, predictions_csv.write),
    "predictions-npz": Format("arrays path, label, scores, classes", predictions_npz.read, predictions_npz.write),
}


def read_listing(path: Path, *, classes: ClassList | None = None) -> Listing:
    """What a folder of class folders or a CSV holds, with what was left out and why. No image is decoded."""
    _check_exists(path, "a folder with one folder per class, or a CSV with the columns path,label")
    return folder.read(path, classes) if path.is_dir() else manifest.read(path, classes)


def read_labels(path: Path, *, classes: ClassList | None = None, split: str | None = None) -> Labels:
    """The truth, or a data set: a folder of class folders or a CSV, all of it or one split.

    Classes are ``classes``, or those that occur in the whole of the data, in natural order.
    """
    labels = read_listing(path, classes=classes).labels
    return labels if split is None else labels.take(_rows_of(path, labels.items, split))


def read_items(path: Path, *, split: str | None = None) -> Items:
    """Images without labels: any folder of images, a CSV with the column ``path``, or one image."""
    _check_exists(path, "a folder of images, a CSV with the column path, or an image")
    if path.is_file() and folder.is_image(path):
        items = Items.of([path.name], path=[path.name], root=path.parent)
    else:
        items = folder.read_items(path) if path.is_dir() else manifest.read_items(path)
    return items if split is None else items.take(_rows_of(path, items, split))


def _rows_of(path: Path, items: Items, split: str) -> Array:
    rows = np.flatnonzero(items.split == split)
    if not len(rows):
        there = [name for name in SPLITS if (items.split == name).any()]
        got = "splits " + ", ".join(there) if there else "no splits at all"
        fix = did_you_mean(split, there) if there else "Leave --split out."
        raise InputError(f"{path}, split '{split}'", "images in that split", got, fix)
    return rows


def read_predictions(path: Path, truth: Labels) -> Labels:
    """A model's answers, aligned to the truth's rows and classes.

    ``.npz`` or CSV. Unknown, missing and repeated items, unknown classes and rows that are no probabilities are
    InputErrors that name the line.
    """
    _check_exists(path, "a predictions file (.npz, or CSV with path,label or path,<class>…)")
    if path.is_dir():
        raise InputError(str(path), "a predictions file", "a folder", "Name the file in it, predictions.npz say.")
    module = predictions_npz if path.suffix.lower() in (".npz", ".npy") else predictions_csv
    return align(path, module.read(path, truth.classes), truth)


def write_predictions(path: Path, labels: Labels) -> None:
    """Write a model's answers atomically, CSV where the name ends so, else ``.npz``; equal labels, equal bytes."""
    module = predictions_csv if path.suffix.lower() == ".csv" else predictions_npz
    module.write(path, labels)


def read_boxes(path: Path, *, threads: int = 0) -> BoxListing:
    """The truth of detection, with what is unusual about the file; now COCO's JSON."""
    _check_file(path, "a COCO JSON file with images, annotations and categories")
    return coco.read(path, threads=threads)


def read_detections(
    path: Path, truth: BoxListing, *, mapping: str | Path | Mapping[Any, Any] | None = None, threads: int = 0
) -> BoxListing:
    """A detector's answers on the truth's images and classes; now COCO's JSON list of results.

    ``mapping`` says which category is which: ``coco80-to-91``, or a file or dict from the detections' to the truth's.
    """
    _check_file(path, "a COCO results file: a JSON list of detections")
    return coco_results.read(path, truth, mapping=mapping, threads=threads)


def read_tracks(
    path: Path, *, protocol: str = "plain", classes: ClassList | None = None, sequences: Sequence[str] | None = None
) -> TrackListing:
    """The truth of tracking: MOTChallenge's or TrackEval's tree, one sequence, KITTI's label_02, ``.npz``.

    ``protocol`` (``plain``, ``mot15`` … ``mot20``) decides what columns mean, ``classes`` name those of ``plain``,
    ``sequences`` (names, patterns with * and ?, seqmap files) choose.
    """
    _check_exists(path, "the truth of tracking: a folder of sequences, a gt.txt, KITTI's label_02, or .npz")
    if path.suffix.lower() == ".npz":
        return TrackListing(of_sequences(identified(path, tracks_npz.read(path)), sequences))
    if is_kitti(path):
        return kitti.read(path, protocol=protocol, classes=classes, sequences=sequences)
    return mot.read(path, protocol=protocol, classes=classes, sequences=sequences)


def read_track_results(
    path: Path, truth: Tracks, *, protocol: str = "plain", missing: Literal["error", "empty"] = "error"
) -> TrackListing:
    """A tracker's answers on the truth's sequences and classes: SEQ.txt in a folder or its ``data``, or ``.npz``.

    A sequence without results is an InputError unless ``missing`` is ``empty``.
    """
    _check_exists(path, "a tracker's results: a folder of SEQ.txt, or .npz")
    if path.suffix.lower() == ".npz":
        return TrackListing(*aligned(path, identified(path, tracks_npz.read(path)), truth, missing))
    if is_kitti(path):
        return kitti.read_results(path, truth, protocol=protocol, missing=missing)
    return mot.read_results(path, truth, protocol=protocol, missing=missing)


def read_track_detections(
    path: Path, *, sequences: Sequence[str] | None = None, images: Path | None = None,
    classes: ClassList | None = None, like: Tracks | None = None,
) -> TrackListing:  # fmt: skip
    """Detections (ids −1) of sequences: a folder of SEQ.txt, MOTChallenge's tree with det/det.txt, one file, ``.npz``.

    ``images`` is a tree, a sequence or a folder of frames, which says how long the sequences are. ``like``: the
    detections on that table's sequences and in its classes.
    """
    _check_exists(path, "detections: a folder of SEQ.txt, sequences with det/det.txt, one file, or .npz")
    if path.suffix.lower() != ".npz":
        return mot.read_detections(path, sequences=sequences, images=images, classes=classes, like=like)
    found = of_sequences(tracks_npz.read(path), sequences)
    found = replace(found, id=np.full(len(found), -1, np.int64))
    if like is None:
        return TrackListing(found)
    if one_judged(like.classes) and not set(found.classes) <= set(like.classes):  # a detector has its own name for it
        found = replace(found, classes=like.classes, label=np.zeros(len(found), np.int32))
    return TrackListing(*aligned(path, found, like, "empty"))


def write_tracks(path: Path, tracks: Tracks, *, digits: int | None = 2) -> None:
    """Write a tracker's answers atomically: SEQ.txt a sequence in a folder, or one file where the name ends in .npz.

    ``digits`` are the decimals of boxes in text; None: as many as give the same numbers back.
    """
    if path.suffix.lower() == ".npz":
        tracks_npz.write(path, tracks)
    else:
        mot.write(path, tracks, digits=digits)


def _check_file(path: Path, expected: str) -> None:
    _check_exists(path, expected)
    if path.is_dir():
        raise InputError(str(path), expected, "a folder", "Name the file in it.")


def read_classes(path: Path | str) -> ClassList:
    """Class names in the order of their indices, from a file or a shipped list such as ``wildlife``."""
    return class_list.read(Path(path))


def read_columns(path: Path, items: Items) -> Items:
    """The items with further columns of a CSV ``path,<column>…``; see the format ``columns``."""
    _check_exists(path, "a CSV with the column path and further columns")
    return columns_csv.read(path, items)


def _check_exists(path: Path, expected: str) -> None:
    if path.exists():
        return
    beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = did_you_mean(path.name, beside)
    fix = hint if hint.startswith("Did") else "Check the path."
    raise InputError(str(path), expected, "nothing is there", fix)


def read_mask_classes(path: str | Path) -> MaskClasses:
    """Classes of label maps: a file of ``name,r,g,b`` or of names, or a shipped list such as ``camvid32``."""
    return mask_classes.read(path)


def read_masks(
    path: Path, *, classes: str | Path | MaskClasses | None = None, split: str | None = None, unknown: Unknown = "error"
) -> MaskListing:
    """The truth of segmentation, nothing decoded yet: CamVid, PASCAL VOC, Cityscapes, IDD, or a folder of label maps.

    ``classes`` is a class file, a shipped list or classes; None: those of the data set, or of a class file that lies in
    the folder; a manifest names its own. With ``unknown`` ``"void"`` values of no class are counted instead of refused
    when maps are decoded.
    """
    if path.is_file() and mask_manifest.holds_masks(path):
        masks = read_mask_manifest(path, split=split)
        if classes is not None:
            fix = "Leave it out; --map-classes judges under other names."
            raise InputError("--classes", f"none, as {path.name} names the classes of its label maps", "one", fix)
        known = MaskClasses(masks.classes, masks.colours, {}, {})
        return MaskListing(masks, known, "manifest")
    if not path.is_dir():
        _check_exists(path, "a folder with label maps")
        fix = "Give the folder of the data set, or that of its label maps with --classes."
        raise InputError(str(path), "a folder with label maps", "a file", fix)
    path = _inner(path)
    known_classes = mask_classes.read(classes) if isinstance(classes, (str, Path)) else classes or _classes_beside(path)
    found: MaskListing = _layout_of(path).read(path, known_classes, unknown)
    if split is None:
        return found
    return replace(found, masks=found.masks.take(_rows_of(path, found.masks.items, split)))


def is_masks(path: Path) -> bool:
    """Whether a folder is in a layout of label maps."""
    return path.is_dir() and _layout_of(_inner(path)) is not mask_folder


def read_mask_predictions(
    path: Path, truth: Masks, *, classes: str | Path | MaskClasses | None = None, unknown: Unknown = "error",
    names: ClassMap | None = None,
) -> MaskListing:  # fmt: skip
    """What a model said of the truth's frames, in their order and with their classes: a folder of label maps.

    Files with the palette that ``write_label_map`` gives them hold class indices; others are read by ``classes``, else
    as class indices. A class file in the folder, such as the ``classes.txt`` that 'predict' writes, says what its
    numbers or colours mean: classes become those of the truth by their names, or by those that ``names`` has for both.
    """
    known = mask_classes.read(classes) if isinstance(classes, (str, Path)) else classes
    own = _classes_beside(path) if path.is_dir() else None
    return mask_folder.read_predictions(path, truth, known, unknown, own, names)


def write_mask_manifest(path: Path, masks: Masks) -> None:
    """Write ``data.csv`` with the frames, and what their label maps mean beside it; label maps in memory too."""
    mask_manifest.write(path, masks)
    manifest.write_items(path, masks.items)


def read_mask_manifest(path: Path, *, split: str | None = None) -> Masks:
    """The label maps that ``write_mask_manifest`` wrote down, all of them or one split."""
    return mask_manifest.read(path, read_items(path, split=split))


def holds_masks(path: Path) -> bool:
    """Whether a manifest is about label maps."""
    return mask_manifest.holds_masks(path)


def _layout_of(path: Path) -> ModuleType:
    """The format that recognises a folder."""
    return next((module for module in (voc_masks, cityscapes, camvid) if module.recognises(path)), mask_folder)


def _inner(path: Path) -> Path:
    """The only folder inside a folder that an archive was unpacked to, else the folder itself."""
    folders = [inner for inner in path.iterdir() if inner.is_dir() and not inner.name.startswith(".")]
    known = (voc_masks, cityscapes, camvid)
    if len(folders) == 1 and not any(module.recognises(path) for module in known):
        return folders[0] if any(module.recognises(folders[0]) for module in known) else path
    return path


def _classes_beside(path: Path) -> MaskClasses | None:
    """The classes of the class file in a folder, if there is one."""
    names = ("class*.csv", "label_colors*.csv", "label_colors*.txt", "classes.txt")
    files = [file for name in names for file in sorted(path.glob(name))]
    return next((mask_classes.read(file) for file in files if file.is_file() and "original" not in file.name), None)
