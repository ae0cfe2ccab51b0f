"""Weights from files: safetensors, or torch files of which nothing but weights is loaded."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from optotype.errors import InputError
from optotype.files import sha256

WRAPPERS = ("state_dict", "model", "model_state")
"""Keys under which training programs keep the weights among other things."""

PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""


def _scalar(module: str) -> Any:
    """NumPy's maker of single numbers by the name that files have for it: NumPy 2 renamed its module, and pairs of an
    object and a name are not taken by all of our versions of torch.
    """
    make: Any = np.float64(0).__reduce__()[0]

    def scalar(*parts: Any) -> Any:
        return make(*parts)

    scalar.__module__, scalar.__qualname__ = module, "scalar"
    return scalar


_NUMBERS: list[Any] = [
    _scalar("numpy.core.multiarray"),
    _scalar("numpy._core.multiarray"),
    np.dtype,
    np.dtypes.Float64DType,
    np.dtypes.Float32DType,
]
"""NumPy's numbers, such as the best score that training programs save beside the weights; they run nothing."""

_SHOWN = 5


def load_into(module: nn.Module, source: str, head: Collection[str]) -> dict[str, str]:
    """Load the file ``source`` into ``module``; returns what was used: source, sha256, and what became of the
    head.

    The tensors named in ``head`` stay as they are where the file has them for another number of classes, or not
    at all; so does everything but the encoder where the file is the encoder's alone. Names of other programs are
    translated by the module's ``translated``, if it has one. Any other missing, unknown or differently shaped tensor is
    an InputError that names it.
    """
    path = Path(source)
    state = read_state(path)
    if translated := getattr(module, "translated", None):
        state = translated(state)
    own = module.state_dict()
    if rest := _beside_encoder(state, module):
        own = {name: value for name, value in own.items() if name not in rest}
    replaced = _other_classes(state, own, head)
    state = {name: value for name, value in state.items() if name not in replaced}
    head = [name for name in head if name in own]
    if absent := [name for name in head if name not in state and name not in replaced]:
        replaced = {*replaced, *absent} if len(absent) == len(head) else replaced
    problems = _problems(state, own, replaced)
    if problems:
        shown = "; ".join(problems[:_SHOWN]) + (f"; … ({len(problems)} in all)" if len(problems) > _SHOWN else "")
        raise InputError(
            str(path),
            f"the {len(own)} tensors of this model",
            shown,
            "Give the weights of this very model and size.",
        )
    module.load_state_dict(state, strict=False)
    weights = {"source": str(path), "sha256": sha256(path)}
    if replaced:
        weights["head"] = "new: the file's is for another number of classes"
    if rest:
        weights["rest"] = "random: the file holds the encoder alone"
    return weights


def read_state(path: Path) -> dict[str, Tensor]:
    """Name → tensor of a weights file, unwrapped and without prefixes; nothing in the file is executed."""
    if not path.is_file():
        raise InputError("--weights", "hub, none or a file", f"'{path}', which is not there", "Check the path.")
    content = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    for wrapper in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping):
        raise _unusable(path, f"a {type(content).__name__}")
    state = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not state:
        raise _unusable(path, f"none among its keys {sorted(map(str, content))[:_SHOWN]}")
    if others := [str(name) for name, value in content.items() if not isinstance(value, Tensor)]:
        raise _unusable(path, f"'{others[0]}', which is not a tensor")
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def tensors_sha256(state: Mapping[str, Tensor], *, without: Collection[str] = ()) -> str:
    """Hash of names, types, shapes and bytes of tensors in name order, as hex."""
    digest = hashlib.sha256()
    for name in sorted(set(state) - set(without)):
        value = state[name].detach().cpu().contiguous()
        digest.update(f"{name}\0{value.dtype}\0{tuple(value.shape)}\0".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def names_of(module: nn.Module, parts: Any) -> frozenset[str]:
    """Names of the parameters of one part of a network, or of several."""
    several = parts if isinstance(parts, (tuple, list)) else (parts,)
    own = {id(p) for part in several if isinstance(part, nn.Module) for p in part.parameters()}
    return frozenset(name for name, p in module.named_parameters() if id(p) in own)


def _safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _unusable(path, str(error)) from None


def _torch(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of what ends in an error here anyway
            with torch.serialization.safe_globals(_NUMBERS):
                return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            str(path), "a torch file of weights only", (str(error).splitlines() or ["other objects"])[0][:200],
            "Nothing else is loaded, since it could run code. Save the state_dict alone, best as .safetensors.",
        ) from None  # fmt: skip
    except Exception as error:  # noqa: BLE001 — damaged bytes raise nearly anything
        raise _unusable(path, (str(error).splitlines() or [type(error).__name__])[0][:200]) from None


def _unusable(path: Path, got: str) -> InputError:
    return InputError(str(path), "tensors by name (.safetensors, .pt, .pth)", got, "Check that the file is whole.")


def _other_classes(state: Mapping[str, Tensor], own: Mapping[str, Tensor], head: Collection[str]) -> set[str]:
    """Tensors of the head, if the file has them for another number of classes (their first axis) and else
    alike.
    """
    found = [name for name in head if name in state]
    differ = [n for n in found if state[n].shape[:1] != own[n].shape[:1] and state[n].shape[1:] == own[n].shape[1:]]
    return set(found) if differ and len(differ) == len(found) else set()


def _beside_encoder(state: Mapping[str, Tensor], module: nn.Module) -> set[str]:
    """The tensors beside the encoder, if a file has none of them."""
    get_encoder = getattr(module, "get_encoder", None)
    if get_encoder is None:
        return set()
    inside = {id(value) for value in get_encoder().state_dict(keep_vars=True).values()}
    rest = {name for name, value in module.state_dict(keep_vars=True).items() if id(value) not in inside}
    return rest if rest.isdisjoint(state) else set()


def _problems(state: Mapping[str, Tensor], own: Mapping[str, Tensor], replaced: Collection[str]) -> list[str]:
    needed = [name for name in own if not name.endswith(".num_batches_tracked")]  # old files lack what nothing reads
    missing = [f"'{name}' is missing" for name in needed if name not in state and name not in replaced]
    unknown = [f"'{name}' is unknown to the model" for name in state if name not in own]
    shapes = [
        f"'{name}' has shape {tuple(state[name].shape)}, not {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    return shapes + missing + unknown
