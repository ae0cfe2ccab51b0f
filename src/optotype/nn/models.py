"""Models by name: our own in ``MODELS`` and ``SEGMENTERS``, every other name is a library's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import nn
from torch.func import functional_call

from optotype.errors import InputError
from optotype.nn import timm_models
from optotype.nn import weights as files
from optotype.nn.built import IMAGENET_MEAN, IMAGENET_STD, Built, classifier_of, first_line
from optotype.nn.segment import pretrained, smp_models
from optotype.nn.segment.acuity import acuity
from optotype.nn.segment.deeplab import (
    DeepLabV3,
    deeplabv3_resnet50,
    deeplabv3plus_mobilenet,
    deeplabv3plus_resnet101,
)
from optotype.nn.segment.fcn_basic import fcn_basic
from optotype.nn.segment.fcn_resnet34 import FCNResNet34, fcn_resnet34
from optotype.nn.segment.parts import Segmenter
from optotype.nn.segment.segnet import SegNet, segnet
from optotype.nn.segment.unet import unet, unet_bn
from optotype.nn.small_cnn import small_cnn

MODELS: dict[str, Callable[[int, int], nn.Module]] = {
    "small_cnn": small_cnn,
}
"""Classifiers: name → function of (number of classes, side of the input). A new model is one file and one line here."""

SEGMENTERS: dict[str, Callable[[int], Segmenter]] = {
    "unet": unet,
    "unet_bn": unet_bn,
    "acuity": acuity,
    "fcn_basic": fcn_basic,
    "fcn_resnet34": fcn_resnet34,
    "segnet": segnet,
    "deeplabv3_resnet50": deeplabv3_resnet50,
    "deeplabv3plus_mobilenet": deeplabv3plus_mobilenet,
    "deeplabv3plus_resnet101": deeplabv3plus_resnet101,
}
"""Networks of segmentation: name → function of the number of classes. They take images of any height and width.
Others are segmentation-models-pytorch's: ``DeepLabV3Plus:resnet50``."""

PRETRAINED: dict[type[nn.Module], Callable[[Any], Built]] = {
    SegNet: pretrained.encoder,
    FCNResNet34: pretrained.encoder,
    DeepLabV3: pretrained.coco,
}
"""Networks of segmentation that have pretrained weights: class → function that loads them into one."""

Task = Literal["classify", "segment"]


@dataclass(frozen=True)
class Model:
    """A network with what is needed to feed it.

    ``shape`` is the height and width of its inputs. ``mean`` and ``std`` normalise RGB in 0–1; ``head`` names the
    parameters of the classifier, ``encoder`` those of the part that shrinks the image (segmentation); ``weights`` says
    where the weights come from (``source``, and for loaded ones ``sha256``, ``licence`` …).
    """

    name: str
    module: nn.Module
    classes: int
    shape: tuple[int, int]
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    head: frozenset[str] = frozenset()
    encoder: frozenset[str] = frozenset()
    weights: dict[str, str] = field(default_factory=dict)
    task: Task = "classify"

    @property
    def size(self) -> int:
        """Side of the input, which is a square unless the task is segmentation."""
        height, width = self.shape
        assert height == width, "a square input"
        return height

    @property
    def parameters(self) -> int:
        """Number of trainable numbers."""
        return sum(p.numel() for p in self.module.parameters())

    def line(self) -> str:
        """One line for a person: name, size, and which weights are used."""
        return (
            f"model: {self.name}, {self.parameters / 1e6:.2f} M parameters, input 3×{self.shape[0]}×{self.shape[1]}, "
            f"{self.classes} classes; weights: {describe(self.weights)}"
        )


def create(
    name: str,
    classes: int,
    size: int | tuple[int, int],
    *,
    task: Task = "classify",
    weights: str = "none",
    seed: int = 0,
) -> Model:
    """A model of a task with a head for ``classes`` classes.

    ``size``: side of the input, or its (height, width) in segmentation, where the logits (b, K, h, w) have the height
    and width of the images. ``weights``: ``none`` (random, decided by ``seed``), ``hub`` (pretrained; downloaded or
    taken from the cache) or a file (.safetensors, or .pt/.pth, of which nothing but weights is loaded). The head
    stays random where the file's has another number of classes. Torch's global random state is left as it was.
    Raises InputError for an unknown name, for weights that do not fit, and where the hub cannot be reached.
    """
    shape = (size, size) if isinstance(size, int) else size
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        make = _classifier if task == "classify" else _segmenter
        model = make(name, classes, shape, hub=weights == "hub")
    if weights == "none":
        return _with_weights(model, {"source": "none", "initialisation": f"random, seed {seed}"})
    if weights == "hub":
        return model
    return _with_weights(model, files.load_into(model.module, weights, model.head))


def describe(weights: dict[str, str]) -> str:
    """Which weights are used, in words."""
    facts = ", ".join(f"{key} {value}" for key, value in weights.items() if key != "source")
    return f"{weights.get('source', 'unknown')} ({facts})" if facts else weights.get("source", "unknown")


def _classifier(name: str, classes: int, shape: tuple[int, int], *, hub: bool) -> Model:
    height, width = shape
    if height != width:
        raise InputError("--size", "the side of a square, as classifiers take", f"{height}x{width}", "Give one number.")
    if name not in MODELS:
        built = timm_models.build(name, classes, height, hub=hub, known=MODELS)
    elif hub:
        raise _no_pretrained(name)
    else:
        built = Built(MODELS[name](classes, height))
    head = files.names_of(built.module, classifier_of(built.module))
    model = Model(name, built.module, classes, shape, built.mean, built.std, head, weights=built.weights)
    _check(model)
    return model


def _segmenter(name: str, classes: int, shape: tuple[int, int], *, hub: bool) -> Model:
    if name not in SEGMENTERS:
        built = smp_models.build(name, classes, hub=hub, known=SEGMENTERS)
    else:
        module = SEGMENTERS[name](classes)
        if hub and type(module) not in PRETRAINED:
            raise _no_pretrained(name)
        built = PRETRAINED[type(module)](module) if hub else Built(module)
    segmenter = built.module
    assert isinstance(segmenter, Segmenter)
    head, encoder = (files.names_of(segmenter, part()) for part in (segmenter.get_classifier, segmenter.get_encoder))
    model = Model(name, segmenter, classes, shape, built.mean, built.std, head, encoder, built.weights, "segment")
    _check_dense(model)
    return model


def _no_pretrained(name: str) -> InputError:
    expected = f"none or a file: there are no pretrained weights of {name}"
    return InputError("--weights", expected, "'hub'", "Use --weights none.")


def _check(model: Model) -> None:
    """See that the network takes images of its size and gives one logit a class."""
    with _tried(model, "Try another --size (a multiple of 32 suits most) or another model.") as module:
        shape = tuple(module(torch.zeros(1, 3, *model.shape)).shape)
    if shape != (1, model.classes):
        raise InputError(
            f"--model {model.name}", f"a classifier: outputs of shape (n, {model.classes})", str(shape),
            "Choose another model.",
        )  # fmt: skip


def _check_dense(model: Model) -> None:
    """See that the network takes images of its size and gives them back as logits: by shapes alone, which is quick."""
    nothing = {name: value.to("meta") for name, value in model.module.state_dict(keep_vars=True).items()}
    images = torch.zeros(1, 3, *model.shape, device="meta")
    with _tried(model, "Try a greater --size or another model.") as module:
        shape = tuple(functional_call(module, nothing, (images,)).shape)
    assert shape == (1, model.classes, *model.shape), f"{model.name} gives {shape}"


@contextmanager
def _tried(model: Model, fix: str) -> Iterator[nn.Module]:
    """The network in eval mode for a while, and an InputError for what it raises of images of its size."""
    was = model.module.training
    try:
        with torch.inference_mode():
            yield model.module.eval()
    except (RuntimeError, ValueError, AssertionError) as error:
        height, width = model.shape
        raise InputError(
            f"--model {model.name}", f"a model of images of {height} × {width}", first_line(error), fix
        ) from None
    finally:
        model.module.train(was)


def _with_weights(model: Model, weights: dict[str, str]) -> Model:
    return replace(model, weights=weights)
