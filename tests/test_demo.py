"""The tour: what is declared is what is simulated, and the explanation finds it and nothing that is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optotype.cli import run
from optotype.formats import write_predictions
from optotype.formats.manifest import write as write_manifest
from optotype.results import Result
from optotype.runs import RunFolder
from optotype.studies.demo import classify_leg, detect_leg, segment_leg, tour, track_leg
from optotype.studies.demo.classifier import ACCURACY, simulate
from optotype.studies.demo.classify_leg import FAULTS, LABEL_ERRORS
from optotype.studies.demo.faults import Fault
from optotype.studies.demo.findings import find, label_errors, undeclared
from optotype.studies.evaluation import evaluate
from optotype.studies.pages import page
from optotype.studies.prefixing import view_id
from optotype.tables import Items, Labels
from optotype.views import Sheet, Table, Verdict
from optotype.world.labels import OBJECT_CLASSES


def crops(n: int = 1500, seed: int = 0) -> Labels:
    """Labels and attributes as of crops, without the pictures."""
    rng = np.random.default_rng((seed, 77))  # a stream of its own: the simulation draws from its seed alone
    columns = {name: rng.random(n) for name in ("size", "brightness", "occlusion", "blur", "noise")}
    items = Items.of([f"{i:04}.png" for i in range(n)], columns={k: v.astype(str) for k, v in columns.items()})
    return Labels(items, OBJECT_CLASSES, rng.integers(0, len(OBJECT_CLASSES), n).astype(np.int32))


def explained(labels: Labels, faults: tuple[Fault, ...], folder: Path) -> Result:
    made = simulate(labels, faults, label_errors=0.0, seed=1)
    write_manifest(folder / "truth.csv", made.truth)
    write_predictions(folder / "said.npz", made.prediction)
    return evaluate(
        "classify", folder / "truth.csv", folder / "said.npz", out=folder / "out", resamples=50, report=False
    )


def test_the_simulation_does_what_is_declared() -> None:
    labels = crops(20_000)
    made = simulate(labels, FAULTS, label_errors=LABEL_ERRORS, seed=0)
    assert abs(made.swapped.mean() - LABEL_ERRORS) < 0.005
    wrong = made.prediction.label != labels.label
    untouched = ~np.any(list(made.struck.values()), axis=0)
    assert abs(1 - wrong[untouched].mean() - ACCURACY) < 0.01
    for fault in FAULTS:
        struck = made.struck[fault.key]
        share = fault.share * fault.rate / (len(OBJECT_CLASSES) if fault.truth else 1)
        assert abs(struck.mean() - share) < 0.01
        assert wrong[struck].mean() > 0.99
    hidden = FAULTS[-1]
    said = made.prediction.label[made.struck[hidden.key]]
    assert {OBJECT_CLASSES[k] for k in said.tolist()} == {"car"}
    again = simulate(labels, FAULTS, label_errors=LABEL_ERRORS, seed=0)
    assert np.array_equal(made.prediction.scores, again.prediction.scores)
    assert not np.array_equal(
        made.prediction.label, simulate(labels, FAULTS, label_errors=LABEL_ERRORS, seed=1).prediction.label
    )


def test_a_fault_never_strikes_all_items_where_many_are_equal() -> None:
    labels = crops(2000)
    columns = dict(labels.items.columns) | {"occlusion": np.where(np.arange(2000) % 10 < 8, "0", "0.5")}
    labels = replace(labels, items=replace(labels.items, columns=columns))
    struck = simulate(labels, FAULTS, label_errors=0.0, seed=0).struck[FAULTS[-1].key]
    assert struck.any()
    assert set(columns["occlusion"][struck].tolist()) == {"0.5"}


@pytest.mark.parametrize("seed", range(3))
def test_declared_faults_are_found(seed: int, tmp_path: Path) -> None:
    result = explained(crops(seed=seed), FAULTS, tmp_path)
    assert [bool(finding.told) for finding in find(FAULTS, result)] == [True] * len(FAULTS)


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    result = explained(crops(seed=9), (), tmp_path)
    assert [finding.told for finding in find(FAULTS, result)] == [""] * len(FAULTS)
    assert undeclared(FAULTS, result) == []


def test_the_other_end_of_an_attribute_is_not_a_finding(tmp_path: Path) -> None:
    turned = tuple(replace(fault, direction="high" if fault.direction == "low" else "low") for fault in FAULTS)
    result = explained(crops(seed=4), turned, tmp_path)
    assert [finding.told for finding in find(FAULTS, result)] == [""] * len(FAULTS)
    assert all(finding.told for finding in find(turned, result))


def test_swapped_labels_are_counted() -> None:
    found = label_errors(np.array(["a", "b", "c"]), np.array([True, False, True]), ["c", "b"])
    assert (found.planted, found.suspects, found.both) == (2, 2, 1)


def test_the_tour_from_world_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(classify_leg, "ITEMS", 120)
    monkeypatch.setattr(detect_leg, "IMAGES", 12)
    for name, value in (("SEQUENCES", 3), ("FRAMES", 24), ("DRAWN", 1)):
        monkeypatch.setattr(track_leg, name, value)
    monkeypatch.setattr(segment_leg, "IMAGES", {"north": 6, "south": 4})
    monkeypatch.setattr(tour, "FRAMES", (("north", 0),))
    out = tmp_path / "demo"
    assert run(["demo", "--out", str(out), "--no-train"]) == 0
    told = capfd.readouterr().out
    faults = (*FAULTS, *detect_leg.FAULTS, *track_leg.FAULTS, *segment_leg.FAULTS, segment_leg.ACROSS)
    assert all(fault.says in " ".join(told.split()) for fault in faults)
    first = (out / "report.html").read_bytes()
    assert run(["report", str(out)]) == 0
    assert (out / "report.html").read_bytes() == first
    made = page(RunFolder(out))
    assert isinstance(made.sections[0].views[0], Verdict)
    ids = [section.id for section in made.sections]
    assert len(ids) == len(set(ids))
    world = next(section for section in made.sections if section.id == "world")
    assert isinstance(world.views[0], Sheet)
    rows_of = {"classify": len(FAULTS) + 1, "detect": len(detect_leg.FAULTS), "track": len(track_leg.FAULTS)}
    rows_of["segment"] = len(segment_leg.FAULTS) + 1
    for task, rows in rows_of.items():
        declared = next(section for section in made.sections if section.id == f"{task}-declared")
        table = declared.views[0]
        assert isinstance(table, Table)
        assert len(table.rows) == rows
    declared = next(section for section in made.sections if section.id == "track-declared")
    planted = declared.views[1]
    assert isinstance(planted, Table)
    assert len(planted.rows) == len(track_leg.FAULTS) * len(track_leg.TRACKERS)
    assert any(section.id == "track-compared-comparison" for section in made.sections)
    assert any(section.id == "segment-crossed-domains" for section in made.sections)
    targets = {*ids, *(view_id(view) for section in made.sections for view in section.views)}
    assert all(sentence.target in targets for sentence in made.sections[0].views[0].sentences)
    assert run(["demo", "--out", str(out)]) == 1
    assert "new or empty folder" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_whole_tour_finds_its_faults_and_trains(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("timm")
    out = tmp_path / "demo"
    assert run(["demo", "--out", str(out)]) == 0
    assert "not found" not in capfd.readouterr().out
    assert (out / "classify" / "trained" / "centroids.json").is_file()
    assert (out / "segment" / "trained-across" / "crossing.json").is_file()
