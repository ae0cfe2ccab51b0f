"""Models by name, weights from files, hardware."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from optotype.errors import InputError
from optotype.nn import hardware, hub, models
from optotype.nn.models import MODELS, create
from optotype.nn.small_cnn import SmallCNN
from optotype.nn.weights import read_state, tensors_sha256


def test_small_cnn_is_the_network_of_the_course() -> None:
    model = create("small_cnn", 10, 224)
    layers = [type(layer).__name__ for layer in model.module.features]  # type: ignore[union-attr]
    assert layers == ["Conv2d", "ReLU", "MaxPool2d"] * 3
    convolutions = [m for m in model.module.modules() if isinstance(m, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size, c.stride, c.padding) for c in convolutions] == [
        (3, 32, (3, 3), (1, 1), (1, 1)), (32, 64, (3, 3), (1, 1), (1, 1)), (64, 128, (3, 3), (1, 1), (1, 1)),
    ]  # fmt: skip
    pools = [(m.kernel_size, m.stride) for m in model.module.modules() if isinstance(m, nn.MaxPool2d)]
    assert pools == [(4, 4), (2, 2), (2, 2)]
    weights = 3 * 9 * 32 + 32 + 32 * 9 * 64 + 64 + 64 * 9 * 128 + 128 + 128 * 14 * 14 * 10 + 10
    assert model.parameters == weights
    assert model.head == {"head.weight", "head.bias"}


@pytest.mark.parametrize("name", [*MODELS, "resnet18"])
@pytest.mark.parametrize("size", [33, 64])
def test_every_model_gives_one_logit_a_class(name: str, size: int) -> None:
    module = create(name, 5, size).module.eval()
    assert module(torch.zeros(2, 3, size, size)).shape == (2, 5)


def test_a_transformer_is_built_for_the_size_asked_for() -> None:
    model = create("vit_tiny_patch16_224", 3, 64)
    assert model.module.eval()(torch.zeros(1, 3, 64, 64)).shape == (1, 3)
    assert model.mean == (0.5, 0.5, 0.5)
    assert model.head == {"head.weight", "head.bias"}


def test_the_seed_decides_the_weights_and_the_global_state_is_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (tensors_sha256(create("small_cnn", 2, 16, seed=s).module.state_dict()) for s in (1, 1, 2))
    assert one == same != other
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("resnet81", "Did you mean 'resnet18'"), ("small_cn", "Did you mean 'small_cnn'"), ("hf-hub:a/b", "Choose one")],
)
def test_unknown_names_get_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(InputError, match=hint):
        create(name, 2, 32)


def test_unknown_tag_of_weights() -> None:
    with pytest.raises(InputError, match=r"weights of resnet18[\s\S]*Did you mean 'a\d_in1k'"):
        create("resnet18.a9_in1k", 2, 32)


@pytest.mark.parametrize("size", [8, 15])
def test_too_small_an_input_is_refused(size: int) -> None:
    with pytest.raises(InputError, match="16 or more"):
        create("small_cnn", 2, size)


def test_an_input_that_a_model_cannot_take_is_refused() -> None:
    with pytest.raises(InputError, match="--model"):
        create("inception_v3", 2, 64)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("wrapper", ["", "state_dict", "model", "model_state"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_weights_of_a_file_are_the_weights_of_the_model(tmp_path: Path, suffix: str, wrapper: str, prefix: str) -> None:
    if wrapper and suffix == ".safetensors":
        pytest.skip("safetensors files hold nothing but tensors")
    source = create("small_cnn", 4, 16, seed=3).module
    state = {prefix + name: value for name, value in source.state_dict().items()}
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(state, path)
    else:
        torch.save({wrapper: state, "epoch": 3} if wrapper else state, path)
    model = create("small_cnn", 4, 16, weights=str(path))
    for name, value in model.module.state_dict().items():
        assert torch.equal(value, source.state_dict()[name])
    assert model.weights["source"] == str(path)
    assert len(model.weights["sha256"]) == 64
    assert "head" not in model.weights
    assert str(path) in model.line()


def test_the_head_is_new_where_the_class_count_differs(tmp_path: Path) -> None:
    source = create("resnet18", 7, 32, seed=3).module
    torch.save(source.state_dict(), tmp_path / "w.pth")
    model = create("resnet18", 4, 32, weights=str(tmp_path / "w.pth"), seed=9)
    fresh = create("resnet18", 4, 32, seed=9).module.state_dict()
    loaded = model.module.state_dict()
    assert torch.equal(loaded["conv1.weight"], source.state_dict()["conv1.weight"])
    assert torch.equal(loaded["fc.weight"], fresh["fc.weight"])
    assert "number of classes" in model.weights["head"]


def test_weights_without_a_head_get_a_new_one(tmp_path: Path) -> None:
    state = {k: v for k, v in create("small_cnn", 7, 16).module.state_dict().items() if not k.startswith("head")}
    torch.save(state, tmp_path / "w.pt")
    assert "head" in create("small_cnn", 4, 16, weights=str(tmp_path / "w.pt")).weights


def test_tensors_that_do_not_fit_are_named(tmp_path: Path) -> None:
    state = create("small_cnn", 4, 16).module.state_dict()
    path = tmp_path / "w.pt"
    torch.save({**state, "extra": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="'extra' is unknown"):
        create("small_cnn", 4, 16, weights=str(path))
    torch.save({k: v for k, v in state.items() if k != "features.3.bias"}, path)
    with pytest.raises(InputError, match=r"'features.3.bias' is missing"):
        create("small_cnn", 4, 16, weights=str(path))
    torch.save({**state, "features.0.weight": torch.zeros(32, 1, 3, 3)}, path)
    with pytest.raises(InputError, match=r"'features.0.weight' has shape \(32, 1, 3, 3\), not \(32, 3, 3, 3\)"):
        create("small_cnn", 4, 16, weights=str(path))
    torch.save(state, path)
    with pytest.raises(InputError, match=r"'head.weight' has shape"):  # another size, not another class count
        create("small_cnn", 4, 32, weights=str(path))


class Evil:
    """Runs code when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("ran"),)  # type: ignore[return-value]


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rubbish", b"\x80\x04rubbish", b"\x08" + b"\0" * 60])
def test_rubbish_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_state(path)


def test_code_in_a_file_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Evil()}, tmp_path / "w.pt")
    with pytest.raises(InputError, match="weights only"):
        read_state(tmp_path / "w.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [{}, {"a": 1}, [1], {"a": torch.zeros(1), "b": "text"}])
def test_files_without_tensors_by_name_are_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(InputError, match="tensors by name"):
        read_state(tmp_path / "w.pt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.pt"):
        create("small_cnn", 2, 16, weights=str(tmp_path / "nowhere.pt"))


def test_the_hub_without_a_network_says_how_to_supply_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "unreachable", lambda address: "no network in this test")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *names: None)
    with pytest.raises(InputError, match=r"no network in this test[\s\S]*--weights FILE"):
        create("resnet18", 2, 32, weights="hub")
    with pytest.raises(InputError, match="no pretrained weights of small_cnn"):
        create("small_cnn", 2, 32, weights="hub")


def test_the_hub_cache_is_used_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save_file

    source = create("resnet18", 1000, 32, seed=4).module.state_dict()
    save_file(source, tmp_path / "model.safetensors")
    cached = str(tmp_path / "model.safetensors")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *names: cached)
    monkeypatch.setattr(hub, "unreachable", lambda address: pytest.fail("asked the network"))
    model = create("resnet18", 3, 32, weights="hub")
    assert torch.equal(model.module.state_dict()["conv1.weight"], source["conv1.weight"])
    assert model.weights["source"] == "hub"
    assert model.weights["licence"] == "apache-2.0"
    assert model.weights["sha256 of the tensors"] == tensors_sha256(source, without=model.head)


def test_without_hub_nothing_asks_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*arguments: object) -> None:
        pytest.fail("opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    create("resnet18", 2, 32)


def test_hardware_is_chosen_by_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "bf16_unit", lambda: "amx_bf16")
    fast = hardware.choose("cpu")
    assert (fast.precision, fast.dtype) == ("bfloat16", torch.bfloat16)
    assert "amx_bf16" in fast.line()
    monkeypatch.setattr(hardware, "bf16_unit", lambda: "")
    assert hardware.choose("cpu").precision == "float32"
    assert "though" in hardware.choose("cpu", "bfloat16").reason
    assert hardware.choose("cpu", threads=3).threads == 3
    monkeypatch.setattr(hardware, "usable_cores", lambda: 8)
    assert hardware.choose("cpu", local_ranks=3).threads == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="--device auto"):
        hardware.choose("cuda")


def test_features_are_read_from_the_system_where_torch_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(hardware, "_cpuinfo", lambda key: "fpu avx512_bf16 amx_bf16 sse")
    assert hardware.bf16_unit() == "amx_bf16"
    monkeypatch.setattr(hardware, "_cpuinfo", lambda key: "fpu sse")
    assert hardware.bf16_unit() == ""


def test_models_is_what_the_names_say() -> None:
    assert models.MODELS is MODELS
    assert isinstance(MODELS["small_cnn"](2, 16), SmallCNN)
