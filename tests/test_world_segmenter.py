"""The simulated segmentation: what is declared is what is simulated, and the explanation finds it and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optotype.diagnose.domains import Crossing
from optotype.formats import read_masks
from optotype.label_maps import write_label_map
from optotype.results import Result
from optotype.studies.crossing import versus
from optotype.studies.demo import scapes
from optotype.studies.demo.faults import Fault
from optotype.studies.demo.findings import find, find_across
from optotype.studies.demo.scapes import COLOURS, Scapes, Things
from optotype.studies.demo.segment_leg import ACROSS, FAULTS, write_maps
from optotype.studies.demo.segmenter import OVERLOOKED, simulate
from optotype.studies.evaluation import evaluate
from optotype.tables import VOID, Items, Masks
from optotype.world.labels import STUDY_CLASSES

BY_KEY = {fault.key: fault for fault in FAULTS}
WITHOUT_PIXELS = tuple(fault for fault in FAULTS if fault.key != "dark")
ROAD, SKY, PAVEMENT, CAR, TRUCK, PERSON = (
    STUDY_CLASSES.index(name) for name in ("Road", "Sky", "Sidewalk", "Car", "Truck", "Person")
)


def street(folder: Path, seed: int = 0, images: int = 60) -> Scapes:
    """Scapes without pictures: cars and persons on road and pavement, some of the cars cut off by the border."""
    rng = np.random.default_rng((seed, 11))
    maps, ids, rows = [], [], []
    for i in range(images):
        labels, thing = np.full((240, 320), SKY, np.uint8), np.zeros((240, 320), np.int32)
        labels[90:150], labels[150:] = PAVEMENT, ROAD
        for n in range(10):
            kind = int(rng.choice([CAR, PERSON]))
            side = np.clip(np.exp(rng.normal(2.9, 0.5, 2)), 7, 50).astype(int)
            column, row = n % 5, n // 5
            cut = float(kind == CAR and column == 0 and rng.random() < 0.8) * rng.uniform(0.2, 0.8)
            x = 0 if cut else column * 64 + int(rng.integers(2, 12))
            y = row * 80 + 60 + int(rng.integers(0, 20))
            place = np.s_[y : y + side[1], x : x + side[0]]
            labels[place], thing[place] = kind, n + 1
            rows.append((i, n + 1, kind, np.sqrt(side[0] * side[1]), rng.random(), cut))
        maps.append(labels)
        ids.append(thing)
        write_label_map(folder / "masks" / f"{i:04}.png", labels, COLOURS)
    lines = [f"{name},{r},{g},{b}" for name, (r, g, b) in zip(STUDY_CLASSES, COLOURS.tolist(), strict=True)]
    (folder / "classes.csv").write_text("\n".join(["name,r,g,b", *lines, ""]))
    item, who, label, size, brightness, cut_off = (np.array(column) for column in zip(*rows, strict=True))
    recorded = {"size": size, "brightness": brightness, "truncation": cut_off}
    items = Items.of([f"{i:04}" for i in range(images)])
    truth = Masks(items, STUDY_CLASSES, maps, COLOURS.copy())
    return Scapes(folder, truth, Things(item.astype(np.int32), who, label.astype(np.int32), recorded), ids)


def evaluated(made: Scapes, faults: tuple[Fault, ...], folder: Path, *, seed: int = 0, causes: bool = True) -> Result:
    write_maps(folder / "said", simulate(made, faults, seed=seed).prediction)
    truth, out = made.folder / "masks", folder / "out"
    return evaluate("segment", truth, folder / "said", out=out, classes=made.folder / "classes.csv", resamples=200,
                    causes=causes, report=False)  # fmt: skip


def test_the_simulation_does_what_is_declared(tmp_path: Path) -> None:
    made = street(tmp_path)
    still = tuple(fault for fault in FAULTS if fault.does != "waver")
    done = simulate(made, still, seed=0)
    things = made.things
    for key in ("small", "dark"):
        assert abs(done.struck[key].mean() - BY_KEY[key].share * BY_KEY[key].rate) < 0.04, key
    assert set(things.label[done.struck["cut"]].tolist()) == {CAR}
    assert (things.attributes["truncation"][done.struck["cut"]] > 0).all()
    said = np.array(
        [
            np.bincount(done.prediction.maps[i][made.maps[i] == who], minlength=256).argmax()
            for i, who in zip(things.item.tolist(), things.id.tolist(), strict=True)
        ]
    )
    missed = done.struck["small"] | done.struck["dark"]
    assert (said[missed] != things.label[missed]).mean() > 0.97
    named = done.struck["cut"] & ~missed
    assert (said[named] == TRUCK).mean() > 0.9
    rest = ~missed & ~done.struck["cut"]
    assert abs((said[rest] != things.label[rest]).mean() - OVERLOOKED) < 0.03
    again = simulate(made, still, seed=0).prediction
    assert all(np.array_equal(a, b) for a, b in zip(again.maps, done.prediction.maps, strict=True))
    other = simulate(made, still, seed=1).prediction
    assert not all(np.array_equal(a, b) for a, b in zip(other.maps, again.maps, strict=True))


def test_classes_are_renamed_in_whole_images(tmp_path: Path) -> None:
    made = street(tmp_path, images=30)
    done = simulate(made, (ACROSS,), seed=0)
    renamed = done.renamed[ACROSS.key]
    assert 5 < renamed.sum() < 25
    there = np.array([(labels == PAVEMENT).any() for labels in done.prediction.maps])
    assert np.array_equal(there, ~renamed)


@pytest.mark.parametrize("seed", range(2))
def test_declared_faults_are_found(seed: int, tmp_path: Path) -> None:
    """Without pictures all but that of the dark things, which is in no number then."""
    pytest.importorskip("sklearn")
    result = evaluated(street(tmp_path, seed), WITHOUT_PIXELS, tmp_path, seed=seed)
    assert [fault.key for fault, f in zip(FAULTS, find(FAULTS, result), strict=True) if not f.told] == ["dark"]


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    result = evaluated(street(tmp_path, 5), (), tmp_path)
    assert [finding.told for finding in find(FAULTS, result)] == [""] * len(FAULTS)


def test_the_other_end_is_not_a_finding(tmp_path: Path) -> None:
    result = evaluated(street(tmp_path, 6), (replace(BY_KEY["small"], direction="high"),), tmp_path)
    assert find((BY_KEY["small"],), result)[0].told == ""


@pytest.mark.parametrize("faults", [(ACROSS,), ()])
def test_a_fault_of_one_domain_is_found_between_both(faults: tuple[Fault, ...], tmp_path: Path) -> None:
    for name, planted, seed in (("north", (), 1), ("south", faults, 2)):
        made = street(tmp_path / name, seed, 30)
        evaluated(made, planted, tmp_path / name, seed=seed, causes=False)
    found: Crossing = versus(
        tmp_path / "north" / "out", tmp_path / "south" / "out", out=tmp_path / "across", resamples=200, report=False
    )
    told = find_across(ACROSS, found)
    assert bool(told.told) == bool(faults)
    if faults:
        assert told.told.startswith("‘Sidewalk’ is called ‘Road’ more often:")
        assert told.across


def test_scapes_are_the_worlds_own_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scapes, "WIDTH", 160)
    monkeypatch.setattr(scapes, "HEIGHT", 120)
    made = scapes.render_scapes(tmp_path / "scapes", 4, seed=1, domain="south", splits=True)
    again = read_masks(tmp_path / "scapes").masks
    assert again.classes == STUDY_CLASSES
    assert again.items.split.tolist() == ["train", "test", "train", "val"]
    assert np.array_equal(again.colours, COLOURS)
    assert all(again.items.file(i).is_file() for i in range(4))
    things = made.things
    assert (np.diff(things.item) >= 0).all()
    for i, who, label, size in zip(
        things.item.tolist(), things.id.tolist(), things.label.tolist(), things.attributes["size"].tolist(), strict=True
    ):
        inside = made.maps[i] == who
        assert inside.sum() == round(size**2)
        assert set(np.unique(again.maps[i][inside]).tolist()) <= {label, VOID}
