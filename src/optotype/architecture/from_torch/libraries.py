"""The models of the libraries: their names, their usual inputs, how to make one without pretrained weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from torch import nn

from optotype.errors import InputError

USUAL = (3, 224, 224)
SEGMENTATION = (3, 520, 520)
DETECTION = (3, 800, 800)
VIDEO = (3, 16, 112, 112)

DETECTOR = (
    "What a detector does with what it finds depends on the image: those rows are the ones of random weights and a "
    "black image."
)

Make = Callable[[int | None, tuple[int, ...] | None], nn.Module]
"""A model for a number of classes (None: the library's own) and an input (None: its usual one)."""

Own = Mapping[str, Callable[[int, int], nn.Module]]
"""Models of ours: name → function of (classes, side of the input)."""


@dataclass(frozen=True)
class AnySize:
    """A network of ours that takes images of any height and width, made from the number of its classes alone."""

    make: Callable[[int], nn.Module]

    def __call__(self, classes: int, _side: int) -> nn.Module:
        """As the square ones are made."""
        return self.make(classes)


CLASSES, DENSE_CLASSES = 1000, 21
"""Classes where nothing is said: ImageNet's, and VOC's for networks that give an image back."""


@dataclass(frozen=True)
class Entry:
    """A model of a library. ``detects``: it is called with a list of images, and what it does depends on them."""

    name: str
    source: str
    input_shape: tuple[int, ...]
    make: Make
    detects: bool = False
    images: int = 1


def ours(name: str, own: Own) -> Entry | None:
    """A model of ours; those that are not ``AnySize`` take square images."""
    if name not in own:
        return None
    dense = isinstance(own[name], AnySize)

    def make(classes: int | None, shape: tuple[int, ...] | None) -> nn.Module:
        sides = (shape or USUAL)[1:]
        if len(set(sides)) != 1 and not dense:
            got = "×".join(map(str, shape or ()))
            raise InputError("--input", f"a square image, as {name} takes", got, "Give both sides alike.")
        try:
            return own[name](classes or (DENSE_CLASSES if dense else CLASSES), sides[0])
        except InputError as error:
            raise InputError("--input", f"sides of {error.expected}", error.got, error.fix) from None

    return Entry(name, "optotype", USUAL, make)


def timm(name: str) -> Entry | None:
    """A model of timm; a tag after a dot names its weights, of which only the input's size is used."""
    import timm as library

    if not library.is_model(name.partition(".")[0]):
        return None
    try:
        config = library.models.get_pretrained_cfg(name)
    except RuntimeError:  # no such tag
        return None
    usual = tuple(config.input_size) if config is not None else USUAL

    def make(classes: int | None, shape: tuple[int, ...] | None) -> nn.Module:
        options: dict[str, Any] = {} if classes is None else {"num_classes": classes}
        if shape is not None and shape[1:] != usual[1:] and config is not None and config.fixed_input_size:
            options["img_size"] = shape[1:]
        return library.create_model(name.partition(".")[0], pretrained=False, **options)

    return Entry(name, f"timm {library.__version__}", usual, make)


def torchvision(name: str) -> Entry | None:
    """A model of torchvision; quantised ones are not supported."""
    import torchvision as library

    if name not in library.models.list_models() or name.startswith("quantized_"):
        return None
    builder = library.models.get_model_builder(name)
    parameters = inspect.signature(builder).parameters
    area = builder.__module__.removeprefix("torchvision.models.").partition(".")[0]
    usual = _torchvision_input(library, name, area)

    def make(classes: int | None, shape: tuple[int, ...] | None) -> nn.Module:
        options: dict[str, Any] = {"weights": None}
        if "weights_backbone" in parameters:
            options["weights_backbone"] = None
        if name in ("googlenet", "inception_v3"):
            options["init_weights"] = False  # slow, and the numbers do not matter
        if classes is not None:
            options["num_classes"] = classes
        if name.startswith("vit_"):
            options["image_size"] = (shape or usual)[-1]
        return builder(**options)  # type: ignore[no-any-return]

    images = 2 if area == "optical_flow" else 1
    return Entry(name, f"torchvision {library.__version__}", usual, make, area == "detection", images)


def smp(name: str) -> Entry | None:
    """A model of segmentation-models-pytorch: ``Unet``, or with an encoder ``Unet-resnet50``."""
    import segmentation_models_pytorch as library

    kinds = {c.__name__.lower(): c for c in library.MODEL_ARCHITECTURES_MAPPING.values()}
    word, _, encoder = name.partition("-")
    kind = kinds.get(word.lower())
    if kind is None:
        return None
    encoder = encoder or inspect.signature(kind).parameters["encoder_name"].default
    if not encoder.startswith("tu-") and encoder not in library.encoders.get_encoder_names():
        return None

    def make(classes: int | None, _: tuple[int, ...] | None) -> nn.Module:
        return kind(encoder_name=encoder, encoder_weights=None, classes=classes or 1)  # type: ignore[no-any-return]

    full = f"{kind.__name__}-{encoder}"
    return Entry(full, f"segmentation-models-pytorch {library.__version__}", USUAL, make)


def is_architecture(word: str) -> bool:
    """Whether segmentation-models-pytorch, if it is installed, has an architecture of this name."""
    if find_spec("segmentation_models_pytorch") is None:
        return False
    import segmentation_models_pytorch as library

    return word in {kind.__name__ for kind in library.MODEL_ARCHITECTURES_MAPPING.values()}


def names(library: str, own: Own) -> list[str]:
    """All names that a library knows."""
    if library == "optotype":
        return list(own)
    if library == "timm":
        import timm as found

        return list(found.list_models())
    if library == "torchvision":
        import torchvision as vision

        return [name for name in vision.models.list_models() if not name.startswith("quantized_")]
    import segmentation_models_pytorch as seg

    kinds = [c.__name__ for c in seg.MODEL_ARCHITECTURES_MAPPING.values()]
    return kinds + [f"{kind}-{encoder}" for kind in kinds for encoder in seg.encoders.get_encoder_names()]


def _torchvision_input(library: Any, name: str, area: str) -> tuple[int, ...]:
    """The size that its weights were measured at, as far as torchvision says."""
    weights = library.models.get_model_weights(name)
    best = next((w for w in weights), None)
    meta = best.meta if best is not None else {}
    crop = getattr(best.transforms, "keywords", {}).get("crop_size") if best is not None else None
    if area == "video":
        side = crop[-1] if isinstance(crop, (tuple, list)) else crop or VIDEO[-1]
        return (3, max(VIDEO[1], meta.get("min_temporal_size", 0)), side, side)
    if area in ("detection", "segmentation"):
        return DETECTION if area == "detection" else SEGMENTATION
    if area == "optical_flow":
        return (3, *meta.get("min_size", USUAL[1:]))
    side = crop if isinstance(crop, int) else USUAL[-1]
    return (3, side, side)
