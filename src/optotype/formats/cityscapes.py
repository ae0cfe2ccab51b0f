"""Cityscapes and IDD: ``leftImg8bit/SPLIT/CITY/…_leftImg8bit.png``, ``gtFine/SPLIT/CITY/…_gtFine_….png`` or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from optotype.errors import InputError
from optotype.label_maps import Coding, Polygons, Unknown
from optotype.listing import SPLIT_NAMES, MaskListing
from optotype.mask_classes import MaskClasses
from optotype.mask_lists import IDD, IDD_PASSED, IDD_VOID, SHIPPED, cityscapes_train, level3_groups
from optotype.mask_trees import IMAGES, Pair, files, key_of, listing
from optotype.tables import VOID

KINDS = (
    ("_labelIds.png", "cityscapes", "Cityscapes, labelIds"),
    ("_labelTrainIds.png", "cityscapes", "Cityscapes, labelTrainIds"),
    ("_labellevel3Ids.png", "idd-level3", "IDD, level 3"),
    ("_labelids.png", "idd", "IDD, full numbers"),
    ("_labelcsTrainIds.png", "cityscapes", "IDD in Cityscapes' train ids"),
    ("_polygons.json", "idd", "IDD, polygons"),
)
"""Ending of the label files, class list, and what it is; the first kind that is there counts."""


def recognises(path: Path) -> bool:
    """Whether a folder is of that layout."""
    return (path / "gtFine").is_dir()


def read(path: Path, classes: MaskClasses | None, unknown: Unknown) -> MaskListing:
    """Read all splits; keys are ``CITY/FRAME``, the city and its sequence (IDD: the folder) being the group.

    Label maps hold full ids or train ids. IDD's polygons carry names: the full labels, or level 3 with
    ``--classes idd-level3``.
    """
    ending, name, layout = _kind(path)
    known = classes or (cityscapes_train() if "rain" in ending else SHIPPED[name]())
    polygons = ending.endswith(".json")
    coding: Coding = _polygons(known) if polygons else known.indexed
    pairs = [pair for split, folder in _splits(path) for pair in _pairs(path, split, folder, ending, polygons)]
    return listing(path, pairs, known, coding, layout=f"{layout}, {len(known.names)} classes", unknown=unknown)


def _kind(path: Path) -> tuple[str, str, str]:
    there = {kind: False for kind, _, _ in KINDS}
    for file in (path / "gtFine").rglob("*"):
        for kind in there:
            there[kind] = there[kind] or file.name.endswith(kind)
    found = next(((e, n, layout) for e, n, layout in KINDS if there[e]), None)
    if found is None:
        ends = ", ".join(kind for kind, _, _ in KINDS)
        raise InputError(str(path / "gtFine"), f"label files ending in {ends}", "none", "Unpack gtFine, or create "
                         "the label maps with the data set's tools.")  # fmt: skip
    return found


def _splits(path: Path) -> Iterator[tuple[str, str]]:
    """Split, and the name of its folder."""
    names = {folder.name for side in ("gtFine", "leftImg8bit") for folder in (path / side).glob("*") if folder.is_dir()}
    for name in sorted(names):
        if split := SPLIT_NAMES.get(name.casefold()):
            yield split, name


def _pairs(path: Path, split: str, folder: str, ending: str, polygons: bool) -> list[Pair]:
    images, masks = path / "leftImg8bit" / folder, path / "gtFine" / folder
    own = {key_of(file.relative_to(images)): file for file in files(images, IMAGES)}
    found = files(masks, (".json",) if polygons else (".png",))
    labels = {key_of(file.relative_to(masks), f"_gtFine{ending.partition('.')[0]}"): file for file in found
              if file.name.endswith(ending)}  # fmt: skip
    return [Pair(key, own.get(key), labels.get(key), split, _group(key)) for key in sorted({*own, *labels})]


def _group(key: str) -> str:
    """``ulm/ulm_000000_000019`` → ``ulm_000000``; IDD's ``12/903127`` → ``12``.

    >>> _group("ulm/ulm_000000_000019"), _group("12/903127")
    ('ulm_000000', '12')
    """
    folder, _, name = key.rpartition("/")
    parts = name.split("_")
    return "_".join(parts[:2]) if len(parts) >= 3 else folder


def _polygons(classes: MaskClasses) -> Polygons:
    """Labels of polygons to the classes of a list: by their own names, or by the level-3 class that holds them."""
    place = {name: i for i, name in enumerate(classes.names)}
    names = dict(place)
    for group in level3_groups():
        joined = "/".join(label.name for label in group)
        for label in group:
            if label.name not in names and joined in place:
                names[label.name] = place[joined]
    for label in IDD:
        names.setdefault(label.name, VOID)
    return Polygons({**names, **dict.fromkeys(IDD_VOID, VOID)}, list(IDD_PASSED))
