"""What label maps beside a manifest of their frames mean, and where they lie: ``data.csv`` → ``data.masks.json``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from optotype.errors import InputError
from optotype.files import write_atomic
from optotype.label_maps import Coding, Indexed, LabelMap, MaskFiles, Unknown, write_label_map
from optotype.tables import VOID, Chosen, Items, Masks


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    """``files`` maps a frame's key to its label map, relative to the record where it lies below it."""

    classes: list[str]
    colours: list[tuple[int, int, int]]
    coding: Coding
    unknown: Unknown = "error"
    files: dict[str, str]
    format: Literal["optotype.masks/1"] = "optotype.masks/1"


def beside(path: Path) -> Path:
    """Where the record lies."""
    return path.with_suffix(".masks.json")


def holds_masks(path: Path) -> bool:
    """Whether a manifest is about label maps."""
    return beside(path).is_file()


def write(path: Path, masks: Masks) -> None:
    """Write the record atomically; label maps that lie in no file are written into the folder ``masks`` beside it."""
    keys = masks.items.key.tolist()
    maps = files_of(masks.maps)
    if maps is None:
        place = path.parent / "masks"
        for key, labels in zip(keys, masks.maps, strict=True):
            write_label_map(place / f"{key}.png", labels, masks.colours)
        identity = {**{i: i for i in range(len(masks.classes))}, VOID: VOID}
        maps = MaskFiles(tuple(place / f"{key}.png" for key in keys), Indexed(identity))
    folder = path.parent.absolute()
    record = _Record(
        classes=list(masks.classes), colours=[(r, g, b) for r, g, b in masks.colours.tolist()], coding=maps.coding,
        unknown=maps.unknown, files={key: _shown(folder, file) for key, file in zip(keys, maps.paths, strict=True)},
    )  # fmt: skip
    write_atomic(beside(path), msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def read(path: Path, items: Items) -> Masks:
    """The label maps of ``items``, those of the manifest ``path`` or some of them."""
    fix = "Train or evaluate again."
    try:
        record = msgspec.json.decode(beside(path).read_bytes(), type=_Record)
    except OSError as error:
        raise InputError(str(beside(path)), "a record of label maps", error.strerror or str(error), fix) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(str(beside(path)), "a record of label maps", str(error), fix) from None
    if lost := [key for key in items.key.tolist() if key not in record.files]:
        raise InputError(str(beside(path)), "every frame of the manifest", f"no label map of '{lost[0]}'", fix)
    files = tuple(path.parent / record.files[key] for key in items.key.tolist())
    colours = np.array(record.colours, np.uint8).reshape(-1, 3)
    return Masks(items, tuple(record.classes), MaskFiles(files, record.coding, record.unknown), colours)


def files_of(maps: Sequence[LabelMap]) -> MaskFiles | None:
    """The files behind label maps, those behind a choice of them too; None for maps in memory."""
    if isinstance(maps, MaskFiles):
        return maps
    if not isinstance(maps, Chosen) or (found := files_of(maps.maps)) is None:
        return None
    return MaskFiles(tuple(found.paths[i] for i in maps.rows.tolist()), found.coding, found.unknown)


def _shown(folder: Path, file: Path) -> str:
    file = file.absolute()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)
