"""Grad-CAM: heat maps against the definition, for our networks and timm's, and where there can be none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from optotype.errors import InputError
from optotype.inference.gradcam import gradcam, why_not
from optotype.inference.load import Loaded
from optotype.tables import Items, Labels
from test_features import loaded, pixels
from training_tools import CLASSES, photos


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    return photos(tmp_path_factory.mktemp("photos"), 9)


def by_definition(model: Loaded, stage: nn.Module, batch: Tensor, classes: list[int], side: int) -> np.ndarray:
    """One image at a time, gradients through the whole network, the stage's maps caught by a hook."""
    found = []
    for image, k in zip(batch, classes, strict=True):
        caught: list[Tensor] = []

        def catch(_: nn.Module, __: object, output: Tensor, caught: list[Tensor] = caught) -> None:
            output.retain_grad()
            caught.append(output)

        hook = stage.register_forward_hook(catch)
        logits = model.model.module(image[None])
        hook.remove()
        model.model.module.zero_grad()
        logits[0, k].backward()
        (maps,) = caught
        assert maps.grad is not None
        alpha = maps.grad[0].sum((1, 2)) / maps[0, 0].numel()
        heat = torch.einsum("k,khw->hw", alpha, maps[0]).clamp(min=0).detach()
        large = functional.interpolate(heat[None, None], (side, side), mode="bilinear", align_corners=False)[0, 0]
        found.append((255 * large / large.max()).numpy() if large.max() > 0 else large.numpy())
    return np.stack(found)


@pytest.mark.parametrize("name", ["resnet18", "convnext_atto"])
def test_heat_maps_are_their_definition(data: Labels, name: str) -> None:
    model = loaded(name, 64)
    module = model.model.module
    stage = module.layer4 if name == "resnet18" else module.stages
    classes = [i % 3 for i in range(9)]
    maps = gradcam(model, data, np.array(classes), side=20, batch_size=4)
    assert maps.shape == (9, 20, 20)
    assert maps.dtype == np.uint8
    expected = by_definition(model, stage, pixels(model, data), classes, 20)  # type: ignore[arg-type]
    assert np.abs(maps - expected).max() <= 1


def test_small_cnns_maps_are_those_before_the_last_pooling(data: Labels) -> None:
    model = loaded("small_cnn", 64)
    module = model.model.module
    module.features[7] = nn.ReLU()  # type: ignore[index,operator] — the same, keeping what the hook caught
    classes = [2] * 9
    expected = by_definition(model, module.features[7], pixels(model, data), classes, 8)  # type: ignore[index]
    maps = gradcam(model, data, np.array(classes), side=8)
    assert np.abs(maps - expected).max() <= 1
    assert maps.max(axis=(1, 2)).tolist() == [255] * 9


class Patch(nn.Module):
    """Sees a class in a channel: red, green or blue."""

    def __init__(self) -> None:
        super().__init__()
        mix = nn.Conv2d(3, 3, 1, bias=False)
        mix.weight.data = torch.eye(3)[:, :, None, None]
        self.features = nn.Sequential(mix, nn.ReLU(), nn.AvgPool2d(4), nn.Dropout(0.5))
        self.head = nn.Linear(3 * 8 * 8, 3, bias=False)
        self.head.weight.data = torch.eye(3).repeat_interleave(64, dim=1)

    def get_classifier(self) -> nn.Module:
        return self.head

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.flatten(self.features(images), 1))  # type: ignore[no-any-return]


def test_the_heat_lies_where_the_class_is(tmp_path: Path) -> None:
    image = np.zeros((32, 32, 3), np.uint8)
    image[4:12, 4:12, 0] = 255
    image[20:28, 20:28, 2] = 255
    Image.fromarray(image).save(tmp_path / "a.png")
    Image.fromarray(image).save(tmp_path / "b.png")
    items = Items.of(["a", "b"], path=["a.png", "b.png"], root=tmp_path)
    model = loaded("small_cnn", 32)
    model = replace(model, model=replace(model.model, module=Patch().eval(), mean=(0, 0, 0), std=(1, 1, 1)))
    red, blue = gradcam(model, items, np.array([0, 2]), side=32)
    assert red[4:12, 4:12].min() == 255
    assert red.astype(int).sum() == 255 * 64
    assert blue[20:28, 20:28].min() == 255
    assert gradcam(model, items, np.array([1, 1])).max() == 0, "nothing speaks for green"


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [("vit_tiny_patch16_224", 32, "no maps of places"), ("swin_s3_tiny_224", 224, None), ("regnetx_002", 32, None),
     ("mobilenetv3_small_050", 32, None)],
)  # fmt: skip
def test_which_models_have_heat_maps(name: str, size: int, reason: str | None) -> None:
    why = why_not(loaded(name, size))
    assert why is None if reason is None else why is not None and reason in why


def test_channels_at_the_end_are_understood(data: Labels) -> None:
    model = loaded("swin_s3_tiny_224", 224)
    few = data.take(np.arange(2))
    maps = gradcam(model, few, np.array([0, 1]), side=7)
    module = model.model.module
    kept = pixels(model, few)
    values = module.forward_features(kept).detach().requires_grad_()  # type: ignore[operator]
    logits = module.forward_head(values)  # type: ignore[operator]
    (gradient,) = torch.autograd.grad(logits[[0, 1], [0, 1]].sum(), values)
    heat = (gradient.mean((1, 2), keepdim=True) * values).sum(3).clamp(min=0).detach()
    expected = 255 * heat / heat.amax((1, 2), keepdim=True).clamp(min=1e-30)
    assert np.abs(maps - expected.numpy()).max() <= 1


def test_no_maps_is_an_error_with_its_reason(data: Labels) -> None:
    with pytest.raises(InputError, match=r"Grad-CAM[\s\S]*no maps of places[\s\S]*Do without"):
        gradcam(loaded("vit_tiny_patch16_224"), data, np.zeros(9, int))


def test_a_network_of_another_make_is_not_guessed_at(data: Labels) -> None:
    model = loaded("small_cnn")
    model.model.module.features = nn.ModuleList([nn.Conv2d(3, 3, 1)])  # type: ignore[assignment]
    assert "does not say" in (why_not(model) or "")


def test_a_network_that_bypasses_its_maps_is_found_out() -> None:
    class Bypass(Patch):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images) + images.std()

    model = loaded("small_cnn", 32)
    model = replace(model, model=replace(model.model, module=Bypass().eval()))
    assert "more than the maps" in (why_not(model) or "")


def test_gradients_leave_no_trace(data: Labels) -> None:
    model = loaded("resnet18", 32)
    gradcam(model, data, np.zeros(9, int))
    assert all(p.grad is None and p.requires_grad for p in model.model.module.parameters())
    assert len(CLASSES) == 3
