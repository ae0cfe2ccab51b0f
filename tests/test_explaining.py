"""Explaining folders: strangers' predictions, trained runs, and what the report makes of it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optotype import evidence as evidences
from optotype import results
from optotype.cli import run
from optotype.diagnose.space.records import load as load_space
from optotype.diagnose.space.records import load_centroids
from optotype.runs import RunFolder
from optotype.studies.explained import causes_of
from optotype.studies.pages import page
from optotype.views import Cases, Gallery, Scatter, Section, Verdict

NAMES = ("ant", "bee", "cat")


def write(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return path


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 small pictures; a stranger's model fails on the dark ones, and on the camera 'west'."""
    root = tmp_path_factory.mktemp("stranger")
    rng = np.random.default_rng(3)
    keys = [f"{i:03}.png" for i in range(600)]
    truth, level = rng.integers(0, 3, 600), rng.uniform(20, 220, 600)
    west = rng.random(600) < 0.25
    wrong = rng.random(600) < np.where(level < 60, 0.7, np.where(west, 0.5, 0.05))
    said = np.where(wrong, (truth + 1) % 3, truth)
    scores = np.full((600, 3), 0.1)
    scores[np.arange(600), said] = 0.8
    (root / "images").mkdir()
    for key, grey in zip(keys, level, strict=True):
        noise = rng.normal(grey, 8, (24, 24, 1)).clip(0, 255).astype(np.uint8).repeat(3, axis=2)  # without a hue
        Image.fromarray(noise).save(root / "images" / key)
    write(root / "truth.csv", [["path", "label"], *([k, NAMES[t]] for k, t in zip(keys, truth, strict=True))])
    write(root / "said.csv", [["path", *NAMES], *([k, *map(float, s)] for k, s in zip(keys, scores, strict=True))])
    cameras = [[k, "west" if w else "east"] for k, w in zip(keys, west, strict=True)]
    write(root / "cameras.csv", [["path", "camera"], *cameras])
    return root


def evaluate(stranger: Path, out: Path, *more: str) -> int:
    return run(["evaluate", "classify", str(stranger / "truth.csv"), str(stranger / "said.csv"), "--out", str(out),
                "--bootstrap", "100", *more])  # fmt: skip


def held(out: Path) -> set[str]:
    """Conditions whose effect is clear after correction."""
    causes = causes_of(results.load(out / "eval.json"))
    assert causes is not None
    return {e.condition for e in causes.effects if e.p_holm is not None and e.p_holm < 0.05}


def test_planted_causes_are_found_in_images_and_columns(stranger: Path, tmp_path: Path) -> None:
    images = ["--images", str(stranger / "images"), "--columns", str(stranger / "cameras.csv")]
    assert evaluate(stranger, tmp_path / "out", *images) == 0
    found = held(tmp_path / "out")
    assert {"brightness", "column:camera"} <= found
    assert not found & {"sharpness", "noise"}
    sentences = [s.text for v in page(RunFolder(tmp_path / "out")).sections[0].views if isinstance(v, Verdict)
                 for s in v.sentences]  # fmt: skip
    assert any("brightness" in s for s in sentences[1:3])
    assert any("camera" in s for s in sentences[1:4])


def test_without_images_the_report_names_what_is_missing_and_the_flag(stranger: Path, tmp_path: Path) -> None:
    assert evaluate(stranger, tmp_path / "out", "--columns", str(stranger / "cameras.csv")) == 0
    assert held(tmp_path / "out") == {"column:camera"}
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "needs the images: --images" in html


def test_explaining_later_adds_images_and_leaves_the_numbers(stranger: Path, tmp_path: Path) -> None:
    assert evaluate(stranger, tmp_path / "out", "--no-causes", "--no-report") == 0
    before = json.loads((tmp_path / "out" / "eval.json").read_bytes())
    assert before["causes"] == {}
    assert run(["explain", str(tmp_path / "out"), "--images", str(stranger / "images")]) == 0
    after = json.loads((tmp_path / "out" / "eval.json").read_bytes())
    assert after.pop("causes") != before.pop("causes")
    assert after == before
    assert "brightness" in held(tmp_path / "out")
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_strangers_mistakes_are_laid_open(stranger: Path, tmp_path: Path) -> None:
    assert evaluate(stranger, tmp_path / "out", "--images", str(stranger / "images")) == 0
    made = page(RunFolder(tmp_path / "out"))
    cases = [view for section in made.sections for view in section.views if isinstance(view, Cases)]
    assert len(cases) == 1
    case = cases[0].cases[0]
    assert case.picture is not None
    assert case.facets["truth"] != case.facets["predicted"]
    assert any("than" in reading.text for reading in case.readings)
    assert not any("distance" in label for label, _ in case.facts)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["explain", "nowhere"], "no such folder"),
        (["explain", "{out}", "--images", "nowhere"], "--images"),
        (["explain", "{out}", "--columns", "nowhere.csv"], "nothing is there"),
    ],
)
def test_bad_input_is_explained(
    words: list[str], part: str, stranger: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(stranger, tmp_path / "out", "--no-causes", "--no-report") == 0
    capfd.readouterr()
    assert run([word.format(out=tmp_path / "out") for word in words]) == 1
    assert part in capfd.readouterr().err


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models for one epoch on patches that are hard to tell apart."""
    root = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(5)
    for k, name in enumerate(NAMES):
        (root / "photos" / name).mkdir(parents=True)
        for i in range(40):
            pixels = rng.normal(110 + 8 * k, 40, (40, 40, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / "photos" / name / f"{i}.png")
    (root / "two.yaml").write_text(
        "base: {model: small_cnn, size: 32, epochs: 1, batch_size: 16, threads: 1}\n"
        "runs:\n  slow: {lr: 1e-4}\n  fast: {lr: 1e-3}\n",
        encoding="utf-8",
    )
    words = ["study", str(root / "two.yaml"), "--data", str(root / "photos"), "--runs", str(root / "runs")]
    assert run(words) == 0
    return root / "runs" / "two"


def test_a_trained_run_shows_its_feature_space(study: Path) -> None:
    run_folder = RunFolder(study / "slow")
    space = load_space(run_folder.space)
    assert (space.centroids_of, space.judged) == ("train", "test")
    made = page(run_folder)
    scatters = [view for section in made.sections for view in section.views if isinstance(view, Scatter)]
    assert [view.dimensions for view in scatters] == [2, 3]
    assert [cloud.name for cloud in scatters[0].clouds] == ["training", "validation"]
    assert all(picture for cloud in scatters[0].clouds for picture in cloud.picture)
    cases = next(view for section in made.sections for view in section.views if isinstance(view, Cases))
    wrong = {name: sum(m.truth == name for m in space.mistakes) for name in NAMES}
    for name, n in wrong.items():
        assert sum(case.facets["truth"] == name for case in cases.cases) >= min(n, 3)
    assert cases.cases[0].overlay is not None
    assert len(cases.cases[0].neighbours) == 5
    conditions = evidences.load(run_folder.evidence)["conditions"]
    assert {"novelty", "lookalike", "brightness"} <= set(conditions.columns)


def test_the_study_compares_distances_under_each_model(study: Path) -> None:
    table = load_centroids(RunFolder(study).centroids)
    assert table.models == ["slow", "fast"]
    assert table.items
    for item in table.items:
        first, second = item.models
        assert not first.right
        assert first.to_predicted is not None
        assert second.to_true is not None
        assert (second.to_predicted is None) == second.right
    sections: list[Section] = page(RunFolder(study)).sections
    assert any(section.id == "models-centroids" for section in sections)


def test_a_run_whose_photos_are_gone_still_says_why(
    study: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A copy of the run without its photos: causes from what the truth holds, and the flag that would give the rest."""
    moved = tmp_path / "moved"
    shutil.copytree(study / "slow", moved)
    rows = (moved / "data.csv").read_text().replace("photos/", "gone/")
    (moved / "data.csv").write_text(rows)
    assert run(["explain", str(moved)]) == 0
    assert "--images" in capfd.readouterr().err
    causes = causes_of(results.load(moved / "eval.json"))
    assert causes is not None
    assert ("brightness", "needs the images: --images") in causes.skipped
    photos = study.parent.parent / "photos"
    assert run(["explain", str(moved), "--images", str(photos)]) == 0
    assert "brightness" in evidences.load(moved / "evidence.npz")["conditions"].columns


def test_the_report_shows_images_that_were_named_later(stranger: Path, tmp_path: Path) -> None:
    assert evaluate(stranger, tmp_path / "out", "--no-causes") == 0
    words = ["explain", str(tmp_path / "out"), "--images", str(stranger / "images")]
    cameras = ["--columns", str(stranger / "cameras.csv")]
    assert run([*words, *cameras]) == 0
    assert run([*words, *cameras]) == 0, "a second time with the same file"
    assert {"brightness", "column:camera"} <= held(tmp_path / "out")
    galleries = [v for s in page(RunFolder(tmp_path / "out")).sections for v in s.views if isinstance(v, Gallery)]
    assert all(item.picture for gallery in galleries for item in gallery.items)


def test_a_study_stopped_before_a_run_was_explained_goes_on_there(study: Path, tmp_path: Path) -> None:
    """As a kill between judging and explaining leaves it: numbers, but neither causes nor feature space."""
    runs = tmp_path / "runs"
    shutil.copytree(study, runs / "two")
    fast = RunFolder(runs / "two" / "fast")
    numbers = json.loads(fast.eval.read_bytes())
    fast.eval.write_text(json.dumps(numbers | {"causes": {}}), encoding="utf-8")
    for left in (fast.space, fast.distances, RunFolder(runs / "two").centroids):
        left.unlink()
    shutil.rmtree(fast.heat)
    declared = study.parent.parent / "two.yaml"
    words = ["study", str(declared), "--data", str(study.parent.parent / "photos"), "--runs", str(runs), "--resume"]
    assert run(words) == 0
    assert json.loads(fast.eval.read_bytes())["causes"] == numbers["causes"]
    assert fast.space.is_file()
    assert RunFolder(runs / "two").centroids.is_file()
