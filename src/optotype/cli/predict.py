"""``optotype predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def predict(
    task: Literal["classify", "segment"],
    run: Path,
    data: str,
    /,
    *,
    out: Path,
    split: str | None = None,
    classes: str | None = None,
    size: str | None = None,
    batch_size: int | None = None,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
) -> None:
    """Write what a trained model says about images, for 'optotype evaluate' or anyone else.

    Parameters
    ----------
    task
        What the model does.
    run
        Folder of a training run. segment: also an .onnx file, or a checkpoint of DeepLabV3Plus-Pytorch (.pth). An
        .onnx file is given RGB (n, 3, height, width) between 0 and 1, normalised with ImageNet's mean and deviation.
    data
        Folder of images (with or without class folders), CSV with a column 'path', or a catalogued name; segment: also
        a data set of label maps.
    out
        classify: new .npz or .csv file. segment: new folder, a PNG an image with class indices at the image's own size,
        and classes.txt with the names of the classes, by which 'evaluate' reads them.
    split
        Only this split: train, val or test.
    classes
        segment, of a file: what its outputs are called: a class file, or camvid11, camvid32, voc, cityscapes, idd.
        Default: 19 outputs are Cityscapes' classes, 21 are VOC's.
    size
        segment, of a file: HEIGHTxWIDTH that images are squeezed to. Default: the file's, else the first image's.
    batch_size
        Images per step; moves the scores by rounding at most. Default: 64, segment 8.
    device
        Where to compute.
    """
    from optotype.cli import console
    from optotype.studies.predicting import predict as work

    n = work(
        task, run, data, out=out, split=split, classes=classes, size=None if size is None else _shape(size),
        batch_size=batch_size, device=device, say=console.say,
    )  # fmt: skip
    console.say(f"written: {out} ({n:,} items)")


def _shape(text: str) -> tuple[int, int]:
    """Height and width.

    >>> _shape("360x480"), _shape("512")
    ((360, 480), (512, 512))
    """
    from optotype.errors import InputError

    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise InputError("--size", "HEIGHTxWIDTH such as 360x480, or one side", repr(text), "Write such a size.")
    return int(parts[0]), int(parts[-1])
