"""A model by its name, from our own and from timm, torchvision and segmentation-models-pytorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from optotype.architecture.from_torch import libraries
from optotype.architecture.from_torch.libraries import Entry, Own
from optotype.architecture.from_torch.tracing import Forward, describe_module
from optotype.errors import InputError, did_you_mean, require
from optotype.theory.layers import Architecture

PACKAGES = {
    "optotype": "torch",
    "timm": "timm",
    "torchvision": "torchvision",
    "smp": "segmentation_models_pytorch",
}
"""Libraries in the order in which a name without one is searched, and what must be installed."""

EXAMPLES = "Give a name such as resnet18 (timm), torchvision:vgg16, or Unet-resnet34 (segmentation-models-pytorch)."
"""What to do where no name is near: the list has thousands."""

_NONE: Own = MappingProxyType({})


@dataclass(frozen=True)
class Found:
    """A model with random weights, mostly on torch's ``meta`` device, and what is needed to describe it.

    ``forward`` and ``notes`` are for ``tracing.describe_module``.
    """

    module: nn.Module
    name: str
    source: str
    input_shape: tuple[int, ...]
    forward: Forward | None = None
    notes: tuple[str, ...] = ()


def describe_model(
    name: str,
    *,
    num_classes: int | None = None,
    input_shape: Sequence[int] | None = None,
    own: Own = _NONE,
) -> Architecture:
    """The layer table of the model that ``find`` finds, for its usual input or ``input_shape``.

    Raises InputError as ``find`` does, and where the model cannot take such an input.

    >>> table = describe_model("torchvision:resnet18")
    >>> table.parameters, table.macs
    (11689512, 1814073344)
    """
    options: dict[str, Any] = {"num_classes": num_classes, "input_shape": input_shape, "own": own}
    found = find(name, **options)
    try:
        return _describe(found)
    except InputError as error:
        # What looks at numbers cannot run without them.
        if "meta" not in error.got:
            raise
    return _describe(find(name, device="cpu", **options))


def find(
    name: str,
    *,
    num_classes: int | None = None,
    input_shape: Sequence[int] | None = None,
    own: Own = _NONE,
    device: str = "meta",
) -> Found:
    """The model called ``name``: NAME, or LIBRARY:NAME with optotype, timm, torchvision or smp.

    Without a library the name is searched in that order. ``num_classes`` and ``input_shape`` default to the
    library's own; ``own`` are the models of ours. On the ``meta`` device the model has no numbers; what cannot be made
    there is made on the CPU. Nothing is downloaded, and torch's random state is left as it was.
    Raises InputError for a name that no library has, and where the library cannot make such a model; a
    MissingExtraError where the library is not installed.

    >>> found = find("torchvision:resnet18")
    >>> found.input_shape, sum(p.numel() for p in found.module.parameters())
    ((3, 224, 224), 11689512)
    """
    entry = _entry(name, own)
    shape = None if input_shape is None else tuple(input_shape)
    with torch.random.fork_rng(devices=[]):
        module = _make(entry, num_classes, shape, "cpu" if entry.detects else device)
    return Found(
        module,
        entry.name,
        entry.source,
        shape or entry.input_shape,
        _as_list if entry.detects else _twice if entry.images == 2 else None,
        (libraries.DETECTOR,) if entry.detects else (),
    )


def _entry(name: str, own: Own) -> Entry:
    library, _, rest = name.rpartition(":")
    if library not in PACKAGES and libraries.is_architecture(library):
        library, rest = "smp", f"{library}-{rest}"  # as in training: DeepLabV3Plus:resnet50
    if library and library not in PACKAGES:
        raise InputError("model", "one of " + ", ".join(PACKAGES) + " before the colon", repr(name),
                         did_you_mean(library, PACKAGES))  # fmt: skip
    if library:
        require(f"model '{name}'", "train", PACKAGES[library])
    wanted = [library] if library else [each for each, package in PACKAGES.items() if find_spec(package) is not None]
    for each in wanted:
        entry = _look_up(each, rest, own)
        if entry is not None:
            return entry
    known = [word for each in wanted for word in libraries.names(each, own)]
    missing = [package for each, package in PACKAGES.items() if not library and each not in wanted]
    near = did_you_mean(rest, known)
    fix = near if near.startswith("Did") else EXAMPLES
    if missing:
        fix += f" Not searched, for it is not installed: {', '.join(missing)} (pip install 'optotype[train]')."
    raise InputError("model", "a model of " + ", ".join(wanted), repr(name), fix)


def _look_up(library: str, name: str, own: Own) -> Entry | None:
    search: dict[str, Callable[[str], Entry | None]] = {
        "optotype": lambda ours: libraries.ours(ours, own),
        "timm": libraries.timm,
        "torchvision": libraries.torchvision,
        "smp": libraries.smp,
    }
    return search[library](name)


def _describe(found: Found) -> Architecture:
    return describe_module(
        found.module,
        found.input_shape,
        name=found.name,
        source=found.source,
        forward=found.forward,
        notes=found.notes,
    )


def _make(entry: Entry, classes: int | None, shape: tuple[int, ...] | None, device: str) -> nn.Module:
    """On the device, or on the CPU what cannot be made there. Detectors look at the image, and need numbers."""
    for place in dict.fromkeys([device, "cpu"]):
        try:
            with torch.device(place):
                return entry.make(classes, shape)
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 — a model may raise anything
            problem = error
    reason = (str(problem).strip().splitlines() or [""])[0][:300]
    options = (
        f"{'its own' if classes is None else classes} classes, input {'×'.join(map(str, shape or entry.input_shape))}"
    )
    raise InputError(
        f"model {entry.name}",
        f"a model that {entry.source} can make for {options}",
        f"{type(problem).__name__}: {reason}",
        "Try another --input or another model.",
    ) from problem


def _as_list(module: nn.Module, inputs: Sequence[Tensor]) -> Any:
    """Detectors of torchvision take a list of images of any size."""
    return module([image[0] for image in inputs])


def _twice(module: nn.Module, inputs: Sequence[Tensor]) -> Any:
    """Optical flow takes two images."""
    return module(inputs[0], inputs[0])
