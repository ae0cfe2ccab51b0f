"""Networks of segmentation-models-pytorch: an architecture and an encoder, ``DeepLabV3Plus:resnet50``."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from optotype.errors import InputError, MissingExtraError, did_you_mean
from optotype.nn.built import Built, first_line
from optotype.nn.hub import hub_options, no_hub
from optotype.nn.segment.parts import Segmenter
from optotype.nn.weights import tensors_sha256

STRIDE = 32
"""The sides that all these architectures take are multiples of it."""


class Padded(Segmenter):
    """An architecture of the library for any size: the image's border is repeated up to a multiple of 32, and cut off
    the logits.

    Files of the library's own names are read. Images (b, 3, h, w) → logits (b, K, h, w).
    """

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Tensor) -> Tensor:
        """Logits (b, K, h, w) of images (b, 3, h, w)."""
        h, w = images.shape[-2:]
        if h % STRIDE or w % STRIDE:
            images = functional.pad(images, (0, -w % STRIDE, 0, -h % STRIDE), mode="replicate")
        logits: Tensor = self.net(images)
        return logits[..., :h, :w]

    def get_classifier(self) -> nn.Module:
        """The last convolution, with its upsampling."""
        head: nn.Module = self.net.segmentation_head
        return head

    def get_encoder(self) -> nn.Module:
        """The library's encoder."""
        encoder: nn.Module = self.net.encoder
        return encoder

    def translated(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The library's names, or ours."""
        return state if all(name.startswith("net.") for name in state) else {f"net.{n}": v for n, v in state.items()}


def build(name: str, classes: int, *, hub: bool, known: Collection[str]) -> Built:
    """The network called ``Architecture:encoder`` (or ``Architecture-encoder``), or with its usual encoder
    ``Architecture``.

    Encoders are the library's, or timm's with ``tu-`` before the name. With ``hub`` the encoder is ImageNet's.
    Raises InputError for a name that neither ``known`` nor the library has, for what the library cannot build, and
    where the hub cannot be reached.
    """
    smp = _import(name)
    kind, encoder = _parts(smp, name, known)
    facts, options = _hub(smp, name, encoder) if hub else ({"source": "none"}, {})
    if kind is smp.DPT:
        options["dynamic_img_size"] = True
    mean_std = {key: options.pop(key) for key in ("mean", "std") if key in options}
    try:
        net = kind(encoder_name=encoder, classes=classes, **{"encoder_weights": None, **options})
    except Exception as error:
        if hub:
            raise no_hub(name, first_line(error)) from None
        if isinstance(error, (RuntimeError, ValueError, AssertionError, TypeError, KeyError)):
            raise InputError(
                f"--model {name}", "an architecture that takes this encoder", first_line(error), "Try another encoder."
            ) from None
        raise
    module = Padded(net)
    if hub:
        facts["sha256 of the tensors"] = tensors_sha256(module.get_encoder().state_dict())
    return Built(module, weights=facts, **mean_std)


def _import(name: str) -> Any:
    try:
        import segmentation_models_pytorch as smp
    except ImportError as error:
        raise MissingExtraError(f"model '{name}'", "train", error.name or "segmentation_models_pytorch") from None
    return smp


def _parts(smp: Any, name: str, known: Collection[str]) -> tuple[Any, str]:
    """The class of the architecture, and the encoder's name."""
    kinds = {kind.__name__: kind for kind in smp.MODEL_ARCHITECTURES_MAPPING.values()}
    cut = next((i for i, letter in enumerate(name) if letter in ":-"), len(name))
    word, encoder = name[:cut], name[cut + 1 :]
    if word not in kinds:
        expected = f"{', '.join(known)}, or a network of segmentation-models-pytorch such as DeepLabV3Plus:resnet50"
        raise InputError("--model", expected, repr(name), did_you_mean(word, [*known, *kinds]))
    encoder = encoder or inspect.signature(kinds[word]).parameters["encoder_name"].default
    if encoder.startswith("tu-"):
        import timm

        names, plain = timm.list_models(), encoder.removeprefix("tu-").partition(".")[0]
    else:
        names, plain = smp.encoders.get_encoder_names(), encoder
    if plain not in names:
        raise InputError("--model", f"an encoder of {word}", repr(encoder), did_you_mean(plain, names))
    return kinds[word], encoder


def _hub(smp: Any, name: str, encoder: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Where the encoder's weights come from, and the options that load them; the network is tried first."""
    if encoder.startswith("tu-"):
        import timm

        config = timm.models.get_pretrained_cfg(encoder.removeprefix("tu-"))
        if config is None or not config.hf_hub_id:
            raise InputError("--weights", f"none or a file: timm has no weights of {encoder}", "'hub'", "Use none.")
        hub_options(name, config.hf_hub_id)
        facts = {"source": "hub", "from": str(config.hf_hub_id), "licence": str(config.license or "not stated")}
        return facts, {"encoder_weights": True, "mean": tuple(config.mean), "std": tuple(config.std)}
    settings = smp.encoders.encoders[encoder]["pretrained_settings"].get("imagenet")
    if settings is None:
        raise InputError("--weights", f"none or a file: no ImageNet weights of {encoder}", "'hub'", "Use none.")
    hub_options(name, settings["repo_id"], settings["revision"])
    how = smp.encoders.get_preprocessing_params(encoder, "imagenet")
    if how["input_space"] != "RGB" or list(how["input_range"]) != [0, 1]:
        got = f"{how['input_space']} in {how['input_range']}"
        raise InputError(f"--weights hub, {name}", "an encoder of RGB in 0–1", got, "Choose another encoder.")
    facts = {"source": "hub", "from": f"{settings['repo_id']}@{settings['revision']}", "licence": "not stated"}
    return facts, {"encoder_weights": "imagenet", "mean": tuple(how["mean"]), "std": tuple(how["std"])}
