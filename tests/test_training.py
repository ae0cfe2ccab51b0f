"""The training loop: what a step does, what is written, when it stops, and what it refuses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from optotype.diagnose.epochs import read
from optotype.errors import InputError, MissingExtraError, TrainingError
from optotype.formats import read_labels, read_predictions
from optotype.inference.load import load_run
from optotype.inference.predict import predict
from optotype.nn.models import MODELS, create
from optotype.runs import RunFolder
from optotype.tables import Labels
from optotype.training import feed, loggers, norms
from optotype.training.balance import Frequencies, class_weights
from optotype.training.config import Augment, TrainConfig
from optotype.training.guarding import guard, guard_classes
from optotype.training.mixing import mix
from optotype.training.optimize import MovingAverage, optimizer, schedule, set_rates
from optotype.training.task import LEARNING
from optotype.training.train import train
from training_tools import CLASSES, Tiny, photos, run, settings


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    return photos(tmp_path_factory.mktemp("photos"), 40)


def labels(*splits: str, label: list[int] | None = None) -> Labels:
    from optotype.tables import Items

    keys = [f"{i}.png" for i in range(len(splits))]
    chosen = label if label is not None else [i % 3 for i in range(len(splits))]
    return Labels(Items.of(keys, split=list(splits)), CLASSES, np.array(chosen, np.int32))


# What is written


def test_a_run_leaves_everything_in_its_folder(tmp_path: Path, data: Labels) -> None:
    done = run(tmp_path, data, epochs=3, augment=Augment(flip=0.5))
    folder = done.folder
    assert [row.epoch for row in read(folder.log)] == [1, 2, 3]
    assert [row.epoch for row in done.rows] == [1, 2, 3]
    lines = folder.curves.read_text().splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("epoch,train_loss,train_accuracy,val_loss,val_accuracy")
    assert float(lines[2].split(",")[3]) == done.rows[1].val.loss  # type: ignore[union-attr]
    env = msgspec.json.decode(folder.env.read_bytes())
    assert env["precision"] in ("float32", "bfloat16")
    assert env["weights"]["source"] == "none"
    assert env["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert (folder.sheets / "sheets.json").is_file()
    assert "epochs: 3  # given" in folder.config.read_text()
    assert "lr: 0.001  # default" in folder.config.read_text()
    truth = read_labels(folder.data, split="test")
    said = read_predictions(folder.predictions, truth)
    assert len(said) == len(truth) == 8
    assert done.judged == "test"


def test_the_best_model_predicts_and_is_found_again(tmp_path: Path, data: Labels) -> None:
    done = run(tmp_path, data, epochs=4, lr=0.01)
    best = min(done.rows, key=lambda row: row.val.loss)  # type: ignore[union-attr]
    assert done.best_epoch == best.epoch
    loaded = load_run(done.folder)
    assert loaded.epoch == best.epoch
    assert loaded.classes == CLASSES
    truth = read_labels(done.folder.data, split="val")
    said = predict(loaded, truth)
    written = read_predictions(done.folder.path / "predictions_val.npz", truth)
    assert said.scores is not None
    assert written.scores is not None
    assert np.abs(said.scores - written.scores).max() < 1e-6
    assert np.abs(said.scores.sum(1) - 1).max() < 1e-12
    loss = -np.log(said.scores[np.arange(len(truth)), truth.label]).mean()
    precise = best.val is not None and abs(loss - best.val.loss)
    assert precise < 0.02  # the log is measured in the precision of training, predictions in float32


def test_predicting_in_other_batches_moves_the_numbers_by_rounding_only(tmp_path: Path, data: Labels) -> None:
    loaded = load_run(run(tmp_path, data).folder)
    one, all_ = (predict(loaded, data, batch_size=size).scores for size in (1, 64))
    assert one is not None
    assert all_ is not None
    assert np.abs(one - all_).max() < 1e-5


def test_it_learns_three_colours(tmp_path: Path, data: Labels) -> None:
    done = run(tmp_path, data, epochs=8, lr=0.01)
    said = read_predictions(done.folder.predictions, read_labels(done.folder.data, split="test"))
    truth = read_labels(done.folder.data, split="test")
    assert (said.label == truth.label).mean() == 1.0
    assert done.rows[-1].train.accuracy == 1.0


def test_train_metrics_are_those_of_eval_mode_without_augmentation(tmp_path: Path, data: Labels) -> None:
    changes: dict[str, Any] = {"label_smoothing": 0.3, "class_weights": "inverse", "precision": "float32"}
    done = run(tmp_path, data, epochs=1, augment=Augment(rotation=90, erasing=1.0), **changes)
    rows = np.flatnonzero(data.items.split == "train")
    said = predict(load_run(done.folder), data.take(rows))
    assert said.scores is not None
    plain = -np.log(said.scores[np.arange(len(rows)), data.label[rows]])
    assert done.rows[0].train.loss == pytest.approx(plain.mean(), abs=1e-5)
    assert done.rows[0].train.spread == pytest.approx(plain.std(), abs=1e-5)
    assert done.rows[0].train.accuracy == (said.label == data.label[rows]).mean()
    assert done.rows[0].objective != pytest.approx(plain.mean(), abs=1e-3)


def test_of_many_training_items_a_fixed_sample_is_measured() -> None:
    rows = np.arange(0, 9000, 3)
    assert feed.sample_of(rows, 0, 5000) is rows
    sample = feed.sample_of(rows, 7, 100)
    assert len(np.unique(sample)) == 100
    assert np.isin(sample, rows).all()
    assert np.array_equal(sample, feed.sample_of(rows, 7, 100))
    assert not np.array_equal(sample, feed.sample_of(rows, 8, 100))


def test_plan_device_and_forecast_come_first(tmp_path: Path, data: Labels) -> None:
    lines: list[str] = []
    steps: list[tuple[int, int, int]] = []
    rows: list[Any] = []
    train(
        data, settings(budget=1e4), RunFolder(tmp_path / "r"), say=lines.append, on_epoch=rows.append,
        on_step=lambda epoch, step, total, loss: steps.append((epoch, step, total)), cache=tmp_path / "cache",
    )  # fmt: skip
    assert [line.partition(":")[0] for line in lines] == [
        "data", "model", "device", "plan", "forecast", "epoch 1/2", "epoch 2/2", "done",
    ]  # fmt: skip
    assert "weights: none" in lines[1]
    assert "all training items" in lines[3]
    assert steps == [(epoch, step, 6) for epoch in (1, 2) for step in range(1, 7)]
    assert [row.epoch for row in rows] == [1, 2]


def test_a_step_is_split_into_its_parts(tmp_path: Path, data: Labels) -> None:
    row = run(tmp_path, data, epochs=1).rows[0]
    step = row.time.step
    parts = [step.data, step.forward, step.backward, step.optimizer]
    assert all(part > 0 for part in parts)
    assert sum(parts) * row.steps < row.time.seconds
    assert row.time.images_per_second == pytest.approx(24 / (sum(parts) * row.steps), rel=0.8)


# What a step does


def test_one_step_is_the_textbook_step(tmp_path: Path, data: Labels) -> None:
    """One batch of all items, plain SGD: the new weights are the old ones minus the rate times the mean gradient."""
    changes: dict[str, Any] = {
        "epochs": 1, "batch_size": 64, "optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "lr": 0.1,
        "schedule": "constant", "precision": "float32", "label_smoothing": 0.1, "class_weights": "inverse",
    }  # fmt: skip
    done = run(tmp_path, data, **changes)
    config = settings(**changes)
    rows = np.flatnonzero(data.items.split == "train")
    model = create("small_cnn", 3, 16)
    images = torch.from_numpy(np.stack([pixels(data.items.file(i)) for i in rows])).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (model.mean, model.std))
    weights = class_weights(Frequencies.of_labels(data.label[rows], 3), config)
    assert weights is not None
    target = torch.from_numpy(data.label[rows].astype(np.int64))
    logp = model.module((images - mean) / std).log_softmax(1)
    smooth = torch.full((len(rows), 3), 0.1 / 3).scatter_add(1, target[:, None], torch.full((len(rows), 1), 0.9))
    loss = -(smooth * torch.from_numpy(weights) * logp).sum() / len(rows)
    loss.backward()
    assert done.rows[0].objective == pytest.approx(loss.item(), abs=1e-5)
    learnt = load_run(done.folder).model.module.state_dict()
    for name, parameter in model.module.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(learnt[name], parameter.detach() - 0.1 * parameter.grad, atol=1e-5, rtol=1e-4)


def pixels(path: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.resize((16, 16), Image.Resampling.BILINEAR), np.float32)


def test_accumulated_batches_are_one_large_batch(tmp_path: Path, data: Labels) -> None:
    same: dict[str, Any] = {"optimizer": "sgd", "precision": "float32", "schedule": "cosine", "lr": 0.05}
    large = run(tmp_path, data, "large", batch_size=10, **same)
    small = run(tmp_path, data, "small", batch_size=5, accumulate=2, **same)
    assert large.rows[-1].steps == small.rows[-1].steps == 6
    for a, b in zip(large.rows, small.rows, strict=True):
        assert a.objective == pytest.approx(b.objective, abs=1e-5)
        assert a.train.loss == pytest.approx(b.train.loss, abs=1e-5)


def test_a_single_image_does_not_stop_batch_normalisation(
    tmp_path: Path, data: Labels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "tiny", lambda classes, size: Tiny(classes))
    run(tmp_path, data, model="tiny", batch_size=23, epochs=1)  # 24 items: the last batch holds one
    norm = nn.BatchNorm1d(2)
    with norms.steady_norms(norm):
        assert norm(torch.ones(1, 2)).shape == (1, 2)
    assert norm.training


@given(st.integers(2, 9), st.integers(2, 5), st.integers(0, 10**6), st.sampled_from(["mixup", "cutmix", "both"]))
def test_mixing_keeps_the_mass_of_targets_and_pixels_of_the_batch(b: int, k: int, seed: int, kind: str) -> None:
    images = torch.arange(b).view(b, 1, 1, 1).expand(b, 3, 6, 6).float().contiguous()
    truth = torch.arange(b) % k
    on = {"mixup": 0.0 if kind == "cutmix" else 0.4, "cutmix": 0.0 if kind == "mixup" else 1.0}
    mixed, targets = mix(images, truth, classes=k, key=(seed,), **on)
    again, _ = mix(images, truth, classes=k, key=(seed,), **on)
    assert torch.equal(mixed, again)
    assert torch.allclose(targets.sum(1), torch.ones(b))
    assert (targets >= 0).all()
    assert mixed.shape == images.shape
    # the share of pixels (cutmix) or of their values (mixup) is the share of the targets
    value = mixed.mean((1, 2, 3))
    own = targets[torch.arange(b), truth]
    for i in range(b):
        if own[i] < 1:  # the partner has another class
            partners = [j for j in range(b) if abs(own[i] * i + (1 - own[i]) * j - value[i]) < 1e-4]
            assert partners
            assert any(abs(float(targets[i, truth[j]] + own[i]) - 1) < 1e-5 for j in partners)


def test_without_mixing_labels_stay_labels() -> None:
    images, truth = torch.rand(4, 3, 5, 5), torch.tensor([0, 1, 2, 0])
    same, targets = mix(images, truth, classes=3, mixup=0, cutmix=0, key=(1,))
    assert same is images
    assert targets is truth


def test_class_weights_keep_the_scale() -> None:
    config = settings(class_weights="inverse")
    truth = np.array([0, 0, 0, 1], np.int32)
    weights = class_weights(Frequencies.of_labels(truth, 3), config)
    assert weights is not None
    assert weights.tolist() == pytest.approx([2 / 3, 2.0, 0.0])
    assert weights[truth].mean() == pytest.approx(1.0)
    assert class_weights(Frequencies.of_labels(truth, 3), settings()) is None


def test_scores_of_the_task() -> None:
    task = LEARNING["classify"]
    logits, truth = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), torch.tensor([0, 1, 1])
    whole = task.score(task.addends(logits, truth).tolist())
    parts = task.addends(logits[:1], truth[:1]) + task.nothing(2) + task.addends(logits[1:], truth[1:])
    assert task.score(parts.tolist()).loss == pytest.approx(whole.loss, rel=1e-14)
    assert task.score(parts.tolist()).spread == pytest.approx(whole.spread, rel=1e-14)
    assert whole.n == 3
    assert whole.accuracy == pytest.approx(2 / 3)
    assert whole.loss == pytest.approx(nn.functional.cross_entropy(logits, truth).item())


# Optimizers, rates, moving average


@pytest.mark.parametrize("total", [1, 2, 3, 4, 10, 37, 100])
def test_one_cycle_is_torchs(total: int) -> None:
    parameter = nn.Parameter(torch.zeros(1))
    chosen = torch.optim.SGD([parameter], lr=1.0)
    reference = torch.optim.lr_scheduler.OneCycleLR(chosen, max_lr=1.0, total_steps=total, cycle_momentum=False)
    factor = schedule(settings(epochs=total, schedule="onecycle"), 1)
    for step in range(total):
        assert factor(step) == pytest.approx(chosen.param_groups[0]["lr"], rel=1e-12, abs=1e-15)
        chosen.step()
        if step < total - 1:
            reference.step()


@given(
    st.sampled_from(["onecycle", "cosine", "step", "constant"]), st.integers(1, 9), st.integers(1, 9),
    st.floats(0, 12),
)  # fmt: skip
def test_rates_stay_between_zero_and_the_peak(name: Any, epochs: int, steps: int, warm: float) -> None:
    factor = schedule(settings(epochs=epochs, schedule=name, warmup_epochs=warm, step_epochs=2), steps)
    values = [factor(step) for step in range(epochs * steps)]
    assert all(0 < value <= 1 for value in values)


def test_warm_up_cosine_and_step() -> None:
    factor = schedule(settings(epochs=4, schedule="cosine", warmup_epochs=1), 5)
    values = [factor(step) for step in range(20)]
    assert values[:6] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1.0])
    assert values[12:13] == pytest.approx([(1 + math.cos(math.pi * 7 / 15)) / 2])
    steps = schedule(settings(epochs=6, schedule="step", step_epochs=2, step_factor=0.5), 3)
    assert [steps(3 * epoch) for epoch in range(6)] == [1, 1, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    ("name", "kind"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)]
)
def test_head_and_backbone_have_their_own_rates(name: Any, kind: type) -> None:
    model = create("resnet18", 3, 32)
    chosen = optimizer(model, settings(optimizer=name, lr=0.1, backbone_lr=0.01), fused=True)
    assert type(chosen) is kind
    assert set_rates(chosen, 0.5) == (0.05, 0.005)
    head, rest = chosen.param_groups
    assert [p.shape for p in head["params"]] == [(3, 512), (3,)]
    assert len(head["params"]) + len(rest["params"]) == len(list(model.module.parameters()))
    assert {group["weight_decay"] for group in chosen.param_groups} == {1e-4}


def test_moving_average_follows_the_weights() -> None:
    module = nn.BatchNorm1d(1)
    average = MovingAverage(module, 0.5)
    with torch.no_grad():
        module.weight.fill_(3.0)
        module.num_batches_tracked.fill_(7)  # type: ignore[union-attr, operator]
    average.update(module)
    decay = 2 / 11
    assert average.module.weight.item() == pytest.approx(decay * 1 + (1 - decay) * 3)  # type: ignore[union-attr, operator]
    assert average.module.num_batches_tracked.item() == 7  # type: ignore[union-attr, operator]
    for _ in range(60):
        average.update(module)
    assert average.module.weight.item() == pytest.approx(3.0)  # type: ignore[union-attr, operator]


def test_the_average_is_what_is_judged(tmp_path: Path, data: Labels) -> None:
    done = run(tmp_path, data, ema=0.99)
    from optotype.nn import checkpoints

    last = checkpoints.load(done.folder.checkpoints / "last.pt")
    best = checkpoints.load(done.folder.checkpoints / "best.pt")
    assert done.best_epoch == 2
    assert torch.equal(best["model"]["head.weight"], last["average"]["model"]["head.weight"])
    assert not torch.equal(best["model"]["head.weight"], last["model"]["head.weight"])


@pytest.mark.parametrize(
    "changes",
    [{"optimizer": "adamw", "clip_norm": 0.1}, {"optimizer": "sgd", "mixup": 0.2, "cutmix": 1.0}, {"accumulate": 5}],
)
def test_settings_change_the_result_and_nothing_else_does(
    tmp_path: Path, data: Labels, changes: dict[str, Any]
) -> None:
    runs = [run(tmp_path, data, f"r{i}", epochs=1, **c) for i, c in enumerate(({}, changes, changes, {"seed": 1}))]
    plain, changed, again, other = (r.folder.predictions.read_bytes() for r in runs)
    assert changed == again
    assert len({plain, changed, other}) == 3


# When it stops


def test_a_loss_that_is_no_number_stops_with_what_to_do(tmp_path: Path, data: Labels) -> None:
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf)[\s\S]*lower --lr"):
        run(tmp_path, data, optimizer="sgd", lr=1e30, schedule="constant", epochs=4)


def test_early_stopping(tmp_path: Path, data: Labels) -> None:
    done = run(tmp_path, data, epochs=9, lr=1e-15, optimizer="sgd", schedule="constant", patience=2)
    assert done.ended == "patience"
    assert (done.best_epoch, len(done.rows)) == (1, 3)
    again = run(tmp_path, data, epochs=9, lr=1e-15, optimizer="sgd", schedule="constant", patience=2, resume=True)
    assert (again.ended, len(again.rows)) == ("patience", 3)


def test_a_budget_ends_in_a_model_even_inside_the_first_epoch(tmp_path: Path, data: Labels) -> None:
    done = run(tmp_path, data, epochs=1000, budget=1e-6)
    assert done.ended == "budget"
    assert [(row.epoch, row.whole) for row in done.rows] == [(1, False)]
    assert done.folder.predictions.is_file()
    more = run(tmp_path, data, epochs=1000, budget=3.0, resume=True)
    assert more.ended == "budget"
    assert len(more.rows) > 1
    assert [row.epoch for row in more.rows] == list(range(1, len(more.rows) + 1))


# What it refuses


def test_guard_refuses_what_cannot_be_trained_on() -> None:
    config = settings()
    with pytest.raises(InputError, match="items to learn from"):
        guard(labels("val", "val", "test"), config)
    with pytest.raises(InputError, match="to judge the model"):
        guard(labels("train", "train"), config)
    with pytest.raises(InputError, match="every item in train, val or test"):
        guard(labels("train", "train", ""), config)
    with pytest.raises(InputError, match="patience"):
        guard(labels("train", "train", "test"), settings(patience=3))
    for changes in (
        {"loss": "focal"},
        {"best": "miou"},
        {"augment": Augment(scale=0.5)},
        {"task": "segment", "mixup": 1.0},
    ):
        with pytest.raises(InputError, match="Leave it out"):
            guard(labels("train", "train", "test", "val"), settings(**changes))
    assert guard(labels("train", "train", "train", "val", "test"), config) == []


def test_classes_need_training_items() -> None:
    with pytest.raises(InputError, match="2 or more classes"):
        guard_classes(CLASSES, Frequencies.of_labels(np.array([1, 1], np.int32), 3))
    assert any("blue" in line for line in guard_classes(CLASSES, Frequencies.of_labels(np.array([0, 1], np.int32), 3)))
    assert guard_classes(CLASSES, Frequencies.of_labels(np.array([0, 1, 2], np.int32), 3)) == []


def test_without_validation_the_last_epoch_counts(tmp_path: Path, data: Labels) -> None:
    rest = data.take(data.items.split != "val")
    done = run(tmp_path, rest)
    assert done.best_epoch == 2
    assert all(row.val is None for row in done.rows)
    assert not (done.folder.path / "predictions_val.npz").exists()
    assert done.folder.curves.read_text().splitlines()[1].split(",")[3] == ""


def test_without_test_the_validation_split_is_predicted(tmp_path: Path, data: Labels) -> None:
    done = run(tmp_path, data.take(data.items.split != "test"))
    assert done.judged == "val"
    assert done.folder.predictions.read_bytes() == (done.folder.path / "predictions_val.npz").read_bytes()


def test_a_run_without_a_model_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Train it first"):
        load_run(RunFolder(tmp_path))


# Loggers


def test_a_failing_logger_never_stops_a_run(tmp_path: Path, data: Labels, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(folder: RunFolder, config: TrainConfig) -> loggers.Logger:
        def fail(*_: Any) -> None:
            raise RuntimeError("the server is gone\nand more")

        return loggers.Logger(fail, fail)

    monkeypatch.setitem(loggers.LOGGERS, "wandb", opened)
    monkeypatch.setattr(loggers, "require", lambda names: None)
    lines: list[str] = []
    train(data, settings(log=["wandb"]), RunFolder(tmp_path / "r"), say=lines.append, cache=tmp_path / "cache")
    failures = [line for line in lines if "wandb" in line]
    assert failures == ["warning: wandb failed and is left out from here on (RuntimeError: the server is gone)"]


def test_a_missing_logger_is_told_at_once(tmp_path: Path, data: Labels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"optotype\[log\]"):
        run(tmp_path, data, log=["mlflow"])
    assert not (tmp_path / "run").exists()


def test_confusion_and_its_picture() -> None:
    truth, said = labels("a", "a", "a", label=[0, 1, 1]), labels("a", "a", "a", label=[0, 1, 2])
    counts = loggers.confusion(truth, said)
    assert counts.tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    picture = loggers.heat(counts)
    assert picture.shape == (72, 72, 3)
    assert picture[0, 0].tolist() == [8, 48, 107]
    assert picture[71, 71].tolist() == [255, 255, 255]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(loggers.LOGGERS))
def test_loggers_write_offline(name: str, tmp_path: Path, data: Labels, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(name)
    for variable in ("WANDB_API_KEY", "WANDB_MODE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    lines: list[str] = []
    folder = RunFolder(tmp_path / "r")
    train(data, settings(log=[name]), folder, say=lines.append, cache=tmp_path / "cache")
    assert [line for line in lines if "warning" in line] == []
    assert any(path.is_file() for path in (folder.path / name).rglob("*"))
