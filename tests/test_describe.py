"""``optotype describe``: names, runs, files and modules, every format, and what is said about wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

import optotype
from optotype.architecture import record
from optotype.cli import run
from optotype.inference.load import load_run
from optotype.runs import RunFolder
from optotype.studies.describing import render
from optotype.theory.layers import Architecture
from test_theory_shapes import COURSE
from training_tools import photos
from training_tools import run as train

torch = pytest.importorskip("torch")
pytest.importorskip("timm")


def test_small_cnn_is_what_its_docstring_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["describe", "small_cnn", "--input", "3x64x64", "--num-classes", "10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines]
    convolutions = [row for row in rows if row[1:2] == ["conv"]]
    assert [row[2:8] for row in convolutions] == [
        ["3", "→", "32", "3", "1/1/1", "relu"],
        ["32", "→", "64", "3", "1/1/1", "relu"],
        ["64", "→", "128", "3", "1/1/1", "relu"],
    ]
    parameters = (3 * 9 + 1) * 32 + (32 * 9 + 1) * 64 + (64 * 9 + 1) * 128 + (128 * 16 + 1) * 10
    macs = 64 * 64 * 32 * 27 + 16 * 16 * 64 * 288 + 8 * 8 * 128 * 576 + 2048 * 10
    assert f"parameters        {parameters:,}" in lines
    assert f"MACs              {macs:,}" in lines


def test_resnet18_by_name() -> None:
    table = optotype.describe("resnet18", input=(3, 224, 224))
    assert table.parameters == 11_689_512
    assert table.macs == 1_814_073_344
    assert table.output == (1000,)
    assert table.source.startswith("timm ")


def test_json_is_the_record_with_its_totals(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["describe", "small_cnn", "--input", "3x32x32", "--format", "json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["format"] == "optotype.describe/1"
    table = msgspec.convert(content["architecture"], Architecture)
    assert table == optotype.describe("small_cnn", input=(3, 32, 32))
    totals = {"parameters": table.parameters, "macs": table.macs, "peak_bytes": table.peak_bytes}
    assert content["totals"] == totals


@pytest.mark.parametrize(("kind", "signs"), [("md", ["| layer |", "| conv |"]), ("tex", [r"\begin{tabular}", "conv"])])
def test_documents(kind: str, signs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["describe", "small_cnn", "--input", "3x32x32", "--format", kind]) == 0
    text = capsys.readouterr().out
    assert all(sign in text for sign in signs)
    assert "receptive field" in text


def test_a_run_is_described_as_it_was_trained(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos")
    train(tmp_path, data, "first")
    folder = RunFolder(tmp_path / "first")
    model = load_run(folder, device="cpu").model
    table = optotype.describe(folder.path)
    assert table.name == "first"
    assert table.parameters == model.parameters
    assert table.output == (model.classes,)
    assert table.layers == record.read(folder.architecture).layers


def test_a_module_of_the_user() -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 2))
    table = optotype.describe(module, input=(1, 8, 8))
    assert [(row.kind, row.activation, row.output) for row in table.layers] == [
        ("conv", "relu", (4, 6, 6)),
        ("linear", "", (2,)),
    ]
    assert module.training
    with pytest.raises(optotype.InputError, match="input=\\(3, 224, 224\\)"):
        optotype.describe(module)


def test_the_golden_chain_is_the_modules() -> None:
    from optotype.theory import chain

    layers = [
        torch.nn.Conv2d(3, 5, 5),
        torch.nn.Conv2d(5, 10, 7),
        torch.nn.MaxPool2d(3, 2),
        torch.nn.Conv2d(10, 1, 13, stride=10),
        torch.nn.Flatten(),
        torch.nn.Linear(121, 512),
        torch.nn.Linear(512, 10),
    ]
    traced = optotype.describe(torch.nn.Sequential(*layers), input=(3, 256, 256))
    by_hand = chain.walk((3, 256, 256), COURSE)
    unnamed = [msgspec.structs.replace(row, name="") for row in traced.layers]
    assert unnamed == [msgspec.structs.replace(row, name="") for row in by_hand.layers]
    assert traced.parameters == 72125
    assert traced.peak_bytes == by_hand.peak_bytes


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["resnet81"], "Did you mean 'resnet"),
        (["resnet18", "--input", "3x224"], "--input"),
        (["resnet18", "--input", "3x224xbig"], "'3x224xbig'"),
        (["resnet18", "--input", "0x224x224"], "'0x224x224'"),
        (["torchvision:resnet18", "--input", "1x224x224"], "--input"),
        (["small_cnn", "--input", "3x8x8"], "16 or more"),
        (["resnet18", "--num-classes", "0"], "--num-classes"),
        (["nowhere/net.onnx"], "no such file"),
        (["{folder}/weights.pt"], "does not say how they are connected"),
        (["{folder}"], "a folder without a run"),
        (["{folder}/notes.txt"], "another file"),
        (["{folder}/runs/gone"], "no such file or folder"),
        (["{folder}/empty.onnx"], "to do:"),
    ],
)
def test_wrong_input_says_what_to_do(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("weights.pt", "notes.txt", "empty.onnx"):
        (tmp_path / name).write_bytes(b"?")
    assert run(["describe", *(word.format(folder=tmp_path) for word in words)]) == 1
    text = capsys.readouterr().err
    assert message in text
    assert "to do:" in text


def test_names_in_a_table_cannot_become_markup() -> None:
    module = torch.nn.Sequential()
    module.add_module("<b>a|b", torch.nn.Conv2d(1, 1, 1))
    table = optotype.describe(module, input=(1, 4, 4))
    assert "<b>a|b" not in render(table, "md")
