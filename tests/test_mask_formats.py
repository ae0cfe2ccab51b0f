"""Label maps as the public data sets have them, and what is said of files that are not as they should be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import street_sets
from optotype.data.frame_groups import grouped
from optotype.errors import InputError
from optotype.formats import (
    holds_masks,
    is_masks,
    read_mask_classes,
    read_mask_manifest,
    read_mask_predictions,
    read_masks,
    write_label_map,
    write_mask_manifest,
)
from optotype.formats.mask_manifest import files_of
from optotype.label_maps import Coloured, Indexed, colour_key, decode
from optotype.mask_lists import CAMVID_32, IDD
from optotype.mask_trees import key_of
from optotype.tables import OTHER, VOID, Items, Masks
from optotype.tasks.reading import Asked
from optotype.tasks.segment.reading import digest, read


def save(path: Path, pixels: np.ndarray, mode: str | None = None, palette: list[int] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels) if mode is None else Image.fromarray(pixels, mode)
    if palette is not None:
        image = Image.fromarray(pixels)
        image.putpalette(palette)
    image.save(path)
    return path


def small(root: Path, values: np.ndarray, names: str = "a\nb\nc\n") -> Path:
    """A folder with one label map and a class file beside it."""
    save(root / "m" / "one.png", values.astype(np.uint8))
    (root / "names.txt").write_text(names)
    return root / "m"


def test_camvid_as_distributed_is_paired_by_stem(tmp_path: Path) -> None:
    root = street_sets.camvid(tmp_path / "CamVid")
    # A label map that sorts before all others must not shift the pairs.
    extra = root / "train_labels" / "0000AA_000000_L.png"
    save(extra, np.full((64, 96, 3), (128, 128, 128), np.uint8))
    found = read_masks(root)
    assert len(found.masks.classes) == 31
    assert "Void" not in found.masks.classes
    assert found.orphans == ("train_labels/0000AA_000000_L.png",)
    items = found.masks.items
    for i in range(len(items)):
        if items.path[i]:
            assert Path(str(items.path[i])).stem == items.key[i]
            assert found.masks.maps.paths[i].stem == f"{items.key[i]}_L"
    assert set(items.split.tolist()) == {"train", "val", "test"}
    assert items.group[items.key == "0006R0_000001"].tolist() == ["0006R0"]


def test_colours_become_the_classes_of_the_class_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = [name for name, _ in CAMVID_32 if name != "Void"]
    palette = np.array([colour for _, colour in CAMVID_32], np.uint8)
    index = rng.integers(0, 32, (37, 53))
    file = save(tmp_path / "m" / "x_L.png", palette[index])
    coding = read_mask_classes("camvid32").coloured
    slow = np.array([[_slow(palette[v].tolist(), names) for v in row] for row in index])
    assert np.array_equal(decode(file, coding), slow)


def _slow(colour: list[int], names: list[str]) -> int:
    for name, own in CAMVID_32:
        if list(own) == colour:
            return VOID if name == "Void" else names.index(name)
    return OTHER


@pytest.mark.parametrize("between", [",", "\t", ", "])
def test_class_files_with_commas_or_tabs(tmp_path: Path, between: str) -> None:
    rows = [["name", "r", "g", "b"], ["Sky", "128", "128", "128"], ["Void", "0", "0", "0"], ["Road", "128", "64", "0"]]
    (tmp_path / "c.csv").write_text("\n".join(between.join(row) for row in rows))
    found = read_mask_classes(tmp_path / "c.csv")
    assert found.names == ("Sky", "Road")
    assert found.values == {0: 0, 1: VOID, 2: 1, VOID: VOID}
    assert found.painted == {"128,128,128": 0, "0,0,0": VOID, "128,64,0": 1}


def test_voc_has_255_as_void_and_its_lists(tmp_path: Path) -> None:
    found = read_masks(street_sets.voc(tmp_path / "VOC2007"), split="val")
    assert found.layout.startswith("PASCAL VOC")
    assert len(found.masks) == 4
    values = np.unique(np.concatenate([m.ravel() for m in found.masks.maps]))
    assert set(values.tolist()) <= {0, 7, 15, VOID}
    assert VOID in values


def test_cityscapes_by_ids(tmp_path: Path) -> None:
    found = read_masks(street_sets.cityscapes(tmp_path / "Cityscapes"))
    masks = found.masks
    assert masks.items.key[0] == "ulm/ulm_000000_000019"
    assert masks.items.group[0] == "ulm_000000"
    assert masks.items.path[0] == "leftImg8bit/val/ulm/ulm_000000_000019_leftImg8bit.png"
    raw = np.asarray(Image.open(masks.maps.paths[0]))
    labels = masks.maps[0]
    assert (labels[raw == 7] == masks.classes.index("road")).all()
    assert (labels[raw == 0] == VOID).all()


def test_idd_polygons_lie_over_each_other_as_they_come(tmp_path: Path) -> None:
    root = street_sets.idd(tmp_path / "IDD")
    masks = read_masks(root).masks
    file = masks.maps.paths[0]
    told = json.loads(file.read_text())
    slow = np.full((told["imgHeight"], told["imgWidth"]), VOID)
    for found in told["objects"]:
        (left, top), _, (right, bottom), _ = found["polygon"]
        slow[top : bottom + 1, left : right + 1] = masks.classes.index(found["label"])
    assert np.array_equal(masks.maps[0], slow)


def test_idd_level_3_joins_labels(tmp_path: Path) -> None:
    root = street_sets.idd(tmp_path / "IDD")
    masks = read_masks(root, classes="idd-level3").masks
    assert len(masks.classes) == 26
    assert "person/animal" in masks.classes
    assert "sky/fallback background" in masks.classes
    assert set(np.unique(masks.maps[0]).tolist()) <= {*range(26), VOID}


def as_full_numbers(root: Path) -> list[np.ndarray]:
    """Full numbers in place of IDD's polygons, by the data set's own table."""
    masks = read_masks(root).masks
    ids = np.full(256, VOID, np.uint8)
    ids[: len(IDD)] = [label.id for label in IDD]
    numbers = [ids[labels] for labels in masks.maps]
    for file, pixels in zip(masks.maps.paths, numbers, strict=True):
        save(file.with_name(file.name.replace("_polygons.json", "_labelids.png")), pixels)
        file.unlink()
    return numbers


def test_idd_level_3_is_the_same_from_polygons_and_full_numbers(tmp_path: Path) -> None:
    root = street_sets.idd(tmp_path / "IDD", n=2)
    polygons = list(read_masks(root, classes="idd-level3").masks.maps)
    numbers = as_full_numbers(root)
    found = read_masks(root, classes="idd-level3")
    assert found.layout.startswith("IDD, full numbers")
    assert all(np.array_equal(a, b) for a, b in zip(polygons, found.masks.maps, strict=True))
    level = {label.id: label.level3 for label in IDD} | {VOID: VOID}
    assert np.array_equal(found.masks.maps[0], np.vectorize(level.get)(numbers[0]))


def test_full_labels_are_not_read_from_level_3(tmp_path: Path) -> None:
    root = street_sets.idd(tmp_path / "IDD", n=1)
    level3 = read_masks(root, classes="idd-level3").masks
    for file, labels in zip(level3.maps.paths, level3.maps, strict=True):
        save(file.with_name(file.name.replace("_polygons.json", "_labellevel3Ids.png")), labels)
    assert read_masks(root, classes="idd").layout.startswith("IDD, polygons")
    first = level3.maps[0].copy()
    for file in root.rglob("*.json"):
        file.unlink()
    assert np.array_equal(read_masks(root).masks.maps[0], first)
    with pytest.raises(InputError, match="do not tell them apart"):
        read_masks(root, classes="idd")


def test_cityscapes_classes_mean_the_same_in_both_kinds_of_numbers(tmp_path: Path) -> None:
    root = street_sets.cityscapes(tmp_path / "Cityscapes", n=1)
    masks = read_masks(root, classes="cityscapes").masks
    [labels] = list(masks.maps)
    file = masks.maps.paths[0]
    save(file.with_name(file.name.replace("_labelIds", "_labelTrainIds")), labels)
    file.unlink()
    for classes in (None, "cityscapes"):
        assert np.array_equal(read_masks(root, classes=classes).masks.maps[0], labels)


def test_predictions_that_may_be_in_other_numbers_are_a_warning(tmp_path: Path) -> None:
    root = street_sets.cityscapes(tmp_path / "Cityscapes", n=1)
    truth = read_masks(root)
    key = truth.masks.items.key[0]
    save(tmp_path / "train_ids" / f"{key}.png", np.where(truth.masks.maps[0] < 3, truth.masks.maps[0], 0))
    save(tmp_path / "ids" / f"{key}.png", np.asarray(Image.open(truth.masks.maps.paths[0])))
    said = read_mask_predictions(tmp_path / "train_ids", truth.masks, classes=truth.classes)
    assert "class indices" in said.warnings[0]
    assert not read_mask_predictions(tmp_path / "ids", truth.masks, classes=truth.classes).warnings
    asked = Asked(str(root), tmp_path / "train_ids")
    assert said.warnings[0] in read(asked).warnings


def test_camvid_masks_with_palettes_are_read_by_their_colours(tmp_path: Path) -> None:
    root = street_sets.camvid(tmp_path / "CamVid", n=2)
    plain = [labels.copy() for labels in read_masks(root).masks.maps]
    for file in root.glob("*_labels/*.png"):
        Image.open(file).quantize(64, dither=Image.Dither.NONE).save(file)
    assert all(np.array_equal(a, b) for a, b in zip(plain, read_masks(root).masks.maps, strict=True))


def test_camvid_own_class_file(tmp_path: Path) -> None:
    file = tmp_path / "label_colors.txt"
    file.write_text("".join(f"{r} {g} {b}\t\t{name}\n" for name, (r, g, b) in CAMVID_32))
    found, shipped = read_mask_classes(file), read_mask_classes("camvid32")
    assert (found.names, found.painted, found.values) == (shipped.names, shipped.painted, shipped.values)
    file.write_text("64 128 64\tAnimal\nCar\n")
    with pytest.raises(InputError, match="line 2"):
        read_mask_classes(file)


def test_camvid_own_class_file_is_found_beside_the_masks(tmp_path: Path) -> None:
    root = street_sets.camvid(tmp_path / "CamVid", n=1)
    before = read_masks(root)
    (root / "class_dict.csv").unlink()
    odd = [("Land" if name == "Sky" else name, colour) for name, colour in CAMVID_32]
    (root / "label_colors.txt").write_text("".join(f"{r} {g} {b}\t\t{name}\n" for name, (r, g, b) in odd))
    found = read_masks(root)
    assert found.masks.classes == tuple("Land" if name == "Sky" else name for name in before.masks.classes)
    assert np.array_equal(found.masks.maps[0], before.masks.maps[0])


def test_the_index_layout_with_list_files(tmp_path: Path) -> None:
    for split, count in (("train", 2), ("test", 1)):
        lines = []
        for i in range(count):
            name = f"0001TP_{i + 10 * count:06}.png"
            save(tmp_path / split / name, np.zeros((4, 6, 3), np.uint8))
            save(tmp_path / f"{split}annot" / name, np.full((4, 6), 11 if i else 3, np.uint8))
            lines.append(f"/SegNet/CamVid/{split}/{name} /SegNet/CamVid/{split}annot/{name}")
        (tmp_path / f"{split}.txt").write_text("\n".join(lines))
    found = read_masks(tmp_path)
    assert found.masks.classes[3] == "Road"
    assert sorted(np.unique(m).tolist() for m in found.masks.maps) == [[3], [3], [VOID]]
    assert any("0001TP" in text and "1 frames in test" in text for text in found.warnings)


def test_keys_lose_what_data_sets_put_behind_frames() -> None:
    assert key_of(Path("a/b_leftImg8bit.png")) == "a/b"
    assert key_of(Path("a/b_gtFine_polygons.json")) == "a/b"
    assert key_of(Path("_L.png")) == "_L"


# Files that are not as they should be


def test_an_unknown_value_names_file_place_and_value(tmp_path: Path) -> None:
    values = np.zeros((5, 7))
    values[3, 2] = 9
    folder = small(tmp_path, values)
    masks = read_masks(folder, classes=tmp_path / "names.txt").masks
    with pytest.raises(InputError, match=r"one\.png, x 2, y 3") as caught:
        masks.maps[0]
    assert "value 9" in str(caught.value)
    assert "0 to 2, 255" in caught.value.expected
    assert "--unknown void" in str(caught.value)
    lenient = read_masks(folder, classes=tmp_path / "names.txt", unknown="void").masks
    assert lenient.maps[0][3, 2] == OTHER
    assert int((lenient.maps[0] == OTHER).sum()) == 1


def test_an_unknown_colour_names_file_place_and_colour(tmp_path: Path) -> None:
    pixels = np.full((4, 9, 3), 128, np.uint8)
    pixels[1, 8] = (1, 2, 3)
    file = save(tmp_path / "x.png", pixels)
    with pytest.raises(InputError, match=r"x\.png, x 8, y 1") as caught:
        decode(file, Coloured({"128,128,128": 0}))
    assert "1,2,3" in str(caught.value)
    assert decode(file, Coloured({"128,128,128": 0}), "void")[1, 8] == OTHER


def test_a_colour_image_where_numbers_were_expected(tmp_path: Path) -> None:
    file = save(tmp_path / "x.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="colour image"):
        decode(file, Indexed({0: 0}))
    grey = save(tmp_path / "y.png", np.zeros((4, 4), np.uint8))
    with pytest.raises(InputError, match="no colours"):
        decode(grey, Coloured({"0,0,0": 0}))


def test_a_palette_in_another_order_is_read_by_its_colours(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("name,r,g,b\nSky,10,20,30\nRoad,40,50,60\nCar,70,80,90\n")
    palette = [70, 80, 90, 10, 20, 30, 40, 50, 60]  # Car, Sky, Road
    values = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)
    save(tmp_path / "m" / "a.png", values, palette=palette)
    masks = read_masks(tmp_path / "m", classes=tmp_path / "c.csv").masks
    assert masks.maps[0].tolist() == [[2, 0, 1], [1, 0, 2]]


def test_sixteen_bits_are_read_and_refused_by_value(tmp_path: Path) -> None:
    values = np.array([[0, 1], [2, 300]], np.uint16)
    save(tmp_path / "m" / "a.png", values)
    (tmp_path / "n.csv").write_text("name,value\na,0\nb,1\nc,2\nd,300\n")
    masks = read_masks(tmp_path / "m", classes=tmp_path / "n.csv").masks
    assert masks.maps[0].tolist() == [[0, 1], [2, 3]]
    with pytest.raises(InputError, match=r"300 \(16 bits"):
        decode(tmp_path / "m" / "a.png", Indexed({0: 0, 1: 1, 2: 2}))


def test_polygons_outside_or_without_area_cover_nothing(tmp_path: Path) -> None:
    root = street_sets.idd(tmp_path / "IDD", n=1)
    file = next((root / "gtFine").rglob("*.json"))
    told = json.loads(file.read_text())
    before = read_masks(root).masks.maps[0]
    told["objects"] += [{"label": "car", "polygon": [[500, 500], [600, 500], [600, 600]]},
                        {"label": "car", "polygon": []}, {"label": "car", "polygon": [[3, 3], [5, 5]]}]  # fmt: skip
    file.write_text(json.dumps(told))
    masks = read_masks(root).masks
    row = masks.maps.paths.index(file)
    assert np.array_equal(masks.maps[row], before)


def test_an_unknown_label_of_a_polygon_is_named(tmp_path: Path) -> None:
    root = street_sets.idd(tmp_path / "IDD", n=1)
    file = next((root / "gtFine").rglob("*.json"))
    told = json.loads(file.read_text())
    told["objects"].append({"label": "spaceship", "polygon": [[0, 0], [5, 0], [5, 5]]})
    file.write_text(json.dumps(told))
    with pytest.raises(InputError, match="spaceship"):
        [*read_masks(root).masks.maps]
    lenient = read_masks(root, unknown="void").masks
    assert any((labels == OTHER).any() for labels in lenient.maps)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"not a png")
    with pytest.raises(InputError, match=r"x\.png"):
        decode(tmp_path / "x.png", Indexed({0: 0}))


@pytest.mark.parametrize(
    ("shape", "dtype"), [((40, 40), np.uint8), ((40, 40), np.uint16), ((40, 40, 3), np.uint8)]
)  # fmt: skip
def test_a_file_that_ends_too_early_is_named(tmp_path: Path, shape: tuple[int, ...], dtype: type) -> None:
    file = save(tmp_path / "x.png", np.random.default_rng(0).integers(0, 255, shape).astype(dtype))
    file.write_bytes(file.read_bytes()[:700])
    coding = Coloured({"0,0,0": 0}) if len(shape) == 3 else Indexed({0: 0})
    with pytest.raises(InputError, match=r"x\.png") as caught:
        decode(file, coding, "void")
    assert "whole" in caught.value.fix


def test_other_kinds_of_images_and_jpeg_are_told_apart(tmp_path: Path) -> None:
    file = save(tmp_path / "x.tif", np.zeros((4, 4), np.float32))
    with pytest.raises(InputError, match="mode F") as caught:
        decode(file, Indexed({0: 0}))
    assert "PNG" in caught.value.fix
    assert "colour" not in str(caught.value)
    file = save(tmp_path / "x.jpg", np.eye(16, dtype=np.uint8) * 200)
    with pytest.raises(InputError, match="JPEG changes values"):
        decode(file, Indexed({0: 0, 200: 1}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "name"), ("a\nb\na\n", "'a'"), ("name,r,g,b\nSky,1,2,300\n", "300"),
        ("name,r,g,b\nA,1,2,3\nB,1,2,3\n", "twice"),
    ],
)  # fmt: skip
def test_class_files_that_are_wrong(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "c.csv").write_text(text)
    with pytest.raises(InputError, match=expected):
        read_mask_classes(tmp_path / "c.csv")


def test_a_folder_without_a_class_file_says_what_to_give(tmp_path: Path) -> None:
    folder = small(tmp_path, np.zeros((3, 3)))
    with pytest.raises(InputError, match="--classes"):
        read_masks(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="none") as caught:
        read_masks(tmp_path / "empty")
    assert "--classes" not in caught.value.fix
    with pytest.raises(InputError, match="--split out"):
        read_masks(folder, classes=tmp_path / "names.txt", split="val")


# Predictions


def truth_of(tmp_path: Path) -> Masks:
    return read_masks(street_sets.camvid(tmp_path / "CamVid"), split="test").masks


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    truth = truth_of(tmp_path)
    for key, labels in zip(truth.items.key.tolist(), truth.maps, strict=True):
        write_label_map(tmp_path / "said" / f"{key}.png", labels, truth.colours)
    said = read_mask_predictions(tmp_path / "said", truth).masks
    assert all(np.array_equal(a, b) for a, b in zip(truth.maps, said.maps, strict=True))
    assert digest(said) == digest(truth)


def test_colour_predictions_are_read_by_the_class_file(tmp_path: Path) -> None:
    truth = truth_of(tmp_path)
    for key, file in zip(truth.items.key.tolist(), files_of(truth.maps).paths, strict=True):
        save(tmp_path / "said" / f"{key}_pred.png", np.asarray(Image.open(file)))
    asked = Asked(str(tmp_path / "CamVid"), tmp_path / "said", split="test")
    found = read(asked)
    assert digest(found.prediction) == digest(found.truth)


def test_missing_and_foreign_predictions_are_named(tmp_path: Path) -> None:
    truth = truth_of(tmp_path)
    for key in [*truth.items.key.tolist()[1:], "stranger"]:
        write_label_map(tmp_path / "said" / f"{key}.png", np.zeros((64, 96), np.uint8), truth.colours)
    with pytest.raises(InputError, match="stranger") as caught:
        read_mask_predictions(tmp_path / "said", truth)
    assert str(truth.items.key[0]) in str(caught.value)


def named_otherwise(tmp_path: Path, names: list[str]) -> tuple[Masks, Path]:
    """Truth of three classes, and its very label maps as a model says them whose classes are ``names``."""
    values = np.arange(12).reshape(3, 4) % 3
    truth = read_masks(small(tmp_path, values), classes=tmp_path / "names.txt").masks
    table = np.array([names.index(name) for name in truth.classes])
    save(tmp_path / "said" / "one.png", table[values].astype(np.uint8))
    (tmp_path / "said" / "classes.txt").write_text("\n".join(names) + "\n")
    return truth, tmp_path / "said"


@pytest.mark.parametrize("names", [["a", "b", "c"], ["c", "a", "b"]])
def test_predictions_with_classes_in_another_order_are_read_by_name(tmp_path: Path, names: list[str]) -> None:
    truth, folder = named_otherwise(tmp_path, names)
    assert digest(read_mask_predictions(folder, truth).masks) == digest(truth)
    found = read(Asked(str(tmp_path / "m"), folder, classes=str(tmp_path / "names.txt")))
    assert digest(found.prediction) == digest(found.truth)


def test_predictions_of_classes_that_the_truth_lacks_are_refused_or_mapped(tmp_path: Path) -> None:
    truth, folder = named_otherwise(tmp_path, ["c", "a", "b", "tree"])
    with pytest.raises(InputError, match="'tree'") as caught:
        read_mask_predictions(folder, truth)
    assert "--map-classes" in caught.value.fix
    (tmp_path / "map.csv").write_text("name,class\na,x\nb,y\ntree,y\n")
    (tmp_path / "said" / "one.png").unlink()
    save(tmp_path / "said" / "one.png", np.array([[1, 2, 3, 0]] * 3, np.uint8))  # a, b, tree, c
    asked = Asked(
        str(tmp_path / "m"), folder, classes=str(tmp_path / "names.txt"), map_classes=str(tmp_path / "map.csv")
    )
    found = read(asked)
    assert found.prediction.classes == ("x", "y")
    assert found.prediction.maps[0].tolist() == [[0, 1, 1, VOID]] * 3
    assert any("1 class has no name there; such truth is void: c." in text for text in found.warnings)


def test_classes_of_a_manifest_are_its_own(tmp_path: Path) -> None:
    write_mask_manifest(tmp_path / "run" / "data.csv", truth_of(tmp_path))
    assert len(read_masks(tmp_path / "run" / "data.csv").masks.classes) == 31
    with pytest.raises(InputError, match="--classes"):
        read_masks(tmp_path / "run" / "data.csv", classes="camvid11")


def test_a_manifest_remembers_label_maps(tmp_path: Path) -> None:
    truth = read_masks(street_sets.idd(tmp_path / "IDD")).masks
    write_mask_manifest(tmp_path / "run" / "data.csv", truth)
    assert holds_masks(tmp_path / "run" / "data.csv")
    back = read_mask_manifest(tmp_path / "run" / "data.csv", split="val")
    kept = truth.take(truth.items.split == "val")
    assert back.items.group.tolist() == kept.items.group.tolist()
    assert digest(back) == digest(kept)
    assert back.items.file(0).is_file()


def test_a_manifest_keeps_label_maps_that_lie_in_no_file(tmp_path: Path) -> None:
    maps = [np.array([[0, 1], [VOID, 1]], np.uint8)]
    made = Masks(Items.of(["a/b"]), ("x", "y"), maps, np.zeros((2, 3), np.uint8))
    write_mask_manifest(tmp_path / "data.csv", made)
    assert np.array_equal(read_mask_manifest(tmp_path / "data.csv").maps[0], maps[0])


# Options


def test_blocks_of_consecutive_frames() -> None:
    items = Items.of([f"a_{i}" for i in range(20)] + ["b_1", "b_2"], group=["a"] * 20 + ["b"] * 2)
    found, told = grouped(items, "blocks:8")
    names = found.group
    assert len(np.unique(names)) == 3
    order = [names[[f"a_{i}" == k for k in items.key]][0] for i in range(20)]
    assert order == sorted(order)
    assert "3 blocks" in told[0]
    assert grouped(items, "image")[0].group.tolist() == [""] * 22
    with pytest.raises(InputError, match="blocks"):
        grouped(items, "blocks:0")
    assert grouped(items, "a_")[1] == ["2 groups by the pattern 'a_' in the name."]
    for wrong in ("zebra", "("):
        with pytest.raises(InputError, match="blocks:N") as caught:
            grouped(items, wrong)
        assert "burst" not in str(caught.value)


def test_options_reach_the_rules(tmp_path: Path) -> None:
    truth = truth_of(tmp_path)
    for key, labels in zip(truth.items.key.tolist(), truth.maps, strict=True):
        write_label_map(tmp_path / "said" / f"{key}.png", labels, truth.colours)
    base = {"truth": str(tmp_path / "CamVid"), "predictions": tmp_path / "said", "split": "test"}
    found = read(Asked(**base, void="as-fp", thresholds="0:1:0.1"))
    assert found.rules["rules"].void == "as-fp"
    assert found.rules["rules"].thresholds == tuple(range(11))
    assert read(Asked(**base, void="as-class")).truth.classes == found.truth.classes, "measuring adds the class"
    mapped = read(Asked(**base, map_classes="camvid"))
    assert "Sky" in mapped.truth.classes
    assert mapped.truth.classes == mapped.prediction.classes
    for wrong in ({"void": "nothing"}, {"thresholds": "0:1:0.3x"}, {"unknown": "maybe"}, {"missing": "empty"}):
        with pytest.raises(InputError):
            read(Asked(**base, **wrong))


def test_layouts_are_recognised(tmp_path: Path) -> None:
    assert is_masks(street_sets.camvid(tmp_path / "a"))
    assert is_masks(street_sets.voc(tmp_path / "b" / "VOC2007").parent)
    assert is_masks(street_sets.cityscapes(tmp_path / "c"))
    assert not is_masks(tmp_path)
    assert colour_key((1, 2, 3)) == "1,2,3"
