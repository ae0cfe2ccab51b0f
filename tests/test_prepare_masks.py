"""Data sets of label maps on their way into training: splits that are given stay, sequences stay together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optotype.cli import run
from optotype.data.prepare_masks import prepare_masks
from optotype.errors import InputError


def frames(root: Path, images: str, masks: str, keys: list[str]) -> None:
    """Grey frames and label maps of two of CamVid's classes."""
    for folder in (images, masks):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for i, key in enumerate(keys):
        Image.fromarray(np.full((6, 8, 3), 9 * i, np.uint8)).save(root / images / f"{key}.png")
        Image.fromarray(np.array([[3] * 8] * 6, np.uint8)).save(root / masks / f"{key}.png")


def keys(*sequences: str, n: int = 4) -> list[str]:
    return [f"{name}_{i:05}" for name in sequences for i in range(n)]


def test_splits_that_are_given_stay(tmp_path: Path) -> None:
    for split, names in (("train", keys("0001TP")), ("val", keys("0016E5")), ("test", keys("Seq05VD"))):
        frames(tmp_path, split, f"{split}annot", names)
    found = prepare_masks(tmp_path)
    items = found.masks.items
    assert dict(zip(items.group.tolist(), items.split.tolist(), strict=True)) == {
        "0001TP": "train", "0016E5": "val", "Seq05VD": "test",
    }  # fmt: skip
    assert found.notes[-1] == "splits as given: train 4, val 4, test 4"
    assert found.masks.maps[0].tolist() == [[3] * 8] * 6


def test_a_sequence_in_two_splits_is_warned_of(tmp_path: Path) -> None:
    for split, names in (("train", keys("0001TP")), ("val", keys("0016E5")), ("test", [f"0001TP_{i}" for i in (7, 8)])):
        frames(tmp_path, split, f"{split}annot", names)
    assert any("0001TP" in note and "several splits" in note for note in prepare_masks(tmp_path).notes)


def test_without_splits_sequences_stay_together(tmp_path: Path) -> None:
    frames(tmp_path, "images", "labels", keys("0001TP", "0006R0", "0016E5", "Seq05VD", n=5))
    once, again = (prepare_masks(tmp_path).masks.items for _ in range(2))
    assert set(once.split.tolist()) == {"train", "val", "test"}
    assert once.split.tolist() == again.split.tolist()
    for name in set(once.group.tolist()):
        assert len(set(once.split[once.group == name].tolist())) == 1


def test_validation_without_test_becomes_test(tmp_path: Path) -> None:
    frames(tmp_path, "train", "trainannot", keys("0001TP", "0006R0", "0016E5"))
    frames(tmp_path, "val", "valannot", keys("Seq05VD"))
    found = prepare_masks(tmp_path)
    items = found.masks.items
    assert set(items.split[items.group == "Seq05VD"].tolist()) == {"test"}
    assert any("validation as given is used as test" in note for note in found.notes)
    assert {"train", "val"} <= set(items.split.tolist())


def test_one_sequence_is_divided_only_in_blocks(tmp_path: Path) -> None:
    frames(tmp_path, "images", "labels", keys("0001TP", n=20))
    with pytest.raises(InputError, match=r"3 sequences or more[\s\S]*--group blocks"):
        prepare_masks(tmp_path)
    found = prepare_masks(tmp_path, group="blocks:4")
    items = found.masks.items
    assert set(items.split.tolist()) == {"train", "val", "test"}
    assert all(len(set(items.split[items.group == name].tolist())) == 1 for name in set(items.group.tolist()))
    assert any("blocks of about 4" in note for note in found.notes)
    assert len(set(prepare_masks(tmp_path, group="image").masks.items.split.tolist())) == 3


def test_label_maps_need_images(tmp_path: Path) -> None:
    frames(tmp_path, "images", "labels", keys("0001TP", "0006R0"))
    (tmp_path / "images" / "0001TP_00002.png").unlink()
    with pytest.raises(InputError, match=r"an image for each label map[\s\S]*0001TP_00002"):
        prepare_masks(tmp_path)


def test_split_divides_sequences_anew_and_training_keeps_that(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = keys("0001TP", "0006R0", "0016E5", "Seq05VD", n=4)
    for split, rows in (("train", slice(0, 8)), ("val", slice(8, 14)), ("test", slice(14, 16))):
        frames(tmp_path / "data", split, f"{split}annot", names[rows])
    out = tmp_path / "split.csv"
    assert run(["split", str(tmp_path / "data"), "--ratios", "0.5", "0.25", "0.25", "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "several splits" not in told.err + told.out, "those that shared a sequence are gone"
    items = prepare_masks(out).masks.items
    splits = [set(items.split[items.group == name].tolist()) for name in np.unique(items.group)]
    assert sorted(map(list, splits)) == [["test"], ["train"], ["train"], ["val"]]
    assert run(["split", str(tmp_path / "data"), "--out", str(out)]) == 1, "nothing is overwritten"
    assert run(["split", str(out), "--group", "blocks:2", "--out", str(tmp_path / "blocks.csv")]) == 0
