"""Two processes train as one: every item once, the same gradient, the same predictions."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import segment_training_tools as segment
from optotype.formats import read_labels, read_predictions
from optotype.nn import checkpoints
from training_tools import photos, run

PROGRAM = Path(__file__).with_name("two_ranks.py")

SETTINGS = {
    "epochs": 2, "batch_size": 4, "size": 16, "optimizer": "sgd", "lr": 0.05, "momentum": 0.0,
    "precision": "float32", "schedule": "constant", "label_smoothing": 0.1, "class_weights": "inverse",
    "accumulate": 2,
}  # fmt: skip
"""13 training items: batches of 4, 4, 4 and 1, whose last leaves one rank with nothing."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same training by one process (``one``) and by two under torchrun (``two``)."""
    root = tmp_path_factory.mktemp("ranks")
    data = photos(root / "photos", 25, val=0.24, test=0.24)
    launch(root, SETTINGS)
    run(root, data, "one", **SETTINGS)
    return root


def launch(root: Path, settings: dict[str, object]) -> None:
    """Train ``two`` under torchrun."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [sys.executable, *launcher, str(PROGRAM), str(root), "two", *(f"{k}={v}" for k, v in settings.items())],
        capture_output=True, text=True, env=environment, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def test_each_of_13_items_is_seen_once_an_epoch(trained: Path) -> None:
    shares = [np.load(trained / f"seen-two-{rank}.npy") for rank in (0, 1)]
    both = np.concatenate(shares)
    _, counts = np.unique(both, return_counts=True)
    assert len(counts) == 13
    assert (counts == SETTINGS["epochs"]).all()
    assert all(len(share) for share in shares)


def test_steps_of_two_ranks_are_those_of_one(trained: Path) -> None:
    one, two = (checkpoints.load(trained / name / "checkpoints/last.pt")["model"] for name in ("one", "two"))
    for name, weights in one.items():
        torch.testing.assert_close(two[name], weights, atol=2e-6, rtol=1e-5)


def test_log_rows_agree(trained: Path) -> None:
    from optotype.diagnose.epochs import read

    one, two = (read(trained / name / "log.jsonl") for name in ("one", "two"))
    assert len(one) == len(two) == 2
    for a, b in zip(one, two, strict=True):
        assert (a.steps, a.train.n, a.val and a.val.n, a.lr) == (b.steps, b.train.n, b.val and b.val.n, b.lr)
        assert abs(a.objective - b.objective) < 1e-5
        assert abs(a.train.loss - b.train.loss) < 1e-5


def test_predictions_of_one_checkpoint_by_one_and_two_ranks(trained: Path) -> None:
    from optotype.inference.load import load_run
    from optotype.inference.predict import predict
    from optotype.runs import RunFolder

    folder = RunFolder(trained / "two")
    truth = read_labels(folder.data, split="test")
    by_two = read_predictions(folder.predictions, truth)
    by_one = predict(load_run(folder), truth)
    assert by_two.scores is not None
    assert by_one.scores is not None
    assert np.abs(by_two.scores - by_one.scores).max() <= 1e-5
    assert not list(folder.path.glob("*rank-*"))


def test_label_maps_are_learnt_and_predicted_by_two_ranks_as_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from optotype.formats import read_mask_predictions
    from optotype.nn.models import SEGMENTERS

    monkeypatch.setitem(SEGMENTERS, "steady", partial(segment.TinySegmenter, drop=0.0))
    settings: dict[str, object] = {
        "task": "segment", "model": "steady", "size": "16x24", "epochs": 2, "batch_size": 4, "optimizer": "sgd",
        "lr": 0.05, "momentum": 0.0, "precision": "float32", "schedule": "constant", "loss": "cross_entropy+focal",
        "class_weights": "median", "freeze": True, "accumulate": 2,
    }  # fmt: skip
    data = segment.scenes(tmp_path / "scenes", 22)
    launch(tmp_path, settings)
    one = segment.run(tmp_path, data, "one", **settings)
    two = checkpoints.load(tmp_path / "two/checkpoints/last.pt")["model"]
    for name, weights in checkpoints.load(one.folder.checkpoints / "last.pt")["model"].items():
        torch.testing.assert_close(two[name], weights, atol=2e-6, rtol=1e-5)
    test = data.take(data.items.split == "test")
    said = [read_mask_predictions(tmp_path / name / "predictions", test).masks for name in ("one", "two")]
    same = [(a == b).mean() for a, b in zip(said[0].maps, said[1].maps, strict=True)]
    assert min(same) > 0.99
    shares = [np.load(tmp_path / f"seen-two-{rank}.npy") for rank in (0, 1)]
    assert (np.unique(np.concatenate(shares), return_counts=True)[1] == 2).all()
