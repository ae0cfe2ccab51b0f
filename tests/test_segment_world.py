"""The 32 classes of CamVid on masks that the world writes: files to numbers, against scikit-learn on the same files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optotype.formats import read_mask_classes, read_masks
from optotype.label_maps import write_label_map
from optotype.tables import OTHER, VOID
from optotype.tasks import task_of
from optotype.tasks.reading import Asked
from optotype.tasks.segment import match, measure, read
from optotype.tasks.segment.rules import VOIDS, Rules
from optotype.world.export.whole import Plan, export

FRAMES = 8


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("world") / "city"
    return export(root, Plan(FRAMES, "north", 3, 120, 90, tasks=("segment",), threads=2)) / "segment"


@pytest.fixture(scope="module")
def said(world, tmp_path_factory) -> Path:
    """What a model might say: the truth two pixels aside, a share of the blocks another class, one image all road."""
    folder = tmp_path_factory.mktemp("said")
    masks = read_masks(world / "camvid", classes=world / "camvid" / "class_dict.csv").masks
    rng = np.random.default_rng(0)
    for i, key in enumerate(masks.items.key.tolist()):
        labels = np.roll(masks.maps[i], 2, axis=1)
        wrong = (rng.random((labels.shape[0] // 5 + 1, labels.shape[1] // 5 + 1)) < 0.1).repeat(5, 0).repeat(5, 1)
        labels[wrong[: labels.shape[0], : labels.shape[1]]] = rng.integers(len(masks.classes))
        if not i:
            labels[:] = masks.classes.index("Road")
        write_label_map(folder / f"{key}.png", labels, masks.colours)
    return folder


def asked(world: Path, said: Path, **more) -> Asked:
    return Asked(str(world / "camvid"), said, classes=str(world / "camvid" / "class_dict.csv"), **more)


def test_the_numbers_of_all_classes_are_scikit_learns(world, said):
    sklearn = pytest.importorskip("sklearn.metrics")
    found = read(asked(world, said))
    evidence = match(found.truth, found.prediction, **found.rules)
    result = measure(evidence, resamples=0, **found.rules)
    known = read_mask_classes(world / "camvid" / "class_dict.csv")
    names = found.truth.classes
    assert len(names) + len(known.void) == 32
    colours = {tuple(c): k for k, c in enumerate(found.truth.colours.tolist())}
    y, p = [], []
    for i, key in enumerate(found.items.key.tolist()):
        painted = np.asarray(Image.open(world / "camvid" / "labels" / f"{key}_L.png").convert("RGB"))
        truth = np.array([colours.get(tuple(c), VOID) for c in painted.reshape(-1, 3).tolist()])
        spoken = np.asarray(Image.open(said / f"{key}.png")).ravel().astype(int)
        y.append(truth[truth != VOID])
        p.append(np.where(spoken >= OTHER, len(names), spoken)[truth != VOID])
        assert evidence["images"]["width"][i] == painted.shape[1]
    y, p = np.concatenate(y), np.concatenate(p)
    some = sorted(set(y.tolist()) | (set(p.tolist()) - {len(names)}))
    expected = sklearn.jaccard_score(y, p, labels=some, average="macro", zero_division=0)
    assert result.metrics["miou"].value == pytest.approx(expected, abs=1e-12)
    assert result.metrics["pixel_accuracy"].value == pytest.approx(sklearn.accuracy_score(y, p), abs=1e-12)
    assert result.protocol["averaged_over"]["miou, dice, precision, recall"] == [names[k] for k in some]
    assert any("absent" in warning for warning in result.warnings)


def test_every_rule_for_void_is_read_and_measured(world, said):
    values = {}
    for void in VOIDS:
        found = read(asked(world, said, void=void))
        assert found.rules["rules"].void == void
        measured = measure(match(found.truth, found.prediction, **found.rules), resamples=0, **found.rules)
        values[void] = measured.metrics["miou"].value, measured.errors["void"]
    for void, (value, others) in values.items():
        assert others[void] == value
        assert others == values["truth-dropped"][1]


def test_the_task_offers_what_every_task_does(world, said):
    """From the folder to numbers, as evaluate does it."""
    segment = task_of("segment")
    found = segment.read(asked(world, said, thresholds="0:1:0.1"))
    assert found.rules == {"rules": Rules(thresholds=tuple(range(11)))}
    evidence = segment.match(found.truth, found.prediction, **found.rules)
    measured = segment.measure(evidence, found.prediction, resamples=0, seed=0, **found.rules)
    assert measured.errors["thresholds"]["t"] == [t / 10 for t in range(11)]
    assert measured.n.items == FRAMES
    assert len(segment.digest(found.truth)) == 64
