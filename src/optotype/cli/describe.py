"""``optotype describe``."""

from __future__ import annotations

from typing import Literal


def describe(
    model: str,
    /,
    *,
    input: str | None = None,
    num_classes: int | None = None,
    format: Literal["table", "md", "tex", "json"] = "table",
) -> None:
    """What a network is made of: its layers with shapes, parameters, multiply-accumulates and receptive fields.

    Parameters
    ----------
    model
        A name of ours, timm, torchvision or segmentation-models-pytorch (resnet18, torchvision:vgg16, Unet-resnet50),
        the folder of a run, or an .onnx file.
    input
        Shape of one item such as 3x224x224; default: the model's own.
    num_classes
        Outputs of the head, where the model is given by name; default: the library's own.
    format
        table (for reading), md, tex, or json (the numbers).
    """
    import sys

    from optotype.cli import console
    from optotype.studies.describing import describe as work
    from optotype.studies.describing import render

    found = work(model, input=None if input is None else _shape(input), num_classes=num_classes)
    sys.stdout.write(render(found, format))
    if format == "table" and sys.stdout.isatty() and console.out.width < max(map(len, str(found).splitlines()[:2])):
        console.say(f"wider than this terminal; unfolded: optotype describe {model} | less -S")


def _shape(text: str) -> tuple[int, ...]:
    """The numbers of a shape.

    >>> _shape("3x224x224"), _shape("3×64×64")
    ((3, 224, 224), (3, 64, 64))
    """
    from optotype.errors import InputError

    parts = text.lower().replace("×", "x").replace(",", "x").split("x")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise InputError("--input", "channels × height × width, such as 3x224x224", repr(text), "Write such a shape.")
    return tuple(int(part) for part in parts)
