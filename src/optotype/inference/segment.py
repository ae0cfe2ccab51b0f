"""What a network says of the pixels of images: label maps at the images' own sizes, one PNG an image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from optotype.data.images import opened, orientation
from optotype.errors import InputError
from optotype.formats import (
    is_masks,
    read_items,
    read_mask_classes,
    read_mask_manifest,
    read_masks,
    write_label_map,
)
from optotype.formats.mask_manifest import holds_masks
from optotype.inference.feeding import batches
from optotype.inference.load import Loaded, load_run
from optotype.inference.onnx_network import OnnxNetwork
from optotype.mask_classes import MaskClasses, made_colours
from optotype.nn.hardware import choose
from optotype.nn.models import Model, create
from optotype.nn.segment.deeplab_files import network_of
from optotype.nn.weights import read_state
from optotype.runs import RunFolder
from optotype.tables import Items
from optotype.training.segmenting import label_map

LISTS = {19: "cityscapes", 21: "voc"}
"""Number of outputs → the list whose classes they are, for networks that do not name them."""

TURNED = 5
"""EXIF orientations from here on swap width and height."""


@dataclass(frozen=True)
class Segmenting:
    """A network of segmentation and what its classes are painted in, (K, 3)."""

    loaded: Loaded
    colours: NDArray[np.uint8]


def items_of(path: Path, split: str | None = None) -> Items:
    """The frames of a data set of label maps, or any images; keys are paths without suffix.

    Raises InputError where frames have no image, or two images would get one label map.
    """
    masks = is_masks(path) or (path.is_file() and holds_masks(path))
    items = read_masks(path, split=split).masks.items if masks else read_items(path, split=split)
    named = list(zip(items.key.tolist(), items.path.tolist(), strict=True))
    if lost := [key for key, file in named if not file]:
        raise InputError(str(path), "an image for each frame", f"none of '{lost[0]}'", "Give the folder of the images.")
    keys = [key if masks else key.removesuffix(Path(file).suffix) for key, file in named]
    if twice := [key for key, count in Counter(keys).items() if count > 1]:
        got = f"two of '{twice[0]}'"
        raise InputError(str(path), "one image a name, whatever its suffix", got, "Rename one of them.")
    return replace(items, key=np.array(keys))


def open_model(
    model: Path,
    items: Items,
    *,
    classes: str | Path | None = None,
    size: tuple[int, int] | None = None,
    device: str = "auto",
    threads: int = 0,
) -> Segmenting:
    """The network of a run's folder, of an ONNX file, or of a checkpoint of DeepLabV3Plus-Pytorch.

    ``classes`` names the outputs where the file does not (19 are taken for Cityscapes' and 21 for VOC's); ``size``
    (height, width) is what images are squeezed to where neither run nor file says: by default the first image's own.
    Raises InputError for anything else, and where both say different things.
    """
    known = None if classes is None else read_mask_classes(classes)
    if model.is_dir():
        return _of_run(RunFolder(model), known, size, device, threads)
    if not model.is_file():
        raise InputError(str(model), "the folder of a run, an .onnx or a .pth file", "nothing there", "Check the path.")
    of_file = _of_onnx if model.suffix.lower() == ".onnx" else _of_checkpoint
    return of_file(model, known, size, items, device, threads)


def segment(
    segmenting: Segmenting,
    items: Items,
    out: Path,
    *,
    batch_size: int = 8,
    threads: int = 0,
    said: Callable[[int], None] | None = None,
) -> None:
    """Write ``out/KEY.png`` for each item: class indices at the image's own size, with the classes' colours as palette.

    The logits grow bilinearly to the image's size and the greatest is taken. ``said`` is told how many are written.
    """
    done = 0
    for rows, logits in _outputs(segmenting.loaded, items, batch_size, threads):
        for row, each in zip(rows, logits, strict=True):
            width, height = upright_size(items.file(row))
            write_label_map(out / f"{items.key[row]}.png", label_map(each, (height, width)), segmenting.colours)
        done += len(rows)
        if said is not None:
            said(done)


def upright_size(path: Path) -> tuple[int, int]:
    """Width and height of an image as it is shown, of which nothing but the header is read."""
    with opened(path) as image:
        return image.size if orientation(image) < TURNED else (image.height, image.width)


def _outputs(loaded: Loaded, items: Items, batch_size: int, threads: int) -> Iterator[tuple[list[int], torch.Tensor]]:
    """Rows of the items and their logits, batch by batch."""
    fed = batches(loaded, items, batch_size=batch_size, threads=threads, cache=None)
    with loaded.hardware.computing(), torch.inference_mode():
        for batch in fed:
            images = batch.images.to(loaded.hardware.device, non_blocking=True)
            yield batch.index.tolist(), loaded.model.module(images).float()


def _of_run(
    folder: RunFolder, known: MaskClasses | None, size: tuple[int, int] | None, device: str, threads: int
) -> Segmenting:
    loaded = load_run(folder, device=device, threads=threads)
    if loaded.task != "segment":
        raise InputError(
            str(folder.path), "a model for the task 'segment'", f"one for '{loaded.task}'", "Name another run."
        )
    for given, option in ((known, "--classes"), (size, "--size")):
        if given is not None:
            raise InputError(option, "none: the run says it", "one", f"Leave {option} out.")
    if folder.data.is_file() and holds_masks(folder.data):
        return Segmenting(loaded, read_mask_manifest(folder.data).colours)
    return Segmenting(loaded, made_colours(len(loaded.classes)))


def _of_onnx(
    path: Path, known: MaskClasses | None, size: tuple[int, int] | None, items: Items, _device: str, threads: int
) -> Segmenting:
    hardware = choose("cpu", "float32", threads=threads)
    module = OnnxNetwork(path, classes=None if known is None else len(known.names), threads=hardware.threads)
    classes = _classes(path, known, module.classes)
    if size is not None and module.size not in (None, size):
        got = f"{size[0]}x{size[1]}"
        raise InputError("--size", f"none: {path.name} takes {module.size} only", got, "Leave --size out.")
    model = Model(path.name, module, module.classes, module.size or size or _size_of(items), task="segment")
    return Segmenting(Loaded(model, classes.names, "segment", 0, hardware), classes.colours)


def _of_checkpoint(
    path: Path, known: MaskClasses | None, size: tuple[int, int] | None, items: Items, device: str, threads: int
) -> Segmenting:
    state = read_state(path)
    name = network_of(state)
    if name is None:
        raise InputError(
            str(path), "an .onnx file, or a checkpoint of DeepLabV3Plus-Pytorch (MobileNetV2 or ResNet-101)",
            "weights that do not say what network they are of", "Train with --weights FILE, and predict with the run.",
        )  # fmt: skip
    outputs = len(state["classifier.classifier.3.bias"])
    classes = _classes(path, known, outputs)
    hardware = choose(device, "float32", threads=threads)
    model = create(name, outputs, size or _size_of(items), task="segment", weights=str(path))
    hardware.place(model.module)
    model.module.eval()
    return Segmenting(Loaded(model, classes.names, "segment", 0, hardware), classes.colours)


def _size_of(items: Items) -> tuple[int, int]:
    """Height and width of the first image."""
    width, height = upright_size(items.file(0))
    return height, width


def _classes(path: Path, known: MaskClasses | None, outputs: int) -> MaskClasses:
    """The given classes, or the list that has as many as the network."""
    if known is None and outputs in LISTS:
        known = read_mask_classes(LISTS[outputs])
    if known is None:
        raise InputError(str(path), f"names for its {outputs} classes", "none", "Give --classes.")
    if len(known.names) != outputs:
        raise InputError(
            "--classes", f"{outputs} names, as {path.name} has outputs", str(len(known.names)), "Check the list."
        )
    return known
