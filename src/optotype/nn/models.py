"""Models by name: our own in ``MODELS``, every other name is timm's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from optotype.errors import InputError, MissingExtraError, did_you_mean
from optotype.nn import weights as files
from optotype.nn.hub import hub_options, no_hub
from optotype.nn.small_cnn import small_cnn

MODELS: dict[str, Callable[[int, int], nn.Module]] = {
    "small_cnn": small_cnn,
}
"""Name → function of (number of classes, side of the input). A new model is one file and one line here."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Model:
    """A network with what is needed to feed it.

    ``mean`` and ``std`` normalise RGB in 0–1; ``head`` names the parameters of the classifier; ``weights`` says
    where the weights come from (``source``, and for loaded ones ``sha256``, ``licence`` …).
    """

    name: str
    module: nn.Module
    classes: int
    size: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    head: frozenset[str] = frozenset()
    weights: dict[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        """Number of trainable numbers."""
        return sum(p.numel() for p in self.module.parameters())

    def line(self) -> str:
        """One line for a person: name, size, and which weights are used."""
        return (
            f"model: {self.name}, {self.parameters / 1e6:.2f} M parameters, input 3×{self.size}×{self.size}, "
            f"{self.classes} classes; weights: {describe(self.weights)}"
        )


def create(name: str, classes: int, size: int, *, weights: str = "none", seed: int = 0) -> Model:
    """A model with a head for ``classes`` classes and ``size`` × ``size`` inputs.

    ``weights``: ``none`` (random, decided by ``seed``), ``hub`` (pretrained; timm downloads them or takes them
    from its cache) or a file (.safetensors, or .pt/.pth, of which nothing but weights is loaded). The head
    stays random where the file's has another number of classes. Torch's global random state is left as it was.
    Raises InputError for an unknown name, for weights that do not fit, and where the hub cannot be reached.
    """
    known = name in MODELS
    if known and weights == "hub":
        raise InputError(
            "--weights",
            f"none or a file: there are no pretrained weights of {name}",
            "'hub'",
            "Use --weights none.",
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _own(name, classes, size) if known else _timm(name, classes, size, hub=weights == "hub")
    _check(model)
    if weights == "none":
        return _with_weights(model, {"source": "none", "initialisation": f"random, seed {seed}"})
    if weights == "hub":
        return model
    return _with_weights(model, files.load_into(model.module, weights, model.head))


def describe(weights: dict[str, str]) -> str:
    """Which weights are used, in words."""
    facts = ", ".join(f"{key} {value}" for key, value in weights.items() if key != "source")
    return f"{weights.get('source', 'unknown')} ({facts})" if facts else weights.get("source", "unknown")


def _own(name: str, classes: int, size: int) -> Model:
    module = MODELS[name](classes, size)
    return Model(name, module, classes, size, head=_head(module))


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
    return Model(name, module, classes, size, mean=mean, std=std, head=_head(module), weights=weights)


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


def _head(module: nn.Module) -> frozenset[str]:
    """Names of the parameters that belong to the classifier."""
    found = module.get_classifier()  # type: ignore[operator]
    heads = found if isinstance(found, (tuple, list)) else (found,)
    own = {id(p) for head in heads if isinstance(head, nn.Module) for p in head.parameters()}
    return frozenset(name for name, p in module.named_parameters() if id(p) in own)


def _with_weights(model: Model, weights: dict[str, str]) -> Model:
    return replace(model, weights=weights)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
