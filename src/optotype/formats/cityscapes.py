"""Cityscapes and IDD: ``leftImg8bit/SPLIT/CITY/…_leftImg8bit.png``, ``gtFine/SPLIT/CITY/…_gtFine_….png`` or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from optotype.errors import InputError
from optotype.label_maps import Coding, Polygons, Unknown
from optotype.listing import SPLIT_NAMES, MaskListing
from optotype.mask_classes import MaskClasses
from optotype.mask_lists import (
    CITYSCAPES,
    CITYSCAPES_IDS,
    IDD,
    IDD_IDS,
    IDD_PASSED,
    IDD_VOID,
    SHIPPED,
    Label,
    level3_groups,
)
from optotype.mask_trees import IMAGES, Pair, files, key_of, listing
from optotype.tables import VOID


class Kind(NamedTuple):
    """What label files of one ending hold: ``names`` says which label a number stands for; JSON has names itself.

    Numbers below ``ids`` that have no name are void. ``classes`` is the list that is read where none is asked for.
    """

    ending: str
    classes: str
    layout: str
    names: dict[int, str]
    ids: int = 0


def _joined(group: Iterable[Label]) -> str:
    return "/".join(label.name for label in group)


_TRAIN = {i: label.name for i, label in enumerate(CITYSCAPES)}

KINDS = (
    Kind("_labelIds.png", "cityscapes", "Cityscapes, labelIds", {la.id: la.name for la in CITYSCAPES}, CITYSCAPES_IDS),
    Kind("_labelTrainIds.png", "cityscapes", "Cityscapes, labelTrainIds", _TRAIN),
    Kind("_labelids.png", "idd", "IDD, full numbers", {la.id: la.name for la in IDD}, IDD_IDS),
    Kind("_polygons.json", "idd", "IDD, polygons", {}),
    Kind("_labellevel3Ids.png", "idd-level3", "IDD, level 3", {i: _joined(g) for i, g in enumerate(level3_groups())}),
    Kind("_labelcsTrainIds.png", "cityscapes", "IDD in Cityscapes' train ids", _TRAIN),
)
"""The kinds of label files; the first that is there, and tells the classes apart, counts."""


def recognises(path: Path) -> bool:
    """Whether a folder is of that layout."""
    return (path / "gtFine").is_dir()


def read(path: Path, classes: MaskClasses | None, unknown: Unknown) -> MaskListing:
    """Read all splits; keys are ``CITY/FRAME``, the city and its sequence (IDD: the folder) being the group.

    Numbers mean what the ending of the files says, whichever of the data sets' own lists is asked for: level 3
    (``--classes idd-level3``) is read from polygons and full numbers as well. A list of one's own goes by its values.
    """
    kind = _kind(path, classes)
    known = classes or SHIPPED[kind.classes]()
    polygons = kind.ending.endswith(".json")
    if not polygons:
        known = _numbered(known, kind)
    coding: Coding = Polygons(_places(known), list(IDD_PASSED)) if polygons else known.indexed
    pairs = [pair for split, folder in _splits(path) for pair in _pairs(path, split, folder, kind.ending, polygons)]
    return listing(path, pairs, known, coding, layout=f"{kind.layout}, {len(known.names)} classes", unknown=unknown)


def _kind(path: Path, classes: MaskClasses | None) -> Kind:
    ends = {kind.ending: False for kind in KINDS}
    for file in (path / "gtFine").rglob("*"):
        for end in ends:
            ends[end] = ends[end] or file.name.endswith(end)
    there = [kind for kind in KINDS if ends[kind.ending]]
    if not there:
        expected = f"label files ending in {', '.join(ends)}"
        raise InputError(str(path / "gtFine"), expected, "none", "Unpack gtFine, or create the label maps with the "
                         "data set's tools.")  # fmt: skip
    if not _own(classes):
        return there[0]
    assert classes is not None
    fit = next((kind for kind in there if kind.ending.endswith(".json") or _tells(kind, classes)), None)
    if fit is None:
        got = f"{', '.join(kind.layout for kind in there)}, which do not tell them apart"
        raise InputError(str(path / "gtFine"), f"label files with the classes {', '.join(classes.names[:4])} …", got,
                         "Leave --classes out, or create the label maps with the data set's tools.")  # fmt: skip
    return fit


def _own(classes: MaskClasses | None) -> bool:
    """Whether a list is one of the data sets' own."""
    return classes is not None and classes.names in {SHIPPED[kind.classes]().names for kind in KINDS}


def _tells(kind: Kind, classes: MaskClasses) -> bool:
    """Whether every class has a number of its own in files of that kind."""
    places = _places(classes)
    return {places.get(name, VOID) for name in kind.names.values()} >= set(range(len(classes.names)))


def _numbered(classes: MaskClasses, kind: Kind) -> MaskClasses:
    """One of the data sets' own lists with the numbers of that kind of files; a list of one's own as it is."""
    if not _own(classes):
        return classes
    places = _places(classes)
    named = {number: places.get(name, VOID) for number, name in kind.names.items()}
    return replace(classes, values={VOID: VOID, **dict.fromkeys(range(kind.ids), VOID), **named})


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


def _places(classes: MaskClasses) -> dict[str, int]:
    """Label → its class: that of its own name, or the level-3 class that holds it; the data sets' others are void."""
    place = {name: i for i, name in enumerate(classes.names)}
    names = dict(place)
    for group in level3_groups():
        if (joined := _joined(group)) in place:
            names = {**dict.fromkeys((label.name for label in group), place[joined]), **names}
    for label in (*IDD, *CITYSCAPES):
        names.setdefault(label.name, VOID)
    return {**names, **dict.fromkeys(IDD_VOID, VOID)}
