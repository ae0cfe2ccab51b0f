"""The studies of street scenes and of PASCAL VOC: their plans, and each from small data to the page."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

import street_sets
from optotype import results
from optotype.cli import run
from optotype.errors import InputError
from optotype.formats import read_mask_manifest
from optotype.mapped_masks import Translated
from optotype.runs import RunFolder
from optotype.studies.across import look_across
from optotype.studies.crossing_records import CROSSING, CROSSING_FILE, VERSUS
from optotype.studies.pages import page
from optotype.studies.saying import quiet
from optotype.studies.study import STUDIES, plan
from optotype.studies.study_data import label_maps, share
from optotype.tables import Items, Masks
from optotype.views import Chart, LabelMaps, Table
from optotype.world.labels import STUDY_CLASSES

SEGMENT = ("camvid", "voc2007", "idd")


@pytest.mark.parametrize(("name", "preset"), [(name, preset) for name in SEGMENT for preset in STUDIES[name]])
def test_every_preset_can_be_planned(name: str, preset: str) -> None:
    declared = plan(name, data="X", preset=preset, weights="none", seed=3)
    assert declared.task == "segment"
    names = [one.name for one in declared.runs]
    assert len(set(names)) == len(names)
    assert {one.config.seed for one in declared.runs} == {3}
    assert {one.config.weights for one in declared.runs} == {"none"}


def test_voc_changes_one_thing_a_run() -> None:
    runs = plan("voc2007", data="X").runs
    for before, after in itertools.pairwise(runs[:4]):
        differ = [k for k in before.config.__struct_fields__ if getattr(before.config, k) != getattr(after.config, k)]
        assert len(differ) == 1, (before.name, after.name)


def test_dry_run_says_what_would_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["study", "idd", "--data", "IDD/", "--weights", "city.pth", "--versus", "Cityscapes/", "--dry-run"]
    assert run(words) == 0
    told = capsys.readouterr().err
    assert "30 % of each split, classes by the map street18" in told
    assert "held against Cityscapes/" in told
    assert "weights city.pth" in told


@pytest.mark.parametrize("name", ["deeplabv3plus_resnet101", "deeplabv3plus_mobilenet"])
def test_idd_takes_the_network_that_the_checkpoint_is_of(tmp_path: Path, name: str) -> None:
    torch = pytest.importorskip("torch")
    marks = {"deeplabv3plus_resnet101": "layer3.22.conv1", "deeplabv3plus_mobilenet": "high_level_features.17.conv.0.0"}
    names = ["classifier.aspp.project.0.weight", f"backbone.{marks[name]}.weight"]
    torch.save({"model_state": {key: torch.zeros(1) for key in names}}, tmp_path / "city.pth")
    (run_of,) = plan("idd", data="IDD", weights=str(tmp_path / "city.pth")).runs
    assert run_of.config.model == name
    assert ("MobileNetV2" in run_of.note) == (name == "deeplabv3plus_mobilenet")
    assert plan("idd", data="IDD", weights="none").runs[0].config.model == "deeplabv3plus_resnet101"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "camvid", "preset": "course"}, "32, 11, scratch"),
        ({"name": "wildlife", "versus": "X"}, "a study of segmentations"),
        ({"name": "idd", "data": None}, "the data to study"),
    ],
)
def test_what_does_not_fit_is_said(options: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan(**{"data": "digits", **options})  # type: ignore[arg-type]


def test_a_study_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "base: {task: segment, data: X, model: unet}\nruns: {a: {}, b: {model: acuity}}\n"
        "preparation: {map_classes: idd, share: 0.5}\nversus: Y\n"
    )
    declared = plan(str(file), data=None)
    assert (declared.preparation.share, declared.preparation.map_classes, declared.versus) == (0.5, "idd", "Y")
    file.write_text("base: {task: segment, data: X, model: unet}\nruns: {a: {}}\npreparation: {share: 1.5}\n")
    with pytest.raises(InputError, match="share"):
        plan(str(file), data=None)
    file.write_text("base: {data: X, model: unet}\nruns: {a: {}, b: {task: segment}}\n")
    with pytest.raises(InputError, match="one task"):
        plan(str(file), data=None)


FAST = ["--tiny", "--weights", "none", "--set", "threads=1", "size=32"]
"""Studies are about plans, data and pages here: one small network serves all, where it is not what is looked at."""


def test_camvid_from_colours_to_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = street_sets.camvid(tmp_path / "CamVid")
    words = ["study", "camvid", "--preset", "scratch", "--data", str(data), "--runs", str(tmp_path), *FAST]
    assert run([*words, "--only", "unet", "acuity", "--set", "model=fcn_basic"]) == 0
    folder = RunFolder(tmp_path / "camvid-scratch-tiny")
    kept = read_mask_manifest(folder.data)
    assert kept.classes[:3] == ("Sky", "Building", "Pole"), "the usual 11, from colours of 32"
    whole = page(folder)
    for name in ("unet", "acuity"):
        section = next(s for s in whole.sections if s.id == f"{name}-one-architecture")
        chart, maps = (next(v for v in section.views if isinstance(v, kind)) for kind in (Chart, LabelMaps))
        assert [series.name for series in chart.series] == [
            "train loss", "validation loss", "validation pixel accuracy", "validation mean IoU",
        ]  # fmt: skip
        (example,) = maps.frames
        assert sum(example.truth.length) == sum(example.said.length) == street_sets.WIDTH * street_sets.HEIGHT
        assert Path(example.picture.path).is_file()
        assert any(isinstance(v, Table) and v.title == "Layers" for v in section.views)
    assert "Highest mean IoU: " in whole.sections[0].views[0].sentences[0].text
    assert (folder.path / "report.html").is_file()
    capsys.readouterr()
    assert run([*words, "--only", "unet", "acuity", "--set", "model=fcn_basic", "--resume"]) == 0
    assert "finished before, kept" in capsys.readouterr().err


def test_voc_with_boundaries_as_background_or_ignored(tmp_path: Path) -> None:
    data = street_sets.voc(tmp_path / "VOC2007")
    found = {}
    for preset in ("course", "ignored"):
        words = ["study", "voc2007", "--data", str(data), "--preset", preset, "--runs", str(tmp_path), *FAST]
        assert run([*words, "--only", "fcn_basic"]) == 0
        place = tmp_path / ("voc2007-tiny" if preset == "course" else "voc2007-ignored-tiny") / "fcn_basic"
        found[preset] = results.load(place / "eval.json")
    assert found["course"].protocol["void"] == "as-background"
    assert found["ignored"].protocol["void"] == "truth-dropped"
    assert found["course"].n.truth > found["ignored"].n.truth


def test_idd_is_held_against_cityscapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, other = street_sets.idd(tmp_path / "IDD"), street_sets.cityscapes(tmp_path / "Cityscapes")
    words = ["study", "idd", "--data", str(data), "--versus", str(other), "--runs", str(tmp_path), *FAST]
    assert run([*words, "--set", "model=fcn_basic"]) == 0
    told = capsys.readouterr().err
    assert "become void: parking" in told
    assert "6 of 20 images are taken, 30 % of each split" in told
    folder = RunFolder(tmp_path / "idd-tiny")
    kept = read_mask_manifest(folder.data)
    assert kept.classes == STUDY_CLASSES
    own = RunFolder(folder.path / "deeplabv3plus")
    assert results.load(own.path / VERSUS / "eval.json").n.classes == len(STUDY_CLASSES)
    assert (own.path / CROSSING / CROSSING_FILE).is_file()
    ids = [section.id for section in page(folder).sections]
    assert "deeplabv3plus-across-domains" in ids
    assert len(set(ids)) == len(ids)


def test_classes_of_another_data_set_are_found_by_name(tmp_path: Path) -> None:
    """One model, one data set, whose classes another list numbers the other way round; after a stop."""
    data = street_sets.voc(tmp_path / "VOC2007")
    words = ["study", "voc2007", "--data", str(data), "--runs", str(tmp_path), *FAST, "--only", "fcn_basic"]
    assert run([*words, "--set", "void=ignore"]) == 0
    done = RunFolder(tmp_path / "voc2007-tiny" / "fcn_basic")
    own = read_mask_manifest(done.data, split="test")
    K = len(own.classes)
    turned = np.array([*range(K - 1, -1, -1), *range(K, 256)], np.uint8)
    other = Masks(own.items, own.classes[::-1], Translated(own.maps, turned), own.colours[::-1].copy())
    (done.path / VERSUS / "predictions" / "half").mkdir(parents=True)
    declared = replace(plan("voc2007", data=str(data), only=["fcn_basic"], weights="none"), versus=str(tmp_path / "B"))
    found = look_across(done, other, declared, say=quiet, command="")
    first, second = results.load(done.eval), results.load(done.path / VERSUS / "eval.json")
    assert second.metrics == first.metrics
    recalls = [{row.name: row.metrics["recall"] for row in side.per_class} for side in (first, second)]
    assert recalls[0] == recalls[1]
    assert found.counts[0] == found.counts[1]


def test_ratios_divide_label_maps_anew(tmp_path: Path) -> None:
    data = street_sets.voc(tmp_path / "VOC2007", n=6)
    declared = plan("voc2007", data=str(data))
    given, kept, anew = (
        label_maps(declared, ratios=ratios, keep_split=keep, classes=None, say=quiet).items.split.tolist()
        for ratios, keep in ((None, False), ((0.5, 0.5), True), ((0.5, 0.5), False))
    )
    assert kept == given
    assert sorted(anew) == ["test"] * (len(given) // 2) + ["train"] * (len(given) - len(given) // 2)


@pytest.mark.parametrize("seed", range(5))
def test_a_share_is_taken_of_each_split_whatever_the_order(seed: int) -> None:
    keys, splits = [f"{i:03}" for i in range(50)], ["train"] * 30 + ["val"] * 20
    items = Items.of(keys, split=splits)
    rows = share(items, 0.3, seed)
    assert [splits[i] for i in rows].count("val") == 6
    assert len(rows) == 15
    mixed = items.take(rows_of := [*range(25, 50), *range(25)])
    assert sorted(mixed.key[share(mixed, 0.3, seed)]) == sorted(items.key[rows]), rows_of
    assert share(items, 0.3, seed).tolist() != share(items, 0.3, seed + 1).tolist()
