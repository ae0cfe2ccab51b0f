from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optotype import class_maps
from optotype.errors import InputError
from optotype.label_maps import MaskFiles, write_label_map
from optotype.mapped_masks import mapped, unmapped
from optotype.mask_lists import camvid32, cityscapes
from optotype.tables import OTHER, VOID, Items, Masks

LABELS = np.array([[0, 1, 9, VOID], [10, 13, 17, OTHER]], np.uint8)
EXPECTED = ["Road", "Sidewalk", None, None, "Sky", "Car", "Motorbike", "other"]


def names_of(masks: Masks, i: int) -> list[str | None]:
    told = [*masks.classes, *[None] * (256 - len(masks.classes))]
    return ["other" if value == OTHER else told[value] for value in masks.maps[i].ravel().tolist()]


def test_maps_in_memory_and_in_files_mean_the_same(tmp_path: Path) -> None:
    known, names = cityscapes(), class_maps.read("cityscapes")
    items = Items.of(["a"])
    inside = mapped(Masks(items, known.names, [LABELS], known.colours), names)
    assert inside.classes == names.classes
    assert names_of(inside, 0) == EXPECTED
    raw = {index: value for value, index in known.values.items() if index < VOID}
    write_label_map(tmp_path / "a.png", np.vectorize(lambda v: raw.get(v, v))(LABELS).astype(np.uint8), known.colours)
    files = Masks(items, known.names, MaskFiles((tmp_path / "a.png",), known.indexed, "void"), known.colours)
    assert names_of(mapped(files, names), 0) == EXPECTED
    assert isinstance(mapped(files, names).maps, MaskFiles), "still files, so that a manifest can name them"
    assert tuple(mapped(files, names).colours[names.classes.index("Car")]) == (0, 0, 142)


def test_what_is_left_out_is_listed() -> None:
    known = cityscapes()
    masks = Masks(Items.of(["a"]), known.names, [LABELS], known.colours)
    assert unmapped(masks, class_maps.read("cityscapes")) == ["terrain"]


def test_two_names_become_one_class() -> None:
    known, names = camvid32(), class_maps.read("camvid11")
    labels = np.arange(len(known.names), dtype=np.uint8)[None]
    found = mapped(Masks(Items.of(["a"]), known.names, [labels], known.colours), names)
    told = dict(zip(known.names, names_of(found, 0), strict=True))
    assert told["Truck_Bus"] == told["Car"] == "Car"
    assert None not in told.values()


def test_a_map_of_other_names_is_refused() -> None:
    masks = Masks(Items.of(["a"]), ("cat", "dog"), [LABELS], np.zeros((2, 3), np.uint8))
    with pytest.raises(InputError, match="--map-classes"):
        mapped(masks, class_maps.read("idd"))
