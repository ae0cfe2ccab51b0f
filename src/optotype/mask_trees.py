"""Folders of images and of label maps, paired by the names of their files and never by their places in a list."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optotype.errors import InputError, and_more
from optotype.label_maps import Coding, MaskFiles, Unknown, colour_key, mode_of, palette_of
from optotype.listing import MaskListing
from optotype.mask_classes import MaskClasses
from optotype.tables import VOID, Items, Masks

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".gif")
MASKS = (".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".ppm", ".jpg", ".jpeg")

ENDINGS = (
    "_leftImg8bit", "_gtFine_labelTrainIds", "_gtFine_labelIds", "_gtFine_labelids", "_gtFine_labellevel3Ids",
    "_gtFine_labelcsTrainIds", "_gtFine_color", "_gtFine_polygons", "_labelTrainIds", "_labelIds", "_pred", "_L",
    "_mask", "_label", "_labels", "_gt",
)  # fmt: skip
"""What data sets and programs put behind the name of a frame."""

GIVE_CLASSES = (
    "Give --classes: a file with lines name,r,g,b or a name a line, or camvid11, camvid32, voc, cityscapes, idd."
)

CAMVID_SEQUENCES = re.compile(r"(0001TP|0006R0|0016E5|Seq05VD)_")


@dataclass(frozen=True)
class Pair:
    """One frame: its key, its image and label map (None where there is none), split and sequence."""

    key: str
    image: Path | None
    mask: Path | None
    split: str = ""
    group: str = ""


def key_of(relative: Path, ending: str = "") -> str:
    """Key of a file below its folder: POSIX, without suffix and without what data sets put behind frame names.

    >>> key_of(Path("a/0001TP_006690_L.png")), key_of(Path("ulm/ulm_000000_000019_gtFine_labelIds.png"))
    ('a/0001TP_006690', 'ulm/ulm_000000_000019')
    """
    name = relative.with_suffix("").as_posix()
    for known in (ending, *ENDINGS):
        if known and name.endswith(known) and len(name.rpartition("/")[2]) > len(known):
            return name.removesuffix(known)
    return name


def files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Files below a folder whose names end so, in order; hidden ones are passed over."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def keyed(folder: Path, suffixes: Sequence[str]) -> dict[str, Path]:
    """Key → file below a folder; two files of one key are an InputError."""
    found: dict[str, Path] = {}
    for path in files(folder, suffixes):
        key = key_of(path.relative_to(folder))
        if key in found:
            raise InputError(str(folder), "one file a frame", f"'{found[key].name}' and '{path.name}'", "Remove one.")
        found[key] = path
    return found


def paired(images: Path, masks: Path, split: str = "") -> list[Pair]:
    """Frames of two folders by key, those of either folder alone as well."""
    own, labels = keyed(images, IMAGES), keyed(masks, MASKS)
    if images == masks:
        own = {}
    return [
        Pair(key, own.get(key), labels.get(key), split, camvid_sequence(key)) for key in sorted({*own, *labels})
    ]  # fmt: skip


def camvid_sequence(key: str) -> str:
    """The CamVid sequence that a frame is of, empty for other names.

    >>> camvid_sequence("0006R0_f00930"), camvid_sequence("street_1")
    ('0006R0', '')
    """
    found = CAMVID_SEQUENCES.match(key.rpartition("/")[2])
    return found[1] if found else ""


def first_sound(paths: Iterable[Path]) -> Path | None:
    """The first file that opens as an image, so that a damaged one does not decide how all are read; else the first."""
    first = None
    for path in paths:
        first = first or path
        with contextlib.suppress(InputError):
            mode_of(path)
            return path
    return first


def coding_of(path: Path, classes: MaskClasses) -> Coding:
    """How files such as ``path`` are read: by colour where they have colours that the list knows, else by number."""
    mode = mode_of(path)
    if mode in ("RGB", "RGBA"):
        if not classes.painted:
            raise InputError(str(path), "values that are class numbers", "a colour image", GIVE_CLASSES)
        return classes.coloured
    palette = palette_of(path)
    if palette is not None and classes.painted and len(palette):
        used = {colour_key(colour) for colour in palette.tolist()[: len(classes.values)]}
        painted = set(classes.painted)
        if len(used & painted) > 1 and not _same_order(palette.tolist(), classes):
            return classes.coloured
    return classes.indexed


def _same_order(palette: list[list[int]], classes: MaskClasses) -> bool:
    """Whether number and colour of each entry of a palette say the same."""
    return all(
        classes.painted.get(colour_key(colour), index) == index
        for colour, index in ((palette[v], i) for v, i in classes.values.items() if v < len(palette) and i != VOID)
    )


def listing(
    root: Path, pairs: Iterable[Pair], classes: MaskClasses, coding: Coding, *, layout: str, unknown: Unknown,
    warnings: Sequence[str] = (),
) -> MaskListing:  # fmt: skip
    """Label maps of the frames that have one; the same frame in two splits is an InputError."""
    pairs = sorted(pairs, key=lambda pair: pair.key)
    known = [pair for pair in pairs if pair.mask is not None]
    bare = tuple(_below(root, pair.image) for pair in pairs if pair.mask is None and pair.image is not None)
    if not known:
        got = f"{len(bare)} images and no label map" if bare else "none"
        raise InputError(str(root), "label maps", got, "Check the folder; see 'Formats' in the manual.")
    for before, after in itertools.pairwise(known):
        if before.key == after.key:
            got = f"'{after.key}' in '{before.split}' and '{after.split}'"
            raise InputError(str(root), "every frame in one split", got, "Remove it from one of the lists.")
    pictures = any(pair.image is not None for pair in known)
    orphans = tuple(_below(root, pair.mask) for pair in known if pictures and pair.image is None and pair.mask)
    items = Items.of(
        [pair.key for pair in known], path=[_below(root, pair.image) for pair in known],
        group=[pair.group for pair in known], split=[pair.split for pair in known], root=root,
    )  # fmt: skip
    maps = MaskFiles(tuple(pair.mask for pair in known if pair.mask), coding, unknown)
    masks = Masks(items, classes.names, maps, classes.colours.copy())
    said = [*warnings, *_unpaired(bare, orphans), *leaks(items)]
    return MaskListing(masks, classes, layout, tuple(said), bare, orphans)


def _below(root: Path, path: Path | None) -> str:
    if path is None:
        return ""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _unpaired(bare: Sequence[str], orphans: Sequence[str]) -> list[str]:
    said = []
    if bare:
        have = "1 image without a label map is" if len(bare) == 1 else f"{len(bare):,} images without a label map are"
        said.append(f"{have} left out: {bare[0]}{and_more(len(bare) - 1)}.")
    if orphans:
        have = "1 label map has" if len(orphans) == 1 else f"{len(orphans):,} label maps have"
        said.append(f"{have} no image: {orphans[0]}{and_more(len(orphans) - 1)}.")
    return said


def leaks(items: Items) -> list[str]:
    """A sentence a sequence whose frames are in several splits: what is learnt of one frame is known of the next."""
    said = []
    for name in np.unique(items.group[items.group != ""]).tolist():
        of = items.split[items.group == name]
        splits = [split for split in ("train", "val", "test") if (of == split).any()]
        if len(splits) > 1:
            shares = " and ".join(f"{int((of == split).sum()):,} frames in {split}" for split in splits)
            said.append(
                f"Sequence '{name}' is in several splits ({shares}): frames of one sequence look alike, so that "
                "numbers on one split flatter a model trained on the other."
            )
    return said
