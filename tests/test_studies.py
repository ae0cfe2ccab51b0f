"""From photos to report: train, predict, judge, compare and study, on small pictures that tests make."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from optotype import results
from optotype.cli import run
from optotype.formats import read_labels, read_predictions

HUES = {"red": (200, 40, 40), "green": (40, 180, 60), "blue & <i>": (50, 60, 200)}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 24 noisy colour patches, one file that is no image, and one that is cut off."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(1)
    for name, colour in HUES.items():
        (root / name).mkdir()
        for i in range(24):
            noise = rng.integers(-40, 40, (24, 24, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).resize((48, 48)).save(root / name / f"{i}.png")
    (root / "red" / "notes.txt").write_text("no image")
    whole = (root / "red" / "0.png").read_bytes()
    (root / "red" / "cut.png").write_bytes(whole[: len(whole) // 2])
    return root


SMALL = ["--model", "small_cnn", "--size", "32", "--epochs", "2", "--batch-size", "8", "--set", "threads=1"]


def train(photos: Path, runs: Path, *more: str) -> int:
    words = ["train", "classify", "--data", str(photos), "--runs", str(runs), "--max-unreadable", "0.05", *SMALL]
    return run([*words, *more])


@pytest.fixture(scope="module")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    assert train(photos, runs, "--set", "augment.flip=0.5", "augment.rotation=10") == 0
    return runs / "small_cnn"


def test_the_run_folder_holds_everything(trained: Path) -> None:
    names = {p.name for p in trained.iterdir()}
    assert names >= {
        "config.yaml", "env.json", "architecture.json", "log.jsonl", "curves.csv", "data.csv", "predictions.npz",
        "eval.json", "evidence.npz", "report.html", "checkpoints", "sheets",
    }  # fmt: skip
    assert results.load(trained / "eval.json").metrics["accuracy"].value > 0.6
    excluded = [line for line in (trained / "data.csv").read_text().splitlines() if "cut.png" in line]
    assert len(excluded) == 1


def test_predict_and_evaluate_give_the_runs_own_numbers(trained: Path, photos: Path, tmp_path: Path) -> None:
    said = tmp_path / "said.npz"
    words = ["predict", "classify", str(trained), str(trained / "data.csv"), "--split", "test", "--out", str(said)]
    assert run(words) == 0
    truth = read_labels(trained / "data.csv", split="test")
    ours = read_predictions(trained / "predictions.npz", truth)
    again = read_predictions(said, truth)
    assert ours.scores is not None
    assert again.scores is not None
    np.testing.assert_allclose(again.scores, ours.scores, atol=1e-5)
    words = [
        "evaluate",
        "classify",
        str(trained / "data.csv"),
        str(said),
        "--split",
        "test",
        "--out",
        str(tmp_path / "o"),
    ]
    assert run(words) == 0
    first, second = results.load(trained / "eval.json"), results.load(tmp_path / "o" / "eval.json")
    assert first.metrics["accuracy"] == second.metrics["accuracy"]
    assert first.provenance.truth.sha256 == second.provenance.truth.sha256


def test_predict_takes_a_plain_folder(trained: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "said.csv"
    assert run(["predict", "classify", str(trained), str(photos / "green"), "--out", str(out)]) == 0
    lines = out.read_text().splitlines()
    assert len(lines) == 1 + 24
    assert run(["predict", "classify", str(trained), str(photos / "green"), "--out", str(out)]) == 1


def test_nothing_is_overwritten_and_a_finished_run_resumes_to_itself(trained: Path, photos: Path) -> None:
    before = (trained / "log.jsonl").read_bytes(), (trained / "predictions.npz").read_bytes()
    assert train(photos, trained.parent) == 1
    assert run(["train", "classify", "--resume", "--name", "small_cnn", "--runs", str(trained.parent)]) == 0
    assert ((trained / "log.jsonl").read_bytes(), (trained / "predictions.npz").read_bytes()) == before


def test_resume_refuses_other_settings(trained: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["train", "classify", "--resume", "--name", "small_cnn", "--runs", str(trained.parent), "--lr", "0.5"]
    assert run(words) == 1
    assert "lr" in capfd.readouterr().err


def test_the_report_can_be_drawn_again(trained: Path, tmp_path: Path) -> None:
    assert run(["report", str(trained), "--out", str(tmp_path / "again.html")]) == 0
    assert (tmp_path / "again.html").read_bytes() == (trained / "report.html").read_bytes()


def test_study_from_plan_to_report(photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["study", "wildlife", "--data", str(photos), "--weights", "none", "--tiny", "--runs", str(tmp_path)]
    words += ["--max-unreadable", "0.05", "--only", "small_cnn", "resnet18_aug"]
    assert run([*words, "--dry-run"]) == 0
    assert not any(tmp_path.iterdir())
    assert run(words) == 0
    folder = tmp_path / "wildlife-tiny"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "small_cnn" in page
    assert "resnet18_aug" in page
    assert "blue & <i>" not in page
    manifests = {(folder / name / "data.csv").read_text() for name in ("small_cnn", "resnet18_aug")}
    assert len(manifests) == 1
    capfd.readouterr()
    assert run(words) == 1
    assert "--resume" in capfd.readouterr().err
    kept = (folder / "resnet18_aug" / "eval.json").read_bytes()
    assert run([*words, "--resume"]) == 0
    assert (folder / "resnet18_aug" / "eval.json").read_bytes() == kept
    assert run([*words, "--resume", "--set", "lr=0.5"]) == 1


def test_study_from_yaml(photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "title: Two seeds\nbase: {model: small_cnn, size: 32, epochs: 1, batch_size: 16}\n"
        "runs:\n  one: {seed: 1}\n  two: {seed: 2}\n"
    )
    words = [
        "study",
        str(file),
        "--data",
        str(photos),
        "--runs",
        str(tmp_path / "runs"),
        "--max-unreadable",
        "0.05",
    ]
    assert run(words) == 0
    assert (tmp_path / "runs" / "mine" / "report.html").is_file()
    file.write_text("runs:\n  one: {epohcs: 1, model: small_cnn}\n")
    capfd.readouterr()
    assert run(words) == 1
    assert "epochs" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["study", "wildlive", "--data", "x"], "wildlife"),
        (["study", "wildlife"], "--data"),
        (["train", "classify", "--data", "nowhere", "--model", "small_cnn"], "nowhere"),
        (["train", "classify", "--model", "small_cnn"], "--data"),
        (["train", "classify", "--data", "PHOTOS", "--model", "resnet81"], "resnet18"),
        (["train", "classify", "--data", "PHOTOS", "--model", "small_cnn"], "--max-unreadable"),
        (["train", "classify", "--data", "PHOTOS", "--model", "small_cnn", "--set", "lr=fast"], "number"),
        (["train", "classify", "--data", "PHOTOS", "--model", "small_cnn", "--budget", "soon"], "2h"),
        (["train", "classify", "--resume"], "--name"),
        (["predict", "classify", "nowhere", "PHOTOS", "--out", "x.npz"], "nowhere"),
        (["compare", "PHOTOS", "PHOTOS"], "eval.json"),
        (["compare", "PHOTOS"], "two or more"),
        (["report", "PHOTOS"], "none of them"),
        (["view", "PHOTOS"], "optotype report"),
    ],
)
def test_bad_input_is_explained(
    words: list[str], says: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run([str(photos) if word == "PHOTOS" else word for word in words]) == 1
    message = capfd.readouterr().err
    assert says in message
    assert "to do:" in message


def test_one_class_only(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    for i in range(4):
        Image.new("RGB", (16, 16), (i * 40, 0, 0)).save(tmp_path / "photos" / "cat" / f"{i}.png")
    assert run(["train", "classify", "--data", str(tmp_path / "photos"), "--runs", str(tmp_path), *SMALL]) == 1
    assert "two classes" in capfd.readouterr().err


def numbers(folder: Path) -> dict[str, object]:
    """eval.json without what may differ between equal runs, and the log without its clocks."""
    found = json.loads((folder / "eval.json").read_text())
    del found["provenance"]["created"], found["provenance"]["command"]
    for side in ("truth", "predictions"):
        del found["provenance"][side]["path"]
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return {"eval": found, "log": [{k: v for k, v in row.items() if k != "time"} for row in rows]}


def test_a_killed_run_ends_with_the_same_numbers(photos: Path, tmp_path: Path) -> None:
    """SIGKILL after the first epoch, then --resume: eval.json and log are those of an undisturbed run."""
    more = ["--max-unreadable", "0.05", "--set", "augment.flip=0.5", "threads=1", "epochs=6", "checkpoint_seconds=0"]
    words = ["train", "classify", "--data", str(photos), "--model", "small_cnn", "--size", "64", "--no-report", *more]
    assert run([*words, "--runs", str(tmp_path / "whole")]) == 0
    killed = tmp_path / "killed" / "small_cnn"
    process = subprocess.Popen(
        [sys.executable, "-m", "optotype", *words, "--runs", str(tmp_path / "killed")], stderr=subprocess.DEVNULL
    )
    while not (killed / "log.jsonl").is_file() and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "eval.json").exists()
    resume = ["train", "classify", "--resume", "--name", "small_cnn", "--runs", str(tmp_path / "killed"), "--no-report"]
    assert run(resume) == 0
    assert numbers(killed) == numbers(tmp_path / "whole" / "small_cnn")


def test_torchrun_from_the_command_line(photos: Path, tmp_path: Path) -> None:
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "optotype",
    ]
    words = ["train", "classify", "--data", str(photos), "--runs", str(tmp_path), "--max-unreadable", "0.05", *SMALL]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launcher, *words], capture_output=True, text=True, env=environment, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("divided by ratios") == 1
    assert results.load(tmp_path / "small_cnn" / "eval.json").n.items == 15
    assert (tmp_path / "small_cnn" / "report.html").is_file()


@pytest.mark.slow
def test_wildlife_on_real_photos(real_data: Path, tmp_path: Path) -> None:
    """The whole main job on photos, made short: fewer epochs and smaller images than the study's own."""
    words = [
        "study",
        "wildlife",
        "--data",
        str(real_data / "monkeys10"),
        "--weights",
        "none",
        "--runs",
        str(tmp_path),
    ]
    assert run([*words, "--only", "small_cnn", "resnet18_aug", "--set", "size=96", "epochs=3"]) == 0
    accuracy = json.loads((tmp_path / "wildlife" / "small_cnn" / "eval.json").read_text())["metrics"]["accuracy"]
    assert accuracy["low"] > 0.2
    assert (tmp_path / "wildlife" / "report.html").stat().st_size < 20e6
