"""What a network is made of: a model by name, of a run, of an ONNX file, or the user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optotype.architecture import record, viewing
from optotype.errors import InputError, require
from optotype.report import text
from optotype.runs import RunFolder
from optotype.theory.layers import Architecture

if TYPE_CHECKING:
    from torch import nn

_WEIGHTS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".pkl")


def describe(
    model: str | Path | nn.Module,
    *,
    input: Sequence[int] | None = None,  # noqa: A002 — the option's name
    num_classes: int | None = None,
) -> Architecture:
    """The layer table of a network: shapes, parameters, multiply-accumulates, receptive fields, peak memory.

    ``model``: a name (``resnet18``, ``torchvision:vgg16``, ``Unet-resnet50`` …; searched among ours, timm's,
    torchvision's and segmentation-models-pytorch's), the folder of a run, an ``.onnx`` file, or a torch module.
    ``input``: shape of one item, channels first; default: the model's own. ``num_classes``: outputs of the head, for
    names; default: the library's own. Nothing is downloaded, and a module is left as it was. Raises InputError for an
    unknown name, a shape the network cannot take, and a file that is not what it should be.

    >>> table = describe("small_cnn", input=(3, 64, 64), num_classes=10)
    >>> table.parameters, table.macs
    (113738, 12996608)
    """
    shape = None if input is None else tuple(input)
    if not isinstance(model, str | Path):
        from optotype.architecture.from_torch.tracing import describe_module

        if shape is None:
            raise InputError("input", "the shape of one item", "none", "Give it, such as input=(3, 224, 224).")
        return describe_module(model, shape)
    path = Path(model)
    if path.suffix.lower() == ".onnx":
        _no_classes(path, num_classes)
        require(f"describing {path.name}", "onnx", "onnx")
        from optotype.architecture.from_onnx.describing import describe_onnx

        return describe_onnx(path, input_shape=shape)
    require(f"describing '{model}'", "train", "torch")
    if RunFolder(path).config.is_file() or RunFolder(path).checkpoints.is_dir():
        _no_classes(path, num_classes)
        return _run(RunFolder(path), shape)
    if path.is_file() or len(path.parts) > 1:
        raise _no_model(path)
    try:
        return _named(str(model), shape, num_classes)
    except InputError as error:
        if error.where == "model" and path.is_dir():
            raise _no_model(path) from None
        raise


def render(architecture: Architecture, format: str) -> str:  # noqa: A002 — the option's name
    """A layer table as text: table, md, tex, or the numbers as json (``optotype.describe/1``)."""
    if format == "md":
        return text.markdown(viewing.page(architecture))
    if format == "tex":
        return text.latex(viewing.page(architecture))
    if format == "json":
        return record.encode(architecture).decode()
    return f"{architecture.name} ({viewing.subtitle(architecture)})\n\n{architecture}\n"


def _named(name: str, shape: tuple[int, ...] | None, num_classes: int | None) -> Architecture:
    if num_classes is not None and num_classes < 1:
        raise InputError("--num-classes", "1 or more", str(num_classes), "Give the number of the head's outputs.")
    from optotype.architecture.from_torch.find import describe_model
    from optotype.architecture.from_torch.libraries import AnySize
    from optotype.nn.models import MODELS, SEGMENTERS

    own: dict[str, Callable[[int, int], nn.Module]] = {
        **MODELS,
        **{each: AnySize(make) for each, make in SEGMENTERS.items()},
    }
    return describe_model(name, own=own, num_classes=num_classes, input_shape=shape)


def _run(folder: RunFolder, shape: tuple[int, ...] | None) -> Architecture:
    from optotype.architecture.from_torch.tracing import describe_module
    from optotype.inference.load import load_run

    loaded = load_run(folder, device="cpu")
    model = loaded.model
    return describe_module(
        model.module,
        shape or (3, *model.shape),
        name=folder.path.name,
        source=f"{model.name} of a run, {model.classes} classes",
    )


def _no_classes(path: Path, num_classes: int | None) -> None:
    if num_classes is not None:
        raise InputError("--num-classes", f"none: {path} has its head already", str(num_classes), "Leave it out.")


def _no_model(path: Path) -> InputError:
    fix = "Give a name, a run or an .onnx file."
    if path.suffix.lower() in _WEIGHTS and path.exists():
        got, fix = "a file of weights, which does not say how they are connected", "Give the model's name instead."
    elif path.exists():
        got = "a folder without a run" if path.is_dir() else "another file"
    else:
        got = "no such file or folder"
    return InputError(str(path), "a model's name, the folder of a run, or an .onnx file", got, fix)
