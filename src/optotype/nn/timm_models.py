"""Classifiers of timm."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from optotype.errors import InputError, MissingExtraError, did_you_mean
from optotype.nn.built import Built, first_line
from optotype.nn.hub import hub_options, no_hub
from optotype.nn.weights import names_of, tensors_sha256


def build(name: str, classes: int, size: int, *, hub: bool, known: Collection[str] = ()) -> Built:
    """A classifier of timm for square inputs; with ``hub`` its pretrained weights, whose head stays random where
    ``classes`` differ.

    ``known`` are further names to suggest. Raises InputError for an unknown name, and where the hub cannot be reached.
    """
    timm = _import_timm(name)
    config = _pretrained_config(timm, name, known)
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
            "sha256 of the tensors": tensors_sha256(
                module.state_dict(), without=names_of(module, module.get_classifier())
            ),
        }
    mean, std = tuple(config.mean), tuple(config.std)
    if len(mean) != 3:
        raise InputError("--model", "a model of RGB images", f"'{name}', {len(mean)} channels", "Choose another model.")
    return Built(module, mean, std, weights)


def _import_timm(name: str) -> Any:
    try:
        import timm
    except ImportError as error:
        raise MissingExtraError(f"model '{name}'", "train", error.name or "timm") from None
    return timm


def _pretrained_config(timm: Any, name: str, known: Collection[str]) -> Any:
    """The description timm has of a model; a tag after a dot (``resnet18.a1_in1k``) names its weights."""
    base, _, tag = name.partition(".")
    if not timm.is_model(base):
        raise InputError(
            "--model",
            "small_cnn or a model of timm",
            repr(name),
            did_you_mean(base, [*known, *timm.list_models()]),
        )
    tags = {full.partition(".")[2] for full in timm.list_pretrained(f"{base}.*") if full.partition(".")[0] == base}
    if tag and tag not in tags:
        raise InputError("--model", f"weights of {base} that timm knows", repr(name), did_you_mean(tag, tags))
    config = timm.models.get_pretrained_cfg(name if tag else base)
    return config if config is not None else timm.models.PretrainedCfg()


def _create_timm(timm: Any, name: str, options: dict[str, Any], *, hub: bool) -> Any:
    try:
        return timm.create_model(name, pretrained=hub, **options)
    except Exception as error:
        if hub:
            raise no_hub(name, first_line(error)) from None
        if isinstance(error, (RuntimeError, ValueError, AssertionError, TypeError)):
            raise InputError(
                f"--model {name}", "a model that can be built with these options", f"{options}: "
                f"{first_line(error)}",
                "Try another --size or another model.",
            ) from None  # fmt: skip
        raise
