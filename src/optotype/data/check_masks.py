"""What is in a data set of label maps, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from optotype.data.findings import ClassCount, Finding, Findings, MaskCounts, any_finding, counted, worst_first
from optotype.errors import InputError
from optotype.formats import read_masks
from optotype.label_maps import LabelMap, MaskFiles, decode, mode_of, polygon_faults
from optotype.listing import SPLITS, MaskListing
from optotype.machine import usable_cores
from optotype.tables import OTHER, VOID

MUCH_VOID = 0.5
"""Share of pixels without a class from which on it is worth a warning."""


@dataclass(frozen=True, eq=False)
class Looked:
    """What one label map holds: pixels of each value, its size and its image's, and what was wrong, in words."""

    counts: NDArray[np.int64]
    size: tuple[int, int] | None = None
    picture: tuple[int, int] | None = None
    unreadable: str = ""
    unknown: str = ""
    polygons: list[str] = field(default_factory=list)
    wide: bool = False


def check_masks(
    path: Path,
    *,
    classes: str | Path | None = None,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Findings:
    """What is in label maps, each decoded once, and what is wrong with them; nothing that a file holds stops it.

    Raises InputError for a folder without label maps, and where the class list is unknown.
    """
    listing = read_masks(path, classes=classes)
    looked = _looked(listing, threads, progress)
    findings = [
        *_files(listing, looked),
        *_values(listing, looked),
        *_sizes(listing, looked),
        *_classes(listing, looked),
        *_leaks(listing),
    ]
    return Findings(
        path=str(path), task="segment", images=len(listing.masks), classes=_class_rows(listing, looked),
        findings=worst_first(findings), masks=_counts(listing, looked),
    )  # fmt: skip


def _looked(listing: MaskListing, threads: int, progress: Callable[[int, int], None] | None) -> list[Looked]:
    done, n = 0, len(listing.masks)
    found: list[Looked] = []
    with ThreadPoolExecutor(threads or usable_cores()) as pool:
        for one in pool.map(lambda i: _look(listing, i), range(n)):
            found.append(one)
            done += 1
            if progress is not None:
                progress(done, n)
    return found


def _look(listing: MaskListing, i: int) -> Looked:
    """Label map ``i`` with what is wrong with it."""
    maps, items = listing.masks.maps, listing.masks.items
    assert isinstance(maps, MaskFiles)
    file, unknown, labels = maps.paths[i], "", None
    picture = _size(items.file(i)) if items.path[i] else None
    try:
        labels = decode(file, maps.coding)
    except InputError as error:
        unknown = f"{error.where}: {error.got}"
        try:
            labels = decode(file, maps.coding, "void")
        except InputError:
            return Looked(np.zeros(256, np.int64), picture=picture, unreadable=unknown)
    polygons = file.suffix.lower() == ".json"
    faults = [f"{items.key[i]}: {fault}" for fault in polygon_faults(file)] if polygons else []
    wide = not polygons and mode_of(file).startswith("I")
    return Looked(_counted(labels), (labels.shape[1], labels.shape[0]), picture, "", unknown, faults, wide)


def _counted(labels: LabelMap) -> NDArray[np.int64]:
    return np.bincount(labels.ravel(), minlength=256)


def _size(file: Path) -> tuple[int, int] | None:
    try:
        with Image.open(file) as image:
            return image.width, image.height
    except OSError:
        return None


def _files(listing: MaskListing, looked: Sequence[Looked]) -> list[Finding]:
    unreadable = [one.unreadable for one in looked if one.unreadable]
    items = listing.masks.items
    blind = [str(items.path[i]) for i, one in enumerate(looked) if items.path[i] and one.picture is None]
    return [
        *any_finding("unreadable", "error", unreadable, "{n} label map{s} cannot be read as the others are",
                     "Repair or remove them, or name the class file that fits with --classes."),
        *any_finding("unreadable_image", "error", blind, "{n} image{s} cannot be read", "Repair or remove them."),
        *any_finding("missing_mask", "warning", listing.bare, "{n} image{s} without a label map",
                     "Label them, or take them away; they are left out."),
        *any_finding("missing_image", "warning", listing.orphans, "{n} label map{s} without an image",
                     "Put the images beside them: training needs them."),
    ]  # fmt: skip


def _values(listing: MaskListing, looked: Sequence[Looked]) -> list[Finding]:
    unknown = [one.unknown for one in looked if one.unknown and not one.unreadable]
    polygons = [fault for one in looked for fault in one.polygons]
    items = listing.masks.items
    wide = [str(items.key[i]) for i, one in enumerate(looked) if one.wide]
    pixels = sum(int(one.counts[OTHER]) for one in looked)
    return [
        *any_finding("unknown_values", "error", unknown,
                     f"{{n}} label map{{s}} with values or colours of no class, {counted(pixels, 'pixel')} in all",
                     "Correct the masks or the class file; --unknown void counts such pixels as void."),
        *any_finding("polygons", "warning", polygons, "{n} polygon{s} that cover nothing of their image",
                     "Remove them; they are passed over."),
        *any_finding("wide", "note", wide, "{n} label map{s} of 16 bits", "Nothing: they are read all the same."),
    ]  # fmt: skip


def _sizes(listing: MaskListing, looked: Sequence[Looked]) -> list[Finding]:
    items = listing.masks.items
    wrong = [
        f"{items.key[i]}: image {_by(one.picture)}, label map {_by(one.size)}"
        for i, one in enumerate(looked)
        if one.picture and one.size and one.picture != one.size
    ]
    text = "{n} label map{s} of another size than the image"
    return any_finding("size", "error", wrong, text, "Give both at one size; nothing is stretched in secret.")


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def _classes(listing: MaskListing, looked: Sequence[Looked]) -> list[Finding]:
    total = _total(looked)
    names = listing.masks.classes
    absent = [name for i, name in enumerate(names) if not total[i]]
    pixels = int(total.sum())
    void = int(total[VOID])
    found = any_finding(
        "empty_class",
        "warning",
        absent,
        "{n} class{es} that never occur{s_}",
        "Nothing, if the list is meant so: they are reported as absent, never averaged in.",
    )
    if pixels and void > MUCH_VOID * pixels:
        text = f"{100 * void / pixels:.0f} % of the pixels are void"
        found += any_finding("void", "warning", [text], text, "Ask whether the class file fits.", count=1)
    return found


def _leaks(listing: MaskListing) -> list[Finding]:
    told = [text for text in listing.warnings if text.startswith("Sequence ")]
    return any_finding("leaks", "warning", told, "{n} sequence{s} in more than one split",
                       "Divide by sequence; where a published split is kept, say so beside its numbers.")  # fmt: skip


def _total(looked: Sequence[Looked]) -> NDArray[np.int64]:
    return np.sum([one.counts for one in looked], axis=0, dtype=np.int64) if looked else np.zeros(256, np.int64)


def _class_rows(listing: MaskListing, looked: Sequence[Looked]) -> list[ClassCount]:
    """Pixels of each class, and the images that have some, in all and by split."""
    split = listing.masks.items.split
    there = np.array([one.counts > 0 for one in looked])
    total = _total(looked)
    names = [name for name in SPLITS if (split == name).any()]
    names += [""] if names and (split == "").any() else []
    return [
        ClassCount(
            name, int(there[:, k].sum()), {part: int(there[split == part, k].sum()) for part in names},
            pixels=int(total[k]),
        )
        for k, name in enumerate(listing.masks.classes)
    ]  # fmt: skip


def _counts(listing: MaskListing, looked: Sequence[Looked]) -> MaskCounts:
    total = _total(looked)
    sizes: dict[str, int] = {}
    for one in looked:
        if one.size:
            sizes[_by(one.size)] = sizes.get(_by(one.size), 0) + 1
    return MaskCounts(
        layout=listing.layout, pixels=int(total.sum()), void=int(total[VOID]), unknown=int(total[OTHER]),
        sizes=dict(sorted(sizes.items(), key=lambda pair: -pair[1])),
    )  # fmt: skip
