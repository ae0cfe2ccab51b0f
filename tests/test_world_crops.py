"""Crops: the same bits from the same seed, what is recorded is what is drawn, and a folder that reads back."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from optotype.errors import InputError
from optotype.formats import read_labels
from optotype.world import crops
from optotype.world.aiming import Aim, aimed, bounds, corners
from optotype.world.labels import OBJECT_CLASSES
from optotype.world.scene import Thing

SIZE = 48


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-15, 15), st.floats(8, 30), st.sampled_from([-1, 1]), st.floats(0.3, 0.95), st.floats(-20, 20),
    st.floats(-20, 20), st.floats(-3, 3),
)  # fmt: skip
def test_the_camera_puts_the_thing_where_it_was_told(x, y, towards, fill, right, down, heading) -> None:
    thing = Thing("car", 1, (x, towards * y, 0.0), heading, (4.0, 1.8, 1.5), (0.5, 0.5, 0.5))
    camera = aimed((0.0, 0.0, 1.5), thing, Aim(fill, (right, down)), 96)
    x0, y0, x1, y1 = bounds(camera, corners(thing))
    assert max(x1 - x0, y1 - y0) == pytest.approx(fill * 96, rel=0.2)
    assert (x0 + x1) / 2 == pytest.approx(right, abs=5)
    assert (y0 + y1) / 2 == pytest.approx(down, abs=5)


@pytest.mark.parametrize("kind", OBJECT_CLASSES)
def test_every_class_can_be_asked_for(kind: str) -> None:
    made = crops.crop(1, 2, "south", size=SIZE, kind=kind)
    assert made.label == kind
    assert made.image.shape == (SIZE, SIZE, 3)
    assert 1 - made.traits.occlusion >= crops.LEAST_VISIBLE
    assert made.traits.size**2 >= crops.LEAST_PIXELS * (SIZE / 96) ** 2


def test_a_crop_is_named_by_its_arguments() -> None:
    first, again, other = (crops.crop(seed, 7, "north", size=SIZE) for seed in (0, 0, 1))
    assert np.array_equal(first.image, again.image)
    assert first.traits == again.traits
    assert not np.array_equal(first.image, other.image)


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(InputError, match="'rickshaw'"):
        crops.crop(0, 0, "south", kind="rikshaw")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return crops.write(tmp_path_factory.mktemp("crops") / "c", 120, seed=3, domain="south", size=SIZE, threads=2)


def test_traits_follow_the_declared_distributions(written: Path) -> None:
    with (written / "crops.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    blur = np.array([float(row["blur"]) for row in rows]) * 96 / SIZE
    sharp = (1 - crops.BLURRED) * (1 - crops.SHAKEN)
    assert abs((blur == 0).mean() - sharp) < 0.15
    assert blur.max() <= np.hypot(crops.BLUR[1], crops.SHAKE[1] / np.sqrt(12)) + 1e-4
    occlusion = np.array([float(row["occlusion"]) for row in rows])
    assert (occlusion < 0.1).mean() > 0.2
    assert (occlusion > 0.3).mean() > 0.1
    assert all(crops.NOISE[0] <= float(row["noise"]) <= crops.NOISE[1] for row in rows)
    assert len({row["label"] for row in rows}) == len(OBJECT_CLASSES)


def test_a_folder_of_crops_reads_back(written: Path) -> None:
    labels = read_labels(written / "crops.csv")
    assert len(labels) == 120
    assert set(labels.items.columns) == {
        "occlusion", "truncation", "size", "distance", "blur", "contrast", "brightness", "noise",
        "exposure", "weather", "domain",
    }  # fmt: skip
    for i in (0, 57, 119):
        made = crops.crop(3, i, "south", size=SIZE)
        assert labels.classes[labels.label[i]] == made.label
        assert np.array_equal(np.asarray(Image.open(written / labels.items.path[i])), made.image)
        assert float(labels.items.columns["blur"][i]) == pytest.approx(made.traits.blur, rel=1e-5)
    parts = Counter(zip(labels.items.group.tolist(), labels.items.split.tolist(), strict=True))
    assert len(parts) == 30, "every street is in one split"
    assert Counter(labels.items.split.tolist()) == {"train": 84, "test": 24, "val": 12}


def test_threads_and_number_do_not_change_a_crop(written: Path, tmp_path: Path) -> None:
    few = crops.write(tmp_path / "few", 10, seed=3, domain="south", size=SIZE, threads=1)
    lines = (few / "crops.csv").read_text(encoding="utf-8").splitlines()
    assert lines == (written / "crops.csv").read_text(encoding="utf-8").splitlines()[:11]
    for line in lines[1:]:
        path = line.split(",")[0]
        assert (few / path).read_bytes() == (written / path).read_bytes()
