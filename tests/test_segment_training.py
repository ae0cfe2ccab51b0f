"""Training of segmentation: what is written, what is learnt, resume to the bit, and what settings do."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from optotype import label_maps
from optotype.diagnose.epochs import read
from optotype.errors import InputError
from optotype.formats import read_mask_manifest, read_mask_predictions
from optotype.inference.load import load_run
from optotype.label_maps import write_label_map
from optotype.nn import checkpoints
from optotype.nn.models import SEGMENTERS, create
from optotype.runs import RunFolder
from optotype.tables import VOID, Masks
from optotype.training import loggers, norms
from optotype.training.cache import ImageCache
from optotype.training.config import Augment
from optotype.training.loader import Batches
from optotype.training.optimize import freeze, optimizer, schedule
from optotype.training.segmenting import label_map, targets, values
from optotype.training.settings import read_config, resolve
from optotype.training.train import train
from segment_training_tools import CLASSES, COLOURS, TinySegmenter, run, scenes, settings


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Masks:
    return scenes(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SEGMENTERS, "tiny", TinySegmenter)


def timeless(row: Any) -> dict[str, Any]:
    values = msgspec.to_builtins(row)
    del values["time"]
    return values


def said(folder: RunFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.predictions.rglob("*.png"))}


def test_a_run_leaves_everything_in_its_folder(tmp_path: Path, data: Masks) -> None:
    done = run(tmp_path, data)
    folder = done.folder
    names = {path.name for path in folder.path.iterdir()}
    assert names >= {
        "config.yaml", "env.json", "data.csv", "log.jsonl", "curves.csv", "sheets", "checkpoints", "predictions",
        "predictions_val", "architecture.json",
    }  # fmt: skip
    assert read_config(folder.config).shape == (16, 24)
    rows = read(folder.log)
    assert [timeless(row) for row in rows] == [timeless(row) for row in done.rows]
    assert all(row.train.miou is not None and row.val is not None and row.val.miou is not None for row in rows)
    assert folder.curves.read_text().splitlines()[0].endswith("train_miou,val_miou")
    truth = read_mask_manifest(folder.data, split="test")
    found = read_mask_predictions(folder.predictions, truth).masks
    assert found.classes == CLASSES
    assert [found.maps[i].shape for i in range(len(found))] == [(20, 28)] * 4
    assert len(said(folder)) == 4
    sheet = msgspec.json.decode((folder.sheets / "sheets.json").read_bytes())
    with Image.open(folder.sheets / sheet["batch"][0]["file"]) as tile:
        assert tile.size == (24, 16)


def test_it_learns_two_colours_and_predicts_at_the_size_of_the_truth(tmp_path: Path, data: Masks) -> None:
    done = run(tmp_path, data, epochs=12, lr=0.03, precision="float32")
    best = done.rows[done.best_epoch - 1].val
    assert best is not None
    assert best.miou is not None
    assert best.miou > 0.8
    assert best.miou == max(row.val.miou or 0.0 for row in done.rows if row.val)
    test = data.take(data.items.split == "test")
    found = read_mask_predictions(done.folder.predictions, test).masks
    right = [(a == b)[a != VOID].mean() for a, b in zip(test.maps, found.maps, strict=True)]
    assert np.mean(right) > 0.9


def test_the_best_model_predicts_and_is_found_again(tmp_path: Path, data: Masks) -> None:
    done = run(tmp_path, data)
    loaded = load_run(done.folder)
    assert (loaded.task, loaded.classes, loaded.model.shape) == ("segment", CLASSES, (16, 24))
    test = data.take(data.items.split == "test")
    cache = ImageCache.build([test.items.file(i) for i in range(len(test))], (16, 24), folder=None)
    for batch in Batches(cache, np.arange(4), np.zeros(4), batch_size=4):
        with torch.inference_mode():
            logits = loaded.model.module(batch.images)
    found = read_mask_predictions(done.folder.predictions, test).masks
    for i in range(4):
        assert (label_map(logits[i], (20, 28)) == found.maps[i]).mean() > 0.999


# Resume


def interrupted(root: Path, data: Masks, name: str, at: tuple[int, int], **changes: Any) -> None:
    def interrupt(epoch: int, step: int, _steps: int, _loss: float) -> None:
        if (epoch, step) == at:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(data, settings(**changes), RunFolder(root / name), on_step=interrupt, cache=root / "cache")


@pytest.mark.parametrize("model", ["tiny", "acuity", "segnet"])
def test_resume_ends_with_the_same_bits(tmp_path: Path, data: Masks, model: str) -> None:
    changes: dict[str, Any] = {
        "model": model, "size": "32x40", "lr": 1e-3, "batch_size": 6, "optimizer": "sgd", "momentum": 0.0,
        "loss": "cross_entropy+dice", "class_weights": "median", "clip_norm": 1.0,
        "augment": Augment(flip=0.5, scale=0.3, rotation=9, brightness=0.3), "ema": 0.9 if model == "tiny" else 0.0,
    }  # fmt: skip
    whole = run(tmp_path, data, "whole", **changes)
    interrupted(tmp_path, data, "cut", (2, 1), **changes)
    cut = run(tmp_path, data, "cut", resume=True, **changes)
    assert [timeless(row) for row in cut.rows] == [timeless(row) for row in whole.rows]
    assert said(cut.folder) == said(whole.folder)
    states = [checkpoints.load(done.folder.checkpoints / "last.pt")["model"] for done in (whole, cut)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_resume_refuses_other_label_maps(tmp_path: Path, data: Masks) -> None:
    run(tmp_path, data, epochs=1)
    maps = [labels.copy() for labels in data.maps]
    maps[7][9, 9] = (maps[7][9, 9] + 1) % 3
    other = Masks(data.items, data.classes, maps, data.colours)
    with pytest.raises(InputError, match="items, splits and labels"):
        run(tmp_path, other, epochs=1, resume=True)
    again = run(tmp_path, data, epochs=1, resume=True)
    assert len(again.rows) == 1


# Settings


def test_early_stopping_is_by_mean_iou(tmp_path: Path, data: Masks) -> None:
    still: dict[str, Any] = {"epochs": 9, "lr": 1e-15, "optimizer": "sgd", "schedule": "constant", "patience": 2}
    done = run(tmp_path, data, freeze=True, **still)  # frozen, so that normalisation learns no statistics either
    assert (done.ended, done.best_epoch, len(done.rows)) == ("patience", 1, 3)


def test_best_by_loss_or_mean_iou(tmp_path: Path, data: Masks) -> None:
    for best in ("loss", "miou"):
        done = run(tmp_path, data, best, epochs=5, lr=0.02, best=best)
        vals = [row.val for row in done.rows if row.val]
        worth = [-v.loss if best == "loss" else v.miou or 0.0 for v in vals]
        assert done.best_epoch == 1 + int(np.argmax(worth))


def test_a_frozen_encoder_stays_as_it_is(tmp_path: Path, data: Masks) -> None:
    done = run(tmp_path, data, epochs=1, freeze=True, lr=0.1)
    before = create("tiny", 3, (16, 24), task="segment").module.state_dict()
    after = load_run(done.folder).model.module.state_dict()
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert same == {name for name in before if name.startswith("encoder.")}
    model = create("small_cnn", 3, 16)
    freeze(model)
    assert {name for name, p in model.module.named_parameters() if p.requires_grad} == set(model.head)
    assert len(optimizer(model, settings(), fused=False).param_groups) == 1


def test_frozen_normalisations_keep_their_statistics() -> None:
    module = TinySegmenter(3)
    module.encoder.requires_grad_(False)
    module.train()
    norms.keep_frozen(module)
    assert [m.training for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d)] == [False]
    assert module.head.training


def test_images_one_by_one_are_normalised_by_their_pixels() -> None:
    pooled = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.BatchNorm2d(3))
    module = torch.nn.Sequential(torch.nn.BatchNorm2d(3), pooled)
    module.train()
    images = torch.rand(1, 3, 6, 5)
    with norms.steady_lone_norms(module):
        module(images)
    assert all(m.training for m in module.modules())
    first, second = module[0].running_mean, pooled[1].running_mean
    assert first is not None
    assert second is not None
    assert torch.allclose(first, 0.1 * images.mean((0, 2, 3)))
    assert (second == 0).all()


def test_splits_without_a_labelled_pixel_are_refused(tmp_path: Path, data: Masks) -> None:
    for split in ("val", "test"):
        there = (data.items.split == split).tolist()
        maps = [np.full_like(m, VOID) if t else m for m, t in zip(data.maps, there, strict=True)]
        with pytest.raises(InputError, match=f"split {split}[\\s\\S]*no pixel of any class"):
            run(tmp_path, replace(data, maps=maps), split)


def test_poly_falls_to_nothing() -> None:
    factor = schedule(settings(schedule="poly", epochs=2, warmup_epochs=0.0), 50)
    assert factor(0) == 1.0
    assert factor(50) == pytest.approx(0.5**0.9)
    assert factor(99) == pytest.approx(0.01**0.9)
    warm = schedule(settings(schedule="poly", epochs=2, warmup_epochs=1.0), 50)
    assert warm(0) == pytest.approx(1 / 51)
    assert warm(50) == 1.0


def test_void_as_background_is_learnt(tmp_path: Path, data: Masks) -> None:
    done = run(tmp_path, data, "b", epochs=1, void="background")
    plain = run(tmp_path, data, "p", epochs=1)
    assert done.rows[0].objective != plain.rows[0].objective


def test_size_is_a_side_or_height_and_width() -> None:
    flags: dict[str, Any] = {"data": "d", "model": "m", "task": "segment"}
    for given, shape in (("32", (32, 32)), ("24x40", (24, 40)), (48, (48, 48))):
        assert resolve(None, None, {**flags, "size": given}, [])[0].shape == shape
    for wrong in ("7", "7x9", "0x40", "3.5", "a", "24x40x3"):
        with pytest.raises(InputError, match="HEIGHTxWIDTH"):
            resolve(None, None, {**flags, "size": wrong}, [])
    for wrong in ("ce", "dice-focal", "2*", "dice+", ""):
        with pytest.raises(InputError, match="a sum such as"):
            resolve(None, None, {**flags, "loss": wrong}, [])


def test_maps_of_a_batch_are_moved_with_their_images(data: Masks) -> None:
    images = ImageCache.build([data.items.file(i) for i in range(len(data))], (20, 28), folder=None)
    maps = ImageCache.of_maps(data.maps, (20, 28), values(settings()))
    batches = Batches(images, np.arange(20), maps, batch_size=7, augment=Augment(flip=1.0), threads=2)
    for batch in batches:
        for i, row in enumerate(batch.index.tolist()):
            assert (batch.labels[i].numpy() == data.maps[row][:, ::-1]).all()


def test_decoded_maps_are_kept_from_run_to_run(tmp_path: Path, data: Masks, monkeypatch: pytest.MonkeyPatch) -> None:
    files = tuple(tmp_path / f"{key}.png" for key in data.items.key.tolist())
    for file, labels in zip(files, data.maps, strict=True):
        write_label_map(file, labels, data.colours)
    decoded: list[Path] = []
    decode = label_maps.decode
    monkeypatch.setattr(label_maps, "decode", lambda path, *rest: (decoded.append(path), decode(path, *rest))[1])
    coding = label_maps.Indexed({0: 0, 1: 1, 2: 2, VOID: VOID})
    masks = replace(data, maps=label_maps.MaskFiles(files, coding))
    backwards = masks.take(np.arange(len(data))[::-1])
    first = targets(masks, settings(), tmp_path / "cache", 2)
    again = targets(backwards, settings(), tmp_path / "cache", 2)
    assert len(decoded) == len(data)
    assert all((first.get(i) == again.get(19 - i)).all() for i in range(20))
    plain = targets(data, settings(), tmp_path / "cache", 2)
    assert all((first.get(i) == plain.get(i)).all() for i in range(20))
    other = targets(masks, settings(void="background"), tmp_path / "cache", 2)
    swapped = replace(data, maps=label_maps.MaskFiles(files, label_maps.Indexed({0: 0, 1: 2, 2: 1, VOID: VOID})))
    assert (other.get(0)[0] == 0).all()
    assert (targets(swapped, settings(), tmp_path / "cache", 2).get(0) != first.get(0)).any()
    assert len(decoded) == 3 * len(data)
    assert len(list((tmp_path / "cache").iterdir())) == 3


def test_confusion_of_pixels(data: Masks) -> None:
    counts = loggers.confusion(data, data)
    pixels = np.concatenate([labels.ravel() for labels in data.maps])
    assert counts.tolist() == np.diag(np.bincount(pixels, minlength=3)[:3]).tolist()


# From data to report


def test_from_data_to_report_and_again(tmp_path: Path, data: Masks) -> None:
    from optotype.studies import training

    for row in range(len(data)):
        split = str(data.items.split[row])
        image = tmp_path / "street" / split / f"{data.items.key[row]}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(data.items.file(row).read_bytes())
        write_label_map(tmp_path / "street" / f"{split}annot" / image.name, data.maps[row], data.colours)
    classes = tmp_path / "classes.csv"
    classes.write_text(
        "name,r,g,b\n" + "".join(f"{n},{r},{g},{b}\n" for n, (r, g, b) in zip(CLASSES, COLOURS.tolist(), strict=True))
    )
    flags: dict[str, Any] = {"data": str(tmp_path / "street"), "model": "tiny", "size": "16x24"}
    flags |= {"epochs": 6, "batch_size": 4, "lr": 0.03}
    options: dict[str, Any] = {"runs": tmp_path / "runs", "name": "r", "causes": False, "sets": ["threads=1"]}
    folder, first = training.train("segment", flags, classes=str(classes), **options)
    assert first is not None
    assert (first.task, first.protocol["void"]) == ("segment", "truth-dropped")
    assert set(first.metrics) >= {"miou", "fwiou", "pixel_accuracy"}
    assert folder.report.is_file()
    before = said(folder)
    _, again = training.train("segment", {}, resume=True, report=False, **options)
    assert again is not None
    assert again.metrics == first.metrics
    assert said(folder) == before
    with pytest.raises(InputError, match="size"):
        training.train("segment", {"size": "16x32"}, resume=True, report=False, **options)
