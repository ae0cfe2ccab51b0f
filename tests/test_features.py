"""Penultimate activations: what the last layer is given, on the pixels that the model is judged on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from optotype.errors import InputError
from optotype.inference.features import described, features
from optotype.inference.feeding import images
from optotype.inference.load import Loaded, load_run
from optotype.inference.predict import predict
from optotype.nn.hardware import choose
from optotype.nn.models import create
from optotype.tables import Labels
from training_tools import CLASSES, photos, run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    return photos(tmp_path_factory.mktemp("photos"), 12)


def loaded(name: str, size: int = 32) -> Loaded:
    """An untrained model, in eval mode."""
    hardware = choose("cpu", "float32", threads=1)
    model = create(name, len(CLASSES), size)
    model.module.to(memory_format=hardware.memory_format).eval()  # type: ignore[call-overload]
    return Loaded(model, CLASSES, "classify", 1, hardware)


def pixels(model: Loaded, data: Labels) -> torch.Tensor:
    """All images as one batch."""
    return torch.cat(list(images(model, data.items, batch_size=5, threads=1, cache=None)))


@pytest.mark.parametrize("name", ["small_cnn", "resnet18", "mobilenetv3_small_050"])
def test_the_last_layer_makes_the_logits_of_them(data: Labels, name: str) -> None:
    model = loaded(name)
    found = features(model, data, batch_size=5)
    assert found.dtype == np.float32
    with torch.inference_mode():
        head = model.model.module.get_classifier()  # type: ignore[operator]
        logits = head(torch.from_numpy(found))
        expected = model.model.module(pixels(model, data))
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenetv3_small_050", "convnext_atto", "resnetv2_50", "vit_tiny_patch16_224"]
)
def test_they_are_what_timm_calls_pre_logits(data: Labels, name: str) -> None:
    model = loaded(name)
    module = model.model.module
    with torch.inference_mode():
        maps = module.forward_features(pixels(model, data))  # type: ignore[operator]
        expected = module.forward_head(maps, pre_logits=True).flatten(1)  # type: ignore[operator]
    np.testing.assert_allclose(features(model, data), expected.numpy(), rtol=1e-3, atol=1e-3)


def test_small_cnn_gives_every_place_of_its_maps(data: Labels) -> None:
    model = loaded("small_cnn", 33)
    with torch.inference_mode():
        expected = model.model.module.features(pixels(model, data)).flatten(1)  # type: ignore[operator]
    found = features(model, data)
    assert found.shape == (12, 128 * 2 * 2)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-6)


def test_order_batches_and_threads_do_not_matter(data: Labels) -> None:
    model = loaded("resnet18")
    found = features(model, data, batch_size=12, threads=1)
    turned = features(model, data.take(np.arange(12)[::-1]), batch_size=5, threads=2)
    np.testing.assert_allclose(turned[::-1], found, rtol=1e-4, atol=1e-5)


def test_one_pass_gives_the_same_predictions(data: Labels) -> None:
    model = loaded("resnet18")
    said, found = described(model, data)
    expected = predict(model, data)
    assert said.scores is not None
    assert expected.scores is not None
    assert np.array_equal(said.scores, expected.scores)
    assert np.array_equal(said.label, expected.label)
    assert np.array_equal(found, features(model, data))


def test_no_hooks_stay_and_a_second_call_is_the_same(data: Labels) -> None:
    model = loaded("small_cnn")
    first = features(model, data)
    assert not any(m._forward_pre_hooks for m in model.model.module.modules())
    assert np.array_equal(features(model, data), first)


def test_heads_whose_logits_are_averaged_are_averaged(data: Labels) -> None:
    model = loaded("small_cnn")
    module = model.model.module

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(2, 3), nn.Linear(2, 3)

        def get_classifier(self) -> tuple[nn.Module, nn.Module]:
            return self.one, self.two

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            part = x.mean((2, 3))
            return (self.one(part[:, :2]) + self.two(part[:, 1:])) / 2

    object.__setattr__(model.model, "module", Two().eval())
    try:
        mean = pixels(model, data).mean((2, 3)).numpy()
        np.testing.assert_allclose(features(model, data), (mean[:, :2] + mean[:, 1:]) / 2, rtol=1e-5, atol=1e-6)
    finally:
        object.__setattr__(model.model, "module", module)


def test_a_model_without_a_last_layer_is_refused(data: Labels) -> None:
    model = loaded("small_cnn")
    model.model.module.head = nn.Identity()
    with pytest.raises(InputError, match="linear layer"):
        features(model, data)


def test_no_items_are_refused(data: Labels) -> None:
    with pytest.raises(InputError, match="one item"):
        features(loaded("small_cnn"), data.take(np.zeros(0, np.intp)))


def test_trainings_decoded_photos_are_used(tmp_path: Path, data: Labels) -> None:
    done = run(tmp_path, data, epochs=1)
    model = load_run(done.folder, device="cpu", threads=1)
    decoded = features(model, data)
    for path in (tmp_path / "cache").glob("*.cache"):
        before = path.stat().st_mtime_ns
    assert np.array_equal(features(model, data, cache=tmp_path / "cache"), decoded)
    assert [p.stat().st_size for p in (tmp_path / "cache").glob("*.cache")] == [path.stat().st_size]
    assert before <= path.stat().st_mtime_ns
