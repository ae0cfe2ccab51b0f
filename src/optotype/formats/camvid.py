"""CamVid: frames and label maps in folders beside each other, with or without splits and list files."""

from __future__ import annotations

from pathlib import Path

from optotype.errors import InputError
from optotype.label_maps import Coloured, Unknown, mode_of
from optotype.listing import SPLIT_NAMES, MaskListing
from optotype.mask_classes import MaskClasses
from optotype.mask_lists import SHIPPED
from optotype.mask_trees import Pair, camvid_sequence, coding_of, first_sound, key_of, listing, paired

ANNOTATED = ("annot", "_labels", "_label", "_masks", "_mask", "_gt")
"""What stands behind a split's name in the name of the folder of its label maps."""

SIDES = (
    (("images", "imgs", "img", "701_StillsRaw_full", "CamVid_RGB", "raw"),
     ("labels", "label", "masks", "mask", "LabeledApproved_full", "CamVid_Label", "gt", "annotations")),
)  # fmt: skip
"""Names of the two folders where there are no folders of splits."""

_LISTED = ("train.txt", "val.txt", "test.txt")


def recognises(path: Path) -> bool:
    """Whether a folder looks like CamVid's."""
    return bool(_splits(path)) or _sides(path) is not None


def read(path: Path, classes: MaskClasses | None, unknown: Unknown) -> MaskListing:
    """Read ``X/`` and ``X_labels/`` (or ``Xannot/``) of each split X, or one folder of images and one of label maps.

    Lists ``train.txt`` … beside two folders give the splits, by the names of the frames in each line. Colour masks need
    a class file, which is looked for beside them; grey ones without any are SegNet's 11 classes.
    """
    folders = _splits(path)
    if folders:
        pairs = [pair for split, (images, masks) in folders.items() for pair in paired(images, masks, split)]
    else:
        images, masks = _sides(path) or (path, path)
        pairs = _listed(path, paired(images, masks))
    first = first_sound(pair.mask for pair in pairs if pair.mask is not None)
    if first is None:
        raise InputError(str(path), "label maps", "none", "Check the folder.")
    known = classes or SHIPPED["camvid32" if mode_of(first) in ("RGB", "RGBA") else "camvid11"]()
    coding = coding_of(first, known)
    colour = isinstance(coding, Coloured)
    layout = f"CamVid, {'colours' if colour else 'class numbers'}, {len(known.names)} classes"
    return listing(path, pairs, known, coding, layout=layout, unknown=unknown)


def _splits(path: Path) -> dict[str, tuple[Path, Path]]:
    """Split → folders of images and of label maps."""
    names = {folder.name: folder for folder in sorted(path.iterdir()) if folder.is_dir()}
    found = {}
    for name, folder in names.items():
        split = SPLIT_NAMES.get(name.casefold())
        labels = next((names[name + end] for end in ANNOTATED if name + end in names), None)
        if split and labels:
            found[split] = (folder, labels)
    return found


def _sides(path: Path) -> tuple[Path, Path] | None:
    """The folders of images and of label maps where there are no splits."""
    names = {folder.name.casefold(): folder for folder in path.iterdir() if folder.is_dir()}
    for images, masks in SIDES:
        a = next((names[n.casefold()] for n in images if n.casefold() in names), None)
        b = next((names[n.casefold()] for n in masks if n.casefold() in names), None)
        if a and b:
            return a, b
    return None


def _listed(path: Path, pairs: list[Pair]) -> list[Pair]:
    """The frames with the splits that list files give, those of no list without a split."""
    split: dict[str, str] = {}
    for file in _LISTED:
        if (path / file).is_file():
            for line in (path / file).read_text("utf-8-sig").splitlines():
                if line.strip():
                    key = key_of(Path(line.split()[0])).rpartition("/")[2]
                    if key in split and split[key] != file[:-4]:
                        raise InputError(str(path / file), "every frame in one list", f"'{key}' in two lists",
                                         "Remove it from one.")  # fmt: skip
                    split[key] = file[:-4]
    if not split:
        return pairs
    names = {pair.key.rpartition("/")[2] for pair in pairs}
    if lost := [key for key in split if key not in names]:
        raise InputError(str(path), "the frames of the list files", f"'{lost[0]}' is not there", "Check the lists.")
    return [
        Pair(p.key, p.image, p.mask, split.get(p.key.rpartition("/")[2], ""), camvid_sequence(p.key)) for p in pairs
    ]
