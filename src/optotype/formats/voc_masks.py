"""PASCAL VOC's segmentation: ``JPEGImages``, ``SegmentationClass`` with a palette, lists of the splits."""

from __future__ import annotations

from pathlib import Path

from optotype.errors import InputError, and_more
from optotype.label_maps import Unknown
from optotype.listing import MaskListing
from optotype.mask_classes import MaskClasses
from optotype.mask_lists import SHIPPED
from optotype.mask_trees import IMAGES, MASKS, Pair, keyed, listing

_LISTS = Path("ImageSets") / "Segmentation"
_SPLITS = ("train", "val", "test")


def recognises(path: Path) -> bool:
    """Whether a folder is of that layout."""
    return (path / _LISTS).is_dir() and (path / "SegmentationClass").is_dir()


def read(path: Path, classes: MaskClasses | None, unknown: Unknown) -> MaskListing:
    """Read the frames of ``ImageSets/Segmentation/{train,val,test}.txt``; 255 is the boundary, which is void."""
    images, masks = keyed(path / "JPEGImages", IMAGES), keyed(path / "SegmentationClass", MASKS)
    pairs: list[Pair] = []
    for split in _SPLITS:
        file = path / _LISTS / f"{split}.txt"
        if not file.is_file():
            continue
        names = [line.split()[0] for line in file.read_text("utf-8-sig").splitlines() if line.strip()]
        if lost := [name for name in names if name not in images and name not in masks]:
            raise InputError(str(file), "images of SegmentationClass", f"'{lost[0]}'{and_more(len(lost) - 1)}",
                             "Check the list; the data set may not be whole.")  # fmt: skip
        pairs += [Pair(name, images.get(name), masks.get(name), split) for name in names]
    if not pairs:
        raise InputError(str(path / _LISTS), "train.txt, val.txt or test.txt", "none of them", "Check the folder.")
    known = classes or SHIPPED["voc"]()
    return listing(path, pairs, known, known.indexed, layout="PASCAL VOC, 20 objects and background", unknown=unknown)
