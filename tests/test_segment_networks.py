"""Networks of segmentation: sizes, gradients, initialisation, the numbers of their papers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from optotype.errors import InputError  # noqa: E402
from optotype.nn.models import SEGMENTERS, create  # noqa: E402
from optotype.nn.weights import tensors_sha256  # noqa: E402


def logits(name: str, height: int, width: int, classes: int = 3) -> torch.Tensor:
    """The shapes of a network's output, without computing."""
    module = create(name, classes, (height, width), task="segment").module.eval().to("meta")
    with torch.no_grad():
        return module(torch.zeros(2, 3, height, width, device="meta"))


@pytest.mark.parametrize("name", SEGMENTERS)
@pytest.mark.parametrize("size", [(360, 480), (33, 47), (64, 64), (101, 70)])
def test_logits_are_as_high_and_wide_as_the_images(name: str, size: tuple[int, int]) -> None:
    assert logits(name, *size).shape == (2, 3, *size)


@pytest.mark.parametrize("name", SEGMENTERS)
def test_sizes_hold_with_numbers_too(name: str) -> None:
    module = create(name, 3, (37, 51), task="segment").module.eval()
    with torch.inference_mode():
        out = module(torch.zeros(1, 3, 37, 51))
    assert out.shape == (1, 3, 37, 51)
    assert torch.isfinite(out).all()


@pytest.mark.parametrize("name", SEGMENTERS)
def test_gradients_reach_every_parameter(name: str) -> None:
    module = create(name, 3, 48, task="segment", seed=1).module
    for step in range(2):  # a block that starts as the identity passes nothing to its convolutions at first
        module.zero_grad()
        images = torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(step))
        (module(images) * torch.randn(2, 3, 48, 48, generator=torch.Generator().manual_seed(9))).mean().backward()
        with torch.no_grad():
            for p in module.parameters():
                p -= p.grad
    without = [name for name, p in module.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not without


@pytest.mark.parametrize("name", SEGMENTERS)
def test_the_seed_decides_and_the_global_state_stays(name: str) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    hashes = [tensors_sha256(create(name, 2, 32, task="segment", seed=s).module.state_dict()) for s in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", SEGMENTERS)
def test_head_and_encoder_are_named(name: str) -> None:
    model = create(name, 5, 32, task="segment")
    own = dict(model.module.named_parameters())
    assert model.head
    assert any(own[each].shape[0] == 5 for each in model.head)
    assert model.encoder < set(own)
    assert model.encoder
    assert not model.head & model.encoder
    assert (model.task, model.shape) == ("segment", (32, 32))


def test_the_line_tells_height_and_width() -> None:
    assert (
        "acuity, 9.32 M parameters, input 3×176×240, 11 classes"
        in create("acuity", 11, (176, 240), task="segment").line()
    )


@pytest.mark.parametrize("name", ["unet", "unet_bn"])
def test_unet_is_the_papers(name: str) -> None:
    module = create(name, 2, 64, task="segment").module
    threes = [m for m in module.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    ups = [m for m in module.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert sorted(m.out_channels for m in threes) == sorted([64, 128, 256, 512] * 4 + [1024] * 2)
    assert [(m.in_channels, m.out_channels, m.kernel_size, m.stride) for m in ups] == [
        (128, 64, (2, 2), (2, 2)), (256, 128, (2, 2), (2, 2)), (512, 256, (2, 2), (2, 2)), (1024, 512, (2, 2), (2, 2)),
    ]  # fmt: skip
    assert len(threes) + len(ups) + 1 == 23  # the paper counts 23 convolutional layers
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == (18 if name == "unet_bn" else 0)
    weight = module.encoder[3][0][0].weight if name == "unet_bn" else module.encoder[3][0].weight
    assert weight.std().item() == pytest.approx((2 / (9 * 256)) ** 0.5, rel=0.01)


def test_unknown_networks_get_a_suggestion() -> None:
    with pytest.raises(InputError, match="Did you mean 'acuity'"):
        create("acuty", 2, 32, task="segment")


def test_our_own_network_costs_a_quarter_of_unet() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    def macs(name: str) -> float:
        module = create(name, 11, (176, 240), task="segment").module.eval().to("meta")
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            module(torch.zeros(1, 3, 176, 240, device="meta"))
        return counter.get_total_flops() / 2e9

    assert macs("unet") == pytest.approx(31.07, abs=0.01)
    assert macs("acuity") == pytest.approx(7.72, abs=0.01)
