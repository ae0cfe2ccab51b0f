"""Models by name: our own in ``MODELS`` and ``SEGMENTERS``, every other name is a library's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import nn
from torch.func import functional_call

from optotype.errors import InputError, MissingExtraError, did_you_mean
from optotype.nn import weights as files
from optotype.nn.hub import hub_options, no_hub
from optotype.nn.segment.acuity import acuity
from optotype.nn.segment.parts import Segmenter
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
}
"""Networks of segmentation: name → function of the number of classes. They take images of any height and width."""

Task = Literal["classify", "segment"]

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


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
        model = _timm(name, classes, height, hub=hub)
    elif hub:
        raise _no_pretrained(name)
    else:
        module = MODELS[name](classes, height)
        model = Model(name, module, classes, shape, head=_head(module))
    _check(model)
    return model


def _segmenter(name: str, classes: int, shape: tuple[int, int], *, hub: bool) -> Model:
    if name not in SEGMENTERS:
        raise InputError("--model", "a network of segmentation", repr(name), did_you_mean(name, SEGMENTERS))
    if hub:
        raise _no_pretrained(name)
    module = SEGMENTERS[name](classes)
    encoder = _names(module, module.get_encoder())
    model = Model(name, module, classes, shape, head=_head(module), encoder=encoder, task="segment")
    _check_dense(model)
    return model


def _no_pretrained(name: str) -> InputError:
    expected = f"none or a file: there are no pretrained weights of {name}"
    return InputError("--weights", expected, "'hub'", "Use --weights none.")


def _timm(name: str, classes: int, size: int, *, hub: bool) -> Model:
    timm = _import_timm(name)
    config = _pretrained_config(timm, name)
    options: dict[str, Any] = {"num_classes": classes}
    if config.fixed_input_size and config.input_size[-1] != size:
        options["img_size"] = size
    if hub and config.hf_hub_id:
        options["pretrained_cfg_overlay"] = hub_options(name, str(config.hf_hub_id))
    module = _create_timm(timm, name, options, hub=hub)
    weights = {"source": "none"}
    if hub:
        weights = {
            "source": "hub",
            "from": str(config.hf_hub_id or config.url or "timm"),
            "licence": str(config.license or "not stated"),
            "sha256 of the tensors": files.tensors_sha256(module.state_dict(), without=_head(module)),
        }
    mean, std = tuple(config.mean), tuple(config.std)
    if len(mean) != 3:
        raise InputError("--model", "a model of RGB images", f"'{name}', {len(mean)} channels", "Choose another model.")
    return Model(name, module, classes, (size, size), mean=mean, std=std, head=_head(module), weights=weights)


def _import_timm(name: str) -> Any:
    try:
        import timm
    except ImportError as error:
        raise MissingExtraError(f"model '{name}'", "train", error.name or "timm") from None
    return timm


def _pretrained_config(timm: Any, name: str) -> Any:
    """The description timm has of a model; a tag after a dot (``resnet18.a1_in1k``) names its weights."""
    base, _, tag = name.partition(".")
    if not timm.is_model(base):
        raise InputError(
            "--model",
            "small_cnn or a model of timm",
            repr(name),
            did_you_mean(base, [*MODELS, *timm.list_models()]),
        )
    tags = {full.partition(".")[2] for full in timm.list_pretrained(f"{base}.*") if full.partition(".")[0] == base}
    if tag and tag not in tags:
        raise InputError("--model", f"weights of {base} that timm knows", repr(name), did_you_mean(tag, tags))
    config = timm.models.get_pretrained_cfg(name if tag else base)
    return config if config is not None else timm.models.PretrainedCfg()


def _create_timm(timm: Any, name: str, options: dict[str, Any], *, hub: bool) -> nn.Module:
    try:
        return timm.create_model(name, pretrained=hub, **options)  # type: ignore[no-any-return]
    except Exception as error:
        if hub:
            raise no_hub(name, _first_line(error)) from None
        if isinstance(error, (RuntimeError, ValueError, AssertionError, TypeError)):
            raise InputError(
                f"--model {name}", "a model that can be built with these options", f"{options}: "
                f"{_first_line(error)}",
                "Try another --size or another model.",
            ) from None  # fmt: skip
        raise


def _check(model: Model) -> None:
    """See that the network takes images of its size and gives one logit a class."""
    was = model.module.training
    try:
        with torch.inference_mode():
            shape = tuple(model.module.eval()(torch.zeros(1, 3, model.size, model.size)).shape)
    except (RuntimeError, ValueError, AssertionError) as error:
        raise InputError(
            f"--model {model.name}", f"a model of images of {model.size} × {model.size}", _first_line(error),
            "Try another --size (a multiple of 32 suits most) or another model.",
        ) from None  # fmt: skip
    finally:
        model.module.train(was)
    if shape != (1, model.classes):
        raise InputError(
            f"--model {model.name}", f"a classifier: outputs of shape (n, {model.classes})", str(shape),
            "Choose another model.",
        )  # fmt: skip


def _check_dense(model: Model) -> None:
    """See that the network takes images of its size and gives them back as logits: by shapes alone, which is quick."""
    nothing = {name: value.to("meta") for name, value in model.module.state_dict(keep_vars=True).items()}
    images = torch.zeros(1, 3, *model.shape, device="meta")
    was = model.module.training
    try:
        with torch.inference_mode():
            shape = tuple(functional_call(model.module.eval(), nothing, (images,)).shape)
    except (RuntimeError, ValueError, AssertionError) as error:
        raise InputError(
            f"--model {model.name}", f"a model of images of {model.shape[0]} × {model.shape[1]}", _first_line(error),
            "Try a greater --size or another model.",
        ) from None  # fmt: skip
    finally:
        model.module.train(was)
    assert shape == (1, model.classes, *model.shape), f"{model.name} gives {shape}"


def _head(module: nn.Module) -> frozenset[str]:
    """Names of the parameters that belong to the classifier."""
    return _names(module, module.get_classifier())  # type: ignore[operator]


def _names(module: nn.Module, parts: Any) -> frozenset[str]:
    """Names of the parameters of one part, or of several."""
    several = parts if isinstance(parts, (tuple, list)) else (parts,)
    own = {id(p) for part in several if isinstance(part, nn.Module) for p in part.parameters()}
    return frozenset(name for name, p in module.named_parameters() if id(p) in own)


def _with_weights(model: Model, weights: dict[str, str]) -> Model:
    return replace(model, weights=weights)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
