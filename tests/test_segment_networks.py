"""Networks of segmentation: sizes, gradients, initialisation, the numbers of their papers, weights from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from optotype.errors import InputError  # noqa: E402
from optotype.nn import hub  # noqa: E402
from optotype.nn.models import PRETRAINED, SEGMENTERS, create  # noqa: E402
from optotype.nn.segment import deeplab, deeplab_files  # noqa: E402
from optotype.nn.segment.segnet import unpool  # noqa: E402
from optotype.nn.weights import tensors_sha256  # noqa: E402

LIBRARYS = ["DeepLabV3Plus:resnet18", "Unet-resnet18", "FPN:tu-mobilenetv3_small_050", "Segformer:resnet18"]
SMALL = ["fcn_basic", "acuity", "fcn_resnet34", "deeplabv3plus_mobilenet", "DeepLabV3Plus:resnet18"]


def logits(name: str, height: int, width: int, classes: int = 3) -> torch.Tensor:
    """The shapes of a network's output, without computing."""
    module = create(name, classes, (height, width), task="segment").module.eval().to("meta")
    with torch.no_grad():
        return module(torch.zeros(2, 3, height, width, device="meta"))


@pytest.mark.parametrize("name", [*SEGMENTERS, *LIBRARYS])
@pytest.mark.parametrize("size", [(360, 480), (33, 47), (64, 64), (101, 70)])
def test_logits_are_as_high_and_wide_as_the_images(name: str, size: tuple[int, int]) -> None:
    assert logits(name, *size).shape == (2, 3, *size)


@pytest.mark.parametrize("name", [*SEGMENTERS, *LIBRARYS])
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


@pytest.mark.parametrize("name", ["unet", "segnet", *SMALL])
def test_the_seed_decides_and_the_global_state_stays(name: str) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    hashes = [tensors_sha256(create(name, 2, 32, task="segment", seed=s).module.state_dict()) for s in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", [*SEGMENTERS, *LIBRARYS])
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


def shapes(module: nn.Module, kind: type[nn.Module]) -> list[tuple[int, int, tuple[int, int], tuple[int, int]]]:
    """Maps in and out, kernel and stride of the layers of a kind, in order."""
    found = [m for m in module.modules() if isinstance(m, kind)]
    return [(m.in_channels, m.out_channels, m.kernel_size, m.stride) for m in found]


def test_fcn_basic_is_the_courses() -> None:
    module = create("fcn_basic", 21, 224, task="segment").module
    three, two, one = (3, 3), (2, 2), (1, 1)
    assert shapes(module, nn.Conv2d) == [
        (3, 32, three, two), (32, 64, three, two), (64, 128, three, two), (128, 256, three, two),
        (256, 512, three, two), (32, 21, one, one),
    ]  # fmt: skip
    assert shapes(module, nn.ConvTranspose2d) == [
        (512, 512, three, two), (512, 256, three, two), (256, 128, three, two), (128, 64, three, two),
        (64, 32, three, two),
    ]  # fmt: skip
    order = [type(m).__name__ for m in module.encoder[0]]
    assert order == ["Conv2d", "ReLU", "BatchNorm2d"]
    assert [type(m).__name__ for m in module.decoder.after[0]] == ["ReLU", "BatchNorm2d"]
    for layer in (module.encoder[3][0], module.decoder.up[1]):
        bound = (6 / (9 * (layer.in_channels + layer.out_channels))) ** 0.5
        assert 0.99 * bound < layer.weight.abs().max() <= bound
        assert not layer.bias.any()


def test_fcn_resnet34_has_the_classifiers_encoder_and_the_baselines_decoder() -> None:
    from torchvision.models import resnet34

    module = create("fcn_resnet34", 4, 64, task="segment").module
    theirs = {name: v.shape for name, v in resnet34().state_dict().items() if not name.startswith("fc.")}
    assert {name: v.shape for name, v in module.encoder.state_dict().items()} == theirs
    plain = create("fcn_basic", 4, 64, task="segment").module
    assert shapes(module.decoder, nn.ConvTranspose2d) == shapes(plain.decoder, nn.ConvTranspose2d)
    assert module.encoder(torch.zeros(1, 3, 65, 64)).shape == (1, 512, 3, 2)


def test_segnet_is_vgg_16_and_its_mirror() -> None:
    from torchvision.models import vgg16_bn

    module = create("segnet", 11, 64, task="segment").module
    with torch.device("meta"):
        donor = vgg16_bn()
    theirs = {name.removeprefix("features."): v.shape for name, v in donor.state_dict().items() if "feat" in name}
    assert {name: v.shape for name, v in module.encoder.state_dict().items()} == theirs
    down = [(a, b) for a, b, _, _ in shapes(module.encoder, nn.Conv2d)]
    up = [(a, b) for a, b, _, _ in shapes(module, nn.Conv2d)][len(down) :]
    assert [(b, a) for a, b in reversed(up[:-1])] == down[1:]
    assert up[-1] == (64, 11)


@pytest.mark.parametrize("size", [(8, 6), (7, 9), (5, 5)])
def test_unpooling_puts_each_maximum_back(size: tuple[int, int]) -> None:
    """What torch's own function gives, and its gradient; written cell by cell."""
    maps = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(size[0]), dtype=torch.float64)
    maps.requires_grad_()
    pooled, places = functional.max_pool2d(maps, 2, ceil_mode=True, return_indices=True)
    back = unpool(pooled, places, maps.shape[-2:])
    expected = torch.zeros_like(maps)
    for b, c, i, j in np.ndindex(*pooled.shape):
        y, x = divmod(int(places[b, c, i, j]), size[1])
        expected[b, c, y, x] = maps[b, c, y, x]
    assert torch.equal(back, expected)
    assert torch.equal(back, functional.max_unpool2d(pooled, places, 2, output_size=size))
    back.square().sum().backward()
    assert torch.equal(maps.grad, 2 * expected)


@pytest.mark.parametrize("name", ["segnet", "acuity"])
def test_a_step_of_training_is_the_same_to_the_bit(name: str) -> None:
    def step() -> str:
        module = create(name, 4, 40, task="segment", seed=2).module.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
        images = torch.randn(2, 3, 40, 56, generator=torch.Generator().manual_seed(0))
        truth = torch.randint(0, 4, (2, 40, 56), generator=torch.Generator().manual_seed(1))
        for _ in range(2 if name == "acuity" else 1):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = module(images.contiguous(memory_format=torch.channels_last))
            optimizer.zero_grad()
            functional.cross_entropy(logits.float(), truth).backward()
            optimizer.step()
        return tensors_sha256(module.state_dict())

    assert step() == step()


def test_files_of_classifiers_give_the_encoder(tmp_path: Path) -> None:
    from torchvision.models import resnet34, vgg16_bn

    torch.manual_seed(4)
    vgg = vgg16_bn(init_weights=False).state_dict()
    vgg["classifier.0.weight"] = torch.zeros(1)  # 400 MB that nothing reads
    for name, donor, cut in (("segnet", vgg, "features."), ("fcn_resnet34", resnet34().state_dict(), "")):
        state = {n: v for n, v in donor.items() if not n.endswith("num_batches_tracked")}
        path = tmp_path / f"{name}.pth"
        torch.save(state, path)
        model = create(name, 3, 32, task="segment", weights=str(path), seed=1)
        fresh = create(name, 3, 32, task="segment", seed=1).module.state_dict()
        for own, value in model.module.state_dict().items():
            if own.endswith("num_batches_tracked"):
                continue
            theirs = state.get(cut + own.removeprefix("encoder.")) if own.startswith("encoder.") else fresh[own]
            assert torch.equal(value, theirs), own
        assert model.weights["rest"] == "random: the file holds the encoder alone"
        broken = {n: v for n, v in state.items() if n != next(iter(state))}
        torch.save({**broken, "conv1.weight": state["conv1.weight"][:1]} if not cut else broken, path)
        with pytest.raises(InputError, match=r"encoder\."):
            create(name, 3, 32, task="segment", weights=str(path))


@pytest.mark.parametrize("name", SMALL)
def test_the_head_is_new_where_the_class_count_differs(name: str, tmp_path: Path) -> None:
    source = create(name, 7, 32, task="segment", seed=3).module.state_dict()
    torch.save(source, tmp_path / "w.pth")
    model = create(name, 4, 32, task="segment", weights=str(tmp_path / "w.pth"), seed=9)
    fresh, loaded = (m.state_dict() for m in (create(name, 4, 32, task="segment", seed=9).module, model.module))
    for tensor, value in loaded.items():
        assert torch.equal(value, (fresh if tensor in model.head else source)[tensor])
    assert "number of classes" in model.weights["head"]


def test_files_of_the_libraries_own_names_are_read(tmp_path: Path) -> None:
    import segmentation_models_pytorch as smp
    from torchvision.models.segmentation import deeplabv3_resnet50

    torch.manual_seed(3)
    donors = {
        "DeepLabV3Plus:resnet18": smp.DeepLabV3Plus("resnet18", encoder_weights=None, classes=5),
        "deeplabv3_resnet50": deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=5, aux_loss=True),
    }
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for name, donor in donors.items():
        torch.save(donor.state_dict(), tmp_path / "w.pth")
        module = create(name, 5, 64, task="segment", weights=str(tmp_path / "w.pth")).module.eval()
        with torch.inference_mode():
            theirs = donor.eval()(images)
            assert torch.equal(module(images), theirs if isinstance(theirs, torch.Tensor) else theirs["out"])


def theirs_of(name: str) -> str:
    """Our name of a tensor as DeepLabV3Plus-Pytorch calls it."""
    head, _, rest = name.partition(".")
    if head == "encoder" and rest.startswith("blocks."):
        level = "low_level_features" if int(rest.split(".")[1]) < 4 else "high_level_features"
        return f"backbone.{level}.{rest.removeprefix('blocks.')}"
    number = {"smooth": "classifier.classifier", "head": "classifier.classifier.3", "pyramid": "classifier.aspp"}
    return f"{ {'encoder': 'backbone', 'project': 'classifier.project', **number}[head] }.{rest}"


KNOWN_NAMES = {
    "deeplabv3plus_mobilenet": {
        "backbone.low_level_features.0.0.weight": (32, 3, 3, 3),
        "backbone.low_level_features.1.conv.0.0.weight": (32, 1, 3, 3),
        "backbone.low_level_features.3.conv.3.running_mean": (24,),
        "backbone.high_level_features.4.conv.0.0.weight": (144, 24, 1, 1),
        "backbone.high_level_features.17.conv.2.weight": (320, 960, 1, 1),
        "classifier.project.0.weight": (48, 24, 1, 1),
        "classifier.aspp.convs.0.0.weight": (256, 320, 1, 1),
        "classifier.aspp.convs.4.1.weight": (256, 320, 1, 1),
    },
    "deeplabv3plus_resnet101": {
        "backbone.conv1.weight": (64, 3, 7, 7),
        "backbone.layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "backbone.layer3.22.conv3.weight": (1024, 256, 1, 1),
        "backbone.layer4.2.bn3.running_var": (2048,),
        "classifier.project.1.weight": (48,),
        "classifier.aspp.convs.3.0.weight": (256, 2048, 3, 3),
    },
}
"""Names and shapes of that project's tensors, from its source (network/_deeplab.py, network/backbone)."""


@pytest.mark.parametrize("name", KNOWN_NAMES)
def test_checkpoints_of_deeplabv3plus_pytorch_are_read(name: str, tmp_path: Path) -> None:
    source = create(name, 19, 64, task="segment", seed=3).module.state_dict()
    state = {theirs_of(own): value for own, value in source.items()}
    shared = {
        **KNOWN_NAMES[name],
        "classifier.aspp.project.0.weight": (256, 1280, 1, 1),
        "classifier.classifier.0.weight": (256, 304, 3, 3),
        "classifier.classifier.1.running_mean": (256,),
        "classifier.classifier.3.weight": (19, 256, 1, 1),
    }
    assert {known: tuple(state[known].shape) for known in shared} == shared
    path = tmp_path / "cityscapes.pth"
    rest = {"cur_itrs": 30000, "optimizer_state": {}, "scheduler_state": {}, "best_score": np.float64(0.76)}
    torch.save({**rest, "model_state": state}, path)
    for classes in (19, 18):
        model = create(name, classes, 64, task="segment", weights=str(path))
        for own, value in model.module.state_dict().items():
            assert (classes == 18 and own in model.head) or torch.equal(value, source[own])
        assert ("head" in model.weights) == (classes == 18)
    assert deeplab_files.network_of(state) == name
    other = next(each for each in KNOWN_NAMES if each != name)
    with pytest.raises(InputError, match=r"'project\.0\.weight' has shape"):
        create(other, 19, 64, task="segment", weights=str(path))


def test_the_mobilenet_pads_as_that_project_does() -> None:
    """A block's input is padded before it widens, so a border of zeros becomes what batch norm makes of zeros."""
    encoder = create("deeplabv3plus_mobilenet", 2, 64, task="segment").module.eval().encoder
    assert encoder.blocks[0](torch.zeros(1, 3, 65, 64)).shape == (1, 32, 32, 31)
    widen = encoder.blocks[5]
    assert isinstance(widen, deeplab.PaddedBlock)
    maps = torch.randn(1, 32, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = maps + widen.conv(functional.pad(maps, (1, 1, 1, 1)))
        assert torch.equal(widen(maps), expected)
    dilations = [m.dilation[0] for m in encoder.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    strides = [m.stride[0] for m in encoder.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    assert dilations == [1] * 14 + [2] * 3
    assert np.prod(strides) == 16


def test_pretrained_encoders_come_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import timm
    from safetensors.torch import save_file

    torch.manual_seed(4)
    source = timm.create_model("resnet34").state_dict()
    save_file(source, tmp_path / "model.safetensors")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *names: str(tmp_path / "model.safetensors"))
    monkeypatch.setattr(hub, "unreachable", lambda address: pytest.fail("asked the network"))
    model = create("fcn_resnet34", 3, 32, task="segment", weights="hub")
    assert torch.equal(model.module.encoder.conv1.weight, source["conv1.weight"])
    assert torch.equal(model.module.encoder.layer4[2].bn2.running_var, source["layer4.2.bn2.running_var"])
    assert model.weights["licence"] == "apache-2.0"
    assert model.weights["rest"] == "random: they are the encoder's alone"


@pytest.mark.parametrize("classes", [21, 4])
def test_torchvisions_deeplab_comes_from_its_cache(
    classes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision.models.segmentation import DeepLabV3_ResNet50_Weights, deeplabv3_resnet50

    torch.manual_seed(4)
    source = deeplabv3_resnet50(weights=None, weights_backbone=None, aux_loss=True).state_dict()
    name = DeepLabV3_ResNet50_Weights.COCO_WITH_VOC_LABELS_V1.url.rpartition("/")[2]
    (tmp_path / "checkpoints").mkdir()
    torch.save(source, tmp_path / "checkpoints" / name)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(hub, "unreachable", lambda address: pytest.fail("asked the network"))
    model = create("deeplabv3_resnet50", classes, 32, task="segment", weights="hub")
    own = model.module.state_dict()
    assert torch.equal(own["backbone.conv1.weight"], source["backbone.conv1.weight"])
    assert torch.equal(own["classifier.0.project.0.weight"], source["classifier.0.project.0.weight"])
    assert ("head" in model.weights) == (classes != 21)
    assert (own["classifier.4.weight"].shape == source["classifier.4.weight"].shape) == (classes == 21)


@pytest.mark.parametrize("name", ["segnet", "deeplabv3_resnet50", "DeepLabV3Plus:resnet18", "Unet:tu-resnet18"])
def test_without_a_network_the_message_says_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "unreachable", lambda address: "no network in this test")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *names: None)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(InputError, match=r"no network in this test[\s\S]*--weights FILE"):
        create(name, 2, 32, task="segment", weights="hub")


def test_the_encoder_of_the_library_comes_from_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    import segmentation_models_pytorch as smp
    from safetensors.torch import save_file

    torch.manual_seed(5)
    source = smp.encoders.get_encoder("resnet18").state_dict()
    save_file(
        {**source, "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}, tmp_path / "model.safetensors"
    )
    facts = {"mean": [0.5, 0.4, 0.3], "std": [0.2, 0.2, 0.2], "input_space": "RGB", "input_range": [0, 1]}
    (tmp_path / "config.json").write_text(json.dumps(facts))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *names: str(tmp_path / "model.safetensors"))
    monkeypatch.setattr(smp.encoders, "hf_hub_download", lambda repo, filename, revision: str(tmp_path / filename))
    model = create("Unet:resnet18", 2, 32, task="segment", weights="hub")
    assert torch.equal(model.module.net.encoder.conv1.weight, source["conv1.weight"])
    assert (model.mean, model.std) == ((0.5, 0.4, 0.3), (0.2, 0.2, 0.2))
    assert model.weights["from"].startswith("smp-hub/resnet18.imagenet@")
    facts["input_space"] = "BGR"
    (tmp_path / "config.json").write_text(json.dumps(facts))
    with pytest.raises(InputError, match="RGB in 0–1"):
        create("Unet:resnet18", 2, 32, task="segment", weights="hub")


@pytest.mark.parametrize("name", sorted(set(SEGMENTERS) - {"segnet", "fcn_resnet34", "deeplabv3_resnet50"}))
def test_networks_without_pretrained_weights_say_so(name: str) -> None:
    assert len(PRETRAINED) == 3
    with pytest.raises(InputError, match=f"no pretrained weights of {name}"):
        create(name, 2, 32, task="segment", weights="hub")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Unet:resnet81", "Did you mean 'resnet18'"),
        ("Unett:resnet18", "Did you mean 'Unet'"),
        ("Unet:tu-resnet81", "resn"),
    ],
)
def test_unknown_names_of_the_library_get_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        create(name, 2, 32, task="segment")


def test_an_encoder_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(InputError, match=r"--model PAN:mit_b0"):
        create("PAN:mit_b0", 2, 64, task="segment")


@pytest.mark.parametrize("name", SEGMENTERS)
def test_layer_tables(name: str) -> None:
    """At an oblong size; counts are torch's own."""
    from torch.utils.flop_counter import FlopCounterMode

    from optotype.studies.describing import describe

    table = describe(name, input=(3, 90, 122), num_classes=11)
    model = create(name, 11, (90, 122), task="segment")
    module = model.module.eval().to("meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.zeros(1, 3, 90, 122, device="meta"))
    assert table.output == (11, 90, 122)
    assert table.parameters == model.parameters
    assert table.macs == counter.get_total_flops() / 2


def test_layer_table_of_fcn_basic() -> None:
    from optotype.studies.describing import describe

    table = describe("fcn_basic", input=(3, 360, 480))
    rows = [(layer.kind, layer.channels_out, layer.output[1:], layer.stride) for layer in table.layers]
    convolutions = [row for row in rows if "conv" in row[0]]
    two, one = (2, 2), (1, 1)
    assert [row[1:] for row in convolutions] == [
        (32, (180, 240), two), (64, (90, 120), two), (128, (45, 60), two), (256, (23, 30), two), (512, (12, 15), two),
        (512, (23, 30), two), (256, (45, 60), two), (128, (90, 120), two), (64, (180, 240), two),
        (32, (360, 480), two), (21, (360, 480), one),
    ]  # fmt: skip


def test_layer_table_of_an_architecture_with_an_encoder() -> None:
    from optotype.studies.describing import describe

    assert describe("FPN:resnet18", num_classes=4).parameters == describe("FPN-resnet18", num_classes=4).parameters
