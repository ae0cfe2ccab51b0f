"""The studies of street scenes and of PASCAL VOC: their plans, and each from small data to the page."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from optotype.cli import run
from optotype.errors import InputError
from optotype.studies.study import STUDIES, plan

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
